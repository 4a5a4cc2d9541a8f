//! Regions and their availability zones.

/// A region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub name: &'static str,
    /// The letters of its availability zones.
    pub zones: &'static str,
}

/// The regions that a city can be in (D).
pub static REGIONS: &[Region] = &[
    Region { name: "eu-north-1", zones: "abc" },
    Region { name: "eu-west-1", zones: "abc" },
    Region { name: "eu-west-2", zones: "abc" },
    Region { name: "eu-west-3", zones: "abc" },
    Region { name: "eu-central-1", zones: "abc" },
    Region { name: "eu-central-2", zones: "abc" },
    Region { name: "eu-south-1", zones: "abc" },
    Region { name: "eu-south-2", zones: "abc" },
    Region { name: "us-east-1", zones: "abcdef" },
    Region { name: "us-east-2", zones: "abc" },
    Region { name: "us-west-2", zones: "abcd" },
    Region { name: "ca-central-1", zones: "abd" },
    Region { name: "ap-southeast-2", zones: "abc" },
];

/// The region of that name.
pub fn region(name: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|region| region.name == name)
}
