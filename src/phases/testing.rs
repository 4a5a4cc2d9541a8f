//! A small city for the phases' tests.

use super::{Blueprint, Lookups};
use crate::engine::Desired;
use serde_json::{Value, json};

/// What `phase` asks for in a small city that `change` was made to.
pub fn desired(phase: fn(&Blueprint<'_>) -> Vec<Desired>, change: impl FnOnce(&mut Value)) -> Vec<Desired> {
    let mut city = json!({
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
                "image": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/bikes-web:2026.11.1",
                "cpu": 256, "memory": 512, "port": 8080, "health": { "path": "/healthz" }, "max": 4,
            },
        },
        "capacity": { "instances": ["t3.small"], "max": 4 },
        "alarms": { "mail": ["ops@malmobybike.example"] },
    });
    change(&mut city);
    let spec = serde_json::from_value(city).unwrap_or_else(|error| panic!("the small city is wrong: {error}"));
    phase(&Blueprint { city: "malmo", spec: &spec, lookups: &Lookups::default() })
}

/// The properties of the resource at `address`.
pub fn props<'a>(all: &'a [Desired], address: &str) -> &'a Value {
    let found = all.iter().find(|one| one.address.as_str() == address);
    &found.unwrap_or_else(|| panic!("there is no {address}")).props
}
