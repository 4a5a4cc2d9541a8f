//! What a sandbox tells about itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::databases::Databases;

/// The answer of `GET /_sandbox/status`, and the output of `migrate sandbox status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SandboxStatus {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// Its port.
    pub port: u16,
    /// Its process id.
    pub pid: u32,
    /// The version of its adapter.
    pub version: String,
    /// When it was started, RFC 3339.
    pub started_at: String,
    /// AWS's seconds per real second.
    pub speed: f64,
    /// How often it was called.
    pub calls: Calls,
    /// Added latency in real seconds, by `*`, service or `service.Operation`.
    pub latency: BTreeMap<String, f64>,
    /// Fault rules with how often they were seen and hit.
    pub rules: Vec<Value>,
    /// The cities whose legacy side is planted.
    pub cities: Vec<CityStatus>,
    /// Its database servers. Adapters of older versions have none.
    #[serde(default)]
    pub databases: Databases,
}

/// Counted calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// All of them.
    pub total: u64,
    /// By `service.Operation`, as botocore spells both.
    pub by_operation: BTreeMap<String, u64>,
}

/// The legacy side of a city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CityStatus {
    /// The city's name.
    pub city: String,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its public addresses.
    pub addresses: Vec<String>,
    /// The VPC of its legacy side.
    pub vpc: String,
    /// The security group of its servers.
    pub security_group: String,
    /// Its web servers.
    pub instances: Vec<InstanceStatus>,
    /// The instance that its database is on.
    pub database_instance: String,
    /// Its hosted zone.
    pub hosted_zone: ZoneStatus,
    /// Its database and how to log in.
    pub database: DatabaseStatus,
    /// Images that are in its registry.
    pub images: Vec<String>,
    /// Secrets of its services.
    pub secrets: Vec<String>,
}

/// A legacy server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// The instance's id.
    pub id: String,
    /// Its private address.
    pub private: String,
    /// Its public address.
    pub public: Option<String>,
}

/// A hosted zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneStatus {
    /// Its id, without `/hostedzone/`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The records that point at the city's addresses.
    pub records: Vec<String>,
    /// Its name servers.
    pub name_servers: Vec<String>,
}

/// A legacy database; the password is in the secret only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseStatus {
    /// `postgres` or `mysql`.
    pub engine: String,
    /// `HOST:PORT`.
    pub endpoint: String,
    /// The database's name.
    pub name: String,
    /// The user.
    pub user: String,
    /// The ARN of the secret that holds the password.
    pub password_in: String,
    /// The command that shows it.
    pub log_in: String,
}
