//! The alarms on what users notice, and on what keeps them served. Each one's description is what stands in the mail: what it means
//! and where to look. A number that is missing is no fault unless the description says so: at night there may be no requests.

use super::super::{Blueprint, names};
use crate::aws::Resource;
use crate::aws::cloudwatch::alarm::{Alarm, AlarmProps, RESULT};
use crate::aws::cloudwatch::query::Query;
use crate::engine::input::output;
use crate::engine::{Desired, Input};
use crate::spec::Service;
use std::collections::BTreeMap;

/// How an alarm decides: `datapoints` of the last `periods` numbers across the line.
pub struct Line {
    pub comparison: &'static str,
    pub threshold: f64,
    pub datapoints: i32,
    pub periods: i32,
    pub missing: &'static str,
}

/// Above the threshold; missing numbers are fine.
pub fn above(threshold: f64, datapoints: i32, periods: i32) -> Line {
    Line { comparison: "GreaterThanThreshold", threshold, datapoints, periods, missing: "notBreaching" }
}

/// Below the threshold; missing numbers say nothing: before its first minute a metric has none.
pub fn below(threshold: f64, datapoints: i32, periods: i32) -> Line {
    Line { comparison: "LessThanThreshold", threshold, datapoints, periods, missing: "missing" }
}

/// A series of minutes.
pub fn metric(namespace: &str, name: &str, dimensions: &[(&str, Input)], statistic: &str) -> Query {
    Query::Metric {
        namespace: namespace.into(),
        name: name.into(),
        dimensions: dimensions.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        statistic: statistic.into(),
        period: 60,
    }
}

/// The alarm `what` over several series.
pub fn over(city: &str, what: &str, queries: Vec<(&str, Query)>, line: Line, description: &str) -> Desired {
    let props = AlarmProps {
        name: format!("{city}-{what}"),
        description: description.into(),
        queries: queries.into_iter().map(|(id, query)| (id.to_owned(), query)).collect::<BTreeMap<_, _>>(),
        comparison: line.comparison.into(),
        threshold: line.threshold,
        periods: line.periods,
        datapoints: line.datapoints,
        missing: line.missing.into(),
        notify: [output("autoscaling/topic", "arn")].into(),
    };
    Alarm::at(format!("autoscaling/alarm.{what}").as_str(), &props)
}

/// The alarm `what` on one metric.
pub fn on(city: &str, what: &str, query: Query, line: Line, description: &str) -> Desired {
    over(city, what, vec![(RESULT, query)], line, description)
}

fn math(expression: &str) -> (&'static str, Query) {
    (RESULT, Query::Expression(expression.into()))
}

/// The alarms of the load balancer, the services and the capacity.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let mut all = vec![balancer(blueprint), capacity(blueprint)];
    for (name, service) in blueprint.spec.services.iter() {
        all.extend(answers(blueprint, name));
        all.extend(tasks(blueprint, name, service));
    }
    all
}

fn balancer(blueprint: &Blueprint<'_>) -> Desired {
    let dimensions = [("LoadBalancer", output("alb/load-balancer", "full_name"))];
    let of = |name: &str| metric("AWS/ApplicationELB", name, &dimensions, "Sum");
    // A request that reaches no target isn't in RequestCount, so both make the whole.
    let queries = vec![
        ("errors", of("HTTPCode_ELB_5XX_Count")),
        ("requests", of("RequestCount")),
        math(
            "IF(FILL(requests, 0) + FILL(errors, 0) > 20, 100 * FILL(errors, 0) / (FILL(requests, 0) + FILL(errors, 0)), 0)",
        ),
    ];
    over(
        blueprint.city,
        "load-balancer-5xx",
        queries,
        above(1.0, 3, 5),
        "More than 1 % of the requests got a 5xx from the load balancer itself in 3 of 5 minutes: no target was there, or none \
         answered in time. Look at the services' targets and running tasks. Minutes with 20 requests or fewer don't count.",
    )
}

fn capacity(blueprint: &Blueprint<'_>) -> Desired {
    let dimensions = [
        ("CapacityProviderName", output("ecs/capacity-provider", "name")),
        ("ClusterName", names::cluster(blueprint.city).into()),
    ];
    on(
        blueprint.city,
        "instances-at-max",
        metric("AWS/ECS/ManagedScaling", "CapacityProviderReservation", &dimensions, "Average"),
        above(100.0, 15, 15),
        "Tasks have been waiting for instances for 15 minutes: the Auto Scaling group is at capacity.max, or AWS has no more of \
         these instance types. Raise capacity.max or add an instance type in the city file.",
    )
}

/// What the users of a service get.
fn answers(blueprint: &Blueprint<'_>, name: &str) -> Vec<Desired> {
    let dimensions = [
        ("LoadBalancer", output("alb/load-balancer", "full_name")),
        ("TargetGroup", output(format!("alb/target-group.{name}").as_str(), "full_name")),
    ];
    let of = |metric_name: &str, statistic: &str| metric("AWS/ApplicationELB", metric_name, &dimensions, statistic);
    let latency = |what: &str, percentile: &str, seconds: f64, description: &str| {
        let queries = vec![
            ("latency", of("TargetResponseTime", percentile)),
            ("requests", of("RequestCount", "Sum")),
            math("IF(FILL(requests, 0) > 20, FILL(latency, 0), 0)"),
        ];
        over(blueprint.city, &format!("{name}-{what}"), queries, above(seconds, 4, 5), description)
    };
    let errors = vec![
        ("errors", of("HTTPCode_Target_5XX_Count", "Sum")),
        ("requests", of("RequestCount", "Sum")),
        math("IF(FILL(requests, 0) > 20, 100 * FILL(errors, 0) / requests, 0)"),
    ];
    vec![
        over(
            blueprint.city,
            &format!("{name}-5xx"),
            errors,
            above(2.0, 3, 5),
            "More than 2 % of the requests got a 5xx from the containers in 3 of 5 minutes: the service itself fails. Look at its \
             log group and at the database. Minutes with 20 requests or fewer don't count.",
        ),
        latency(
            "latency-p95",
            "p95",
            1.0,
            "One request in twenty took longer than 1 s in 4 of 5 minutes: users notice. Look at the CPU of the tasks and of the \
             database. Minutes with 20 requests or fewer don't count.",
        ),
        latency(
            "latency-p99",
            "p99",
            3.0,
            "One request in a hundred took longer than 3 s in 4 of 5 minutes: something waits, often a lock or a slow query. Look \
             at the database's Performance Insights. Minutes with 20 requests or fewer don't count.",
        ),
        on(
            blueprint.city,
            &format!("{name}-unhealthy"),
            of("UnHealthyHostCount", "Minimum"),
            above(0.0, 5, 5),
            "A target has failed its health check for 5 minutes on end: longer than a container's start and a replacement take, \
             so it won't heal by itself. Look at the service's events and its log group.",
        ),
    ]
}

/// Whether a service has the tasks that it needs.
fn tasks(blueprint: &Blueprint<'_>, name: &str, service: &Service) -> Vec<Desired> {
    let dimensions = [
        ("ClusterName", names::cluster(blueprint.city).into()),
        ("ServiceName", output(format!("alb/service.{name}").as_str(), "name")),
    ];
    let of = |metric_name: &str| metric("ECS/ContainerInsights", metric_name, &dimensions, "Average");
    let (min, max) = (f64::from(service.min), f64::from(service.max));
    let mut all = vec![on(
        blueprint.city,
        &format!("{name}-too-few-tasks"),
        of("RunningTaskCount"),
        below(min, 10, 10),
        "Fewer tasks than the service's min have been running for 10 minutes: they don't start, or there is no room for them. \
         Look at the service's events and at the instances.",
    )];
    // Where min is max, being at max is the plan.
    if service.min < service.max {
        all.push(on(
            blueprint.city,
            &format!("{name}-at-max"),
            of("DesiredTaskCount"),
            Line { comparison: "GreaterThanOrEqualToThreshold", ..above(max, 15, 15) },
            "The service has been at its max for 15 minutes: more load can't be answered with more tasks. Raise max in the city \
             file, and capacity.max if the instances are full too.",
        ));
    }
    all
}
