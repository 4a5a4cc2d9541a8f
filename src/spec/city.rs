//! The city file as Rust values. Names and nesting are those of the YAML.

use std::path::PathBuf;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    capacity::{Alarms, Capacity, Cutover},
    database::{Database, Engine},
    form::{
        AccountId, Cidr, Clock, DatabaseName, Percent, RegionName, RoleArn, Seconds, TimeZoneName, Weekday, ZoneLetter,
    },
    legacy::Legacy,
    service::Services,
};

/// A city: its name, the file it was read from, and what the file says.
#[derive(Clone, Debug, PartialEq)]
pub struct City {
    /// The file's name without `.yaml`: lower case letters, digits, hyphens, at most 16 characters. AWS names begin with it.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// What it says, checked.
    pub spec: CitySpec,
}

/// A city's web service: what serves it today, and what shall serve it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CitySpec {
    /// The AWS account that the city lives in, twelve digits in quotes. Checked against the credentials before the first change.
    pub account: AccountId,
    /// The AWS region that the city lives in.
    pub region: RegionName,
    /// A role to assume in the account before anything is read or changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role: Option<RoleArn>,
    /// What serves the city today.
    pub legacy: Legacy,
    /// When the traffic may be moved.
    pub window: Window,
    /// What the move may cost: in interruption, in recovery time, in money.
    #[serde(default)]
    pub budget: Budget,
    /// The network that is built.
    pub network: Network,
    /// The database that is built.
    pub database: Database,
    /// The containers that serve the city: a name each, in the order in which their rules apply.
    pub services: Services,
    /// The EC2 instances that the containers run on.
    pub capacity: Capacity,
    /// How the traffic is shifted.
    #[serde(default)]
    pub cutover: Cutover,
    /// Who is told when something is wrong.
    pub alarms: Alarms,
}

impl CitySpec {
    /// The engine of the new database: the one named, or else today's.
    pub fn engine(&self) -> Engine {
        self.database.engine.unwrap_or(self.legacy.database.engine)
    }

    /// The name of the new database: the one given, or else today's.
    pub fn database_name(&self) -> &DatabaseName {
        self.database.name.as_ref().unwrap_or(&self.legacy.database.name)
    }

    /// The full names of the availability zones, like `eu-north-1a`.
    pub fn zone_names(&self) -> Vec<String> {
        self.network.zones.iter().map(|letter| format!("{}{letter}", self.region)).collect()
    }
}

/// When the traffic may be moved: the hours of lowest use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Window {
    /// The days on which the window opens.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub days: Vec<Weekday>,
    /// When it opens, by the city's clocks, in quotes. A time that they skip opens at the skip, one that they show twice the first time.
    pub start: Clock,
    /// How long it stays open.
    #[serde(default = "two_hours")]
    pub length: Seconds,
    /// The IANA time zone that `start` is in.
    pub time_zone: TimeZoneName,
}

fn two_hours() -> Seconds {
    Seconds(2 * 3600)
}

/// What the move may cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
pub struct Budget {
    /// The longest interruption that users may notice. The move stops before it is overspent.
    pub interruption: Seconds,
    /// The longest time to recover by itself from an outage. Computed from the file before anything is built.
    pub recovery: Seconds,
    /// How much dearer than today a month may become. A plan prints the sum; the new bill isn't computed yet, so nothing is refused by it.
    pub monthly_cost: Percent,
}

impl Default for Budget {
    fn default() -> Self {
        Self { interruption: Seconds(30), recovery: Seconds(300), monthly_cost: Percent(10) }
    }
}

/// The network that is built: a VPC with a public and a private subnet in each zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Network {
    /// The VPC's addresses. No other city of the account and region may use them.
    #[schemars(with = "Cidr")]
    pub cidr: Ipv4Net,
    /// The letters of the availability zones, two or more.
    #[schemars(length(min = 2, max = 6), extend("uniqueItems" = true))]
    pub zones: Vec<ZoneLetter>,
    /// One NAT gateway for the city, or one a zone: dearer, and no zone depends on another.
    #[serde(default)]
    pub nat: Nat,
}

/// How many NAT gateways there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Nat {
    /// One for the city.
    #[default]
    One,
    /// One in each zone.
    PerZone,
}
