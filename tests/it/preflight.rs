//! What is found before the first change: nothing where all is well, everything at once where it isn't, and each mend mends.

use super::harness::{Ran, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The worst level of each check.
fn levels(world: &World, args: &[&str]) -> BTreeMap<String, String> {
    let plan = world.run_with(args, &world.exports()).expect(0).json();
    let mut levels = BTreeMap::new();
    for finding in plan[0]["preflight"].as_array().unwrap() {
        let name = finding["check"].as_str().unwrap().to_owned();
        let level = finding["level"].as_str().unwrap().to_owned();
        let worse = |known: &String| ["ok", "warn", "fail"].iter().position(|l| l == known);
        let entry = levels.entry(name).or_insert_with(|| level.clone());
        if worse(&level) > worse(entry) {
            *entry = level;
        }
    }
    levels
}

fn failed(levels: &BTreeMap<String, String>) -> Vec<&str> {
    levels.iter().filter(|(_, level)| *level == "fail").map(|(name, _)| name.as_str()).collect()
}

/// A world where the city's legacy side stands and the buckets are made.
fn ready(city: &str) -> World {
    let world = World::new();
    world.run(&["plan", city]).expect(0);
    world.run(&["bootstrap", city]).expect(0);
    world
}

#[test]
fn where_all_is_well_nothing_fails_and_an_unchanged_city_is_not_asked() {
    let world = ready("drammen");
    let levels = levels(&world, &["plan", "drammen", "--output", "json"]);
    let (names, failed): (Vec<_>, _) = (levels.keys().map(String::as_str).collect(), failed(&levels));
    assert_eq!(failed, [] as [&str; 0], "{levels:?}");
    assert!(levels.values().all(|level| level == "ok"), "{levels:?}");
    let all = ["account", "certificate", "database", "delegation", "images", "instance-types", "legacy"];
    let rest = ["linked-roles", "network", "permissions", "quotas", "records", "state-bucket"];
    assert_eq!(names, [&all[..], &rest[..]].concat(), "`reach` asks real machines, and there are none here");
    let text = world.run(&["plan", "drammen"]).expect(0);
    assert!(text.out.contains("preflight:    13 checks"), "{}", text.out);

    world.run(&["apply", "drammen", "--yes"]).expect(0);
    world.control("reset-calls", &json!({}));
    let again = world.run(&["plan", "drammen", "--output", "json"]).expect(0).json();
    assert_eq!(again[0]["preflight"], json!([]));
    let calls = world.status()["calls"]["by_operation"].clone();
    assert_eq!(calls["iam.SimulatePrincipalPolicy"], Value::Null, "{calls}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_nothing_is_changed() {
    let world = ready("malmo");
    let policy = world.file("malmo").with_extension("json");
    let plan_role = world.run_with(&["policy", "malmo", "--role", "plan"], &[]).expect(0);
    std::fs::write(&policy, plan_role.out).unwrap();
    for what in ["elastic-ips", "stopped", "shut", "bucket", "caa", "name-servers", "elsewhere"] {
        world.python("unready.py", &["malmo", what]);
    }
    world.python("unready.py", &["malmo", "policy", policy.to_str().unwrap()]);
    world.edit("malmo", "bikes-web:2026.11.1", "bikes-web:not-pushed");
    world.edit("malmo", "version: \"16.8\"", "version: \"16.1\"");

    let before = world.python("inventory.py", &["malmo"]);
    let refused = world.run_with(&["apply", "malmo", "--yes"], &world.exports()).expect(1);
    assert!(refused.err.contains("nothing was changed"), "{}", refused.err);
    assert_eq!(world.python("inventory.py", &["malmo"]), before);
    for (check, says) in [
        ("quotas", "--quota-code L-0263D0A3"),
        ("legacy", "aws ec2 start-instances"),
        ("network", "--protocol tcp --port 5432 --cidr 10.41.0.0/16"),
        ("state-bucket", "bootstrap malmo mends it"),
        ("certificate", "0 issue \"amazon.com\""),
        ("delegation", "ns1.registrar.example"),
        ("records", "192.0.2.77"),
        ("images", "bikes-web:not-pushed"),
        ("database", "postgres 16.1 on db.t4g.medium"),
        ("permissions", "ec2:CreateVpc"),
    ] {
        assert!(refused.out.contains(&format!("FAIL  {check}: ")), "{check} in\n{}", refused.out);
        assert!(refused.out.contains(says), "{says} in\n{}", refused.out);
    }
    for what in ["can be made public", "can be read without TLS"] {
        assert!(refused.out.contains(what), "{what} in\n{}", refused.out);
    }
    let markdown = world.run_with(&["plan", "malmo", "--output", "markdown"], &world.exports()).expect(0);
    assert!(markdown.out.contains(":x: quotas: Elastic IPs: 5 of 5 are taken, 1 more are needed"), "{}", markdown.out);
}

#[test]
fn the_mend_mends() {
    let world = ready("malmo");
    world.python("unready.py", &["malmo", "elastic-ips"]);
    let plan = ["plan", "malmo", "--output", "json"];
    assert_eq!(failed(&levels(&world, &plan)), ["quotas"]);
    let python = world.status()["python"].as_str().unwrap().to_owned();
    let raise = "import boto3; boto3.client('service-quotas', 'eu-north-1').request_service_quota_increase(
        ServiceCode='ec2', QuotaCode='L-0263D0A3', DesiredValue=6)";
    Ran::of(std::process::Command::new(python).args(["-c", raise]).envs(world.exports())).expect(0);
    assert_eq!(failed(&levels(&world, &plan)), [] as [&str; 0]);
}

#[test]
fn where_iam_is_not_to_be_asked_ec2s_dry_runs_are() {
    let world = ready("malmo");
    let denied = |service: &str, operation: &str, code: &str| {
        let rule = json!({ "kind": "error", "code": code, "message": "no", "status": 403, "count": null, "service": service, "operation": operation });
        world.control("faults", &rule);
    };
    let permissions = || levels(&world, &["plan", "malmo", "--output", "json"])["permissions"].clone();
    denied("iam", "SimulatePrincipalPolicy", "AccessDenied");
    assert_eq!(permissions(), "warn");
    let text = world.run(&["plan", "malmo"]).expect(0);
    assert!(text.out.contains("dry runs say something of EC2 only"), "{}", text.out);
    denied("ec2", "AllocateAddress", "UnauthorizedOperation");
    assert_eq!(permissions(), "fail");
    let text = world.run(&["plan", "malmo"]).expect(0);
    assert!(text.out.contains("dry runs say: you may not ec2:AllocateAddress"), "{}", text.out);
}

#[test]
fn the_printed_policy_is_enough_and_no_statement_of_it_can_go() {
    let world = ready("malmo");
    let printed = world.run_with(&["policy", "malmo", "--role", "apply"], &[]).expect(0).json();
    let file = world.file("malmo").with_extension("json");
    let permissions = |policy: &Value| -> Ran {
        std::fs::write(&file, policy.to_string()).unwrap();
        world.python("unready.py", &["malmo", "policy", file.to_str().unwrap()]);
        world.run(&["plan", "malmo"]).expect(0)
    };
    let whole = permissions(&printed);
    assert!(!whole.out.contains("FAIL"), "{}", whole.out);
    for sid in ["NetworkMake", "NetworkTag", "PassRoles", "Records", "DatabasePassword", "StateWrite"] {
        let mut less = printed.clone();
        less["Statement"].as_array_mut().unwrap().retain(|statement| statement["Sid"] != sid);
        let less = permissions(&less);
        assert!(less.out.contains("FAIL  permissions: "), "{sid}:\n{}", less.out);
    }
}
