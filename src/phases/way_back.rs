//! The order of a way back: the database first, then its users. The other way round users would be sent to a database that refuses
//! what they write, for as long as the hand-over takes to get ready.

use super::cutover::SWITCH;
use crate::aws::Resource;
use crate::aws::route53::alias::Alias;
use crate::aws::route53::shift::Shift;
use crate::aws::route53::weighted::WeightedRecords;
use crate::engine::Address;
use crate::engine::plan::{Action, Change, Plan};
use serde_json::json;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Lets what leads users away from the legacy side go after the switch of the databases, and not before it.
pub fn database_first(plan: &mut Plan) {
    let switch = Address::from(SWITCH);
    if !plan.changes.iter().any(|change| change.address == switch && change.action == Action::Delete) {
        return;
    }
    let mut led: BTreeSet<Address> = BTreeSet::new();
    loop {
        let follows = |on: &BTreeSet<Address>| on.contains(&switch) || on.iter().any(|address| led.contains(address));
        let more = plan.changes.iter().find(|c| follows(&c.depended_on) && !led.contains(&c.address));
        let Some(more) = more.map(|change| change.address.clone()) else { break };
        led.insert(more);
    }
    for change in &mut plan.changes {
        if change.address == switch {
            change.depended_on.extend(led.iter().cloned());
        } else {
            change.depended_on.remove(&switch);
        }
    }
}

/// Lets the names of a city that is taken down answer with these addresses when it is gone; with none, nobody answers.
pub fn lead_to(plan: &mut Plan, addresses: &[Ipv4Addr]) {
    let deleted = |change: &&mut Change| change.action == Action::Delete;
    for change in plan.changes.iter_mut().filter(deleted) {
        let (field, value) = match change.kind.as_str() {
            kind if kind == WeightedRecords::INFO.name => ("then", json!(addresses)),
            // Otherwise it would lead them back to the legacy side first.
            kind if [Shift::INFO.name, Alias::INFO.name].contains(&kind) => ("finished", json!(true)),
            _ => continue,
        };
        if let Some(prior) = change.prior.as_object_mut() {
            prior.insert(field.into(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{finish_times, nodes};

    fn plan() -> Plan {
        let delete = |address: &str, needs: &[&str]| {
            json!({
                "address": address, "kind": "k", "action": "delete", "fields": [], "props": null, "prior": {}, "outputs": {},
                "depends_on": needs, "depended_on": needs,
            })
        };
        let plan = json!({
            "version": 3, "city": "malmo", "account": "1", "region": "r", "made_at": "2026-11-27T01:00:00Z", "goal": "legacy",
            "serves": true, "base": { "lineage": null, "serial": 1 }, "known": {},
            "lookups": { "hosted_zone": "Z", "hosted_zone_name": "z", "images": {} },
            "changes": [
                delete("cutover/records.www", &[]),
                delete("cutover/data", &["cutover/records.www"]),
                delete("cutover/shift.5", &["cutover/records.www", "cutover/data"]),
                delete("cutover/shift.100", &["cutover/shift.5"]),
                delete("cutover/alias", &["cutover/shift.100"]),
            ],
        });
        #[expect(clippy::expect_used, reason = "a test stops at a plan that can't be")]
        serde_json::from_value(plan).expect("a plan")
    }

    #[test]
    fn the_database_goes_back_before_its_users() {
        let mut plan = plan();
        let order = |plan: &Plan| {
            let nodes = nodes(&plan.changes);
            let times = finish_times(&nodes, |_| 1);
            let mut all: Vec<_> =
                nodes.iter().zip(times).map(|(n, t)| (t, plan.changes[n.change].address.to_string())).collect();
            all.sort();
            all.into_iter().map(|(_, address)| address).collect::<Vec<_>>()
        };
        assert_eq!(
            order(&plan),
            ["cutover/alias", "cutover/shift.100", "cutover/shift.5", "cutover/data", "cutover/records.www"]
        );
        database_first(&mut plan);
        assert_eq!(
            order(&plan),
            ["cutover/data", "cutover/alias", "cutover/shift.100", "cutover/shift.5", "cutover/records.www"]
        );
    }

    #[test]
    fn of_a_city_without_a_legacy_side_nobody_is_led_back() {
        let mut plan = plan();
        for (change, kind) in plan.changes.iter_mut().zip([
            WeightedRecords::INFO.name,
            "k",
            Shift::INFO.name,
            Shift::INFO.name,
            Alias::INFO.name,
        ]) {
            change.kind = kind.into();
        }
        lead_to(&mut plan, &[[192, 0, 2, 7].into()]);
        let told = plan.changes.iter().map(|change| change.prior.clone()).collect::<Vec<_>>();
        let finished = json!({ "finished": true });
        assert_eq!(told, [json!({ "then": ["192.0.2.7"] }), json!({}), finished.clone(), finished.clone(), finished]);
    }
}
