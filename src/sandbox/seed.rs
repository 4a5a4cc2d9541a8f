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
}
