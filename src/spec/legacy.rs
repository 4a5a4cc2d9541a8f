//! The `legacy` section: what serves the city today.

use std::{collections::BTreeMap, net::Ipv4Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    database::Engine,
    form::{Address, DatabaseName, Endpoint, HostName, HttpPath, InstanceId, SecretArn},
};

/// What serves the city today.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Legacy {
    /// Today's EC2 instances: by `tags` or by `ids`.
    pub instances: Instances,
    /// The public addresses that the DNS records hold today.
    #[schemars(with = "Vec<Address>", length(min = 1), extend("uniqueItems" = true))]
    pub addresses: Vec<Ipv4Addr>,
    /// The private addresses of today's servers, which the load balancer can send traffic to.
    #[serde(default)]
    #[schemars(with = "Vec<Address>", extend("uniqueItems" = true))]
    pub targets: Vec<Ipv4Addr>,
    /// The port that today's servers answer on.
    #[serde(default = "http")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// A path that today's servers answer with 200 when they are well.
    #[serde(default = "root")]
    #[schemars(default = "root")]
    pub health_path: HttpPath,
    /// Today's database.
    pub database: LegacyDatabase,
    /// The Route 53 zone that the records are in.
    pub hosted_zone: HostName,
    /// The A records in the zone that point at `addresses` today.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub records: Vec<HostName>,
    /// The time to live of the records, in seconds.
    #[serde(default = "minute")]
    #[schemars(range(min = 1, max = 172_800))]
    pub ttl: u32,
    /// What a month costs today, in USD. A plan prints it; the new bill isn't computed yet.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub monthly_cost: u32,
}

fn http() -> u16 {
    80
}

fn minute() -> u32 {
    60
}

#[expect(clippy::expect_used, reason = "a constant, and a test reads it")]
fn root() -> HttpPath {
    "/".parse().expect("`/` is a path")
}

/// EC2 instances, by tags or by ids: one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
pub struct Instances {
    /// Tags that all of the instances bear.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The instances' ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<InstanceId>,
}

/// Today's database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct LegacyDatabase {
    /// Its engine.
    pub engine: Engine,
    /// Its host and port.
    pub endpoint: Endpoint,
    /// The name of the database on the server.
    pub name: DatabaseName,
    /// The secret in Secrets Manager that holds `username` and `password`. Only its ARN stands here.
    pub credentials: SecretArn,
    /// The secret of a user who may replicate and change the schema; that of `credentials` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administrator: Option<SecretArn>,
}
