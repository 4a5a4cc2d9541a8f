//! What is planted in a sandbox for a city: its legacy side, its images, its secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The seed of one city. The caller makes it from the city file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seed {
    /// The city's name.
    pub city: String,
    /// The account, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// What serves the city today.
    pub legacy: SeedLegacy,
    /// References of container images; those in ECR get a repository and a manifest.
    pub images: Vec<String>,
    /// ARNs of secrets that services read; they get random values.
    pub secrets: Vec<String>,
}

/// The legacy side, with the names of the city file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedLegacy {
    /// How the city file finds the instances.
    pub instances: SeedInstances,
    /// Public addresses that the DNS records hold.
    pub addresses: Vec<String>,
    /// Private addresses of the same instances, in the same order.
    pub targets: Vec<String>,
    /// The port that they serve.
    pub port: u16,
    /// The database.
    pub database: SeedDatabase,
    /// The name of the hosted zone.
    pub hosted_zone: String,
    /// Names in the zone that point at the addresses.
    pub records: Vec<String>,
    /// Their time to live, seconds.
    pub ttl: u32,
}

/// Instances by tags or by ids.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedInstances {
    /// Tags that the instances bear.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Ids that the instances have.
    #[serde(default)]
    pub ids: Vec<String>,
}

/// The legacy database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedDatabase {
    /// `postgres` or `mysql`.
    pub engine: String,
    /// `HOST:PORT`.
    pub endpoint: String,
    /// The database's name.
    pub name: String,
    /// The ARN of the secret with user and password.
    pub credentials: String,
    /// Rides a second that somebody writes to it while the sandbox runs; 0: nobody does.
    #[serde(default)]
    pub rides: u32,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The seed of a small city.
    pub(in crate::sandbox) fn malmo() -> Seed {
        let secret = |name| format!("arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/{name}");
        Seed {
            city: "malmo".into(),
            account: "123456789012".into(),
            region: "eu-north-1".into(),
            legacy: SeedLegacy {
                instances: SeedInstances { tags: [("Name".into(), "malmo-web".into())].into(), ids: vec![] },
                addresses: vec!["198.51.100.10".into(), "198.51.100.11".into()],
                targets: vec!["10.40.1.10".into(), "10.40.1.11".into()],
                port: 80,
                database: SeedDatabase {
                    engine: "postgres".into(),
                    endpoint: "10.40.2.20:5432".into(),
                    name: "bikes".into(),
                    credentials: secret("legacy-database-AbCdEf"),
                    rides: 0,
                },
                hosted_zone: "malmobybike.example".into(),
                records: vec!["www.malmobybike.example".into()],
                ttl: 60,
            },
            images: vec!["123456789012.dkr.ecr.eu-north-1.amazonaws.com/bikes-web:2026.11.1".into()],
            secrets: vec![secret("session-key-XyZ123")],
        }
    }

    #[test]
    fn absent_ways_to_find_instances_are_empty() {
        let found: SeedInstances = serde_json::from_str(r#"{"ids":["i-0123456789abcdef0"]}"#).expect("by id");
        assert!(found.tags.is_empty());
        assert_eq!(found.ids.len(), 1);
    }
}
