//! Target groups, and the ECS services whose tasks are in them.

use super::routing;
use crate::aws::Resource;
use crate::aws::ecs::service::{DeploymentProps, Service as EcsService, ServiceProps};
use crate::aws::elb::health::HealthCheck;
use crate::aws::elb::target_check::{TargetCheck, TargetCheckProps};
use crate::aws::elb::target_group::{TargetGroup, TargetGroupProps};
use crate::aws::elb::targets::{Targets, TargetsProps};
use crate::engine::Desired;
use crate::engine::input::output;
use crate::phases::{Blueprint, security_groups, vpc};
use crate::spec::Service;
use sha2::{Digest, Sha256};

/// Seconds that a target which is leaving may finish its requests in: longer than a request of the site takes.
const DRAIN_SECONDS: u32 = 30;
/// The longest name of a target group (D).
const NAME_LENGTH: usize = 32;

/// The service that the health check from outside asks: the one that takes everything, or else the first.
pub fn front<'a>(blueprint: &Blueprint<'a>) -> Option<(&'a str, &'a Service)> {
    let mut services = blueprint.spec.services.iter();
    let everything = services.clone().find(|(_, service)| service.hosts.is_empty() && service.paths.is_empty());
    everything.or_else(|| services.next())
}

/// One target group a service, and one for today's servers where the load balancer can reach them.
pub fn target_groups(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let services = blueprint.spec.services.iter();
    let mut all: Vec<Desired> = services.map(|(name, service)| of_service(blueprint, name, service)).collect();
    all.extend(legacy(blueprint));
    all
}

fn of_service(blueprint: &Blueprint<'_>, name: &str, service: &Service) -> Desired {
    // Tasks are registered with the ports that they happen to get; this one is never used.
    let port = 80;
    let props = TargetGroupProps {
        name: group_name(blueprint, name, "instance", port),
        vpc: output("vpc/vpc", "id"),
        target_type: "instance".into(),
        port,
        health: Some(check(service)),
        attributes: [
            ("deregistration_delay.timeout_seconds".to_owned(), DRAIN_SECONDS.to_string()),
            // Off: a task that is well takes its full share at once, so that a lost one is made up for quickly.
            ("slow_start.duration_seconds".to_owned(), "0".to_owned()),
        ]
        .into(),
    };
    TargetGroup::at(format!("alb/target-group.{name}").as_str(), &props)
}

/// Whether the load balancer leads to today's servers too: not once the move is finished.
fn reaches_today(blueprint: &Blueprint<'_>) -> bool {
    !blueprint.spec.legacy.targets.is_empty() && !blueprint.lookups.finished
}

fn legacy(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let legacy = &blueprint.spec.legacy;
    if !reaches_today(blueprint) {
        return Vec::new();
    }
    let port = i32::from(legacy.port);
    let group = TargetGroupProps {
        name: group_name(blueprint, "legacy", "ip", port),
        vpc: output("vpc/vpc", "id"),
        target_type: "ip".into(),
        port,
        health: Some(legacy_check(blueprint)),
        attributes: Default::default(),
    };
    let targets = TargetsProps {
        target_group: output("alb/target-group.legacy", "arn"),
        addresses: legacy.targets.iter().copied().collect(),
        port,
        foreign: Default::default(),
    };
    // Users may be led there until the records have changed: the way goes after them.
    let way = security_groups::to_todays_servers(blueprint).into_iter().map(|rule| rule.address);
    let targets = Targets::at("alb/legacy-targets", &targets).after(vpc::both_ways(blueprint)).after(way);
    vec![TargetGroup::at("alb/target-group.legacy", &group), targets]
}

fn check(service: &Service) -> HealthCheck {
    let (path, interval) = (service.health.path.as_str(), seconds(service.health.interval.0));
    health(path, interval, service.health.threshold.cast_signed(), "200")
}

/// Today's servers are asked less often than the new ones, and a redirect to HTTPS is a sign of life too.
fn legacy_check(blueprint: &Blueprint<'_>) -> HealthCheck {
    health(blueprint.spec.legacy.health_path.as_str(), 10, 2, "200-399")
}

/// How the targets are checked, from then on: a changed path is asked for when the tasks run that answer it. If the new ones don't
/// answer the old path, ECS takes the deployment back, and nothing has changed for users.
pub fn checks(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let at = |name: &str, check: HealthCheck| {
        let props =
            TargetCheckProps { target_group: output(format!("alb/target-group.{name}").as_str(), "arn"), check };
        TargetCheck::at(format!("alb/health.{name}").as_str(), &props)
    };
    let of_service =
        |(name, service): (&str, &Service)| at(name, check(service)).after([format!("alb/service.{name}").as_str()]);
    let legacy = reaches_today(blueprint).then(|| at("legacy", legacy_check(blueprint)));
    blueprint.spec.services.iter().map(of_service).chain(legacy).collect()
}

fn health(path: &str, interval: i32, threshold: i32, codes: &str) -> HealthCheck {
    // The answer may take five seconds, but must be there before the next question (D).
    let timeout = (interval - 1).clamp(2, 5);
    HealthCheck { path: path.into(), interval, timeout, healthy: threshold, unhealthy: threshold, codes: codes.into() }
}

/// `malmo-web-1f2e3d`: ends with a hash of all that can't be changed, so that a replacement can stand beside what it replaces.
fn group_name(blueprint: &Blueprint<'_>, what: &str, target_type: &str, port: i32) -> String {
    let identity = format!("{what} {target_type} {port} {}", blueprint.spec.network.cidr);
    let hash = short_hash(&identity);
    let name: String = format!("{}-{what}", blueprint.city).chars().take(NAME_LENGTH - 1 - hash.len()).collect();
    format!("{}-{hash}", name.trim_end_matches('-'))
}

/// Six digits that differ where the texts do.
pub fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(3).map(|byte| format!("{byte:02x}")).collect()
}

fn seconds(value: u64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The services. Each is made when a rule leads to its target group: ECS refuses one that no traffic can reach.
pub fn services(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    blueprint.spec.services.iter().map(|(name, service)| ecs_service(name, service)).collect()
}

fn ecs_service(name: &str, service: &Service) -> Desired {
    let health = &service.health;
    // Twice the start: a cold instance pulls the image and starts several tasks at once.
    let grace = 2 * health.start.0 + health.interval.0 * u64::from(health.threshold);
    let props = ServiceProps {
        name: name.into(),
        cluster: output("ecs/cluster", "arn"),
        task_definition: output(format!("ecs/task-definition.{name}").as_str(), "arn"),
        capacity_provider: output("ecs/capacity-provider", "name"),
        target_group: output(format!("alb/target-group.{name}").as_str(), "arn"),
        container: name.into(),
        port: service.port.into(),
        grace: seconds(grace),
        initial: Some(service.min.cast_signed()),
        deployment: DeploymentProps { min_percent: 100, max_percent: 200, circuit_breaker: true },
        // A zone may fail, so zones first; within them as few instances as the memory allows, for the bill's sake.
        placement: vec!["spread:attribute:ecs.availability-zone".into(), "binpack:memory".into()],
        rebalance: Some(true),
    };
    EcsService::at(format!("alb/service.{name}").as_str(), &props).after([routing::reach_address(name)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Address;
    use crate::phases::testing::blueprint;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    fn names(all: &[Desired]) -> Vec<&Value> {
        all.iter().filter(|one| one.kind == "elb:target-group").map(|one| &one.props["name"]).collect()
    }

    #[test]
    fn a_target_groups_name_changes_with_what_cannot_be_changed() {
        let before = blueprint(json!({}), target_groups);
        let same = blueprint(json!({ "services": { "web": { "max": 9 } } }), target_groups);
        assert_eq!(names(&before), names(&same));
        let other = blueprint(json!({ "legacy": { "port": 8080 } }), target_groups);
        assert_eq!(names(&before)[0], names(&other)[0]);
        assert_ne!(names(&before)[1], names(&other)[1]);
        for name in names(&before) {
            let name = name.as_str().unwrap_or_default();
            assert!(name.len() <= NAME_LENGTH && name.starts_with("malmo-"), "{name}");
        }
    }

    /// Whatever is asked of a path that only new tasks answer, is changed when they run.
    #[test]
    fn a_changed_health_path_is_asked_for_after_the_service() {
        let all = |path: &str| {
            blueprint(json!({ "services": { "web": { "health": { "path": path } } } }), crate::phases::desired)
        };
        let (before, after) = (all("/healthz"), all("/ready"));
        let mut behind: BTreeSet<Address> = ["alb/service.web".into()].into();
        for _ in &after {
            let more = after.iter().filter(|one| !one.dependencies().is_disjoint(&behind));
            behind.extend(more.map(|one| one.address.clone()).collect::<Vec<_>>());
        }
        let mut changed = Vec::new();
        for (old, new) in before.iter().zip(&after).filter(|(old, new)| old.props != new.props) {
            assert_eq!(old.address, new.address);
            // What the new tasks are made of; and a group is made with its check and has no say in it afterwards.
            let first = ["ecs/task-definition.web", "alb/target-group.web"].contains(&new.address.as_str());
            assert!(first || behind.contains(&new.address), "{} comes too early", new.address);
            changed.push(new.address.as_str());
        }
        assert!(changed.contains(&"alb/health.web") && changed.contains(&"cutover/health-check"), "{changed:?}");
    }

    #[test]
    fn without_targets_there_is_no_legacy_group() {
        let all = blueprint(json!({ "legacy": { "targets": [] } }), target_groups);
        assert_eq!(all.len(), 1);
    }

    #[test]
    fn a_service_keeps_its_strength_during_a_deployment() {
        let all = blueprint(json!({}), services);
        assert_eq!(all[0].props["deployment"]["min_percent"], 100);
        assert_eq!(all[0].props["grace"], 70);
        assert_eq!(all[0].props["placement"][0], "spread:attribute:ecs.availability-zone");
    }
}
