//! A live city's database moves and comes back under the load of twenty clients, by the real binary: what it cost them, in figures.
//! tests/database.sh runs it at length.

use super::client::Load;
use super::line::Engine;
use super::stage::{Leg, Stage};
use migrate::database::Side;
use std::fmt::Write;
use std::time::Duration;

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

fn ms(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

/// The figures of a leg, in the order of the table.
fn figures(leg: &Leg) -> Vec<(&'static str, String)> {
    let (seen, counted, probed) = (&leg.seen, &leg.counted, &leg.probed);
    let seconds =
        match (seen.acknowledged.iter().map(|one| one.2).min(), seen.acknowledged.iter().map(|one| one.2).max()) {
            (Some(first), Some(last)) => (last - first).as_secs_f64().max(0.001),
            _ => 1.0,
        };
    let mut times: Vec<Duration> = seen.acknowledged.iter().map(|one| one.3).collect();
    times.sort();
    let part = |of_a_thousand: usize| times.get(times.len() * of_a_thousand / 1000).copied().unwrap_or_default();
    vec![
        ("the command took", format!("{:.1} s", leg.took.as_secs_f64())),
        ("writes acknowledged", seen.acknowledged.len().to_string()),
        ("a second", format!("{:.0}", seen.acknowledged.len() as f64 / seconds)),
        ("lost", counted.lost.to_string()),
        ("doubled", counted.doubled.to_string()),
        ("damaged", counted.damaged.to_string()),
        ("refused attempts", seen.refused.len().to_string()),
        ("there though refused", counted.unasked.to_string()),
        ("outcome unknown", seen.unknown.len().to_string()),
        ("of all unknown ones, written", counted.unknown_there.to_string()),
        ("connections made", seen.reconnected.to_string()),
        ("reads", seen.reads.to_string()),
        ("reads wrong", seen.wrong.len().to_string()),
        ("a write took, median", ms(part(500))),
        ("99 of 100", ms(part(990))),
        ("longest a write failed or waited", ms(seen.longest_write)),
        ("longest a read did", ms(seen.longest_read)),
        ("interruption by the command", leg.interruption().map_or("?".into(), |time| format!("{time} ms"))),
        ("attempts to write on both sides", probed.attempts.to_string()),
        ("both sides took them", probed.turns.len().saturating_sub(2).to_string()),
        ("longest neither did", ms(probed.neither)),
        ("rows", counted.rows.to_string()),
        ("rows that differ", counted.differ.to_string()),
    ]
}

/// What must hold.
fn checks(name: &str, leg: &Leg, way: [Side; 2], goal: Duration) -> Vec<(String, bool)> {
    let (seen, counted) = (&leg.seen, &leg.counted);
    let all = [
        ("the command succeeds", leg.ran.code == Some(0)),
        ("the clients are led to the other side", leg.moved == (way[1] == Side::New)),
        ("no write is lost", counted.lost == 0 && !seen.acknowledged.is_empty()),
        ("none is doubled", counted.doubled == 0),
        ("none is damaged", counted.damaged == 0),
        ("none is there that was refused", counted.unasked == 0),
        ("no read is wrong", seen.wrong.is_empty() && seen.reads > 0),
        ("never both sides take writes", leg.probed.turns == way),
        ("no row differs", counted.differ == 0 && counted.rows > 0),
        ("no write waits longer than the goal", seen.longest_write < goal),
        ("never neither side for longer than the goal", leg.probed.neither < goal),
    ];
    all.into_iter().map(|(what, holds)| (format!("{name}: {what}"), holds)).collect()
}

fn render(there: &Leg, back: &Leg, checks: &[(String, bool)]) -> String {
    let mut text = format!("{:34} {:>12} {:>12}\n", "", "the move", "the way back");
    for ((what, one), (_, other)) in figures(there).into_iter().zip(figures(back)) {
        let _ = writeln!(text, "{what:34} {one:>12} {other:>12}");
    }
    for (name, leg) in [("the move", there), ("the way back", back)] {
        let steps: Vec<String> = leg.steps().iter().map(|(step, took)| format!("{step} {took}")).collect();
        let _ = writeln!(text, "steps of {name}, ms: {}", steps.join(", "));
    }
    for wrong in there.seen.wrong.iter().chain(&back.seen.wrong).take(10) {
        let _ = writeln!(text, "read wrong: {wrong}");
    }
    for leg in [there, back].into_iter().filter(|leg| leg.ran.code != Some(0)) {
        let _ = writeln!(text, "the command said:\n{}\n{}", leg.ran.out, leg.ran.err);
    }
    for (what, _) in checks.iter().filter(|(_, holds)| !holds) {
        let _ = writeln!(text, "FAILED {what}");
    }
    let failed = checks.iter().filter(|(_, holds)| !holds).count();
    let _ = writeln!(text, "{} passed, {failed} failed", checks.len() - failed);
    text
}

/// `LOAD_SECONDS` before and after each command, `LOAD_RATE` writes a second by `LOAD_CLIENTS`, `LOAD_MEGABYTES` of data, `LOAD_GOAL`: the
/// longest wait in milliseconds. `LOAD_REPORT`: the file that the table goes to.
async fn there_and_back(engine: Engine) {
    let load = Load { clients: number("LOAD_CLIENTS", 8) as usize, rate: number("LOAD_RATE", 60) };
    let aside = Duration::from_secs(number("LOAD_SECONDS", 1).into());
    // A test that a busy machine can't fail: the city's own budget, and what it takes to be seen.
    let goal = Duration::from_millis(number("LOAD_GOAL", 60_000).into());
    let stage = Stage::new(engine, number("LOAD_MEGABYTES", 2), load.clients, None).await;
    let there = stage.leg(&["apply", stage.city, "--yes"], load, &[], aside).await;
    let back = stage.leg(&["rollback", stage.city, "--yes"], load, &[&there.seen], aside).await;
    let mut all = checks("the move", &there, [Side::Old, Side::New], goal);
    all.extend(checks("the way back", &back, [Side::New, Side::Old], goal));
    let text = render(&there, &back, &all);
    if let Ok(file) = std::env::var("LOAD_REPORT") {
        std::fs::write(file, &text).unwrap();
    }
    assert!(all.iter().all(|(_, holds)| *holds), "\n{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres() {
    there_and_back(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mysql() {
    there_and_back(Engine::Mysql).await;
}
