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

use crate::engine::Desired;
use crate::spec::CitySpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// What the city file names and AWS numbers: looked up once, kept in the state, so that a plan is a function of its inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lookups {
    /// The id of the hosted zone of `legacy.hosted_zone`.
    pub hosted_zone: String,
    /// The zone that this is the id of.
    pub hosted_zone_name: String,
    /// Image as written in the city file to the image pinned by digest: `…/bikes-web:1.2` to `…/bikes-web@sha256:…`.
    pub images: BTreeMap<String, String>,
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
