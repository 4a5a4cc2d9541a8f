//! The real cities as the campaign builds them: their files, with made-up answers to what is looked up at AWS.

use crate::engine::Desired;
use crate::engine::graph::ordered;
use crate::engine::memory::Kinds;
use crate::phases::{Blueprint, LegacyNetwork, Lookups, desired};
use crate::spec::{self, CitySpec};
use serde_json::json;
use std::path::Path;

/// A city, and what it consists of.
pub struct Town {
    /// Its name.
    pub name: String,
    /// As its file says.
    pub built: Vec<Desired>,
    /// After an edit of the file: a new image, and another port, which replaces the target group.
    pub changed: Vec<Desired>,
}

/// Malmö, Drammen and Antwerp.
pub fn towns() -> Vec<Town> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cities");
    let names = ["malmo", "drammen", "antwerp"].map(str::to_owned);
    let cities = spec::load(&folder, &names).map_err(|problems| problems.render(false, 100)).unwrap();
    cities.iter().map(|city| Town::new(&city.name, "Z1", &city.spec)).collect()
}

/// The same city again and again under other names and with other addresses, all in one account.
pub fn copies(count: usize) -> Vec<Town> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cities");
    let malmo = spec::load(&folder, &["malmo".to_owned()]).map_err(|problems| problems.render(false, 100)).unwrap();
    let town = |n| {
        let mut spec = malmo[0].spec.clone();
        spec.network.cidr = format!("10.{}.0.0/16", 100 + n).parse().unwrap();
        Town::new(&format!("city{n}"), &format!("Z{n}"), &spec)
    };
    (0..count).map(town).collect()
}

impl Town {
    fn new(name: &str, zone: &str, spec: &CitySpec) -> Self {
        let mut edited = serde_json::to_value(spec).unwrap();
        for service in edited["services"].as_object_mut().unwrap().values_mut() {
            service["port"] = json!(9090);
        }
        let edited: CitySpec = serde_json::from_value(edited).unwrap();
        Self {
            name: name.into(),
            built: resources(name, zone, spec, "a"),
            changed: resources(name, zone, &edited, "b"),
        }
    }
}

fn resources(city: &str, zone: &str, spec: &CitySpec, digit: &str) -> Vec<Desired> {
    let pinned = |image: &str| format!("{}@sha256:{}", image.split(':').next().unwrap_or(image), digit.repeat(64));
    let lookups = Lookups {
        hosted_zone: zone.into(),
        hosted_zone_name: spec.legacy.hosted_zone.to_string(),
        legacy: LegacyNetwork { of: "{}".into(), vpc: "vpc-today".into(), blocks: vec![spec.legacy.targets[0].into()] },
        images: spec.services.iter().map(|(_, s)| (s.image.to_string(), pinned(s.image.as_str()))).collect(),
        ..Lookups::default()
    };
    ordered(desired(&Blueprint { city, spec, lookups: &lookups, data: true })).unwrap()
}

/// The real kinds: their facts, and the shapes of their properties.
pub const REAL: Kinds = Kinds {
    info: |name| crate::aws::cloud::kind(name).map(|kind| kind.info()),
    canonical: |name, props| crate::aws::cloud::kind(name).unwrap().canonical(props),
};
