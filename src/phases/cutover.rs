//! The traffic moves: weighted records instead of simple ones, then shift by shift to the new side.
//!
//! The steps are resources in a chain. Whatever else has to happen before traffic moves (data, rehearsals) takes its place in that
//! chain by standing between the records and the first shift.

use super::{Blueprint, alb};
use crate::aws::Resource;
use crate::aws::answers::{Answers, AnswersProps};
use crate::aws::data::switch::{SwitchProps, Switched};
use crate::aws::route53::alias::{Alias, AliasProps};
use crate::aws::route53::health_check::{HealthCheck, HealthCheckProps};
use crate::aws::route53::shift::{Shift, ShiftProps};
use crate::aws::route53::weighted::{WeightedProps, WeightedRecords};
use crate::aws::sns::subscription::Subscription;
use crate::engine::input::output;
use crate::engine::{Address, Desired, Input};
use crate::spec::form::HostName;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Seconds between two questions of one checker; ten costs twice as much, and three failures at 30 s meet the recovery budget of
/// five minutes.
const CHECK_INTERVAL: i32 = 30;
/// Bad answers in a row.
const CHECK_THRESHOLD: i32 = 3;

/// The resources of the phase.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let mut all: Vec<Desired> = health_check(blueprint).into_iter().collect();
    all.extend(records(blueprint));
    all.push(answers(blueprint));
    all.extend(switch(blueprint));
    all.extend(shifts(blueprint));
    all.extend(end(blueprint));
    all
}

fn health_check(blueprint: &Blueprint<'_>) -> Option<Desired> {
    let (_, service) = alb::front(blueprint)?;
    let props = HealthCheckProps {
        host: balancer("dns_name"),
        path: service.health.path.to_string(),
        interval: CHECK_INTERVAL,
        threshold: CHECK_THRESHOLD,
        tagged: Some(true),
    };
    Some(HealthCheck::at(CHECK, &props).after(alb::health_check_address(blueprint)))
}

/// Where the switch of the databases stands: behind all that serves, before the first user is sent over.
pub const SWITCH: &str = "cutover/data";
/// Where the health check stands.
const CHECK: &str = "cutover/health-check";
/// Where the new side's answers by the city's own names stand.
const ANSWERS: &str = "cutover/answers";
/// Where the end of the records' move stands.
const END: &str = "cutover/alias";

/// Whether it is what leads users to the new side, or was looked at just before: without it the legacy side serves.
pub fn moves_users(want: &Desired) -> bool {
    [Shift::INFO.name, Switched::INFO.name, Alias::INFO.name, Answers::INFO.name].contains(&want.kind)
}

fn switch(blueprint: &Blueprint<'_>) -> Option<Desired> {
    let props = SwitchProps { data: super::rds::data(blueprint), budget: blueprint.spec.budget.interruption.0 };
    // Once the move is finished it only remains as the record of that.
    let copied = blueprint.moves_data().then_some(super::rds::COMPLETE);
    blueprint.data.then(|| Switched::at(SWITCH, &props).after(ready(blueprint)).after(copied))
}

fn balancer(field: &str) -> Input {
    output("alb/load-balancer", field)
}

/// Where the records of a name stand.
pub fn records_address(name: &str) -> Address {
    Address::new("cutover", &format!("records.{name}"))
}

fn names<'a>(blueprint: &Blueprint<'a>) -> impl Iterator<Item = &'a HostName> + use<'a> {
    blueprint.spec.legacy.records.iter()
}

/// The addresses that the zone had for a name; those of the city file where that wasn't seen.
fn addresses(blueprint: &Blueprint<'_>, name: &HostName) -> BTreeSet<Ipv4Addr> {
    let before = blueprint.lookups.records.get(name.as_str());
    before.map_or_else(|| blueprint.spec.legacy.addresses.iter().copied().collect(), |before| before.addresses.clone())
}

fn records(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let pair = |name: &HostName| {
        let props = WeightedProps {
            zone: blueprint.lookups.hosted_zone.clone(),
            name: name.to_string(),
            ttl: blueprint.spec.legacy.ttl,
            legacy: addresses(blueprint, name),
            ttl_before: blueprint.lookups.records.get(name.as_str()).map(|before| before.ttl),
            target: balancer("dns_name"),
            target_zone: balancer("zone_id"),
            health_check: output(CHECK, "id"),
            share: None,
            then: None,
        };
        // So that, on the way back, no service goes before the last cached answer that leads to it.
        WeightedRecords::at(records_address(name.as_str()), &props).after(services(blueprint))
    };
    names(blueprint).map(pair).collect()
}

fn services<'a>(blueprint: &Blueprint<'a>) -> impl Iterator<Item = Address> + use<'a> {
    let services = blueprint.spec.services.iter().map(|(name, _)| Address::new("alb", &format!("service.{name}")));
    services.chain(alb::ways_to_services(blueprint))
}

/// The new side answers by every name of the city as it answers its health check.
fn answers(blueprint: &Blueprint<'_>) -> Desired {
    let hosts = alb::health_paths(blueprint.spec);
    let props = AnswersProps { target: balancer("dns_name"), hosts, health_check: output(CHECK, "id") };
    Answers::at(ANSWERS, &props).after(serving(blueprint))
}

/// Where shifts stand, `percent` of the traffic on the new side.
fn shift_address(percent: u8) -> Address {
    Address::new("cutover", &format!("shift.{percent}"))
}

fn shifts(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let spec = blueprint.spec;
    let mut before = None;
    let mut all = Vec::new();
    for &percent in &spec.cutover.steps {
        let groups = spec
            .services
            .iter()
            .map(|(name, _)| (name.to_owned(), output(format!("alb/target-group.{name}").as_str(), "arn")));
        let props = ShiftProps {
            zone: blueprint.lookups.hosted_zone.clone(),
            names: names(blueprint).map(ToString::to_string).collect(),
            percent,
            target_groups: groups.collect(),
            target: Some(balancer("dns_name")),
            health_check: Some(output(CHECK, "id")),
            bake: spec.cutover.bake.0,
            finished: false,
        };
        let mut first = before.map_or_else(|| ready(blueprint), |before| vec![shift_address(before)]);
        if before.is_none() && blueprint.data {
            first.push(SWITCH.into());
        }
        all.push(Shift::at(shift_address(percent), &props).after(first));
        before = Some(percent);
    }
    all
}

/// When the last step has passed, nothing is left for Route 53 to choose from.
fn end(blueprint: &Blueprint<'_>) -> Option<Desired> {
    let last = *blueprint.spec.cutover.steps.last()?;
    let props = AliasProps {
        zone: blueprint.lookups.hosted_zone.clone(),
        names: names(blueprint).map(|name| (name.to_string(), addresses(blueprint, name))).collect(),
        ttl: blueprint.spec.legacy.ttl,
        target: balancer("dns_name"),
        target_zone: balancer("zone_id"),
        health_check: output(CHECK, "id"),
        finished: false,
    };
    Some(Alias::at(END, &props).after([shift_address(last)]))
}

/// What answers users on the new side.
fn serving(blueprint: &Blueprint<'_>) -> Vec<Address> {
    let listeners = ["alb/listener.http", "alb/listener.https"].map(Address::from);
    services(blueprint).chain(listeners).collect()
}

/// What must stand before the first user is sent over, and until the last one is back: all that serves them, and all that watches.
fn ready(blueprint: &Blueprint<'_>) -> Vec<Address> {
    let records = names(blueprint).map(|name| records_address(name.as_str()));
    // Who is mailed may change at any time: that has nothing to do with the traffic.
    let watching =
        super::autoscaling::resources(blueprint).into_iter().filter(|one| one.kind != Subscription::INFO.name);
    let watching = watching.map(|one| one.address);
    let looked = [Address::from(CHECK), Address::from(ANSWERS)];
    records.chain(serving(blueprint)).chain(watching).chain(looked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phases::testing::blueprint;
    use serde_json::json;

    #[test]
    fn the_shifts_are_a_chain_that_begins_when_all_is_ready() {
        let all = blueprint(json!({ "cutover": { "steps": [5, 25, 100] } }), resources);
        let shifts: Vec<&Desired> = all.iter().filter(|one| one.kind == "route53:shift").collect();
        let steps: Vec<_> = shifts.iter().map(|one| one.props["percent"].clone()).collect();
        assert_eq!(steps, [5, 25, 100]);
        let first = shifts[0].dependencies();
        for address in [
            "cutover/records.www.malmobybike.example",
            "cutover/health-check",
            "cutover/answers",
            "alb/service.web",
            "alb/listener.https",
            "autoscaling/alarm.web-5xx",
        ] {
            assert!(first.contains(&address.into()), "{address}");
        }
        assert!(shifts[2].dependencies().contains(&"cutover/shift.25".into()));
        let end = all.iter().find(|one| one.kind == "route53:alias").map(Desired::dependencies).unwrap_or_default();
        assert!(end.contains(&"cutover/shift.100".into()));
    }

    #[test]
    fn the_rule_of_the_health_check_is_ready_before_users_come() {
        let all = blueprint(json!({ "services": { "web": { "hosts": ["www.malmobybike.example"] } } }), resources);
        let first = all.iter().find(|one| one.kind == "route53:shift").map(Desired::dependencies).unwrap_or_default();
        assert!(
            first.contains(&"alb/rule.health-check/healthz".into())
                && first.contains(&"alb/rule.www.malmobybike.example".into()),
            "{first:?}"
        );
    }

    #[test]
    fn load_balancer_and_services_outlive_the_records_that_point_at_them() {
        let all = blueprint(json!({}), resources);
        let records = all.iter().find(|one| one.kind == "route53:weighted-records");
        let before = records.map(Desired::dependencies).unwrap_or_default();
        for address in ["alb/load-balancer", "alb/service.web", "cutover/health-check"] {
            assert!(before.contains(&address.into()), "{address}");
        }
    }
}
