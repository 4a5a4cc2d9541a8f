//! Signals: the first one finishes what is under way, records and gives the lock back; the second one leaves at once. Wherever it comes.

use super::harness::{Ran, World, root};
use super::process::{Running, Signal};
use serde_json::json;
use std::process::{Command, Stdio};

const APPLY: [&str; 5] = ["apply", "malmo", "--yes", "--until", "vpc"];

fn world(operation: &str, seconds: u32) -> World {
    let world = World::new();
    world.run(&["plan", "malmo"]).expect(0);
    latency(&world, operation, seconds);
    world
}

fn latency(world: &World, operation: &str, seconds: u32) {
    world.control("latency", &json!({ "service": "ec2", "operation": operation, "seconds": seconds }));
}

#[track_caller]
fn unlocked(world: &World) {
    assert!(world.run(&["state", "unlock", "malmo"]).expect(0).out.contains("is not locked"));
}

#[test]
fn in_the_middle_it_finishes_records_and_goes_on_later() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let world = world("CreateNatGateway", 2);
        let mut apply = Running::start(&world, &APPLY, 60);
        apply.until_it_says("done in");
        apply.signal(signal);
        let ended = apply.end().expect(code);
        for part in ["stopped:", "everything is recorded", "go on with: migrate --sandbox apply malmo"] {
            assert!(ended.err.contains(part), "no `{part}` in {}", ended.err);
        }
        unlocked(&world);
        world.run(&APPLY).expect(0);
        assert_eq!(world.python("inventory.py", &["malmo"])["doubled"], json!([]));
    }
}

#[test]
fn while_it_plans_nothing_is_changed() {
    let world = world("DescribeVpcs", 20);
    let puts = |world: &World| world.status()["calls"]["by_operation"]["s3.PutObject"].as_u64().unwrap_or(0);
    let apply = Running::start(&world, &APPLY, 60);
    while puts(&world) == 0 {} // the lock is all that is written before a plan
    apply.signal(Signal::INT);
    let ended = apply.end().expect(130);
    assert!(ended.err.contains("nothing was changed"), "{}", ended.err);
    unlocked(&world);
    assert_eq!(world.python("inventory.py", &["malmo"])["count"], 0);
}

#[test]
fn while_it_waits_for_the_lock() {
    let world = world("CreateNatGateway", 2);
    let mut holder = Running::start(&world, &APPLY, 60);
    holder.until_it_says("done in");
    holder.signal(Signal::STOP);
    let mut waiting = Running::start(&world, &["apply", "malmo", "--yes", "--wait"], 60);
    waiting.until_it_says("waiting for malmo");
    waiting.signal(Signal::TERM);
    let ended = waiting.end().expect(143);
    assert!(ended.err.contains("nothing was changed"), "{}", ended.err);
    holder.signal(Signal::CONT);
    holder.end().expect(0);
}

#[test]
fn at_the_question() {
    let world = world("CreateNatGateway", 0);
    let python = world.status()["python"].as_str().unwrap().to_owned();
    for (signal, code) in [("SIGINT", 130), ("SIGTERM", 143)] {
        let apply = world.command(&["--sandbox", "apply", "malmo", "--until", "vpc"]);
        let mut asked = Command::new(&python);
        asked.arg(root().join("tests/it/terminal.py")).arg(signal).arg(apply.get_program()).args(apply.get_args());
        for (name, value) in apply.get_envs() {
            match value {
                Some(value) => asked.env(name, value),
                None => asked.env_remove(name),
            };
        }
        let answer = Ran::of(asked.stdin(Stdio::null())).expect(0).json();
        assert_eq!(answer["code"], json!(code), "{answer}");
        assert!(answer["said"].as_str().unwrap().contains("nothing was changed"), "{answer}");
        unlocked(&world);
    }
    assert_eq!(world.python("inventory.py", &["malmo"])["count"], 0);
}

#[test]
fn a_second_one_leaves_at_once_and_the_next_run_copes() {
    let world = world("CreateNatGateway", 30);
    let mut apply = Running::start(&world, &APPLY, 4);
    apply.until_it_says("vpc/route-table.public  done in"); // what the NAT gateway needs was done before
    apply.signal(Signal::INT);
    apply.until_it_says("stopping");
    apply.signal(Signal::INT);
    let ended = apply.end().expect(130);
    assert!(ended.err.contains("left at once"), "{}", ended.err);
    latency(&world, "CreateNatGateway", 0);
    let next = world.run(&["apply", "malmo", "--yes", "--until", "vpc", "--wait"]).expect(0);
    assert!(next.err.contains("taking over"), "{}", next.err);
    assert_eq!(world.python("inventory.py", &["malmo"])["doubled"], json!([]));
}
