//! Each city through its life: built, unchanged, changed, drifted, mended, destroyed. What is there is counted by an independent script.

use super::harness::World;
use serde_json::{Value, json};

fn changes(plan: &Value) -> Vec<(String, Value)> {
    let changes = plan[0]["plan"]["changes"].as_array().unwrap();
    changes.iter().map(|c| (c["address"].as_str().unwrap().to_owned(), c["action"].clone())).collect()
}

fn fields(plan: &Value) -> Vec<(String, bool)> {
    let fields = plan[0]["plan"]["changes"][0]["fields"].as_array().unwrap();
    fields.iter().map(|f| (f["path"].as_str().unwrap().to_owned(), f["drift"] == json!(true))).collect()
}

/// `edit`: one field of the spec, and the addresses that it must change, and no others.
fn life(city: &str, database: &str, edit: (&str, &str), expected: &[&str]) {
    let world = World::new();
    let before = world.run(&["plan", city, "--detailed-exitcode"]).expect(2);
    assert!(before.out.contains("to create"), "{}", before.out);
    let empty = world.python("inventory.py", &[city]);
    assert_eq!(empty["count"], 0, "a plan makes nothing: {empty}");

    world.run(&["apply", city, "--yes"]).expect(0);
    let built = world.python("inventory.py", &[city]);
    assert!(built["count"].as_u64().unwrap() > 50, "{built}");
    assert_eq!(built["doubled"], json!([]), "{built}");

    let again = world.run(&["plan", city, "--detailed-exitcode"]);
    assert_eq!(again.code, Some(0), "a second plan finds no changes:\n{}{}", again.out, again.err);
    world.run(&["apply", city, "--yes"]).expect(0);
    assert_eq!(world.python("inventory.py", &[city])["count"], built["count"], "a second apply makes nothing");

    world.edit(city, edit.0, edit.1);
    let plan = world.run(&["plan", city, "--output", "json"]).expect(0).json();
    let addresses: Vec<_> = changes(&plan).into_iter().map(|(address, _)| address).collect();
    assert_eq!(addresses, expected, "exactly what the edit means");
    world.run(&["apply", city, "--yes"]).expect(0);
    world.run(&["plan", city, "--detailed-exitcode"]).expect(0);

    for (meddling, address, field) in [
        ("scaling", "autoscaling/target", "max"),
        ("tls-policy", "alb/listener.https", "policy"),
        ("backup-days", "rds/instance", "backup_days"),
        ("log-retention", "ecs/log-group", "retention_days"),
    ] {
        world.python("meddle.py", &[city, meddling]);
        let plan = world.run(&["plan", city, "--output", "json"]).expect(0).json();
        let changes = changes(&plan);
        assert_eq!(changes.len(), 1, "{meddling}: exactly that drift: {changes:?}");
        assert!(changes[0].0.starts_with(address), "{meddling}: {changes:?}");
        let fields = fields(&plan);
        assert!(fields.iter().any(|(path, drift)| path.contains(field) && *drift), "{meddling}: {fields:?}");
        world.run(&["apply", city, "--yes"]).expect(0);
        world.run(&["plan", city, "--detailed-exitcode"]).expect(0);
    }

    // Not always as at the beginning: a mail subscription that nobody confirmed can't be taken back, AWS drops it after days.
    let standing = world.python("inventory.py", &[city]);
    let refused = world.run(&["destroy", city, "--yes"]).expect(1);
    assert!(refused.err.contains(&format!("--delete-database {database}")), "{}", refused.err);
    assert_eq!(world.python("inventory.py", &[city]), standing, "a refused destroy touches nothing");
    world.run(&["destroy", city, "--yes", "--delete-database", database]).expect(0);
    let left = world.python("inventory.py", &[city]);
    assert_eq!(left["count"], 0, "nothing of the city is left: {left}");
    assert_eq!(left["snapshots"], 1, "but the final snapshot is: {left}");
    assert_eq!(left["records"], empty["records"], "and the records point where they did");
}

#[test]
fn malmo() {
    // The alarm that tells when all tasks run that may, counts with the same number.
    life("malmo", "malmo", ("max: 8", "max: 9"), &["autoscaling/target.web", "autoscaling/alarm.web-at-max"]);
}

#[test]
fn drammen() {
    life("drammen", "drammen", ("backup_days: 7", "backup_days: 9"), &["rds/instance"]);
}

#[test]
fn antwerp() {
    let subscriptions = ["night", "ops"].map(|name| format!("autoscaling/subscription.{name}@velo-antwerpen.example"));
    life("antwerp", "antwerp", ("[ops@", "[night@"), &[&subscriptions[0], &subscriptions[1]]);
}
