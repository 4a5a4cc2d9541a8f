//! Crash anywhere, over HTTP with the real binary: at thirty calls of an apply and of a destroy, SIGKILL before the call has its effect,
//! and again when it has had it but the answer is still on its way. Each time a new process runs the same command, up to the next
//! kill. In the end everything is as if nothing had happened.
//!
//! The sandbox holds the call for as long as the kill takes. All calls are held and killed in the cloud in memory; these here are
//! one after the other on the longest paths, and of every kind: with a client token, with a name, with nothing but a tag.

use super::harness::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A service, an operation, and which of its calls it is that is held.
pub type Point = (&'static str, &'static str, u32);

struct Chain {
    city: &'static str,
    apply: [Point; 5],
    destroy: [Point; 5],
}

/// Runs the command until it makes that call, and kills it there.
pub fn kill_at(world: &World, command: &[&str], (service, operation, nth): Point, when: &str) {
    let rule = json!({ "kind": "timeout", "seconds": 600, "when": when, "service": service, "operation": operation, "nth": nth });
    world.control("faults", &rule);
    let mut child = world.spawn_quietly(command);
    let begun = Instant::now();
    while world.ask("status")["rules"][0]["hits"] != json!(1) {
        let ended = child.try_wait().unwrap();
        assert_eq!(
            ended,
            None,
            "{command:?} was over before call {nth} of {service}.{operation}, held {when} its effect:\n{}",
            world.said()
        );
        assert!(begun.elapsed() < Duration::from_secs(300), "{command:?} never called {service}.{operation} ({nth})");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    child.kill().unwrap(); // SIGKILL: nothing of it runs after this
    child.wait().unwrap();
    world.forget_faults();
    // The dead holder's lease would run out by itself; the test doesn't wait a minute for it.
    world.run(&["state", "unlock", command[1], "--force"]).expect(0);
}

/// How many there are of each kind.
fn counts(inventory: &Value) -> BTreeMap<String, usize> {
    let things = inventory["things"].as_object().unwrap();
    things.iter().map(|(kind, names)| (kind.clone(), names.as_array().unwrap().len())).collect()
}

fn survives(chain: &Chain) {
    let (world, city) = (World::new(), chain.city);
    world.run(&["plan", city]).expect(0); // starts the sandbox
    let before = world.python("inventory.py", &[city]);

    let apply = ["apply", city, "--yes"];
    for point in chain.apply {
        kill_at(&world, &apply, point, "before");
        kill_at(&world, &apply, point, "after");
    }
    world.run(&apply).expect(0);
    let built = world.python("inventory.py", &[city]);
    assert_eq!(built["doubled"], json!([]), "{built}");
    world.run(&["plan", city, "--detailed-exitcode"]).expect(0);

    let destroy = ["destroy", city, "--yes", "--delete-database", city];
    for point in chain.destroy {
        kill_at(&world, &destroy, point, "before");
        kill_at(&world, &destroy, point, "after");
    }
    world.run(&destroy).expect(0);
    let left = world.python("inventory.py", &[city]);
    assert_eq!(left["count"], 0, "nothing of the city is left: {left}");
    assert_eq!((&left["snapshots"], &left["records"]), (&json!(1), &before["records"]), "{left}");
    world.run(&["plan", city, "--destroy", "--detailed-exitcode"]).expect(0);

    world.run(&apply).expect(0);
    let whole = world.python("inventory.py", &[city]);
    assert_eq!(counts(&built), counts(&whole), "the same as without the kills");
}

#[test]
fn malmo() {
    survives(&Chain {
        city: "malmo",
        apply: [
            ("ec2", "CreateVpc", 1),
            ("ec2", "CreateSubnet", 1),
            ("rds", "CreateDBInstance", 1),
            ("ecs", "RegisterTaskDefinition", 1),
            ("route53", "ChangeResourceRecordSets", 1),
        ],
        destroy: [
            ("route53", "ChangeResourceRecordSets", 1),
            ("ecs", "DeleteService", 1),
            ("rds", "DeleteDBInstance", 1),
            ("rds", "DeleteDBSubnetGroup", 1),
            ("ec2", "DeleteVpc", 1),
        ],
    });
}

#[test]
fn drammen() {
    survives(&Chain {
        city: "drammen",
        apply: [
            ("ec2", "CreateInternetGateway", 1),
            ("ec2", "AllocateAddress", 1),
            ("ec2", "CreateNatGateway", 1),
            ("autoscaling", "CreateAutoScalingGroup", 1),
            ("ecs", "CreateService", 1),
        ],
        destroy: [
            ("s3", "PutObject", 9),
            ("ecs", "DeleteService", 1),
            ("autoscaling", "DeleteAutoScalingGroup", 1),
            ("ec2", "DeleteNatGateway", 1),
            ("ec2", "DeleteInternetGateway", 1),
        ],
    });
}

#[test]
fn antwerp() {
    survives(&Chain {
        city: "antwerp",
        apply: [
            ("s3", "PutObject", 12),
            ("elbv2", "CreateLoadBalancer", 1),
            ("application-autoscaling", "RegisterScalableTarget", 1),
            ("application-autoscaling", "PutScalingPolicy", 1),
            ("route53", "ChangeResourceRecordSets", 1),
        ],
        destroy: [
            ("application-autoscaling", "DeregisterScalableTarget", 1),
            ("elbv2", "DeleteRule", 1),
            ("elbv2", "DeleteListener", 1),
            ("elbv2", "DeleteLoadBalancer", 1),
            ("ec2", "DeleteVpc", 1),
        ],
    });
}
