//! Plans as people and programs see them, what they cost in calls, and that they write nothing.

use super::harness::World;
use serde_json::{Value, json};

const READS: [&str; 5] = ["Describe", "Get", "List", "Head", "Simulate"];

fn calls(status: &Value) -> Vec<(String, u64)> {
    let calls = status["calls"]["by_operation"].as_object().unwrap();
    calls.iter().map(|(name, count)| (name.clone(), count.as_u64().unwrap())).collect()
}

fn writes(status: &Value) -> Vec<String> {
    let is_read = |name: &str| {
        let operation = name.split(['.', ':']).next_back().unwrap_or_default();
        READS.iter().any(|verb| operation.starts_with(verb)) || operation == "BatchGetImage"
    };
    calls(status).into_iter().map(|(name, _)| name).filter(|name| !is_read(name)).collect()
}

#[test]
fn a_plan_writes_nothing_and_an_unchanged_city_costs_at_most_30_calls() {
    for city in ["malmo", "drammen", "antwerp"] {
        let world = World::new();
        world.run(&["sandbox", "start"]);
        world.run(&["validate"]).expect(0);
        world.run(&["plan", city]).expect(0);
        world.control("reset-calls", &json!({}));
        world.run(&["plan", city]).expect(0);
        assert_eq!(writes(&world.status()), [] as [String; 0], "{city}");
        world.run(&["apply", city, "--yes"]).expect(0);
        world.control("reset-calls", &json!({}));
        world.run(&["plan", city, "--detailed-exitcode"]).expect(0);
        let status = world.status();
        let total: u64 = calls(&status).iter().map(|(_, count)| count).sum();
        assert!(total <= 30, "{city}: {total} calls: {:?}", calls(&status));
        assert_eq!(writes(&status), [] as [String; 0], "{city}");
    }
}

/// The text of a whole plan, with what differs from run to run taken out.
fn stable(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with("window:") && !line.starts_with("- window:")) {
        let mut line = line.to_owned();
        for prefix in ["sha256:", "zone = \"Z", "= \"vpc-"] {
            if let Some(at) = line.find(prefix) {
                let end =
                    line[at + prefix.len()..].find(['"', ',', ' ', ']']).map_or(line.len(), |i| at + prefix.len() + i);
                line.replace_range(at + prefix.len()..end, "…");
            }
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[test]
fn each_city_reads_as_before() {
    let world = World::new();
    for city in ["malmo", "drammen", "antwerp"] {
        let plan = world.run(&["plan", city]).expect(0);
        insta::assert_snapshot!(format!("plan-{city}"), stable(&plan.out));
    }
}

#[test]
fn many_cities_in_every_format() {
    let world = World::new();
    let json = world.run(&["plan", "--all", "--output", "json"]).expect(0).json();
    let names: Vec<_> = json.as_array().unwrap().iter().map(|p| p["plan"]["city"].as_str().unwrap()).collect();
    assert_eq!(names, ["antwerp", "drammen", "malmo"]);
    let markdown = world.run(&["plan", "--all", "--output", "markdown"]).expect(0);
    assert_eq!(markdown.out.matches("<details>").count(), markdown.out.matches("</details>").count());
    assert!(markdown.out.contains("**malmo** (eu-north-1): Plan: "), "{}", markdown.out);
    assert!(markdown.out.len() < 65_536, "a comment on GitHub must hold it");
}

#[test]
fn the_same_binary_against_an_emulator_by_hand() {
    let world = World::new();
    world.run(&["plan", "drammen"]).expect(0); // gives the emulator the city's legacy side
    let env = world.exports();
    world.run_with(&["bootstrap", "drammen"], &env).expect(0);
    world.run_with(&["apply", "drammen", "--yes", "--until", "security-groups"], &env).expect(0);
    let left = world.run_with(&["plan", "drammen", "--detailed-exitcode"], &env).expect(2);
    assert!(left.out.contains("rds/instance") && !left.out.contains("vpc/vpc  "), "{}", left.out);
    world.run_with(&["apply", "drammen", "--yes"], &env).expect(0);
    let status = world.run_with(&["status", "drammen"], &env).expect(0);
    assert!(status.out.contains("cutover") && status.out.contains("healthy"), "{}", status.out);
    let history = world.run_with(&["state", "history", "drammen"], &env).expect(0);
    assert!(history.out.lines().count() > 10, "{}", history.out);
    let shown = world.run_with(&["state", "show", "drammen"], &env).expect(0);
    assert!(!shown.out.to_lowercase().contains("\"password\""), "a state holds no secret");
    world.run_with(&["state", "list", "drammen"], &env).expect(0);
}

#[test]
fn without_credentials_or_in_a_strangers_account_nothing_is_planned() {
    let world = World::new();
    let mut env = world.exports();
    for (name, value) in &mut env {
        if name == "AWS_ACCESS_KEY_ID" {
            *value = "SANDBOX999999999999".into();
        }
    }
    let stranger = world.run_with(&["plan", "malmo"], &env).expect(1);
    assert!(stranger.err.contains("999999999999") && stranger.err.contains("123456789012"), "{}", stranger.err);
    let nobody = [("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned())];
    let lost = world.run_with(&["plan", "malmo"], &nobody).expect(1);
    assert!(lost.err.contains("AWS_PROFILE"), "{}", lost.err);
}
