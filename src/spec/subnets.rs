//! Divides a city's network among the zones of its region.
//!
//! A zone's addresses are its own: they follow from its letter, whether the city uses it or not, so neither a further zone nor another
//! order in the city file moves a subnet. The network is cut into quarters. Each of the region's first three zones has one as its
//! private subnet, where every instance and database lives. The last quarter is cut into eighths: one for each zone's public subnet,
//! which holds only the load balancer and NAT gateways, and the last two, cut in four, for the private subnets of the zones after the
//! third. A /16 gives /18 private and /21 public subnets, and /22 private ones after the third zone.

use ipnet::Ipv4Net;

use super::CitySpec;

/// The smallest subnet: a load balancer needs a /27 (D).
const SMALLEST: u8 = 27;
/// How many of the region's zones have a quarter.
const QUARTERS: usize = 3;
/// How many zones have a place: as many as the largest region has.
const ZONES: usize = 6;

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The letter of its zone.
    pub letter: String,
    /// The full name of its zone, like `eu-north-1a`.
    pub zone: String,
    /// Whether it has a route to the internet gateway.
    pub public: bool,
    /// Its addresses.
    pub cidr: Ipv4Net,
}

/// The network has too few addresses for its zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network is too small for its zones: it must be /{largest_prefix} or larger")]
pub struct TooSmall {
    /// The longest prefix that would do.
    pub largest_prefix: u8,
}

/// The public and private subnets of a city, zone by zone in the order of the alphabet, private first.
pub fn subnets(spec: &CitySpec) -> Result<Vec<Subnet>, TooSmall> {
    let mut zones: Vec<(usize, &str)> =
        spec.network.zones.iter().map(|letter| (place(spec, letter.as_str()), letter.as_str())).collect();
    zones.sort_unstable();
    let network = spec.network.cidr;
    // The smallest subnet is an eighth of a quarter, and after the third zone half of that.
    let cuts = if zones.iter().any(|(place, _)| *place >= QUARTERS) { 6 } else { 5 };
    let too_small = TooSmall { largest_prefix: SMALLEST - cuts };
    if network.prefix_len() > too_small.largest_prefix {
        return Err(too_small);
    }
    let part = |bits: u8, nth: usize| {
        let parts = network.subnets(network.prefix_len() + bits).ok();
        parts.and_then(|mut parts| parts.nth(nth)).ok_or(too_small)
    };
    let mut all = Vec::new();
    for (place, letter) in zones {
        // The last quarter is the parts 24 to 31 of 32; its last two eighths are the parts 60 to 63 of 64.
        let private = if place < QUARTERS { part(2, place)? } else { part(6, 60 + place - QUARTERS)? };
        for (public, cidr) in [(false, private), (true, part(5, 24 + place)?)] {
            all.push(Subnet { letter: letter.into(), zone: format!("{}{letter}", spec.region), public, cidr });
        }
    }
    Ok(all)
}

/// Which of its region's zones it is, from 0. One that the region doesn't have is refused elsewhere.
fn place(spec: &CitySpec, letter: &str) -> usize {
    spec.region.zones().find(letter).unwrap_or_default().min(ZONES - 1)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::spec::testing::city_with;

    fn layout_in(region: &str, cidr: &str, zones: &str) -> Result<Vec<Subnet>, TooSmall> {
        subnets(&city_with(|spec| {
            spec.region = region.parse().unwrap();
            spec.network.cidr = cidr.parse().unwrap();
            spec.network.zones = zones.chars().map(|letter| letter.to_string().parse().unwrap()).collect();
        }))
    }

    fn layout(cidr: &str, zones: &str) -> Result<Vec<Subnet>, TooSmall> {
        layout_in("eu-north-1", cidr, zones)
    }

    #[test]
    fn two_zones_and_a_third() {
        let two = layout("10.41.0.0/16", "ab").unwrap();
        let three = layout("10.41.0.0/16", "abc").unwrap();
        assert_eq!(two, three[..4]);
        let cidrs: Vec<String> = three.iter().map(|subnet| subnet.cidr.to_string()).collect();
        let quarters = ["10.41.0.0/18", "10.41.64.0/18", "10.41.128.0/18"];
        let eighths = ["10.41.192.0/21", "10.41.200.0/21", "10.41.208.0/21"];
        assert_eq!(cidrs, [quarters[0], eighths[0], quarters[1], eighths[1], quarters[2], eighths[2]]);
        assert_eq!((two[0].zone.as_str(), two[0].public, two[1].public), ("eu-north-1a", false, true));
    }

    /// Whatever zones a city has, in whatever order: each has the subnets that it has in a city of all zones.
    #[test]
    fn a_zones_addresses_are_its_own() {
        for region in crate::spec::catalogue::REGIONS {
            let all = layout_in(region.name, "10.41.0.0/16", region.zones).unwrap();
            assert_eq!(all.len(), region.zones.len() * 2);
            let letters: Vec<char> = region.zones.chars().collect();
            for chosen in 1_u32..1 << letters.len() {
                let some: String = (0..letters.len()).filter(|n| chosen & (1 << n) != 0).map(|n| letters[n]).collect();
                let backwards: String = some.chars().rev().collect();
                let expected: Vec<_> = all.iter().filter(|one| some.contains(&one.letter)).cloned().collect();
                assert_eq!(layout_in(region.name, "10.41.0.0/16", &some).unwrap(), expected, "{some}");
                assert_eq!(layout_in(region.name, "10.41.0.0/16", &backwards).unwrap(), expected, "{backwards}");
            }
        }
    }

    #[test]
    fn subnets_lie_in_the_network_and_apart() {
        for (cidr, zones) in [("10.41.0.0/22", "abc"), ("10.41.0.0/21", "abcdef"), ("10.0.0.0/16", "abcd")] {
            let all = layout_in("us-east-1", cidr, zones).unwrap();
            assert_eq!(all.len(), zones.len() * 2);
            let net: Ipv4Net = cidr.parse().unwrap();
            for (index, one) in all.iter().enumerate() {
                assert!(net.contains(&one.cidr) && one.cidr.prefix_len() <= SMALLEST);
                assert!(
                    all[index + 1..]
                        .iter()
                        .all(|other| !one.cidr.contains(&other.cidr) && !other.cidr.contains(&one.cidr))
                );
            }
        }
    }

    #[test]
    fn too_small() {
        assert_eq!(layout("10.41.0.0/23", "abc"), Err(TooSmall { largest_prefix: 22 }));
        assert_eq!(layout_in("us-east-1", "10.41.0.0/22", "ad"), Err(TooSmall { largest_prefix: 21 }));
    }
}
