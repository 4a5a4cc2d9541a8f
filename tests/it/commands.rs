//! The commands that need no city to stand, and what bad input gets.

use super::harness::{World, root};
use serde_json::json;

#[test]
fn help_has_examples_and_exit_codes() {
    let world = World::new();
    let help = world.run_with(&["--help"], &[]).expect(0);
    for part in ["Examples:", "Exit codes:", "AWS_PROFILE", "130"] {
        assert!(help.out.contains(part), "no `{part}` in\n{}", help.out);
    }
    for command in ["plan", "apply", "destroy", "status", "validate", "schema", "init", "bootstrap", "completions"] {
        assert!(world.run_with(&[command, "--help"], &[]).expect(0).out.contains("Example"), "{command}");
    }
    // A typing mistake in CI must not look like "there are changes".
    world.run_with(&["plan", "malmo", "--detailled-exitcode"], &[]).expect(1);
}

#[test]
fn every_mistake_is_told_at_its_place_before_anything_is_touched() {
    let world = World::new();
    world.run_with(&["validate"], &[]).expect(0);
    world.edit("malmo", "region: eu-north-1", "regoin: eu-north-1");
    world.edit("malmo", "max: 8", "max: 1");
    let told = world.run_with(&["validate", "malmo"], &[]).expect(1);
    assert!(
        told.err.contains("regoin") && told.err.contains("region") && told.err.contains("malmo.yaml"),
        "{}",
        told.err
    );
    let found = world.run_with(&["validate", "malmo", "--output", "json"], &[]).expect(1).json();
    assert_eq!(found["valid"], json!(false));
    assert!(found["problems"].as_array().unwrap().iter().all(|p| p["line"].as_u64().is_some()), "{found}");
    // `apply` refuses it before a sandbox or a credential is even looked for.
    let refused = world.run_with(&["apply", "malmo", "--yes"], &[]).expect(1);
    assert!(refused.err.contains("regoin"), "{}", refused.err);
    let unknown = world.run_with(&["plan", "malmoe"], &[]).expect(1);
    assert!(unknown.err.contains("malmo"), "{}", unknown.err);
}

#[test]
fn schema_is_the_committed_one() {
    let printed = World::new().run_with(&["schema"], &[]).expect(0).json();
    let committed = std::fs::read_to_string(root().join("docs/city.schema.json")).unwrap();
    assert_eq!(printed, serde_json::from_str::<serde_json::Value>(&committed).unwrap());
}

#[test]
fn init_writes_a_file_once() {
    let world = World::new();
    world.run_with(&["init", "gent"], &[]).expect(0);
    let text = std::fs::read_to_string(world.file("gent")).unwrap();
    assert!(text.contains('#') && text.contains("region:"));
    let again = world.run_with(&["init", "gent"], &[]).expect(1);
    assert!(again.err.contains("never overwritten"), "{}", again.err);
    assert_eq!(std::fs::read_to_string(world.file("gent")).unwrap(), text);
    world.run_with(&["init", "Gent!"], &[]).expect(1);
}

#[test]
fn completions_are_scripts() {
    let world = World::new();
    for (shell, part) in [("bash", "complete -F"), ("zsh", "#compdef migrate"), ("fish", "complete -c migrate")] {
        assert!(world.run_with(&["completions", shell], &[]).expect(0).out.contains(part));
    }
}

#[test]
fn bootstrap_makes_private_versioned_buckets_and_can_be_repeated() {
    let world = World::new();
    for _ in 0..2 {
        let made = world.run(&["bootstrap", "malmo"]).expect(0);
        assert!(made.out.contains("s3://migrate-state-123456789012-eu-north-1 is there"), "{}", made.out);
    }
    let found = world.python("buckets.py", &[]);
    assert_eq!(
        found["migrate-state-123456789012-eu-north-1"],
        json!({ "versioned": true, "encrypted": true, "private": true, "tls_only": true })
    );
    assert_eq!(found["migrate-logs-123456789012-eu-north-1"]["private"], json!(true));
}
