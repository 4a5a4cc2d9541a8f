//! What users notice is done in the city's window, fits into it, keeps the budget, and replaces nothing that serves, unless somebody says so.

use super::harness::{Ran, World, breathe};
use jiff::{Timestamp, ToSpan, Zoned};
use serde_json::Value;

/// A window of a day's length that opens at `start`, on that weekday only.
fn on(start: &Zoned) -> String {
    let day = start.strftime("%a").to_string().to_lowercase();
    format!("{{ days: [{day}], start: \"{}\", length: 24h, time_zone: Etc/UTC }}", start.strftime("%H:%M"))
}

fn now() -> Zoned {
    Timestamp::now().in_tz("Etc/UTC").unwrap()
}

/// Where the names of a city lead, as the sandbox's DNS answers: `legacy`, `balancer`, or both.
fn leads_to(world: &World, host: &str) -> Vec<String> {
    let answers = world.answers(host, "/");
    let served = answers.iter().filter(|one| one["share"].as_f64() > Some(0.0));
    let sides: std::collections::BTreeSet<String> =
        served.map(|one| one["leads_to"].as_str().unwrap().to_owned()).collect();
    sides.into_iter().collect()
}

fn apply(world: &World, more: &[&str]) -> Ran {
    world.run(&[&["apply", "malmo", "--yes"], more].concat())
}

fn in_window(world: &World) -> Vec<String> {
    let plan = world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    let all = plan[0]["in_window"].as_array().unwrap();
    all.iter().map(|address| address.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_users_notice_waits_for_the_window_and_all_else_does_not() {
    let world = World::new();
    const WWW: &str = "www.malmobybike.example";
    world.window("malmo", &on(&now().checked_add(3.days()).unwrap()));
    let first = apply(&world, &[]).expect(3);
    for fact in ["changes wait for the city's window: the window opens", "waiting:", "cutover/shift.100", "--now=malmo"]
    {
        assert!(first.err.contains(fact), "no `{fact}` in:\n{}", first.err);
    }
    assert_eq!(leads_to(&world, WWW), ["legacy"]);
    let waits = in_window(&world);
    assert!(waits.contains(&"cutover/shift.5".into()) && waits.iter().all(|address| address.starts_with("cutover/")));
    let again = apply(&world, &[]).expect(3);
    assert!(!again.err.contains("done in"), "nothing was left but what waits:\n{}", again.err);

    let other = apply(&world, &["--now=drammen"]).expect(1);
    assert!(other.err.contains("--now=drammen doesn't name malmo: nothing was changed"), "{}", other.err);
    let unnamed = apply(&world, &["--now"]).expect(1);
    assert!(unnamed.err.contains("say --now=malmo"), "{}", unnamed.err);
    apply(&world, &["--now=malmo"]).expect(0);
    assert_eq!(leads_to(&world, WWW), ["balancer"]);

    // A way back is never refused, and taking the city down is.
    let down = world.run(&["destroy", "malmo", "--yes", "--delete-database", "malmo"]).expect(3);
    assert!(down.err.contains("the window opens") && leads_to(&world, WWW) == ["balancer"], "{}", down.err);
    let back = world.run(&["rollback", "malmo", "--yes"]).expect(0);
    assert!(back.out.contains("a way back doesn't wait for it"), "{}", back.out);
    assert_eq!(leads_to(&world, WWW), ["legacy"]);
    // Nobody is served by it any more, so nobody notices.
    world.run(&["destroy", "malmo", "--yes", "--delete-database", "malmo"]).expect(0);
}

#[test]
fn what_does_not_fit_before_the_window_closes_is_not_begun() {
    let world = World::new();
    // 21 hours of being well are 84 s here; the window closes within a minute.
    world.edit("malmo", "alarms:", "cutover: { steps: [5, 25, 100], bake: 7h }\n\nalarms:");
    world.run(&["apply", "malmo", "--yes", "--until", "autoscaling"]).expect(0);
    // It must not close before it is looked at.
    while now().second() > 35 {
        breathe();
    }
    world.window("malmo", &on(&now().checked_sub(24.hours()).unwrap().checked_add(1.minute()).unwrap()));
    let refused = apply(&world, &[]).expect(3);
    assert!(refused.err.contains("and what is left takes about"), "{}", refused.err);
    assert_eq!(leads_to(&world, "www.malmobybike.example"), ["legacy"]);
}

#[test]
fn a_living_city_is_changed_within_its_budget_or_with_consent() {
    let world = World::new();
    apply(&world, &[]).expect(0);
    let fact = |plan: &Value, name: &str| -> String {
        let facts = plan[0]["facts"].as_array().unwrap();
        facts.iter().find(|fact| fact[0] == name).unwrap()[1].as_str().unwrap().to_owned()
    };
    let plan = || world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    assert_eq!(fact(&plan(), "interruption"), "none: no change is noticed (budget 30 s)");

    world.edit("malmo", "db.t4g.medium", "db.t4g.large");
    let planned = plan();
    let told = fact(&planned, "interruption");
    assert!(
        told.starts_with("at most 120 s: 120 s the database fails over") && told.contains("(rds/instance, D)"),
        "{told}"
    );
    assert!(planned[0]["in_window"].as_array().unwrap().contains(&"rds/instance".into()));
    let refused = apply(&world, &[]).expect(1);
    assert!(
        refused.err.contains("interrupted for up to 120 s, the budget is 30 s; nothing was changed"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("add --accept-interruption 120s"), "{}", refused.err);
    world.window("malmo", &on(&now().checked_add(3.days()).unwrap()));
    apply(&world, &["--accept-interruption", "120s"]).expect(3);
    apply(&world, &["--accept-interruption", "120s", "--now=malmo"]).expect(0);
    assert_eq!(world.run(&["plan", "malmo", "--detailed-exitcode"]).code, Some(0));

    // What serves is replaced only by its own name.
    world.edit("malmo", "\n  web:\n", "\n  site:\n");
    let refused = apply(&world, &["--now=malmo"]).expect(1);
    assert!(refused.err.contains("users are served by it; nothing was changed"), "{}", refused.err);
    let hint = refused.err.split("add ").nth(1).unwrap().trim();
    assert!(hint.contains("--replace alb/service.web") && hint.contains("--replace alb/target-group.web"), "{hint}");
    let consent: Vec<&str> = hint.split_whitespace().chain(["--now=malmo"]).collect();
    apply(&world, &consent).expect(0);
}
