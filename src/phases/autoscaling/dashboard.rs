//! The dashboard: traffic, answers, tasks and database, one row each, in the order in which one asks when something is wrong.

use super::super::{Blueprint, names};
use crate::aws::Resource;
use crate::aws::cloudwatch::dashboard::{Dashboard, DashboardProps};
use crate::engine::input::output;
use crate::engine::{Desired, Input};
use serde_json::{Value, json};

/// CloudWatch's grid is 24 wide (D): three widgets a row.
const WIDTH: u32 = 8;
const HEIGHT: u32 = 6;

/// A line in a graph: namespace, metric, dimensions, statistic.
fn line(namespace: &str, name: &str, dimensions: &[(&str, Value)], statistic: &str, label: &str) -> Value {
    let mut line = vec![json!(namespace), json!(name)];
    line.extend(dimensions.iter().flat_map(|(key, value)| [json!(key), value.clone()]));
    line.push(json!({ "stat": statistic, "label": label }));
    Value::Array(line)
}

fn reference(address: &str, field: &str) -> Value {
    json!(output(address, field) as Input)
}

/// The dashboard.
pub fn resource(blueprint: &Blueprint<'_>) -> Desired {
    let mut graphs = traffic(blueprint);
    graphs.extend(tasks(blueprint));
    graphs.extend(database());
    let widget = |(index, (title, lines)): (u32, (&str, Vec<Value>))| {
        json!({
            "type": "metric",
            "x": index % 3 * WIDTH, "y": index / 3 * HEIGHT, "width": WIDTH, "height": HEIGHT,
            "properties": {
                "title": title, "region": blueprint.spec.region, "period": 60, "view": "timeSeries", "metrics": lines,
            },
        })
    };
    let widgets: Vec<Value> = (0u32..).zip(graphs).map(widget).collect();
    let props = DashboardProps { name: blueprint.city.to_owned(), body: json!({ "widgets": widgets }) };
    Dashboard::at("autoscaling/dashboard", &props)
}

fn traffic(blueprint: &Blueprint<'_>) -> Vec<(&'static str, Vec<Value>)> {
    let balancer = || ("LoadBalancer", reference("alb/load-balancer", "full_name"));
    let of = |service: &str, name: &str, statistic: &str, label: &str| {
        let group = ("TargetGroup", reference(&format!("alb/target-group.{service}"), "full_name"));
        line("AWS/ApplicationELB", name, &[balancer(), group], statistic, label)
    };
    let services: Vec<&str> = blueprint.spec.services.iter().map(|(name, _)| name).collect();
    let each = |name: &str, statistic: &str, label: &str| -> Vec<Value> {
        services.iter().map(|service| of(service, name, statistic, &format!("{service} {label}"))).collect()
    };
    let mut errors = each("HTTPCode_Target_5XX_Count", "Sum", "5xx");
    errors.push(line("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", &[balancer()], "Sum", "load balancer 5xx"));
    let latency = [each("TargetResponseTime", "p95", "p95"), each("TargetResponseTime", "p99", "p99")].concat();
    vec![
        ("Requests per minute", each("RequestCount", "Sum", "requests")),
        ("Errors per minute", errors),
        ("Seconds to answer", latency),
    ]
}

fn tasks(blueprint: &Blueprint<'_>) -> Vec<(&'static str, Vec<Value>)> {
    let each = |namespace: &str, name: &str, label: &str| -> Vec<Value> {
        let of = |(service, _): (&str, _)| {
            let cluster = ("ClusterName", json!(names::cluster(blueprint.city)));
            let dimensions = [cluster, ("ServiceName", json!(service))];
            line(namespace, name, &dimensions, "Average", &format!("{service} {label}"))
        };
        blueprint.spec.services.iter().map(of).collect()
    };
    let counts = [
        each("ECS/ContainerInsights", "RunningTaskCount", "running"),
        each("ECS/ContainerInsights", "DesiredTaskCount", "desired"),
    ];
    vec![
        ("Tasks", counts.concat()),
        ("CPU of the tasks, %", each("AWS/ECS", "CPUUtilization", "CPU")),
        ("Memory of the tasks, %", each("AWS/ECS", "MemoryUtilization", "memory")),
    ]
}

fn database() -> Vec<(&'static str, Vec<Value>)> {
    let of = |name: &str, label: &str| {
        let identifier = ("DBInstanceIdentifier", reference("rds/instance", "identifier"));
        vec![line("AWS/RDS", name, &[identifier], "Average", label)]
    };
    vec![
        ("CPU of the database, %", of("CPUUtilization", "CPU")),
        ("Connections to the database", of("DatabaseConnections", "connections")),
        ("Free storage of the database, bytes", of("FreeStorageSpace", "free")),
    ]
}
