//! States that are lost, damaged, too new or somebody else's: each a clear answer, and a way on.

use super::harness::World;
use serde_json::{Value, json};

/// What the refusal says, and what was changed in the plan.
type Forgery = (&'static str, fn(&mut Value));

const KEY: &str = "cities/malmo/state.json";

/// A whole Malmö.
fn built(city: &str) -> World {
    let world = World::new();
    world.run(&["apply", city, "--yes"]).expect(0);
    world
}

fn bucket(world: &World, args: &[&str]) -> Value {
    world.python("bucket.py", args)
}

fn text(world: &World) -> String {
    bucket(world, &["get", KEY])["text"].as_str().unwrap().to_owned()
}

fn serial(world: &World) -> u64 {
    world.run(&["state", "show", "malmo"]).expect(0).json()["serial"].as_u64().unwrap()
}

/// The recorded resources with their ids; without the number of a change of weights, which is forgotten once it is through.
fn resources(world: &World) -> Value {
    let mut all = world.run(&["state", "list", "malmo", "--output", "json"]).expect(0).json();
    for one in all.as_array_mut().unwrap() {
        one["outputs"].as_object_mut().unwrap().remove("change");
    }
    all
}

/// Plan and apply both refuse, say all of `parts`, and touch nothing.
#[track_caller]
fn refused(world: &World, parts: &[&str]) {
    let before = bucket(world, &["list", "cities/"]);
    for command in [&["plan", "malmo"][..], &["apply", "malmo", "--yes"], &["status", "malmo"]] {
        let ran = world.run(command).expect(1);
        for part in parts {
            assert!(ran.err.contains(part), "{command:?}: no `{part}` in {}", ran.err);
        }
    }
    assert_eq!(bucket(world, &["list", "cities/"]), before);
}

/// The state is made again, and a plan has nothing to say to it.
#[track_caller]
fn rebuilt(world: &World, city: &str) {
    let ran = world.run(&["state", "rebuild", city]).expect(0);
    assert!(!ran.out.contains("not found") && !ran.out.contains("not as"), "{}{}", ran.out, ran.err);
    let plan = world.run(&["plan", city, "--detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{}{}", plan.out, plan.err);
}

#[test]
fn lost_and_damaged_ones_are_made_again() {
    let world = built("malmo");
    let (whole, first) = (text(&world), serial(&world));
    let resources = resources(&world);

    bucket(&world, &["put", KEY, &whole[..whole.len() / 2]]);
    refused(&world, &["is damaged", "state rebuild malmo", "nothing was changed"]);
    rebuilt(&world, "malmo");
    let aside = bucket(&world, &["list", "cities/malmo/aside/"]);
    let kept = bucket(&world, &["get", aside["keys"][0].as_str().unwrap()]);
    assert_eq!(kept["text"], json!(whole[..whole.len() / 2]), "the damaged one is kept");
    assert_eq!(serial(&world), first + 1);
    assert!(self::resources(&world) == resources, "every resource is recorded as it was before");

    bucket(&world, &["delete", KEY]);
    refused(&world, &["is gone", &format!("up to serial {}", first + 1), "state rebuild malmo"]);
    rebuilt(&world, "malmo");
    assert_eq!(serial(&world), first + 2);

    // Not even the history is left: everything comes from tags and names.
    bucket(&world, &["delete-all", "cities/malmo/"]);
    rebuilt(&world, "malmo");
    assert_eq!(serial(&world), 1);

    let needless = world.run(&["state", "rebuild", "malmo"]).expect(1);
    assert!(needless.err.contains("nothing to rebuild"), "{}", needless.err);
    world.run(&["state", "rebuild", "malmo", "--force"]).expect(0);
    assert_eq!(serial(&world), 2);
}

/// Killed after every one of its deletions: the next destroy repeats them all, and what is gone already is no error.
#[test]
fn every_deletion_can_be_repeated() {
    for (city, region) in [("drammen", "eu-north-1"), ("antwerp", "eu-west-1")] {
        let world = built(city);
        let key = format!("cities/{city}/state.json");
        bucket(&world, &["in", region, "copy", &key, "kept"]);
        let destroy = ["destroy", city, "--yes", "--delete-database", city];
        world.run(&destroy).expect(0);
        bucket(&world, &["in", region, "begun", "kept", &key]);
        let again = world.run(&destroy).expect(0);
        assert!(again.err.contains(&format!("{city} is gone")), "{}", again.err);
        let left = world.python("inventory.py", &[city]);
        assert_eq!((&left["count"], &left["snapshots"]), (&json!(0), &json!(1)), "{left}");
    }
}

#[test]
fn what_is_missing_or_different_is_told_and_stays_to_be_done() {
    let world = built("malmo");
    world.python("meddle.py", &["malmo", "backup-days"]);
    world.edit("malmo", "ops@malmobybike", "night@malmobybike");
    bucket(&world, &["delete-all", "cities/malmo/"]);
    let ran = world.run(&["state", "rebuild", "malmo"]).expect(0);
    assert!(ran.out.contains("not found: autoscaling/subscription.night@malmobybike.example"), "{}", ran.out);
    assert!(ran.out.contains("not as the city file wants it: rds/instance"), "{}", ran.out);
    let plan = world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    let changes: Vec<_> = plan[0]["plan"]["changes"].as_array().unwrap().iter().map(|c| &c["address"]).collect();
    assert_eq!(changes, ["rds/instance", "autoscaling/subscription.night@malmobybike.example"]);
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
}

#[test]
fn other_cities_are_made_again_too() {
    // MySQL, and a city with two services in three zones.
    for (city, key) in [("drammen", "cities/drammen/state.json"), ("antwerp", "cities/antwerp/")] {
        let world = built(city);
        let region = if city == "antwerp" { "eu-west-1" } else { "eu-north-1" };
        bucket(&world, &["in", region, "delete-all", key]);
        rebuilt(&world, city);
    }
}

#[test]
fn what_is_not_this_citys_or_not_of_today_is_refused() {
    let world = World::new();
    world.run(&["apply", "malmo", "--yes", "--until", "vpc"]).expect(0);
    let whole = text(&world);
    for (from, to, parts) in [
        ("\"version\": 2", "\"version\": 99", ["format version 99", "newer `migrate`"]),
        ("\"version\": 2", "\"version\": 0", ["never written", "state rebuild malmo"]),
        ("\"city\": \"malmo\"", "\"city\": \"drammen\"", ["state of the city `drammen`", "state rebuild malmo"]),
        (
            "\"account\": \"123456789012\"",
            "\"account\": \"999999999999\"",
            ["account 999999999999", "correct the account"],
        ),
    ] {
        bucket(&world, &["replace", KEY, from, to]);
        refused(&world, &parts);
        bucket(&world, &["put", KEY, &whole]);
    }
    bucket(&world, &["replace", KEY, "\"version\": 2", "\"version\": 99"]);
    let future = world.run(&["state", "rebuild", "malmo"]).expect(1);
    assert!(future.err.contains("newer `migrate`"), "{}", future.err);
    bucket(&world, &["put", KEY, &whole]);

    bucket(&world, &["put", "cities/malmo/lock.json", "{ \"id\": "]);
    let locked = world.run(&["apply", "malmo", "--yes"]).expect(1);
    assert!(
        locked.err.contains("the lock is damaged") && locked.err.contains("unlock malmo --force"),
        "{}",
        locked.err
    );
    world.run(&["state", "unlock", "malmo"]).expect(1);
    world.run(&["state", "unlock", "malmo", "--force"]).expect(0);
    world.run(&["apply", "malmo", "--yes", "--until", "vpc"]).expect(0);
}

#[test]
fn history_is_kept_shown_and_compared() {
    let world = World::new();
    world.run(&["apply", "malmo", "--yes", "--until", "vpc"]).expect(0);
    let last = serial(&world);
    let history = world.run(&["state", "history", "malmo"]).expect(0);
    assert_eq!(history.out.lines().count() as u64, last, "{}", history.out);
    let shown = world.run(&["state", "show", "malmo", "--serial", "2"]).expect(0).json();
    assert_eq!(shown["serial"], json!(2));
    let missing = world.run(&["state", "show", "malmo", "--serial", "999"]).expect(1);
    assert!(missing.err.contains("state history malmo"), "{}", missing.err);
    let diff = world.run(&["state", "diff", "malmo", "2"]).expect(0);
    assert!(diff.out.contains(&format!("state 2 → {last}")) && diff.out.contains("+ vpc/"), "{}", diff.out);
    let same = world.run(&["state", "diff", "malmo", "2", "2"]).expect(0);
    assert!(same.out.contains("nothing differs"), "{}", same.out);
    let json = world.run(&["state", "diff", "malmo", "2", "--output", "json"]).expect(0).json();
    assert!(json["differences"].as_array().unwrap().iter().any(|d| d["subject"] == json!("vpc/vpc")), "{json}");
}

#[test]
fn a_bucket_that_forgets_is_refused() {
    let world = World::new();
    world.run(&["bootstrap", "malmo"]).expect(0);
    let apply = ["apply", "malmo", "--yes", "--until", "vpc"];
    bucket(&world, &["unversioned"]);
    // Without --sandbox, which makes the bucket as it should be.
    let refused = world.run_with(&apply, &world.exports()).expect(1);
    assert!(refused.err.contains("not versioned") && refused.err.contains("bootstrap malmo"), "{}", refused.err);
    world.run_with(&["bootstrap", "malmo"], &world.exports()).expect(0);
    world.run_with(&apply, &world.exports()).expect(0);
    let env: Vec<_> = world
        .exports()
        .into_iter()
        .chain([("MIGRATE_STATE_BUCKET".to_owned(), "no-such-bucket-1".to_owned())])
        .collect();
    let nowhere = world.run_with(&apply, &env).expect(1);
    assert!(nowhere.err.contains("in s3://no-such-bucket-1, but its"), "{}", nowhere.err);
    bucket(&world, &["delete-all", "cities/malmo/"]);
    let nothing = world.run_with(&apply, &env).expect(1);
    assert!(nothing.err.contains("their state is missing in s3://no-such-bucket-1"), "{}", nothing.err);
    let fresh = world.run_with(&["apply", "drammen", "--yes"], &env).expect(1);
    assert!(fresh.err.contains("no bucket no-such-bucket-1") && fresh.err.contains("bootstrap"), "{}", fresh.err);
}

#[test]
fn hostile_plan_files_are_refused_before_anything_is_touched() {
    let world = World::new();
    let file = world.file("malmo").with_extension("plan");
    let path = file.to_str().unwrap();
    world.run(&["plan", "malmo", "--out", path]).expect(0);
    let plan: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let hostile: [Forgery; 6] = [
        ("account 999999999999", |p| p["account"] = json!("999999999999")),
        ("which this version doesn't know", |p| p["changes"][0]["kind"] = json!("iam:root")),
        ("in no phase", |p| p["changes"][0]["address"] = json!("elsewhere/vpc")),
        ("vpc/vpc", |p| p["changes"][0]["props"]["cidr"] = json!("10.99.0.0/16")),
        ("vpc/somebody-elses", |p| p["changes"][0]["address"] = json!("vpc/somebody-elses")),
        ("rds/", |p| {
            p["changes"].as_array_mut().unwrap().retain(|c| !c["address"].as_str().unwrap().starts_with("rds/"))
        }),
    ];
    for (why, change) in hostile {
        let mut forged = plan.clone();
        change(&mut forged);
        std::fs::write(&file, forged.to_string()).unwrap();
        let ran = world.run(&["apply", "malmo", path, "--yes"]).expect(1);
        assert!(ran.err.contains(why) && ran.err.contains("nothing was changed"), "{why}: {}", ran.err);
    }
    std::fs::write(&file, plan.to_string()).unwrap();
    let stranger = world.run(&["apply", "drammen", path, "--yes"]).expect(1);
    assert!(stranger.err.contains("the plan is for malmo"), "{}", stranger.err);
    assert_eq!(world.python("inventory.py", &["malmo"])["count"], 0);
    world.run(&["apply", "malmo", path, "--yes", "--until", "vpc"]).expect(0);
}
