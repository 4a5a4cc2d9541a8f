//! What somebody changed by hand: exactly that is shown, apart from what the city file changes; apply mends it; then nothing is left.

use super::harness::World;
use serde_json::{Value, json};

/// Way of meddling (see meddle.py), the address that must show it, and the field; no field: it is gone as a whole.
const DRIFT: &[(&str, &str, &str)] = &[
    ("scaling-policy", "autoscaling/target.web", "foreign_policies"),
    ("listener", "alb/load-balancer", "foreign_listeners"),
    ("rule-https", "alb/listener.https", "foreign_rules"),
    ("certificate", "alb/listener.https", "foreign_certificates"),
    ("rule-http", "alb/listener.http", "foreign_rules"),
    ("target", "alb/legacy-targets", "addresses"),
    ("target-port", "alb/legacy-targets", "foreign"),
    ("attached-policy", "ecs/role.task", "managed"),
    ("inline-policy", "ecs/role.task", "inline.by-hand"),
    ("parameter", "rds/parameter-group", "parameters.work_mem"),
    ("open-ssh", "security-groups/service", "foreign_rules"),
    ("forged-ssh", "security-groups/database", "foreign_rules"),
    ("open-ssh-load-balancer", "security-groups/load-balancer", "foreign_rules"),
    ("open-ssh-default", "vpc/default-security-group", "rules"),
    ("closed", "security-groups/rule.load-balancer-http", ""),
    ("route", "vpc/route-table.private-a", "routes.192.0.2.0/24"),
    ("public-subnet", "vpc/subnet.private-a", "public_addresses"),
    ("scaling", "autoscaling/target.web", "max"),
    ("tls-policy", "alb/listener.https", "tls.policy"),
    ("backup-days", "rds/instance", "backup_days"),
];

/// (address, field) of everything that the report calls drift.
fn drifted(report: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for drift in report["drift"].as_array().unwrap() {
        let address = drift["address"].as_str().unwrap();
        if drift["deleted"] == json!(true) {
            all.push((address.to_owned(), String::new()));
        }
        for field in drift["fields"].as_array().unwrap() {
            all.push((address.to_owned(), field["path"].as_str().unwrap().to_owned()));
        }
    }
    all.sort();
    all
}

#[test]
fn whatever_was_meddled_with_is_shown_field_by_field_and_mended() {
    let world = World::new();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    for (way, ..) in DRIFT {
        world.python("meddle.py", &["malmo", way]);
    }
    let report = world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    let mut expected: Vec<_> = DRIFT.iter().map(|(_, address, field)| ((*address).into(), (*field).into())).collect();
    expected.sort();
    assert_eq!(drifted(&report[0]), expected);
    let changes = report[0]["plan"]["changes"].as_array().unwrap();
    let fields = changes.iter().filter(|c| c["action"] != "create").flat_map(|c| c["fields"].as_array().unwrap());
    assert!(fields.clone().all(|field| field["drift"] == json!(true)), "nothing but drift: {changes:?}");

    world.run(&["apply", "malmo", "--yes"]).expect(0);
    let after = world.run(&["plan", "malmo", "--detailed-exitcode"]);
    assert_eq!(after.code, Some(0), "{}", after.out);
}

#[test]
fn drift_stands_apart_from_what_the_city_file_changes() {
    let world = World::new();
    world.run(&["apply", "drammen", "--yes"]).expect(0);
    world.edit("drammen", "max: 4", "max: 5");
    world.python("meddle.py", &["drammen", "scaling-policy"]);
    world.python("meddle.py", &["drammen", "open-ssh-database"]);

    let text = world.run(&["plan", "drammen"]).expect(0).out;
    let (drift, meant) = text.split_once("\nautoscaling  ").expect(&text);
    assert!(drift.contains("drift  changed outside of migrate"), "{text}");
    assert!(drift.contains("foreign_rules: [\"tcp 22 from 0.0.0.0/0\"] → []"), "{text}");
    assert!(drift.contains("foreign_policies: [\"by-hand\"] → []") && !drift.contains("max:"), "{text}");
    assert!(meant.contains("max: 4 → 5") && !meant.contains("by-hand") && !meant.contains("tcp 22"), "{text}");
    assert!(meant.contains("Plan: 3 to change; ") && meant.contains("; 2 changed outside of migrate."), "{text}");

    let markdown = world.run(&["plan", "drammen", "--output", "markdown"]).expect(0).out;
    let (drift, meant) = markdown.split_once("<code>autoscaling</code>").expect(&markdown);
    assert!(drift.contains("<code>drift</code>") && drift.contains("foreign_policies: [\"by-hand\"]"), "{markdown}");
    assert!(meant.contains("+       max: 5") && !meant.contains("by-hand"), "{markdown}");

    let report = world.run(&["plan", "drammen", "--output", "json"]).expect(0).json();
    let expected = [("autoscaling/target.web", "foreign_policies"), ("security-groups/database", "foreign_rules")];
    assert_eq!(drifted(&report[0]), expected.map(|(address, field)| (address.to_owned(), field.to_owned())));
    let status = world.run(&["status", "drammen", "--output", "json"]).expect(0).json();
    assert_eq!(status["drifted"], json!(["security-groups/database", "autoscaling/target.web"]));
}

/// The load balancer reaches today's servers, and the databases each other, over one connection.
#[test]
fn a_way_to_todays_servers_that_was_cut_is_made_again_on_both_sides() {
    let world = World::new();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    let ways = |inventory: &Value| {
        ["peering", "return route"].map(|kind| inventory["things"][kind].as_array().map_or(0, Vec::len))
    };
    let built = world.python("inventory.py", &["malmo"]);
    assert_eq!((ways(&built), &built["things"]["return route"]), ([1, 1], &json!(["10.41.0.0/16 active"])));
    world.python("meddle.py", &["malmo", "cut"]);
    let cut = world.python("inventory.py", &["malmo"]);
    assert_eq!((ways(&cut), &cut["things"]["return route"]), ([0, 1], &json!(["10.41.0.0/16 blackhole"])));

    let report = world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    assert!(drifted(&report[0]).contains(&("vpc/peering".to_owned(), String::new())), "{}", report[0]["drift"]);
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    let mended = world.python("inventory.py", &["malmo"]);
    assert_eq!((ways(&mended), &mended["things"]["return route"]), ([1, 1], &json!(["10.41.0.0/16 active"])));
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
}
