//! Two operators at one city: one works, the other waits; whoever slept past its lease changes nothing any more.

use super::harness::World;
use super::process::{Running, Signal};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const APPLY: [&str; 5] = ["apply", "malmo", "--yes", "--until", "vpc"];
const WAIT: [&str; 6] = ["apply", "malmo", "--yes", "--until", "vpc", "--wait"];
/// Seconds: short enough for a test, and long enough for a machine that is busy with other things.
const LEASE: u32 = 4;
/// It has written the state and made its first calls by then, and is far from done.
const BUSY: &str = "done in";

/// A malmo whose NAT gateway takes its time to be asked for, so that an apply is caught in the middle.
fn slow() -> World {
    let world = World::new();
    world.run(&["plan", "malmo"]).expect(0);
    latency(&world, "CreateNatGateway", 3);
    world
}

fn latency(world: &World, operation: &str, seconds: u32) {
    world.control("latency", &json!({ "service": "ec2", "operation": operation, "seconds": seconds }));
}

/// How many calls there were that can change something, of every service but S3, where the lock and the state are.
fn changing(world: &World) -> u64 {
    let status = world.status();
    let calls = status["calls"]["by_operation"].as_object().unwrap();
    let reads = ["Describe", "Get", "List", "Head"];
    let reads = |name: &str| reads.iter().any(|verb| name.rsplit(['.', ':']).next().unwrap().starts_with(verb));
    let others = calls.iter().filter(|(name, _)| !name.starts_with("s3."));
    others.filter(|(name, _)| !reads(name)).filter_map(|(_, count)| count.as_u64()).sum()
}

fn state(world: &World) -> Value {
    world.run(&["state", "show", "malmo"]).expect(0).json()
}

/// Built once, nothing twice, nothing left to do.
fn sound(world: &World) {
    latency(world, "CreateNatGateway", 0);
    let built = world.python("inventory.py", &["malmo"]);
    assert_eq!(built["doubled"], json!([]), "{built}");
    let again = world.run(&APPLY).expect(0);
    assert!(!again.out.contains(" vpc/"), "something is left to do:\n{}", again.out);
}

#[test]
fn one_works_and_the_other_is_told_or_waits() {
    let world = slow();
    latency(&world, "CreateNatGateway", 15);
    let first = Running::start(&world, &APPLY, 60);
    let half_done = "vpc/nat-gateway.a is creating since";
    let begun = Instant::now();
    while !world.run(&["state", "unlock", "malmo"]).out.contains(half_done) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", first.said());
    }
    first.signal(Signal::STOP); // its lease holds for a minute
    let refused = world.run(&APPLY).expect(1);
    for part in ["is busy with `apply` since", &format!("(process {})", first.id()), "--wait", "nothing was changed"] {
        assert!(refused.err.contains(part), "no `{part}` in {}", refused.err);
    }
    let told = world.run(&["state", "unlock", "malmo"]).expect(1);
    assert!(told.out.contains("is locked by") && told.out.contains(half_done), "{}", told.out);
    assert!(told.err.contains("--force"), "{}", told.err);
    let patient = world.run(&["apply", "malmo", "--yes", "--wait=1s"]).expect(1);
    assert!(patient.err.contains("still locked after"), "{}", patient.err);

    let mut second = Running::start(&world, &WAIT, 60);
    second.until_it_says("waiting for malmo");
    first.signal(Signal::CONT);
    let first = first.end().expect(0);
    assert!(first.err.contains("done: malmo: "), "{}", first.err);
    second.end().expect(0);
    sound(&world);
}

#[test]
fn whoever_slept_past_its_lease_changes_nothing_when_it_wakes_up() {
    let world = slow();
    let mut sleeper = Running::start(&world, &APPLY, LEASE);
    sleeper.until_it_says(BUSY);
    sleeper.signal(Signal::STOP);
    let heir = Running::start(&world, &WAIT, LEASE).end().expect(0);
    assert!(heir.err.contains("taking over"), "{}", heir.err);
    let (before, calls) = (state(&world), changing(&world));
    sleeper.signal(Signal::CONT);
    let sleeper = sleeper.end().expect(1);
    assert!(sleeper.err.contains("lease") && sleeper.err.contains("go on with"), "{}", sleeper.err);
    assert_eq!(state(&world), before, "the state is the heir's");
    assert_eq!(changing(&world), calls, "nothing was asked of AWS");
    sound(&world);
}

#[test]
fn a_dead_holders_lease_runs_out_and_its_work_is_gone_on_with() {
    let world = slow();
    let mut dead = Running::start(&world, &APPLY, LEASE);
    dead.until_it_says(BUSY);
    dead.signal(Signal::KILL);
    assert_eq!(dead.end().code, None);
    let heir = Running::start(&world, &WAIT, LEASE).end().expect(0);
    assert!(heir.err.contains("taking over"), "{}", heir.err);
    sound(&world);
}

#[test]
fn breaking_a_lock_shuts_its_holder_out() {
    let world = slow();
    let mut first = Running::start(&world, &APPLY, 60);
    first.until_it_says(BUSY);
    first.signal(Signal::STOP);
    let broken = world.run(&["state", "unlock", "malmo", "--force"]).expect(0);
    assert!(broken.out.contains("the lock is broken"), "{}", broken.out);
    let before = state(&world);
    first.signal(Signal::CONT);
    let first = first.end().expect(1);
    assert!(first.err.contains("was written by somebody else"), "{}", first.err);
    assert_eq!(state(&world), before);
    assert!(world.run(&["state", "unlock", "malmo"]).expect(0).out.contains("is not locked"));
    world.run(&APPLY).expect(0);
    sound(&world);
}
