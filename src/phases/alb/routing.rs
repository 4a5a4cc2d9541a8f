//! Which request goes to which service: the rules of the HTTPS listener.
//!
//! A rule is for one host name and one path pattern, and its address says which; which service answers is a property of it. So
//! whatever becomes of the services, a rule that stays is changed in place, from a target group that serves to another one that
//! serves ([decision](../../../docs/decisions/make-before-break.md)).

use super::services::front;
use crate::aws::Resource;
use crate::aws::elb::action::Action;
use crate::aws::elb::rule::{Rule, RuleProps};
use crate::aws::elb::rule_order::{RuleOrder, RuleOrderProps};
use crate::engine::input::output;
use crate::engine::{Address, Desired, Input};
use crate::phases::Blueprint;
use crate::spec::{CitySpec, Service};
use std::collections::{BTreeMap, BTreeSet};

/// Where the order of the rules stands.
const ORDER: &str = "alb/rule-order";

fn group(service: &str) -> Input {
    output(format!("alb/target-group.{service}").as_str(), "arn")
}

/// Where a service's reach rule stands.
pub fn reach_address(service: &str) -> Address {
    Address::new("alb", &format!("reach.{service}"))
}

/// The rules that nobody meets: a target group must be a listener's before ECS takes a service for it, and before the load balancer looks
/// whether its targets are well. `.invalid` is a name that nobody can have (RFC 2606).
pub fn reach(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let rule = |(name, _): (&str, &Service)| {
        let host = format!("{name}.{}.invalid", blueprint.city);
        Rule::at(reach_address(name), &to(name, [host.into()].into(), BTreeSet::new(), None))
    };
    blueprint.spec.services.iter().map(rule).collect()
}

/// The rules that users meet, and their order.
pub fn rules(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let mut all: Vec<Desired> = health_check(blueprint).into_iter().collect();
    let services = blueprint.spec.services.iter();
    all.extend(services.flat_map(|(name, service)| of_service(name, service)));
    let order = RuleOrderProps {
        listener: output("alb/listener.https", "arn"),
        rules: all.iter().map(|rule| output(rule.address.clone(), "arn")).collect(),
    };
    all.push(RuleOrder::at(ORDER, &order));
    all
}

/// Where everything stands that leads users to the services: it is there before they come and goes when they have left.
pub fn addresses(blueprint: &Blueprint<'_>) -> impl Iterator<Item = Address> + use<> {
    rules(blueprint).into_iter().map(|one| one.address)
}

/// Where the rule stands by which the health check from outside is answered.
pub fn health_check_address(blueprint: &Blueprint<'_>) -> Option<Address> {
    front(blueprint)?;
    Some(health_check(blueprint).map_or_else(|| address(None, None), |rule| rule.address))
}

/// One rule for each host name and path pattern; for a service that takes everything, one that matches everything.
fn of_service(name: &str, service: &Service) -> Vec<Desired> {
    let hosts: Vec<Option<&str>> = or_any(service.hosts.iter().map(|host| host.as_str()).collect());
    let paths: Vec<Option<&str>> = or_any(service.paths.iter().map(|path| path.as_str()).collect());
    let each = hosts.iter().flat_map(|host| paths.iter().map(|path| (*host, *path)));
    each.map(|(host, path)| rule(name, service, address(host, path), host.map(Input::from), path)).collect()
}

fn rule(name: &str, service: &Service, address: Address, host: Option<Input>, path: Option<&str>) -> Desired {
    // AWS takes no rule without a condition.
    let path = path.or(host.is_none().then_some("/*"));
    let paths = path.into_iter().map(str::to_owned).collect();
    let rule = Rule::at(address, &to(name, host.into_iter().collect(), paths, Some(service.min)));
    rule.after([format!("alb/service.{name}").as_str()])
}

fn to(service: &str, hosts: BTreeSet<Input>, paths: BTreeSet<String>, needs: Option<u32>) -> RuleProps {
    let listener = output("alb/listener.https", "arn");
    RuleProps { listener, hosts, paths, action: Action::Forward(group(service)), needs }
}

/// A list that is left out means everything.
fn or_any(list: Vec<&str>) -> Vec<Option<&str>> {
    if list.is_empty() { vec![None] } else { list.into_iter().map(Some).collect() }
}

/// `alb/rule.www.malmo.example/api/+`: with a plus for each star, which no tag may hold.
fn address(host: Option<&str>, path: Option<&str>) -> Address {
    let everything = if path.is_some() { "any" } else { "everything" };
    Address::new("alb", &format!("rule.{}{}", host.unwrap_or(everything), path.map(plain).unwrap_or_default()))
}

/// The pattern in letters that a tag may hold, told apart from others by a hash where it needs more than that.
fn plain(pattern: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || "-=._:/@".contains(c);
    let text: String =
        pattern.chars().filter_map(|c| if c == '*' { Some('+') } else { kept(c).then_some(c) }).collect();
    if text.replace('+', "*") == pattern { text } else { format!("{text}-{}", super::services::short_hash(pattern)) }
}

/// Route 53 asks by the load balancer's own name, which is no service's. Where a service takes everything, it gets there anyway.
/// With another path comes another rule: the old one stands until nobody asks by it any more.
fn health_check(blueprint: &Blueprint<'_>) -> Option<Desired> {
    let (name, service) = front(blueprint)?;
    if service.hosts.is_empty() && service.paths.is_empty() {
        return None;
    }
    let path = service.health.path.as_str();
    let address = Address::new("alb", &format!("rule.health-check{}", plain(path)));
    Some(rule(name, service, address, Some(output("alb/load-balancer", "dns_name")), Some(path)))
}

/// Each name of the city with the path by which the service that answers it says whether it is well. A name is left out if none of its
/// services takes its own health path by it: what answers there says nothing.
pub fn health_paths(spec: &CitySpec) -> BTreeMap<String, String> {
    let path = |host: &String| {
        let at_host = spec.services.iter().map(|(_, service)| service).filter(|service| takes_host(service, host));
        let mut own = at_host.filter(|service| takes_path(service, service.health.path.as_str()));
        own.next().map(|service| service.health.path.to_string())
    };
    super::hosts(spec).into_iter().filter_map(|host| Some((host.clone(), path(&host)?))).collect()
}

fn takes_host(service: &Service, host: &str) -> bool {
    service.hosts.is_empty() || service.hosts.iter().any(|one| one.as_str() == host)
}

fn takes_path(service: &Service, path: &str) -> bool {
    service.paths.is_empty() || service.paths.iter().any(|pattern| matches(pattern.as_str(), path))
}

/// A rule's pattern: `*` is any text, `?` any one character.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest.as_str(), &text[at..]))
        }
        Some(wanted) => {
            let mut text = text.chars();
            text.next().is_some_and(|found| wanted == '?' || wanted == found) && matches(rest.as_str(), text.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phases::alb::resources;
    use crate::phases::testing::blueprint;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn all(services: Value) -> Vec<Desired> {
        blueprint(json!({ "services": services }), resources)
    }

    /// Address to the service that answers, of the rules that users meet, in their order.
    fn answered(all: &[Desired]) -> Vec<(String, String)> {
        let order = all.iter().find(|one| one.address.as_str() == ORDER).map(|one| &one.props["rules"]);
        let order = order.and_then(Value::as_array).into_iter().flatten();
        let in_order = order.filter_map(|rule| rule["$ref"].as_str()?.strip_suffix("#arn"));
        let service = |address: &str| {
            let rule = all.iter().find(|one| one.address.as_str() == address)?;
            let group = rule.props["action"]["forward"]["$ref"].as_str()?;
            group.strip_prefix("alb/target-group.")?.strip_suffix("#arn")
        };
        in_order.map(|rule| (rule.to_owned(), service(rule).unwrap_or_default().to_owned())).collect()
    }

    #[test]
    fn a_pattern_is_matched_as_a_load_balancer_does() {
        assert!(matches("/api/*", "/api/v1/health") && matches("/h?alth", "/health") && matches("*", "/"));
        assert!(!matches("/api/*", "/apix") && !matches("/", "/x") && !matches("/h?alth", "/halth"));
    }

    #[test]
    fn what_nobody_takes_is_404_and_a_service_for_everything_has_a_rule_of_its_own() {
        let one = all(json!({}));
        assert_eq!(answered(&one), [("alb/rule.everything".to_owned(), "web".to_owned())]);
        let rule = one.iter().find(|one| one.address.as_str() == "alb/rule.everything");
        assert_eq!(rule.map(|one| &one.props["paths"]), Some(&json!(["/*"])));
        for all in [one, all(json!({ "web": { "hosts": ["a.example.org"] } }))] {
            let https = all.iter().find(|one| one.address.as_str() == "alb/listener.https");
            assert_eq!(https.map(|one| &one.props["default"]), Some(&json!("not-found")));
        }
    }

    #[test]
    fn a_stranger_gets_404_and_the_health_check_an_answer() {
        let all = all(json!({ "web": { "hosts": ["a.example.org"] } }));
        let check = all.iter().find(|one| one.address.as_str() == "alb/rule.health-check/healthz");
        let check = check.map(|one| (&one.props["hosts"], &one.props["paths"]));
        assert_eq!(check, Some((&json!([{ "$ref": "alb/load-balancer#dns_name" }]), &json!(["/healthz"]))));
        assert_eq!(answered(&all)[1], ("alb/rule.a.example.org".to_owned(), "web".to_owned()));
    }

    #[test]
    fn rules_come_after_what_they_lead_to_and_the_service_after_the_rule_that_nobody_meets() {
        let all = all(json!({ "web": { "hosts": ["a.example.org"], "min": 3 } }));
        let find = |address: &str| all.iter().find(|one| one.address.as_str() == address).unwrap_or(&all[0]);
        let rule = find("alb/rule.a.example.org");
        assert!(rule.dependencies().contains(&"alb/service.web".into()));
        assert_eq!(rule.props["needs"], 3);
        let reach = find("alb/reach.web");
        assert_eq!((&reach.props["hosts"], &reach.props["needs"]), (&json!(["web.malmo.invalid"]), &Value::Null));
        assert!(find("alb/service.web").dependencies().contains(&reach.address));
        assert!(!reach.dependencies().contains(&"alb/service.web".into()));
    }

    /// Whatever becomes of the services: what is asked for is at the same address, answered by another.
    #[test]
    fn a_request_has_its_rule_whoever_answers_it() {
        let hosts = json!(["a.example.org", "b.example.org"]);
        let before = all(json!({ "web": { "hosts": hosts } }));
        let service = before.iter().find(|one| one.address.as_str() == "alb/service.web");
        assert!(service.is_some());
        let split = all(json!({ "web": { "hosts": hosts }, "api": {
            "image": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/bikes/api:1", "cpu": 256, "memory": 512, "port": 8080,
            "health": { "path": "/healthz" }, "hosts": ["a.example.org"], "paths": ["/api/*"], "max": 4,
        } }));
        let (before, after): (BTreeMap<_, _>, BTreeMap<_, _>) =
            (answered(&before).into_iter().collect(), answered(&split).into_iter().collect());
        assert!(before.iter().all(|(rule, service)| after.get(rule) == Some(service)), "{after:?}");
        assert_eq!(after.get("alb/rule.a.example.org/api/+").map(String::as_str), Some("api"));
        assert_eq!(after.len(), before.len() + 1);
    }

    #[test]
    fn every_host_with_every_path_has_a_rule_of_its_own() {
        let all =
            all(json!({ "web": { "hosts": ["a.example.org", "b.example.org"], "paths": ["/x/*", "/y", "/x/?"] } }));
        let rules = answered(&all);
        let addresses: BTreeSet<_> = rules.iter().map(|(address, _)| address).collect();
        assert_eq!((rules.len(), addresses.len()), (7, 7));
        for one in all.iter().filter(|one| one.kind == "elb:rule") {
            let values = ["hosts", "paths"].map(|field| one.props[field].as_array().map_or(0, Vec::len));
            assert!(values.iter().all(|count| *count <= 1) && values != [0, 0], "{}", one.props);
            let name = one.address.as_str();
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "+-=._:/@".contains(c)), "{name} is no tag");
        }
    }
}
