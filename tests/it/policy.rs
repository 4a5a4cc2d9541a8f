//! The policies, held to what a city's whole life really calls.

use super::harness::{World, root};
use serde_json::Value;
use std::collections::BTreeSet;

/// The actions of a policy that is printed for a role.
fn allowed(world: &World, role: &str) -> BTreeSet<String> {
    let policy = world.run_with(&["policy", "malmo", "--role", role], &[]).expect(0).json();
    let texts = |value: &Value| -> Vec<String> {
        let one = value.as_str().map(|text| vec![text.to_owned()]);
        one.unwrap_or_else(|| value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect())
    };
    policy["Statement"].as_array().unwrap().iter().flat_map(|statement| texts(&statement["Action"])).collect()
}

/// The IAM actions of what was called since the last time.
fn called(world: &World) -> BTreeSet<String> {
    let status = world.status();
    let calls = status["calls"]["by_operation"].as_object().unwrap();
    let names = calls.keys().map(|name| {
        let (service, operation) = name.split_once('.').unwrap();
        let service = match service {
            "elbv2" => "elasticloadbalancing",
            "tagging" => "tag",
            "service-quotas" => "servicequotas",
            other => other,
        };
        // S3's own names for the rights, as its documentation lists them.
        let operation = match (service, operation) {
            ("s3", "ListBuckets") => "ListAllMyBuckets",
            ("s3", "ListObjectsV2") => "ListBucket",
            ("s3", "GetPublicAccessBlock") => "GetBucketPublicAccessBlock",
            ("s3", "PutPublicAccessBlock") => "PutBucketPublicAccessBlock",
            ("s3", "PutBucketEncryption") => "PutEncryptionConfiguration",
            ("s3", "PutBucketLifecycleConfiguration") => "PutLifecycleConfiguration",
            (_, other) => other,
        };
        format!("{service}:{operation}")
    });
    let names = names.collect();
    world.control("reset-calls", &serde_json::json!({}));
    names
}

#[track_caller]
fn within(calls: &BTreeSet<String>, policy: &BTreeSet<String>, role: &str) {
    assert!(calls.len() > 3, "calls are counted: {calls:?}");
    let beyond: Vec<_> = calls.difference(policy).collect();
    assert!(beyond.is_empty(), "called, but not in the policy for {role}: {beyond:?}");
}

#[test]
fn the_printed_policies_are_enough_for_a_citys_whole_life() {
    let world = World::new();
    let (plan, apply, bootstrap) = (allowed(&world, "plan"), allowed(&world, "apply"), allowed(&world, "bootstrap"));
    world.run(&["plan", "malmo"]).expect(0); // starts the sandbox, and gives it the city's legacy side
    called(&world);

    world.run(&["bootstrap", "malmo"]).expect(0);
    within(&called(&world), &bootstrap.union(&plan).cloned().collect(), "bootstrap");
    world.run(&["plan", "malmo"]).expect(0);
    within(&called(&world), &plan, "plan");
    // With the endpoint given, `apply` makes no buckets by itself, as at AWS.
    world.run_with(&["apply", "malmo", "--yes"], &world.exports()).expect(0);
    within(&called(&world), &apply, "apply");
    for command in ["plan", "status"] {
        world.run(&[command, "malmo"]).expect(0);
        within(&called(&world), &plan, "plan");
    }
    world.run(&["state", "history", "malmo"]).expect(0);
    called(&world);
    world.edit("malmo", "max: 8", "max: 9");
    world.run_with(&["apply", "malmo", "--yes"], &world.exports()).expect(0);
    world.run_with(&["destroy", "malmo", "--yes", "--delete-database", "malmo"], &world.exports()).expect(0);
    within(&called(&world), &apply, "apply");
}

#[test]
fn a_long_policy_is_printed_in_parts_that_managed_policies_hold() {
    let world = World::new();
    let whole = world.run_with(&["policy", "malmo", "--role", "apply"], &[]).expect(0);
    let parts = whole
        .err
        .split("--part ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next()?.parse::<usize>().ok())
        .max();
    let parts = parts.unwrap();
    let statements = |policy: &Value| policy["Statement"].as_array().unwrap().len();
    let mut found = 0;
    for part in 1..=parts {
        let part = world.run_with(&["policy", "malmo", "--role", "apply", "--part", &part.to_string()], &[]).expect(0);
        assert!(part.json().to_string().len() <= 6_144);
        found += statements(&part.json());
    }
    assert_eq!(found, statements(&whole.json()));
    let none = world.run_with(&["policy", "malmo", "--role", "apply", "--part", "99"], &[]).expect(1);
    assert!(none.err.contains(&format!("parts 1 to {parts}")), "{}", none.err);
}

#[test]
fn the_guides_trust_lets_one_repositorys_pull_requests_in_and_nobody_else() {
    let guide = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    let block = guide.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let trust: Value = serde_json::from_str(block).unwrap();
    let equals = &trust["Statement"][0]["Condition"]["StringEquals"];
    let subject = equals["token.actions.githubusercontent.com:sub"].as_str().unwrap();
    assert!(subject.ends_with(":pull_request") && !subject.contains('*'), "{subject}");
    assert_eq!(equals["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com");
    let workflow = std::fs::read_to_string(root().join(".github/workflows/plan.yml")).unwrap();
    assert!(workflow.contains("MIGRATE_PLAN_ROLE") && guide.contains("MIGRATE_PLAN_ROLE"));
}
