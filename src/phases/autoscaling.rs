//! The services follow the load, and somebody hears of it when something is wrong. Instances follow the tasks by themselves, through
//! the capacity provider of the phase `ecs`.

mod alarms;
mod dashboard;
mod database;

use super::{Blueprint, names};
use crate::aws::Resource;
use crate::aws::scaling::policy::{Policy, PolicyProps, RequestsOf};
use crate::aws::scaling::target::{Target, TargetProps};
use crate::aws::sns::subscription::{Subscription, SubscriptionProps};
use crate::aws::sns::topic::{Topic, TopicProps};
use crate::engine::Desired;
use crate::engine::input::output;
use crate::spec::Service;

/// Seconds between two steps out: a new task serves within a minute, and its effect must show before the next step.
const OUT_SECONDS: i32 = 60;
/// Seconds between two steps in: capacity is given back slowly, since the next wave may follow.
const IN_SECONDS: i32 = 300;

/// The resources of the phase.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let services = blueprint.spec.services.iter();
    let mut all: Vec<Desired> = services.flat_map(|(name, service)| scaling(blueprint, name, service)).collect();
    all.extend(notification(blueprint));
    all.extend(alarms::resources(blueprint));
    all.extend(database::resources(blueprint));
    all.push(dashboard::resource(blueprint));
    all
}

fn scaling(blueprint: &Blueprint<'_>, name: &str, service: &Service) -> Vec<Desired> {
    let resource = format!("service/{}/{name}", names::cluster(blueprint.city));
    let target = TargetProps {
        resource: resource.clone(),
        min: service.min.cast_signed(),
        max: service.max.cast_signed(),
        foreign_policies: Default::default(),
    };
    let address = format!("autoscaling/target.{name}");
    let mut all = vec![Target::at(address.as_str(), &target).after([format!("alb/service.{name}").as_str()])];

    let requests = || RequestsOf {
        load_balancer: output("alb/load-balancer", "full_name"),
        target_group: output(format!("alb/target-group.{name}").as_str(), "full_name"),
    };
    let targets = &service.targets;
    let wanted = [
        ("cpu", "ECSServiceAverageCPUUtilization", Some(targets.cpu), None),
        ("memory", "ECSServiceAverageMemoryUtilization", Some(targets.memory), None),
        ("requests", "ALBRequestCountPerTarget", targets.requests, Some(requests())),
    ];
    for (what, metric, target, requests) in wanted {
        let Some(target) = target else { continue };
        let props = PolicyProps {
            name: format!("{}-{name}-{what}", blueprint.city),
            resource: resource.clone(),
            metric: metric.into(),
            requests,
            target,
            out_cooldown: OUT_SECONDS,
            in_cooldown: IN_SECONDS,
        };
        let policy = Policy::at(format!("autoscaling/policy.{name}-{what}").as_str(), &props);
        all.push(policy.after([address.as_str()]));
    }
    all
}

fn notification(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let topic = TopicProps { name: format!("{}-alarms", blueprint.city) };
    let subscription = |mail: &crate::spec::form::MailAddress| {
        let props = SubscriptionProps { topic: output("autoscaling/topic", "arn"), mail: mail.to_string() };
        Subscription::at(format!("autoscaling/subscription.{mail}").as_str(), &props)
    };
    let mut all = vec![Topic::at("autoscaling/topic", &topic)];
    all.extend(blueprint.spec.alarms.mail.iter().map(subscription));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phases::testing::blueprint;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn requests_are_a_target_only_where_the_city_file_names_one() {
        let policies = |changes| {
            let all = blueprint(changes, resources);
            all.into_iter().filter(|one| one.kind == "scaling:policy").map(|one| one.address.to_string()).collect()
        };
        let plain: Vec<String> = policies(json!({}));
        assert_eq!(plain, ["autoscaling/policy.web-cpu", "autoscaling/policy.web-memory"]);
        let counted: Vec<String> = policies(json!({ "services": { "web": { "targets": { "requests": 600 } } } }));
        assert_eq!(counted[2], "autoscaling/policy.web-requests");
    }

    #[test]
    fn every_alarm_says_what_it_means_and_reaches_the_topic() {
        let all = blueprint(json!({}), resources);
        let alarms: Vec<&Desired> = all.iter().filter(|one| one.kind == "cloudwatch:alarm").collect();
        assert!(alarms.len() >= 12);
        let names: BTreeSet<_> = alarms.iter().map(|alarm| alarm.props["name"].to_string()).collect();
        assert_eq!(names.len(), alarms.len());
        for alarm in alarms {
            let description = alarm.props["description"].as_str().unwrap_or_default();
            assert!(description.len() > 60 && description.len() <= 1024, "{}", alarm.address);
            assert_eq!(alarm.props["notify"], json!([{ "$ref": "autoscaling/topic#arn" }]));
            assert!(alarm.props["queries"]["result"].is_object(), "{}", alarm.address);
            assert!(alarm.props["datapoints"].as_i64() <= alarm.props["periods"].as_i64());
        }
    }

    #[test]
    fn replication_is_watched_in_the_engines_own_terms() {
        let mysql = json!({
            "legacy": { "database": { "engine": "mysql" } },
            "database": { "version": "8.0.42" },
        });
        let addresses = |changes| -> String {
            blueprint(changes, resources).iter().map(|one| format!("{} ", one.address)).collect()
        };
        assert!(addresses(json!({})).contains("alarm.database-replication-slot "));
        assert!(addresses(mysql.clone()).contains("alarm.database-replica-lag "));
        assert!(!addresses(mysql).contains("replication-slot"));
    }
}
