//! Which request goes to which service: the rules of the HTTPS listener.

use super::services::front;
use crate::aws::Resource;
use crate::aws::elb::action::Action;
use crate::aws::elb::rule::{Rule, RuleProps};
use crate::engine::input::output;
use crate::engine::{Desired, Input};
use crate::phases::Blueprint;
use crate::spec::Service;

/// The most host names and paths in one rule together (D: quota "condition values per rule").
const VALUES: usize = 5;
/// Between one service's first rule and the next one's: room for a service that grows, without moving the others.
const STRIDE: usize = 100;

fn group(service: &str) -> Input {
    output(format!("alb/target-group.{service}").as_str(), "arn")
}

fn takes_everything(service: &Service) -> bool {
    service.hosts.is_empty() && service.paths.is_empty()
}

/// The service that takes what no rule takes, if there is one.
fn fallback<'a>(blueprint: &Blueprint<'a>) -> Option<&'a str> {
    blueprint.spec.services.iter().find(|(_, service)| takes_everything(service)).map(|(name, _)| name)
}

/// What becomes of a request that no rule takes. Without a service for everything it is 404: a name that nobody gave the
/// site (an attacker's that points here) gets no page.
pub fn default_action(blueprint: &Blueprint<'_>) -> Action {
    fallback(blueprint).map_or(Action::NotFound, |service| Action::Forward(group(service)))
}

/// The addresses of a service's rules; none for the one that takes everything else.
pub fn addresses(name: &str, service: &Service) -> Vec<String> {
    let count = if takes_everything(service) { 0 } else { portions(service).len() };
    (1..=count).map(|nth| address(name, nth)).collect()
}

fn address(service: &str, nth: usize) -> String {
    if nth == 1 { format!("alb/rule.{service}") } else { format!("alb/rule.{service}.{nth}") }
}

/// The rules: the health check's, then the services' in the order of the city file, which decides where two would match.
pub fn rules(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let mut all: Vec<Desired> = health_check(blueprint).into_iter().collect();
    for (index, (name, service)) in blueprint.spec.services.iter().enumerate() {
        if takes_everything(service) {
            continue;
        }
        for (nth, (hosts, paths)) in portions(service).into_iter().enumerate() {
            let props = RuleProps {
                listener: output("alb/listener.https", "arn"),
                priority: i32::try_from((index + 1) * STRIDE + nth).unwrap_or(i32::MAX),
                hosts: hosts.into_iter().map(Input::from).collect(),
                paths: paths.into_iter().collect(),
                action: Action::Forward(group(name)),
            };
            all.push(Rule::at(address(name, nth + 1).as_str(), &props));
        }
    }
    all
}

/// Route 53 asks by the load balancer's own name, which is no service's. Where a service takes everything, it gets there anyway.
fn health_check(blueprint: &Blueprint<'_>) -> Option<Desired> {
    if fallback(blueprint).is_some() {
        return None;
    }
    let (name, service) = front(blueprint)?;
    let props = RuleProps {
        listener: output("alb/listener.https", "arn"),
        priority: 1,
        hosts: [output("alb/load-balancer", "dns_name")].into(),
        paths: [service.health.path.to_string()].into(),
        action: Action::Forward(group(name)),
    };
    Some(Rule::at("alb/rule.health-check", &props))
}

/// A service's hosts and paths in portions that fit a rule; together they are all combinations.
fn portions(service: &Service) -> Vec<(Vec<String>, Vec<String>)> {
    let hosts: Vec<String> = service.hosts.iter().map(ToString::to_string).collect();
    let paths: Vec<String> = service.paths.iter().map(ToString::to_string).collect();
    let hosts_each = match (hosts.len(), paths.len()) {
        (0, _) => 0,
        (_, paths @ 0..=3) => VALUES - paths,
        (hosts, _) => hosts.min(2),
    };
    let (hosts, paths) = (split(&hosts, hosts_each), split(&paths, VALUES - hosts_each));
    hosts.iter().flat_map(|hosts| paths.iter().map(|paths| (hosts.clone(), paths.clone()))).collect()
}

/// In portions of `size`; no values are one empty portion, which matches everything.
fn split(values: &[String], size: usize) -> Vec<Vec<String>> {
    if values.is_empty() { vec![Vec::new()] } else { values.chunks(size.max(1)).map(<[String]>::to_vec).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phases::alb::resources;
    use crate::phases::testing::blueprint;
    use serde_json::{Value, json};

    fn rules(web: Value) -> Vec<Desired> {
        let all = blueprint(json!({ "services": { "web": web } }), resources);
        all.into_iter().filter(|one| one.kind == "elb:rule").collect()
    }

    #[test]
    fn one_service_without_hosts_needs_no_rule() {
        let all = blueprint(json!({}), resources);
        assert!(all.iter().all(|one| one.kind != "elb:rule"));
        let https = all.iter().find(|one| one.address.as_str() == "alb/listener.https");
        let forward = json!({ "forward": { "$ref": "alb/target-group.web#arn" } });
        assert_eq!(https.map(|one| &one.props["default"]), Some(&forward));
    }

    #[test]
    fn a_stranger_gets_404_and_the_health_check_an_answer() {
        let all = rules(json!({ "hosts": ["a.example.org"] }));
        assert_eq!(all[0].props["hosts"], json!([{ "$ref": "alb/load-balancer#dns_name" }]));
        assert_eq!(all[0].props["paths"], json!(["/healthz"]));
        assert_eq!((&all[1].props["priority"], &all[1].props["hosts"]), (&json!(100), &json!(["a.example.org"])));
    }

    #[test]
    fn many_hosts_and_paths_are_spread_over_rules_of_five_values() {
        let hosts: Vec<String> = (0..7).map(|n| format!("h{n}.example.org")).collect();
        let paths: Vec<String> = (0..9).map(|n| format!("/p{n}/*")).collect();
        for (hosts, paths) in
            [(&hosts[..], &paths[..]), (&hosts, &[]), (&[], &paths), (&hosts[..1], &paths), (&hosts, &paths[..2])]
        {
            let all = rules(json!({ "hosts": hosts, "paths": paths }));
            let mut combinations = 0;
            for rule in all.iter().filter(|rule| rule.address.as_str() != "alb/rule.health-check") {
                let of = |field: &str| rule.props[field].as_array().map_or(0, Vec::len);
                assert!((1..=VALUES).contains(&(of("hosts") + of("paths"))), "{}", rule.props);
                combinations += of("hosts").max(1) * of("paths").max(1);
            }
            assert_eq!(combinations, hosts.len().max(1) * paths.len().max(1));
        }
    }
}
