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
