//! Every field of the reference does something: changed in a city that is valid, it changes what is wanted, what is asked of AWS, or what
//! a plan prints. A field that is accepted and does nothing would be a lie.

use super::{facts, open};
use crate::aws::cloud::kind;
use crate::aws::ec2::servers;
use crate::engine::memory::script::Script;
use crate::engine::memory::{Kinds, MemoryCloud};
use crate::engine::plan::Plan;
use crate::phases::{Blueprint, LegacyNetwork, Lookups, desired};
use crate::spec::{City, from_text, schema};
use crate::view::report::PlanReport;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const REAL: Kinds = Kinds { info: |name| kind(name).map(|kind| kind.info()), canonical: |_, props| Ok(props.clone()) };

/// A city in whose file every field stands.
fn whole() -> Value {
    let arn = |name: &str| format!("arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/{name}-AbCdEf");
    json!({
        "account": "123456789012",
        "region": "eu-north-1",
        "assume_role": "arn:aws:iam::123456789012:role/migrate",
        "legacy": {
            "instances": { "tags": { "Name": "malmo-web" } },
            "addresses": ["198.51.100.10"],
            "targets": ["10.40.1.10"],
            "port": 80,
            "health_path": "/",
            "database": {
                "engine": "postgres",
                "endpoint": "10.40.2.20:5432",
                "name": "bikes",
                "credentials": arn("legacy-database"),
                "administrator": arn("legacy-administrator"),
            },
            "hosted_zone": "malmobybike.example",
            "records": ["www.malmobybike.example"],
            "ttl": 60,
            "monthly_cost": 310,
        },
        "window": { "days": ["tue"], "start": "02:00", "length": "2h", "time_zone": "Europe/Stockholm" },
        "budget": { "interruption": "30s", "recovery": "5m", "monthly_cost": "10%" },
        "network": { "cidr": "10.41.0.0/16", "zones": ["a", "b"], "nat": "one" },
        "database": {
            "engine": "postgres",
            "version": "16.8",
            "class": "db.t4g.medium",
            "storage": 50,
            "max_storage": 100,
            "backup_days": 14,
            "backup_window": "01:00-01:30",
            "maintenance_window": "tue:03:00-tue:03:30",
            "name": "bikes",
        },
        "services": {
            "web": {
                "image": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/bikes-web:1",
                "cpu": 256,
                "memory": 512,
                "port": 8080,
                "health": { "path": "/healthz", "interval": "5s", "threshold": 2, "start": "30s", "command": ["CMD", "true"] },
                "hosts": ["www.malmobybike.example"],
                "paths": ["/*"],
                "environment": { "CITY": "malmo" },
                "secrets": { "KEY": arn("key") },
                "user": "1000:1000",
                "read_only_root": true,
                "min": 2,
                "max": 6,
                "targets": { "cpu": 60, "memory": 75, "requests": 100 },
            },
        },
        "capacity": { "instances": ["t3.small"], "min": 2, "max": 6, "disk": 30 },
        "cutover": { "steps": [5, 100], "bake": "1m", "lag": 200, "lag_for": "10s" },
        "alarms": { "mail": ["ops@malmobybike.example"] },
    })
}

/// For every field another value, with which the city is valid too. Some need more than themselves: the engine, for example.
fn changes() -> Vec<(&'static str, Value)> {
    let service = |change: Value| json!({ "services": { "web": change } });
    let arn =
        |region: &str, name: &str| format!("arn:aws:secretsmanager:{region}:123456789012:secret:malmo/{name}-AbCdEf");
    let abroad = |account: &str, region: &str| {
        let arn = format!("arn:aws:secretsmanager:{region}:{account}:secret:malmo/x-AbCdEf");
        let role = format!("arn:aws:iam::{account}:role/migrate");
        let database = json!({ "credentials": arn, "administrator": arn });
        json!({
            "account": account, "region": region, "assume_role": role, "legacy": { "database": database },
            "services": { "web": { "secrets": { "KEY": arn } } },
        })
    };
    let mysql = json!({
        "legacy": { "database": { "engine": "mysql" } },
        "database": { "engine": "mysql", "version": "8.4.5" },
    });
    vec![
        ("account", abroad("999999999999", "eu-north-1")),
        ("region", abroad("123456789012", "eu-west-1")),
        ("assume_role", json!({ "assume_role": "arn:aws:iam::123456789012:role/other" })),
        ("legacy.instances.tags", json!({ "legacy": { "instances": { "tags": { "Name": "other" } } } })),
        (
            "legacy.instances.ids",
            json!({ "legacy": { "instances": { "tags": null, "ids": ["i-0123456789abcdef0"] } } }),
        ),
        ("legacy.addresses", json!({ "legacy": { "addresses": ["198.51.100.12"] } })),
        ("legacy.targets", json!({ "legacy": { "targets": ["10.40.1.12"] } })),
        ("legacy.port", json!({ "legacy": { "port": 81 } })),
        ("legacy.health_path", json!({ "legacy": { "health_path": "/up" } })),
        ("legacy.database.engine", mysql.clone()),
        ("legacy.database.endpoint", json!({ "legacy": { "database": { "endpoint": "10.40.2.21:5432" } } })),
        ("legacy.database.name", json!({ "legacy": { "database": { "name": "rides" } } })),
        ("legacy.database.credentials", json!({ "legacy": { "database": { "credentials": arn("eu-north-1", "o") } } })),
        (
            "legacy.database.administrator",
            json!({ "legacy": { "database": { "administrator": arn("eu-north-1", "o") } } }),
        ),
        ("legacy.hosted_zone", json!({ "legacy": { "hosted_zone": "www.malmobybike.example" } })),
        (
            "legacy.records",
            json!({ "legacy": { "records": ["www.malmobybike.example", "malmobybike.example"] },
            "services": { "web": { "hosts": ["www.malmobybike.example", "malmobybike.example"] } } }),
        ),
        ("legacy.ttl", json!({ "legacy": { "ttl": 61 } })),
        ("legacy.monthly_cost", json!({ "legacy": { "monthly_cost": 311 } })),
        ("window.days", json!({ "window": { "days": ["fri"] } })),
        ("window.start", json!({ "window": { "start": "02:30" } })),
        ("window.length", json!({ "window": { "length": "3h" } })),
        ("window.time_zone", json!({ "window": { "time_zone": "Europe/London" } })),
        ("budget.interruption", json!({ "budget": { "interruption": "31s" } })),
        ("budget.recovery", json!({ "budget": { "recovery": "6m" } })),
        ("budget.monthly_cost", json!({ "budget": { "monthly_cost": "11%" } })),
        ("network.cidr", json!({ "network": { "cidr": "10.42.0.0/16" } })),
        ("network.zones", json!({ "network": { "zones": ["a", "b", "c"] } })),
        ("network.nat", json!({ "network": { "nat": "per_zone" } })),
        ("database.engine", mysql),
        ("database.version", json!({ "database": { "version": "16.9" } })),
        ("database.class", json!({ "database": { "class": "db.t4g.large" } })),
        ("database.storage", json!({ "database": { "storage": 60 } })),
        ("database.max_storage", json!({ "database": { "max_storage": 110 } })),
        ("database.backup_days", json!({ "database": { "backup_days": 15 } })),
        ("database.backup_window", json!({ "database": { "backup_window": "01:00-01:40" } })),
        ("database.maintenance_window", json!({ "database": { "maintenance_window": "wed:03:00-wed:03:30" } })),
        ("database.name", json!({ "database": { "name": "rides" } })),
        (
            "services.<name>.image",
            service(json!({ "image": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/bikes-web:2" })),
        ),
        ("services.<name>.cpu", service(json!({ "cpu": 257 }))),
        ("services.<name>.memory", service(json!({ "memory": 513 }))),
        ("services.<name>.port", service(json!({ "port": 8081 }))),
        ("services.<name>.health.path", service(json!({ "health": { "path": "/up" } }))),
        ("services.<name>.health.interval", service(json!({ "health": { "interval": "6s" } }))),
        ("services.<name>.health.threshold", service(json!({ "health": { "threshold": 3 } }))),
        ("services.<name>.health.start", service(json!({ "health": { "start": "31s" } }))),
        ("services.<name>.health.command", service(json!({ "health": { "command": ["CMD", "false"] } }))),
        ("services.<name>.hosts", service(json!({ "hosts": ["www.malmobybike.example", "m.malmobybike.example"] }))),
        ("services.<name>.paths", service(json!({ "paths": ["/a/*"] }))),
        ("services.<name>.environment", service(json!({ "environment": { "CITY": "lund" } }))),
        ("services.<name>.secrets", service(json!({ "secrets": { "KEY": arn("eu-north-1", "other") } }))),
        ("services.<name>.user", service(json!({ "user": "1001:1001" }))),
        ("services.<name>.read_only_root", service(json!({ "read_only_root": false }))),
        ("services.<name>.min", service(json!({ "min": 3 }))),
        ("services.<name>.max", service(json!({ "max": 5 }))),
        ("services.<name>.targets.cpu", service(json!({ "targets": { "cpu": 61 } }))),
        ("services.<name>.targets.memory", service(json!({ "targets": { "memory": 76 } }))),
        ("services.<name>.targets.requests", service(json!({ "targets": { "requests": 101 } }))),
        ("capacity.instances", json!({ "capacity": { "instances": ["t3.medium"] } })),
        ("capacity.min", json!({ "capacity": { "min": 3 } })),
        ("capacity.max", json!({ "capacity": { "max": 7 } })),
        ("capacity.disk", json!({ "capacity": { "disk": 31 } })),
        ("cutover.steps", json!({ "cutover": { "steps": [25, 100] } })),
        ("cutover.bake", json!({ "cutover": { "bake": "61s" } })),
        ("cutover.lag", json!({ "cutover": { "lag": 201 } })),
        ("cutover.lag_for", json!({ "cutover": { "lag_for": "11s" } })),
        ("alarms.mail", json!({ "alarms": { "mail": ["night@malmobybike.example"] } })),
    ]
}

fn merge(base: &mut Value, change: Value) {
    match (base, change) {
        (Value::Object(base), Value::Object(change)) => {
            for (name, value) in change {
                merge(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, change) => *base = change,
    }
}

/// Everything that follows from a city's file.
fn effects(file: &Value) -> String {
    // JSON is YAML.
    let city = from_text("malmo", Path::new("malmo.yaml"), file.to_string());
    let city: City = city.unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)));
    let spec = &city.spec;
    let pinned = |image: &str| (image.to_owned(), format!("{image}@sha256:{}", "a".repeat(64)));
    let lookups = Lookups {
        // By its name, as AWS is asked for it.
        hosted_zone: spec.legacy.hosted_zone.to_string(),
        images: spec.services.iter().map(|(_, service)| pinned(service.image.as_str())).collect(),
        legacy: LegacyNetwork {
            of: String::new(),
            vpc: "vpc-today".into(),
            blocks: "10.40.0.0/16".parse().into_iter().collect(),
        },
        ..Lookups::default()
    };
    let wanted = desired(&Blueprint { city: &city.name, spec, lookups: &lookups, data: true });
    let plan: Plan = serde_json::from_value(json!({
        "version": crate::engine::plan::VERSION, "city": city.name, "account": "", "region": "",
        "made_at": "2026-11-24T01:14:09Z", "goal": "city", "serves": false,
        "base": { "lineage": "5f1c2a0e-0b7a-4a43-9d2c-6f1f6a1f9a10", "serial": 7 },
        "lookups": lookups, "changes": [], "known": {},
    }))
    .unwrap_or_else(|error| panic!("{error}"));
    let asked = (open::access(&city, None, 1.0), servers::filters(&spec.legacy.instances));
    let cloud = MemoryCloud::new(REAL, "malmo", Arc::new(Script::new(0, false)));
    let report = PlanReport::new(&plan, &cloud, Vec::new(), Vec::new());
    format!("{wanted:?}\n{asked:?}\n{:?}", facts::of(&city, &report, jiff::Timestamp::UNIX_EPOCH))
}

/// The paths of all fields that aren't sections.
fn fields(schema: &Value, path: &str, out: &mut BTreeSet<String>) {
    let resolve = |field: &Value| {
        let root = crate::spec::schema();
        let target = field["$ref"].as_str().and_then(|path| root.pointer(path.strip_prefix('#')?));
        target.or(field["anyOf"].get(0)).unwrap_or(field).clone()
    };
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let field = resolve(field);
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let entry = resolve(&field["additionalProperties"]);
        match (field["properties"].is_object(), entry["properties"].is_object()) {
            (true, _) => fields(&field, &path, out),
            (_, true) => fields(&entry, &format!("{path}.<name>"), out),
            _ => drop(out.insert(path)),
        }
    }
}

#[test]
fn every_field_of_the_reference_does_something() {
    let mut all = BTreeSet::new();
    fields(schema(), "", &mut all);
    let changed: BTreeSet<String> = changes().iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(changed, all, "a field of the reference that isn't tried, or one that isn't in it");
    let before = effects(&whole());
    let idle: Vec<&str> = changes()
        .into_iter()
        .filter(|(_, change)| {
            let mut file = whole();
            merge(&mut file, change.clone());
            effects(&file) == before
        })
        .map(|(path, _)| path)
        .collect();
    assert_eq!(idle, [""; 0], "fields that do nothing");
}
