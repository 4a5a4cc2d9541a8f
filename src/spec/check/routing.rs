//! Which service answers which request.

use std::collections::HashMap;

use super::Context;
use crate::spec::finding::Finding;

/// Hosts are in the hosted zone: their certificates are validated there.
pub fn within_zone(context: &Context<'_>, out: &mut Vec<Finding>) {
    let zone = &context.spec.legacy.hosted_zone;
    for (name, service) in context.spec.services.iter() {
        for (index, host) in service.hosts.iter().enumerate().filter(|(_, host)| !host.is_within(zone)) {
            let field = format!("services.{name}.hosts[{index}]");
            out.push(Finding::at(field, format!("`{host}` is not in the zone `{zone}`")).and("legacy.hosted_zone"));
        }
    }
}

/// A service that answers everything leaves nothing for another.
pub fn reachable(context: &Context<'_>, out: &mut Vec<Finding>) {
    let services = &context.spec.services;
    for (name, _) in services.iter().filter(|(_, s)| services.len() > 1 && s.hosts.is_empty() && s.paths.is_empty()) {
        out.push(
            Finding::at(format!("services.{name}"), format!("nothing says which requests `{name}` answers"))
                .and(format!("services.{name}.hosts"))
                .and(format!("services.{name}.paths"))
                .help("with more than one service, each needs `hosts` or `paths`"),
        );
    }
}

/// No two services answer the same host and path.
pub fn distinct(context: &Context<'_>, out: &mut Vec<Finding>) {
    let mut taken: HashMap<(&str, &str), &str> = HashMap::new();
    for (name, service) in context.spec.services.iter() {
        let hosts = or_any(service.hosts.iter().map(|host| host.as_str()).collect());
        let paths = or_any(service.paths.iter().map(|path| path.as_str()).collect());
        for (index, host) in hosts.iter().enumerate() {
            for path in &paths {
                let Some(first) = taken.insert((host, path), name).filter(|first| *first != name) else { continue };
                let field = if service.hosts.is_empty() { format!("services.{name}.paths") } else { format!("services.{name}.hosts[{index}]") };
                let what = if *path == "*" { (*host).to_owned() } else { format!("{host}{path}") };
                let finding = Finding::at(field, format!("`{first}` already answers `{what}`")).and(format!("services.{name}.paths"));
                out.push(finding.help("give one of them other paths"));
            }
        }
    }
}

/// A list that is left out means everything.
fn or_any(list: Vec<&str>) -> Vec<&str> {
    if list.is_empty() { vec!["*"] } else { list }
}

/// A load balancer rule compares at most five values (D).
pub fn conditions(context: &Context<'_>, out: &mut Vec<Finding>) {
    for (name, service) in context.spec.services.iter() {
        let count = service.hosts.len() + service.paths.len();
        if count > 5 {
            let message = format!("`{name}` has {count} hosts and paths; a load balancer rule compares at most 5");
            out.push(Finding::at(format!("services.{name}.hosts"), message).and(format!("services.{name}.paths")));
        }
    }
}

/// A name that people use today is answered tomorrow.
pub fn records_answered(context: &Context<'_>, out: &mut Vec<Finding>) {
    let spec = context.spec;
    let answered = |host: &_| spec.services.iter().any(|(_, service)| service.hosts.is_empty() || service.hosts.contains(host));
    let fields: Vec<String> = spec.services.iter().map(|(name, _)| format!("services.{name}.hosts")).collect();
    for (index, record) in spec.legacy.records.iter().enumerate().filter(|(_, record)| !answered(*record)) {
        let finding = Finding::at(format!("legacy.records[{index}]"), format!("no service answers `{record}`"));
        let finding = fields.iter().fold(finding, |finding, field| finding.and(field.clone()));
        out.push(finding.help("add it to the `hosts` of a service"));
    }
}
