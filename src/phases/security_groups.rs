//! Who may talk to whom: visitors to the load balancer, the load balancer to the instances, the instances to the database, and as long
//! as there is a way to today's servers, the load balancer and the database to theirs. Nothing else is open, in either direction.
//!
//! Names are resolved without a rule: what the VPC's own resolver (and its clock and metadata services) answer isn't filtered by
//! security groups.

use super::Blueprint;
use crate::aws::Resource;
use crate::aws::ec2::rule::Direction::{self, Egress, Ingress};
use crate::aws::ec2::security_group::{SecurityGroup, SecurityGroupProps};
use crate::aws::ec2::security_group_rule::{SecurityGroupRule, SecurityGroupRuleProps};
use crate::engine::input::output;
use crate::engine::{Desired, Input};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

const EVERYWHERE: &str = "0.0.0.0/0";
/// The ports that the ECS agent picks from for containers on the bridge (D: the ephemeral range of Amazon Linux).
const DYNAMIC_PORTS: (u16, u16) = (32768, 65535);
const HTTP: (u16, u16) = (80, 80);
const HTTPS: (u16, u16) = (443, 443);

/// The phase's resources.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let database = blueprint.spec.engine().port();
    let database = (database, database);
    let mut all = vec![
        group(blueprint, "load-balancer", "Load balancer: visitors, and the way to what serves them"),
        group(blueprint, "service", "Instances that run the containers"),
        group(blueprint, "database", "Database"),
        rule("load-balancer", "http", Ingress, HTTP, EVERYWHERE.into()),
        rule("load-balancer", "https", Ingress, HTTPS, EVERYWHERE.into()),
        rule("load-balancer", "to-service", Egress, DYNAMIC_PORTS, id("service")),
        rule("service", "from-load-balancer", Ingress, DYNAMIC_PORTS, id("load-balancer")),
        // The registry, ECS, logs and secrets, through the NAT gateway; image layers from S3, whose addresses are public too.
        rule("service", "https", Egress, HTTPS, EVERYWHERE.into()),
        rule("service", "to-database", Egress, database, id("database")),
        rule("database", "from-service", Ingress, database, id("service")),
    ];
    all.extend(to_todays_servers(blueprint));
    all.extend(databases_meet(blueprint));
    all
}

/// Before and during the cutover the load balancer also serves from the city's servers of today.
pub fn to_todays_servers(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let legacy = &blueprint.spec.legacy;
    let targets = legacy.targets.iter().filter(|_| !blueprint.lookups.finished);
    let to = targets.map(|server| {
        let what = format!("to-legacy-{server}");
        rule("load-balancer", &what, Egress, (legacy.port, legacy.port), format!("{server}/32").into())
    });
    to.collect()
}

/// The new database connects to the old one to follow it, and the other way round on the way back. Whoever runs the move may stand in
/// the network of today's servers too.
pub fn databases_meet(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let Some(today) = blueprint.peer() else { return Vec::new() };
    let (old, new) = (&blueprint.spec.legacy.database.endpoint, blueprint.spec.engine().port());
    // A name may come to mean another address.
    let hosts: Vec<String> = match old.host.parse::<Ipv4Addr>() {
        Ok(address) => vec![format!("{address}/32")],
        Err(_) => today.blocks.iter().map(ToString::to_string).collect(),
    };
    let to = hosts.iter().map(|host| {
        let what = format!("to-legacy-{}", host.trim_end_matches("/32").replace('/', "-"));
        rule("database", &what, Egress, (old.port, old.port), host.as_str().into())
    });
    let from = today.blocks.iter().map(|block| {
        let what = format!("from-legacy-{}", block.to_string().replace('/', "-"));
        rule("database", &what, Ingress, (new, new), block.to_string().into())
    });
    to.chain(from).collect()
}

fn id(group: &str) -> Input {
    output(format!("security-groups/{group}").as_str(), "id")
}

fn group(blueprint: &Blueprint<'_>, name: &str, description: &str) -> Desired {
    let props = SecurityGroupProps {
        vpc: output("vpc/vpc", "id"),
        name: format!("{}-{name}", blueprint.city),
        description: description.into(),
        foreign_rules: BTreeSet::new(),
    };
    SecurityGroup::at(format!("security-groups/{name}").as_str(), &props)
}

fn rule(group: &str, what: &str, direction: Direction, ports: (u16, u16), peer: Input) -> Desired {
    let (from_port, to_port) = ports;
    let props =
        SecurityGroupRuleProps { group: id(group), direction, protocol: "tcp".into(), from_port, to_port, peer };
    SecurityGroupRule::at(format!("security-groups/rule.{group}-{what}").as_str(), &props)
}

#[cfg(test)]
mod tests {
    use crate::engine::Desired;
    use crate::phases::testing::blueprint;
    use serde_json::{Value, json};

    fn rules(all: &[Desired]) -> impl Iterator<Item = &Value> {
        all.iter().filter(|d| d.kind == "ec2:security-group-rule").map(|d| &d.props)
    }

    fn reference(group: &str) -> Value {
        json!({ "$ref": format!("security-groups/{group}#id") })
    }

    #[test]
    fn nothing_is_open_to_the_world_but_80_and_443_on_the_load_balancer() {
        let all = blueprint(json!({}), super::resources);
        let open: Vec<_> = rules(&all)
            .filter(|rule| rule["direction"] == "ingress" && rule["peer"] == super::EVERYWHERE)
            .map(|rule| (&rule["group"], &rule["from_port"], &rule["to_port"]))
            .collect();
        let load_balancer = reference("load-balancer");
        assert_eq!(open, [(&load_balancer, &json!(80), &json!(80)), (&load_balancer, &json!(443), &json!(443))]);
    }

    #[test]
    fn what_one_group_sends_the_other_receives() {
        let all = blueprint(json!({ "legacy": { "targets": [] } }), super::resources);
        let ends = |direction: &str, from: &str, to: &str| -> Vec<[Value; 3]> {
            let between = rules(&all).filter(|r| r["direction"] == direction && r["peer"].is_object());
            let mut ends: Vec<_> =
                between.map(|r| [r[from].clone(), r[to].clone(), json!([r["from_port"], r["to_port"]])]).collect();
            ends.sort_by_key(|end| json!(end).to_string());
            ends
        };
        assert_eq!(ends("egress", "group", "peer"), ends("ingress", "peer", "group"));
    }

    #[test]
    fn the_databases_reach_each_other_on_their_ports_and_nothing_else() {
        let database = reference("database");
        let outside = |changes: Value| -> Vec<(Value, Value, Value)> {
            let all = blueprint(changes, super::resources);
            let own = rules(&all).filter(|rule| rule["group"] == database && !rule["peer"].is_object());
            own.map(|rule| (rule["direction"].clone(), rule["to_port"].clone(), rule["peer"].clone())).collect()
        };
        let from = (json!("ingress"), json!(5432), json!("10.40.0.0/16"));
        let by_address = outside(json!({ "legacy": { "database": { "endpoint": "10.40.2.20:5433" } } }));
        assert_eq!(by_address, [(json!("egress"), json!(5433), json!("10.40.2.20/32")), from.clone()]);
        let by_name = outside(json!({ "legacy": { "database": { "endpoint": "db.malmobybike.example:5432" } } }));
        assert_eq!(by_name, [(json!("egress"), json!(5432), json!("10.40.0.0/16")), from]);
    }

    #[test]
    fn a_database_without_a_way_to_todays_sends_nothing_and_hears_only_the_service_on_its_own_port() {
        for (engine, port) in [("postgres", 5432), ("mysql", 3306)] {
            // Elsewhere: the servers' network isn't where the database is.
            let elsewhere = json!({ "engine": engine, "endpoint": "10.90.2.20:5432" });
            let all = blueprint(json!({ "legacy": { "targets": [], "database": elsewhere } }), super::resources);
            let database = reference("database");
            let found: Vec<_> = rules(&all).filter(|rule| rule["group"] == database).collect();
            assert_eq!(found.len(), 1);
            assert_eq!((&found[0]["direction"], &found[0]["peer"]), (&json!("ingress"), &reference("service")));
            assert_eq!((&found[0]["from_port"], &found[0]["to_port"]), (&json!(port), &json!(port)));
        }
    }

    #[test]
    fn the_load_balancer_reaches_each_of_todays_servers_and_nothing_else_outside() {
        let all =
            blueprint(json!({ "legacy": { "targets": ["10.40.1.10", "10.40.1.11"], "port": 8080 } }), super::resources);
        let out = rules(&all).filter(|r| r["direction"] == "egress" && r["group"] == reference("load-balancer"));
        let outside: Vec<_> = out.filter(|r| !r["peer"].is_object()).map(|r| (&r["peer"], &r["to_port"])).collect();
        assert_eq!(outside, [(&json!("10.40.1.10/32"), &json!(8080)), (&json!("10.40.1.11/32"), &json!(8080))]);
    }
}
