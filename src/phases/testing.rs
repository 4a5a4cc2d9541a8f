//! A small city for the phases' tests.

use super::{Blueprint, LegacyNetwork, Lookups};
use crate::engine::Desired;
use crate::spec::CitySpec;
use ipnet::Ipv4Net;
use serde_json::{Value, json};

/// The resources of a phase for a city that differs from a plain one by `changes` (objects are merged, the rest replaced).
pub fn blueprint(changes: Value, resources: fn(&Blueprint<'_>) -> Vec<Desired>) -> Vec<Desired> {
    made(changes, false, resources)
}

/// The same when the move is finished.
pub fn finished(resources: fn(&Blueprint<'_>) -> Vec<Desired>) -> Vec<Desired> {
    made(Value::Null, true, resources)
}

fn made(changes: Value, finished: bool, resources: fn(&Blueprint<'_>) -> Vec<Desired>) -> Vec<Desired> {
    let mut spec = json!({
        "account": "123456789012",
        "region": "eu-north-1",
        "legacy": {
            "instances": { "tags": { "Name": "malmo-web" } },
            "addresses": ["198.51.100.10"],
            "targets": ["10.40.1.10"],
            "database": {
                "engine": "postgres",
                "endpoint": "10.40.2.20:5432",
                "name": "bikes",
                "credentials": "arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/legacy-database-AbCdEf",
            },
            "hosted_zone": "malmobybike.example",
            "records": ["www.malmobybike.example"],
            "monthly_cost": 310,
        },
        "window": { "days": ["tue"], "start": "02:00", "time_zone": "Europe/Stockholm" },
        "network": { "cidr": "10.41.0.0/16", "zones": ["a", "b"] },
        "database": { "version": "16.8", "class": "db.t4g.medium", "storage": 50 },
        "services": {
            "web": {
                "image": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/bikes/web:1",
                "cpu": 256,
                "memory": 512,
                "port": 8080,
                "health": { "path": "/healthz" },
                "environment": { "CITY": "malmo" },
                "secrets": {
                    "SESSION_KEY": "arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/session-key-GhIjKl:key::",
                },
                "max": 8,
            },
        },
        "capacity": { "instances": ["t3.small"], "max": 6 },
        "alarms": { "mail": ["ops@malmobybike.example"] },
    });
    if !changes.is_null() {
        merge(&mut spec, changes);
    }
    #[expect(clippy::expect_used, reason = "a test stops at a city that can't be")]
    let spec: CitySpec = serde_json::from_value(spec).expect("a city");
    let pinned = |image: &str| format!("{}@sha256:{}", image.split(':').next().unwrap_or(image), "a".repeat(64));
    let images = spec.services.iter().map(|(_, s)| (s.image.to_string(), pinned(s.image.as_str()))).collect();
    let legacy = LegacyNetwork {
        of: "{}".into(),
        vpc: "vpc-today".into(),
        blocks: vec![Ipv4Net::new_assert([10, 40, 0, 0].into(), 16)],
    };
    let lookups = Lookups {
        hosted_zone: "Z123".into(),
        hosted_zone_name: "example".into(),
        images,
        legacy,
        finished,
        ..Lookups::default()
    };
    resources(&Blueprint { city: "malmo", spec: &spec, lookups: &lookups, data: true })
}

fn merge(base: &mut Value, changes: Value) {
    match (base, changes) {
        (Value::Object(base), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(base.entry(name).or_insert(Value::Null), change);
            }
        }
        (base, changes) => *base = changes,
    }
}
