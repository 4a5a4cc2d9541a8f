//! A file with many mistakes: all are told, each at its place.

use std::path::PathBuf;

use crate::spec::{Problems, load};

const WRONG: &str = r#"account: 123456789012
region: eu-nort-1
legacy:
  instances: { tags: { Name: malmo-web } }
  addresses: [198.51.100.10, 198.51.100.300]
  database:
    engine: postgress
    endpoint: 10.40.2.20
    name: bikes
    credentials: arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/legacy-database-AbCdEf
  hosted_zone: malmobybike.example
  records: [www.malmobybike.example, www.lund.example]
  monthly_cost: a lot
window: { days: [tue, wedd], start: "2:00", length: 1m, time_zone: Europe/Stokholm }
network: { cidr: 10.41.0.0/24, zones: [a, b] }
database: { version: 16.8, class: db.t4g.medum, storage: 50, max_storage: 40, bakup_days: 3 }
services:
  web:
    image: bikes-web
    cpu: 4096
    memory: 512
    port: 80800
    helth: { path: /healthz }
    hosts: [www.malmobybike.example, api.lund.example]
    min: 9
    max: 8
capacity: { instances: [t3.small, t4g.small], max: 6 }
cutover: { steps: [25, 5], bake: 60s }
"#;

#[expect(clippy::unwrap_used, reason = "tests")]
fn problems(text: &str) -> Problems {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("malmo.yaml"), text).unwrap();
    let mut problems = load(folder.path(), &["malmo".to_owned()]).err().unwrap_or_default();
    problems.0.iter_mut().for_each(|problem| problem.file = PathBuf::from("cities/malmo.yaml"));
    problems
}

#[test]
fn all_mistakes_are_told_at_their_places() {
    insta::assert_snapshot!(problems(WRONG).to_string());
}

#[test]
fn a_report_shows_the_line() {
    let shown = problems(WRONG).render(false, 100);
    insta::assert_snapshot!(shown.lines().filter(|line| !line.contains("╭─[")).collect::<Vec<_>>().join("\n"));
}

#[test]
fn other_programs_get_the_same() {
    let all = serde_json::to_value(problems("account: \"123456789012\"\nregion: eu-nort-1\n")).unwrap_or_default();
    insta::assert_json_snapshot!(all[0]);
}

#[test]
fn a_key_that_stands_twice_hides_nothing() {
    let found = problems("account: \"1\"\nregion: eu-north-1\nregion: x\n");
    let messages: Vec<&str> = found.0.iter().map(|problem| problem.message.as_str()).collect();
    assert!(messages.iter().any(|m| m.contains("duplicate")), "{messages:?}");
    assert!(messages.contains(&"`1` is not an account id") && messages.contains(&"missing field `legacy`"), "{messages:?}");
}

#[test]
fn what_is_not_yaml_is_told_with_its_line() {
    let found = problems("account: \"1\"\nregion: [eu-north-1\nlegacy: }\n");
    assert_eq!(found.0.len(), 1);
    assert!(found.0[0].line.is_some_and(|line| line >= 2), "{found}");
}
