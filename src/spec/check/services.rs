//! The services, each by itself.

use super::Context;
use crate::spec::finding::Finding;

/// Names of services become parts of AWS names: `<city>-<service>` must fit 32 characters.
pub fn names(context: &Context<'_>, out: &mut Vec<Finding>) {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    for (name, _) in context.spec.services.iter() {
        let valid = (1..=14).contains(&name.len())
            && name.bytes().all(plain)
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && !name.ends_with('-');
        if !valid {
            out.push(
                Finding::at(format!("services.{name}"), format!("`{name}` can't be the name of a service"))
                    .help("lower case letters, digits and hyphens, a letter first, at most 14 characters"),
            );
        }
    }
}

/// The fewest tasks are not more than the most.
pub fn bounds(context: &Context<'_>, out: &mut Vec<Finding>) {
    for (name, service) in context.spec.services.iter().filter(|(_, service)| service.min > service.max) {
        let (min, max) = (format!("services.{name}.min"), format!("services.{name}.max"));
        out.push(Finding::at(min, format!("min {} is more than max {}", service.min, service.max)).and(max));
    }
}

/// The limits of the load balancer's and ECS's health checks (D).
pub fn health(context: &Context<'_>, out: &mut Vec<Finding>) {
    for (name, service) in context.spec.services.iter() {
        let health = &service.health;
        if !(5..=300).contains(&health.interval.0) {
            out.push(Finding::at(format!("services.{name}.health.interval"), format!("`{}` is out of range", health.interval)).help("valid: 5s to 5m"));
        }
        if health.start.0 > 300 {
            out.push(Finding::at(format!("services.{name}.health.start"), format!("`{}` is out of range", health.start)).help("valid: up to 5m"));
        }
    }
}

/// Environment variables have names that a shell can read, and one value each.
pub fn environment(context: &Context<'_>, out: &mut Vec<Finding>) {
    let valid = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    for (name, service) in context.spec.services.iter() {
        let plain = service.environment.keys().map(|key| ("environment", key));
        let secret = service.secrets.keys().map(|key| ("secrets", key));
        for (section, key) in plain.chain(secret).filter(|(_, key)| !valid(key)) {
            let message = format!("`{key}` can't be the name of an environment variable");
            out.push(Finding::at(format!("services.{name}.{section}.{key}"), message).help("letters, digits and underscores, no digit first").on_key());
        }
        for key in service.secrets.keys().filter(|key| service.environment.contains_key(*key)) {
            let message = format!("`{key}` stands under `environment` too");
            out.push(Finding::at(format!("services.{name}.secrets.{key}"), message).help("keep one of them").on_key());
        }
    }
}
