//! What a city consists of: one file a phase, each a short declarative list of the resources that the city needs. Pure: no AWS
//! calls, no waiting.

pub mod alb;
pub mod autoscaling;
pub mod cutover;
pub mod ecs;
pub mod names;
pub mod rds;
pub mod security_groups;
mod task;
#[cfg(test)]
pub mod testing;
pub mod vpc;
pub mod way_back;

use crate::engine::Desired;
use crate::spec::CitySpec;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// What the phases build from.
pub struct Blueprint<'a> {
    /// The city's name: the prefix of every AWS name.
    pub city: &'a str,
    /// What the city file says.
    pub spec: &'a CitySpec,
    /// What the city file names and AWS numbers.
    pub lookups: &'a Lookups,
    /// Whether there are databases to move data between: not in a sandbox whose databases are records.
    pub data: bool,
}

impl Blueprint<'_> {
    /// Whether the city's data is, or will be, moved: not once that is finished.
    pub fn moves_data(&self) -> bool {
        self.data && !self.lookups.finished
    }

    /// The network of today's servers, where the new one needs a way there: the load balancer to the servers, the new database to the old one.
    /// None where the two have addresses in common, since such networks can't be connected (preflight says so), and when the move is finished.
    pub fn peer(&self) -> Option<&LegacyNetwork> {
        let today = &self.lookups.legacy;
        let legacy = &self.spec.legacy;
        let inside = |address: &Ipv4Addr| today.blocks.iter().any(|block| block.contains(address));
        let database = legacy.database.endpoint.host.parse::<Ipv4Addr>();
        let needed = legacy.targets.iter().any(inside) || database.map_or(true, |address| inside(&address));
        let apart = today.blocks.iter().all(|block| !overlap(block, &self.spec.network.cidr));
        Some(today).filter(|today| !self.lookups.finished && !today.vpc.is_empty() && needed && apart)
    }
}

/// Whether two blocks have addresses in common.
pub fn overlap(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(b) || b.contains(a)
}

/// What the city file names and AWS numbers: looked up once, kept in the state, so that a plan is a function of its inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lookups {
    /// The id of the hosted zone of `legacy.hosted_zone`.
    pub hosted_zone: String,
    /// The zone that this is the id of.
    pub hosted_zone_name: String,
    /// Image as written in the city file to the image pinned by digest: `…/bikes-web:1.2` to `…/bikes-web@sha256:…`.
    pub images: BTreeMap<String, String>,
    /// Where today's servers stand.
    #[serde(default)]
    pub legacy: LegacyNetwork,
    /// What the zone had for each name of `legacy.records` before the move: what the way back restores.
    #[serde(default)]
    pub records: BTreeMap<String, ZoneRecord>,
    /// True when the move is finished: today's servers are no longer needed, and nothing of the city leads there.
    #[serde(default)]
    pub finished: bool,
}

/// A plain A record as it was before the move.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneRecord {
    /// Its time to live, in seconds.
    pub ttl: u32,
    /// Its addresses.
    pub addresses: BTreeSet<Ipv4Addr>,
}

/// The VPC of today's servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LegacyNetwork {
    /// The `legacy.instances` that it was found by; empty: it wasn't.
    pub of: String,
    /// Its id.
    pub vpc: String,
    /// Its IPv4 blocks.
    pub blocks: Vec<Ipv4Net>,
}

/// One phase.
pub struct Phase {
    /// Its name: the first part of its resources' addresses.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub title: &'static str,
    /// Its resources.
    pub resources: fn(&Blueprint<'_>) -> Vec<Desired>,
}

/// Every phase, in the order in which they are shown.
pub static PHASES: &[Phase] = &[
    Phase { name: "vpc", title: "the network", resources: vpc::resources },
    Phase { name: "security-groups", title: "who may talk to whom", resources: security_groups::resources },
    Phase { name: "rds", title: "the database", resources: rds::resources },
    Phase { name: "ecs", title: "containers and what they run on", resources: ecs::resources },
    Phase { name: "alb", title: "load balancer and services", resources: alb::resources },
    Phase { name: "autoscaling", title: "scaling, alarms and dashboard", resources: autoscaling::resources },
    Phase { name: "cutover", title: "traffic", resources: cutover::resources },
];

/// All resources of the city.
pub fn desired(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    PHASES.iter().flat_map(|phase| (phase.resources)(blueprint)).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::engine::graph::ordered;
    use serde_json::json;

    #[test]
    fn when_the_move_is_finished_nothing_leads_to_todays_servers() {
        let during = ordered(testing::blueprint(json!({}), desired)).unwrap();
        let after = ordered(testing::finished(desired)).unwrap();
        let gone: Vec<_> =
            during.iter().map(|one| &one.address).filter(|at| after.iter().all(|one| one.address != **at)).collect();
        for address in ["vpc/peering", "vpc/return-routes", "rds/data", "rds/data-complete", "alb/legacy-targets"] {
            assert!(gone.contains(&&address.into()), "{address} is still wanted");
        }
        assert!(after.iter().any(|one| one.address.as_str() == cutover::SWITCH), "the record of the end");
        let props = |all: &[Desired], phase: &str| {
            json!(all.iter().filter(|one| one.address.phase() == phase).map(|one| &one.props).collect::<Vec<_>>())
        };
        for phase in ["vpc", "security-groups", "alb"] {
            assert!(props(&during, phase).to_string().contains("10.40."), "{phase}");
            assert!(!props(&after, phase).to_string().contains("10.40."), "{phase}");
        }
    }
}
