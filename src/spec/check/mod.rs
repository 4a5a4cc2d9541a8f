//! The meaning of a city file: what fits no schema. Each check is a function that looks at the whole spec.

mod capacity;
mod cutover;
mod database;
mod legacy;
mod neighbours;
mod network;
mod recovery;
mod routing;
mod secrets;
mod services;

pub use cutover::window_too_short;

use super::{CitySpec, finding::Finding};
use std::collections::HashSet;

/// What the checks look at.
pub struct Context<'a> {
    /// The city.
    pub spec: &'a CitySpec,
    /// The other cities of the folder.
    pub neighbours: Vec<Neighbour<'a>>,
}

/// Another city of the folder.
pub struct Neighbour<'a> {
    /// Its name.
    pub name: &'a str,
    /// What its file says, with stand-ins for what is broken in it.
    pub spec: &'a CitySpec,
    /// The fields that are broken.
    pub broken: &'a HashSet<String>,
}

impl Neighbour<'_> {
    /// Whether its file says what stands in all of these fields.
    pub fn says(&self, fields: &[impl ToString]) -> bool {
        let about = Finding { fields: fields.iter().map(ToString::to_string).collect(), ..Finding::at("", "") };
        !self.broken.iter().any(|broken| about.rests_on(broken))
    }
}

/// A check: says what it finds.
type Check = fn(&Context<'_>, &mut Vec<Finding>);

static CHECKS: &[Check] = &[
    legacy::instances,
    legacy::records,
    legacy::role,
    network::size,
    network::private,
    network::zones,
    network::neighbours,
    neighbours::apart,
    network::legacy_addresses,
    database::engine,
    database::version,
    database::storage,
    database::windows,
    services::names,
    services::bounds,
    services::health,
    services::environment,
    secrets::place,
    routing::within_zone,
    routing::reachable,
    routing::distinct,
    routing::hidden,
    routing::conditions,
    routing::records_answered,
    capacity::bounds,
    capacity::architecture,
    capacity::fits,
    capacity::room,
    cutover::steps,
    cutover::window,
    cutover::budget,
    recovery::budget,
];

/// Everything that the checks find.
pub fn all(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in CHECKS {
        check(context, &mut findings);
    }
    findings
}
