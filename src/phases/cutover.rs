//! The traffic moves: weighted records instead of simple ones, then shift by shift to the new side.
//!
//! The steps are resources in a chain. Whatever else has to happen before traffic moves (data, rehearsals) takes its place in that
//! chain by standing between the records and the first shift.

use super::{Blueprint, alb};
use crate::aws::Resource;
use crate::aws::data::switch::{SwitchProps, Switched};
use crate::aws::route53::health_check::{HealthCheck, HealthCheckProps};
use crate::aws::route53::shift::{Shift, ShiftProps};
use crate::aws::route53::weighted::{WeightedProps, WeightedRecords};
use crate::aws::sns::subscription::Subscription;
use crate::engine::input::output;
use crate::engine::{Address, Desired};

/// Seconds between two questions of one checker; ten costs twice as much, and three failures at 30 s meet the recovery budget of
/// five minutes.
const CHECK_INTERVAL: i32 = 30;
/// Bad answers in a row.
const CHECK_THRESHOLD: i32 = 3;

/// The resources of the phase.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let mut all: Vec<Desired> = health_check(blueprint).into_iter().collect();
    all.extend(records(blueprint));
    all.extend(switch(blueprint));
    all.extend(shifts(blueprint));
    all
}

fn health_check(blueprint: &Blueprint<'_>) -> Option<Desired> {
    let (_, service) = alb::front(blueprint)?;
    let props = HealthCheckProps {
        host: output("alb/load-balancer", "dns_name"),
        path: service.health.path.to_string(),
        interval: CHECK_INTERVAL,
        threshold: CHECK_THRESHOLD,
        tagged: Some(true),
    };
    Some(HealthCheck::at("cutover/health-check", &props).after(alb::health_check_address(blueprint)))
}

/// Where the switch of the databases stands: behind all that serves, before the first user is sent over.
pub const SWITCH: &str = "cutover/data";

/// Whether it is what leads users to the new side: without it the legacy side serves.
pub fn moves_users(want: &Desired) -> bool {
    [Shift::INFO.name, Switched::INFO.name].contains(&want.kind)
}

fn switch(blueprint: &Blueprint<'_>) -> Option<Desired> {
    let props = SwitchProps { data: super::rds::data(blueprint), budget: blueprint.spec.budget.interruption.0 };
    // Once the move is finished it only remains as the record of that.
    let copied = blueprint.moves_data().then_some(super::rds::COMPLETE);
    blueprint.data.then(|| Switched::at(SWITCH, &props).after(ready(blueprint)).after(copied))
}

fn records_address(name: &str) -> String {
    format!("cutover/records.{name}")
}

fn records(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let legacy = &blueprint.spec.legacy;
    let pair = |name: &crate::spec::form::HostName| {
        let props = WeightedProps {
            zone: blueprint.lookups.hosted_zone.clone(),
            name: name.to_string(),
            ttl: legacy.ttl,
            legacy: legacy.addresses.iter().copied().collect(),
            target: output("alb/load-balancer", "dns_name"),
            target_zone: output("alb/load-balancer", "zone_id"),
            health_check: output("cutover/health-check", "id"),
        };
        // So that, on the way back, no service goes before the last cached answer that leads to it.
        WeightedRecords::at(records_address(name.as_str()).as_str(), &props).after(services(blueprint))
    };
    legacy.records.iter().map(pair).collect()
}

fn services<'a>(blueprint: &Blueprint<'a>) -> impl Iterator<Item = Address> + use<'a> {
    let services = blueprint.spec.services.iter().map(|(name, _)| Address::new("alb", &format!("service.{name}")));
    services.chain(alb::ways_to_services(blueprint))
}

/// Where shifts stand, `percent` of the traffic on the new side.
fn shift_address(percent: u8) -> Address {
    Address::new("cutover", &format!("shift.{percent}"))
}

fn shifts(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let spec = blueprint.spec;
    let mut before = 0;
    let mut all = Vec::new();
    for &percent in &spec.cutover.steps {
        let groups = spec
            .services
            .iter()
            .map(|(name, _)| (name.to_owned(), output(format!("alb/target-group.{name}").as_str(), "arn")));
        let props = ShiftProps {
            zone: blueprint.lookups.hosted_zone.clone(),
            names: spec.legacy.records.iter().map(ToString::to_string).collect(),
            percent,
            before,
            target_groups: groups.collect(),
            bake: spec.cutover.bake.0,
        };
        let mut first = if before == 0 { ready(blueprint) } else { vec![shift_address(before)] };
        if before == 0 && blueprint.data {
            first.push(SWITCH.into());
        }
        all.push(Shift::at(shift_address(percent), &props).after(first));
        before = percent;
    }
    all
}

/// What must stand before the first user is sent over, and until the last one is back: all that serves them, and all that watches.
fn ready(blueprint: &Blueprint<'_>) -> Vec<Address> {
    let records =
        blueprint.spec.legacy.records.iter().map(|name| Address::from(records_address(name.as_str()).as_str()));
    // Who is mailed may change at any time: that has nothing to do with the traffic.
    let watching =
        super::autoscaling::resources(blueprint).into_iter().filter(|one| one.kind != Subscription::INFO.name);
    let watching = watching.map(|one| one.address);
    let http = [Address::new("alb", "listener.http")];
    records.chain(services(blueprint)).chain(watching).chain(http).collect()
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
        let steps: Vec<_> =
            shifts.iter().map(|one| (one.props["before"].clone(), one.props["percent"].clone())).collect();
        assert_eq!(steps, [(json!(0), json!(5)), (json!(5), json!(25)), (json!(25), json!(100))]);
        let first = shifts[0].dependencies();
        for address in ["cutover/records.www.malmobybike.example", "alb/service.web", "autoscaling/alarm.web-5xx"] {
            assert!(first.contains(&address.into()), "{address}");
        }
        assert!(shifts[2].dependencies().contains(&"cutover/shift.25".into()));
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
