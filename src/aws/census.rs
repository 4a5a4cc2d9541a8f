//! Who is known: every id, ARN and name that the city's addresses have. What a list holds besides was made by somebody else.
//!
//! Only a look at the whole city has one. A look at a single resource, as the executor makes it, would take everything else for foreign.

use super::ec2::security_group_rule::SecurityGroupRuleProps;
use crate::engine::Address;
use crate::engine::cloud::Sought;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Everything that is sought in one look.
#[derive(Debug, Default)]
pub struct Census {
    known: HashSet<String>,
    addresses: HashSet<Address>,
    gateways: HashMap<String, String>,
    rules: Option<HashSet<(String, String)>>,
    /// The cutover's steps in percent, and whether each is wanted.
    steps: Vec<(u64, bool)>,
}

impl Census {
    /// Of everything that is wanted or recorded.
    pub fn new(sought: &[Sought]) -> Self {
        let mut known = HashSet::new();
        for one in sought {
            one.outputs.iter().for_each(|outputs| collect(outputs, &mut known));
            known.extend(one.props.get("name").and_then(Value::as_str).map(str::to_owned));
        }
        let gateways = sought.iter().filter_map(|one| {
            let outputs = one.outputs.as_ref().filter(|_| one.kind == "ec2:nat-gateway")?;
            Some((outputs.get("allocation")?.as_str()?.to_owned(), outputs.get("id")?.as_str()?.to_owned()))
        });
        let gateways = gateways.collect();
        let rules = sought.iter().filter(|one| one.kind == "ec2:security-group-rule").map(rule).collect();
        let addresses = sought.iter().map(|one| one.address.clone()).collect();
        let shifts = sought.iter().filter(|one| one.kind == "route53:shift");
        let steps = shifts.filter_map(|one| Some((one.props.get("percent")?.as_u64()?, one.wanted))).collect();
        Self { known, addresses, gateways, rules, steps }
    }

    /// Adds what was found: something new, or something whose record was lost.
    pub fn add(&mut self, outputs: &Value) {
        collect(outputs, &mut self.known);
    }

    /// Whether an address has this id, ARN or name.
    pub fn knows(&self, id: &str) -> bool {
        self.known.contains(id)
    }

    /// Whether the city has this address.
    pub fn knows_address(&self, address: &Address) -> bool {
        self.addresses.contains(address)
    }

    /// The id of the NAT gateway that was made with this Elastic IP.
    pub fn gateway_of(&self, allocation: &str) -> Option<&str> {
        self.gateways.get(allocation).map(String::as_str)
    }

    /// Whether other steps of the cutover go on without the one at `percent`, which nobody wants any more: some are wanted, or one that
    /// stands higher, `reached` being how far users have come, takes them back.
    pub fn steps_beyond(&self, percent: u8, reached: u8) -> bool {
        let higher = u64::from(percent) + 1..=u64::from(reached);
        self.steps.iter().any(|(step, wanted)| *wanted || higher.contains(step))
    }

    /// Whether an address has this rule of the group. While some rule isn't known yet, any may be it.
    pub fn knows_rule(&self, group: &str, rule: &str) -> bool {
        self.rules.as_ref().is_none_or(|rules| rules.contains(&(group.to_owned(), rule.to_owned())))
    }
}

/// The group's id and the rule as text; `None` while one of its sides isn't there yet.
fn rule(sought: &Sought) -> Option<(String, String)> {
    let props = SecurityGroupRuleProps::deserialize(&sought.props).ok()?;
    Some((props.group.get()?.clone(), props.rule()?.to_string()))
}

fn collect(value: &Value, known: &mut HashSet<String>) {
    match value {
        Value::String(text) => drop(known.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, known)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, known)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sought(kind: &str, props: Value, outputs: Option<Value>) -> Sought {
        Sought { address: "a/b".into(), kind: kind.into(), props, outputs, wanted: true }
    }

    #[test]
    fn a_step_that_nobody_wants_is_left_to_those_that_go_on() {
        let step =
            |percent: u8, wanted| Sought { wanted, ..sought("route53:shift", json!({ "percent": percent }), None) };
        let edited = Census::new(&[step(5, true), step(25, false), step(100, true)]);
        assert!(edited.steps_beyond(25, 25) && edited.steps_beyond(25, 100));
        let back = Census::new(&[step(5, false), step(25, false), step(100, false)]);
        assert!(back.steps_beyond(5, 25) && !back.steps_beyond(25, 25) && !back.steps_beyond(25, 30));
        assert!(back.steps_beyond(25, 100) && !back.steps_beyond(100, 100));
    }

    #[test]
    fn ids_and_names_are_known_and_rules_only_when_all_of_them_are() {
        let group = sought("ec2:security-group", json!({ "name": "web" }), Some(json!({ "id": "sg-1" })));
        let rule = |peer: Value| {
            let props = json!({
                "group": "sg-1", "direction": "ingress", "protocol": "tcp", "from_port": 443, "to_port": 443, "peer": peer,
            });
            sought("ec2:security-group-rule", props, None)
        };
        let census = Census::new(&[group.clone(), rule(json!("10.0.0.0/8"))]);
        assert!(census.knows("sg-1") && census.knows("web") && !census.knows("sg-2"));
        assert!(census.knows_rule("sg-1", "tcp 443 from 10.0.0.0/8"));
        assert!(!census.knows_rule("sg-1", "tcp 22 from 0.0.0.0/0"));
        let open = Census::new(&[group, rule(json!("10.0.0.0/8")), rule(json!({ "$ref": "a/c#id" }))]);
        assert!(open.knows_rule("sg-1", "tcp 22 from 0.0.0.0/0"), "it may be the one that isn't known yet");
    }
}
