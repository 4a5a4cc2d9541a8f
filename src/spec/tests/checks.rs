//! Each check of meaning refuses what it is for, at the field that is wrong.

use std::time::Duration;

use crate::spec::{
    Engine, check,
    form::Seconds,
    testing::{city_with, findings},
    CitySpec,
};

#[expect(clippy::unwrap_used, reason = "tests")]
fn set<T: std::str::FromStr<Err: std::fmt::Debug>>(field: &mut T, text: &str) {
    *field = text.parse().unwrap();
}

/// Changes the `web` service through its JSON, since services are a map that is only read.
#[expect(clippy::unwrap_used, reason = "tests")]
fn service(spec: &mut CitySpec, name: &str, patch: serde_json::Value) {
    let mut all = serde_json::to_value(&spec.services).unwrap();
    let mut one = all["web"].clone();
    one.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
    all[name] = one;
    spec.services = serde_json::from_value(all).unwrap();
}

/// A change that makes Malmö wrong, the field that is told, and a part of the message.
type Case = (&'static str, &'static str, fn(&mut CitySpec));

static CASES: &[Case] = &[
    ("legacy.instances", "both", |s| s.legacy.instances.ids.push("i-0123456789abcdef0".parse().expect("an id"))),
    ("legacy.instances", "neither", |s| s.legacy.instances.tags.clear()),
    ("legacy.records[0]", "not in the zone", |s| set(&mut s.legacy.records[0], "www.lund.example")),
    ("legacy.records[1]", "no service answers", |s| service(s, "web", serde_json::json!({ "hosts": ["www.malmobybike.example"] }))),
    ("assume_role", "the role is in account", |s| s.assume_role = "arn:aws:iam::999999999999:role/migrate".parse().ok()),
    ("network.cidr", "too large", |s| set(&mut s.network.cidr, "10.0.0.0/8")),
    ("network.cidr", "too small", |s| set(&mut s.network.cidr, "10.41.0.0/26")),
    ("network.cidr", "not private", |s| set(&mut s.network.cidr, "11.0.0.0/16")),
    ("network.cidr", "Docker", |s| set(&mut s.network.cidr, "172.17.0.0/16")),
    ("network.zones[1]", "no zone `eu-north-1x`", |s| set(&mut s.network.zones[1], "x")),
    ("legacy.targets[0]", "lies in the new network", |s| set(&mut s.legacy.targets[0], "10.41.1.1")),
    ("legacy.database.endpoint", "lies in the new network", |s| set(&mut s.legacy.database.endpoint, "10.41.1.1:5432")),
    ("database.engine", "can't move", |s| s.database.engine = Some(Engine::Mysql)),
    ("database.version", "not a version of postgres", |s| set(&mut s.database.version, "16.8.1")),
    ("database.max_storage", "can't grow", |s| s.database.max_storage = Some(20)),
    ("database.backup_window", "shorter than 30", |s| set(&mut s.database.backup_window, "01:00-01:10")),
    ("database.maintenance_window", "shorter than 30", |s| set(&mut s.database.maintenance_window, "tue:03:00-tue:03:10")),
    ("database.maintenance_window", "longer than a day", |s| set(&mut s.database.maintenance_window, "tue:03:00-fri:03:10")),
    ("database.maintenance_window", "overlaps", |s| set(&mut s.database.backup_window, "03:00-04:00")),
    ("services.Web", "can't be the name", |s| service(s, "Web", serde_json::json!({}))),
    ("services.web.min", "min 9 is more", |s| service(s, "web", serde_json::json!({ "min": 9 }))),
    ("services.web.health.interval", "out of range", |s| service(s, "web", serde_json::json!({ "health": { "path": "/", "interval": "1s" } }))),
    ("services.web.health.start", "out of range", |s| service(s, "web", serde_json::json!({ "health": { "path": "/", "start": "10m" } }))),
    ("services.web.environment.a-b", "environment variable", |s| service(s, "web", serde_json::json!({ "environment": { "a-b": "" } }))),
    ("services.web.secrets.SESSION_KEY", "stands under", |s| service(s, "web", serde_json::json!({ "environment": { "SESSION_KEY": "" } }))),
    ("legacy.database.credentials", "in region eu-west-1", |s| set(&mut s.legacy.database.credentials, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x")),
    ("services.web.secrets.K", "in account 999999999999", |s| {
        service(s, "web", serde_json::json!({ "secrets": { "K": "arn:aws:secretsmanager:eu-north-1:999999999999:secret:x" } }));
    }),
    ("services.web.hosts[1]", "not in the zone", |s| service(s, "web", serde_json::json!({ "hosts": ["www.malmobybike.example", "www.lund.example"] }))),
    ("services.api", "nothing says which requests", |s| service(s, "api", serde_json::json!({ "hosts": [], "max": 2 }))),
    ("services.api.hosts[0]", "`web` already answers", |s| service(s, "api", serde_json::json!({ "max": 2 }))),
    ("services.web.hosts", "at most 5", |s| service(s, "web", serde_json::json!({ "paths": ["/a", "/b", "/c", "/d"] }))),
    ("capacity.min", "min 7 is more", |s| s.capacity.min = 7),
    ("capacity.instances[1]", "is arm64, but `t3.small` is x86_64", |s| s.capacity.instances.push("t4g.small".parse().expect("a type"))),
    ("services.web.cpu", "doesn't fit `t3.small`", |s| service(s, "web", serde_json::json!({ "cpu": 4096, "max": 2 }))),
    ("services.web.memory", "doesn't fit `t3.small`", |s| service(s, "web", serde_json::json!({ "memory": 2000, "max": 2 }))),
    ("capacity.max", "at their max ask for", |s| service(s, "web", serde_json::json!({ "max": 100 }))),
    ("cutover.steps[1]", "doesn't come after", |s| s.cutover.steps = vec![25, 5, 100]),
    ("cutover.steps", "not 100", |s| s.cutover.steps = vec![5, 25]),
    ("cutover.bake", "for some time", |s| s.cutover.bake = Seconds(0)),
    ("window.length", "shorter than the 3m", |s| s.window.length = Seconds(179)),
    ("window.length", "at most a day", |s| s.window.length = Seconds(25 * 3600)),
    ("budget.interruption", "of nothing", |s| s.budget.interruption = Seconds(0)),
    ("services.web.health", "over the budget of 1m", |s| s.budget.recovery = Seconds(60)),
    ("capacity.min", "recovery takes 5m25s", |s| s.capacity.min = 1),
];

#[test]
fn each_check_tells_what_is_wrong_and_where() {
    assert!(findings(|_| ()).is_empty(), "{:?}", findings(|_| ()));
    for (field, part, change) in CASES {
        let found = findings(change);
        let told = found.iter().any(|finding| finding.fields[0] == *field && finding.message.contains(part));
        assert!(told, "{field}: {part}: {found:#?}");
    }
}

#[test]
fn a_recovery_over_budget_is_shown_term_by_term() {
    let found = findings(|spec| spec.capacity.min = 1);
    let help = found[0].help.clone().unwrap_or_default();
    assert!(help.starts_with("60 s instance status check fails (D) + 180 s another instance") && help.ends_with("= 325 s"), "{help}");
}

#[test]
fn the_window_is_held_against_what_the_plan_needs() {
    let spec = city_with(|_| ());
    assert_eq!(check::window_too_short(&spec, Duration::from_secs(7200)), None);
    let finding = check::window_too_short(&spec, Duration::from_millis(7_200_500)).map(|finding| finding.message);
    assert_eq!(finding.as_deref(), Some("the window of 2h is shorter than the 2h1s that the move needs"));
}
