//! City files that are gone, broken, or want what a city that stands can't become; states that are gone while the city stands; files
//! that want what is another city's.

use super::harness::{Ran, World};
use serde_json::{Value, json};

/// Malmö's network, which is enough to stand.
fn standing() -> World {
    let world = World::new();
    world.run(&["apply", "malmo", "--yes", "--until", "vpc"]).expect(0);
    world
}

/// `ran` failed and says all of `parts`.
#[track_caller]
fn refused(ran: Ran, parts: &[&str]) {
    let ran = ran.expect(1);
    for part in parts {
        assert!(ran.err.contains(part), "no `{part}` in {}", ran.err);
    }
}

fn inventory(world: &World) -> Value {
    world.python("inventory.py", &["malmo"])
}

/// `migrate ARGS` at the sandbox as if it were AWS, with one variable more.
fn outside(world: &World, args: &[&str], name: &str, value: &str) -> Ran {
    let mut env = world.exports();
    env.push((name.to_owned(), value.to_owned()));
    world.run_with(args, &env)
}

#[test]
fn a_city_whose_file_is_gone_is_seen_and_taken_down() {
    let world = standing();
    let text = std::fs::read_to_string(world.file("malmo")).unwrap();
    std::fs::remove_file(world.file("malmo")).unwrap();
    let there = inventory(&world);
    for command in [&["plan", "malmo"][..], &["apply", "malmo", "--yes"]] {
        refused(world.run(command), &["malmo stands (", "state show malmo --file >", "destroy malmo"]);
    }
    let status = world.run(&["status", "malmo"]).expect(0);
    assert!(status.err.contains("malmo.yaml isn't there: going by the file as it was applied"), "{}", status.err);
    assert_eq!(world.run(&["state", "show", "malmo", "--file"]).expect(0).out, text);
    let mut env = world.exports();
    world.run_with(&["status", "malmo"], &env).expect(0);
    env.retain(|(name, _)| name != "AWS_REGION" && name != "AWS_DEFAULT_REGION");
    let anywhere = world.run_with(&["status", "malmo"], &env).expect(0);
    assert!(anywhere.err.contains("s3://migrate-state-123456789012-eu-north-1"), "{}", anywhere.err);
    outside(&world, &["status", "malmo"], "AWS_REGION", "eu-west-1").expect(0);
    assert_eq!(inventory(&world), there, "looking changes nothing");

    let plan = world.run(&["plan", "malmo", "--destroy", "--detailed-exitcode"]).expect(2);
    assert!(plan.out.contains("to delete"), "{}", plan.out);
    world.run(&["destroy", "malmo", "--yes"]).expect(0);
    assert_eq!(inventory(&world)["count"], json!(0));
    refused(world.run(&["plan", "malmo"]), &["no city `malmo`", "migrate init malmo"]);
    refused(world.run(&["status", "gent"]), &["no city `gent`", "migrate init gent"]);
}

#[test]
fn a_city_whose_file_is_broken_is_seen_and_taken_down() {
    let world = standing();
    world.edit("malmo", "region: eu-north-1", "regoin: eu-north-1");
    refused(world.run(&["plan", "malmo"]), &["regoin"]);
    let status = world.run(&["status", "malmo"]).expect(0);
    for part in ["regoin", "can't be used: going by the file as it was applied"] {
        assert!(status.err.contains(part), "{}", status.err);
    }
    world.run(&["destroy", "malmo", "--yes"]).expect(0);
    assert_eq!(inventory(&world)["count"], json!(0));
}

#[test]
fn a_state_that_is_missing_is_said_before_anything_else() {
    let world = standing();
    let there = inventory(&world);
    let commands =
        [&["plan", "malmo"][..], &["status", "malmo"], &["apply", "malmo", "--yes"], &["destroy", "malmo", "--yes"]];
    for command in commands {
        let ran = outside(&world, command, "MIGRATE_STATE_BUCKET", "mistyped-bucket");
        assert!(!ran.out.contains("--stray") && !ran.err.contains("--stray"), "{}{}", ran.out, ran.err);
        refused(
            ran,
            &["in s3://mistyped-bucket", "are in s3://migrate-state-123456789012-eu-north-1", "nothing was changed"],
        );
    }
    world.python("bucket.py", &["remove"]);
    for command in commands {
        let ran = world.run_with(command, &world.exports());
        assert!(!ran.out.contains("--stray") && !ran.err.contains("--stray"), "{}{}", ran.out, ran.err);
        refused(
            ran,
            &[
                "of malmo stand, and their state is missing in s3://migrate-state-",
                "bootstrap malmo",
                "state rebuild malmo",
            ],
        );
    }
    world.run(&["bootstrap", "malmo"]).expect(0);
    for command in commands {
        refused(world.run(command), &["of malmo stand, and their state is missing", "state rebuild malmo"]);
    }
    assert_eq!(inventory(&world), there, "nothing was touched");
    world.run(&["plan", "drammen", "--detailed-exitcode"]).expect(2);

    world.run(&["state", "rebuild", "malmo"]).expect(0);
    world.run(&["apply", "malmo", "--yes", "--until", "vpc"]).expect(0);
    assert_eq!(inventory(&world)["count"], there["count"]);
    world.run(&["destroy", "malmo", "--yes"]).expect(0);
    assert_eq!(inventory(&world)["count"], json!(0));
}

#[test]
fn what_a_city_that_stands_can_not_become_is_told_at_its_place() {
    let world = standing();
    let there = inventory(&world);
    world.edit("malmo", "cidr: 10.41.0.0/16, zones: [a, b]", "cidr: 10.50.0.0/16, zones: [b, c]");
    for command in [&["plan", "malmo"][..], &["apply", "malmo", "--yes"]] {
        refused(
            world.run(command),
            &["malmo.yaml:21:18", "`10.41.0.0/16`", "zone `a` is in use", "malmo stands", "state show malmo --file"],
        );
    }
    world.edit("malmo", "cidr: 10.50.0.0/16, zones: [b, c]", "cidr: 10.41.0.0/16, zones: [a, b]");
    world.run(&["plan", "malmo"]).expect(0);
    world.edit("malmo", "region: eu-north-1", "region: eu-west-1");
    for secret in ["credentials: ", "SESSION_KEY: \""] {
        let arn = "arn:aws:secretsmanager:";
        world.edit("malmo", &format!("{secret}{arn}eu-north-1"), &format!("{secret}{arn}eu-west-1"));
    }
    refused(outside(&world, &["plan", "malmo"], "A", "b"), &["the city stands in region eu-north-1", "malmo.yaml:4:9"]);
    assert_eq!(inventory(&world), there, "nothing was touched");
}

#[test]
fn a_way_back_goes_by_the_file_as_it_was_applied() {
    let world = World::new();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    world.edit("malmo", "max: 8", "max: 9");
    world.edit("malmo", "cidr: 10.41.0.0/16", "cidr: 10.50.0.0/16");
    let back = world.run(&["rollback", "malmo", "--yes"]).expect(0);
    assert!(back.err.contains("malmo.yaml was changed since: going by it as it was applied"), "{}", back.err);
    refused(world.run(&["plan", "malmo"]), &["`10.41.0.0/16`", "malmo stands"]);
    world.edit("malmo", "cidr: 10.50.0.0/16", "cidr: 10.41.0.0/16");
    let left = world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    let changes: Vec<_> = left[0]["plan"]["changes"].as_array().unwrap().iter().map(|c| c["address"].clone()).collect();
    assert!(changes.contains(&json!("autoscaling/target.web")), "what was changed since waits: {changes:?}");
}

/// Malmö's file as that of another city, which it isn't.
fn copied(city: &str) -> String {
    let text = std::fs::read_to_string(super::harness::root().join("cities/malmo.yaml")).unwrap();
    text.replace("10.41.0.0/16", "10.42.0.0/16").replace("secret:malmo/", &format!("secret:{city}/"))
}

#[test]
fn a_second_file_can_not_have_what_is_anothers() {
    let world = World::new();
    std::fs::write(world.file("lund"), copied("lund")).unwrap();
    for command in [&["validate"][..], &["plan", "lund"], &["apply", "lund", "--yes"]] {
        let parts =
            ["lund.yaml", "is a name of `malmo` too", "is a server of `malmo` too", "is the database of `malmo` too"];
        refused(world.run_with(command, &[]), &parts);
    }
    let both = world.run_with(&["validate", "--output", "json"], &[]).expect(1).json();
    let problems = both["problems"].as_array().unwrap();
    for city in ["lund", "malmo"] {
        let of_city = |problem: &&Value| problem["file"].as_str().unwrap().ends_with(&format!("{city}.yaml"));
        let fields: Vec<_> =
            problems.iter().filter(of_city).map(|problem| problem["field"].as_str().unwrap()).collect();
        for field in ["legacy.records[1]", "legacy.addresses[0]", "legacy.database.endpoint", "services.web.hosts[0]"] {
            assert!(fields.contains(&field), "{city}: no {field} in {fields:?}");
        }
    }
}

#[test]
fn a_second_city_of_another_folder_does_not_take_the_firsts_database() {
    let world = World::new();
    world.run(&["plan", "malmo"]).expect(0);
    let elsewhere = tempfile::tempdir().unwrap();
    let text = copied("gent").replace("malmobybike", "gentbybike").replace("198.51.100.", "203.0.113.");
    std::fs::write(elsewhere.path().join("gent.yaml"), text).unwrap();
    let ran = world.run(&["--cities", elsewhere.path().to_str().unwrap(), "plan", "gent"]);
    refused(ran, &["malmo has the database 10.40.2.20:5432 already in this sandbox", "sandbox reset"]);
    world.run(&["plan", "malmo"]).expect(0);
}
