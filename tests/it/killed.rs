//! Killed in the middle of an apply, at ten different points: the next apply completes, and nothing is there twice.

use super::harness::World;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn changing_calls(status: &Value) -> u64 {
    let calls = status["calls"]["by_operation"].as_object().unwrap();
    let changing =
        ["Create", "Run", "Allocate", "Authorize", "Put", "Register", "Modify", "Change", "Request", "Add", "Attach"];
    let is_changing =
        |name: &str| name.split(['.', ':']).next_back().is_some_and(|op| changing.iter().any(|c| op.starts_with(c)));
    calls.iter().filter(|(name, _)| is_changing(name)).filter_map(|(_, count)| count.as_u64()).sum()
}

#[test]
fn ten_times() {
    let world = World::new();
    world.run(&["plan", "malmo"]).expect(0);
    let mut died = 0;
    for round in 1..=10 {
        let goal = changing_calls(&world.status()) + 12;
        let mut child = world.spawn(&["apply", "malmo", "--yes"]);
        let begun = Instant::now();
        let finished = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "round {round} neither went on nor finished");
            if changing_calls(&world.status()) >= goal {
                break None;
            }
        };
        if finished.is_none() {
            child.kill().unwrap(); // SIGKILL: nothing of it runs after this
            died += 1;
        }
        child.wait().unwrap();
        // The dead holder's lease would run out by itself; the test doesn't wait a minute for it.
        world.run(&["state", "unlock", "malmo", "--force"]).expect(0);
    }
    assert_eq!(died, 10, "the apply was over before it was killed ten times");
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    let built = world.python("inventory.py", &["malmo"]);
    assert_eq!(built["doubled"], json!([]), "{built}");
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);

    let reference = World::new();
    reference.run(&["apply", "malmo", "--yes"]).expect(0);
    let whole = reference.python("inventory.py", &["malmo"]);
    let kinds = |v: &Value| -> Vec<(String, usize)> {
        v["things"].as_object().unwrap().iter().map(|(k, n)| (k.clone(), n.as_array().unwrap().len())).collect()
    };
    assert_eq!(kinds(&built), kinds(&whole), "the same as without the kills");
}

#[test]
fn a_polite_stop_records_and_releases() {
    let world = World::new();
    world.run(&["plan", "malmo"]).expect(0);
    let goal = changing_calls(&world.status()) + 20;
    let child = world.spawn(&["apply", "malmo", "--yes"]);
    while changing_calls(&world.status()) < goal {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("go on with: migrate --sandbox apply malmo"), "{said}");
    assert!(world.run(&["state", "unlock", "malmo"]).expect(0).out.contains("not locked"));
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
}
