//! What a run ends with on standard output: the report of a move of data, or everything as JSON.

use super::open::Opened;
use super::plan::Format;
use crate::engine::executor::Outcome;
use crate::engine::plan::Plan;
use crate::state::State;
use crate::view::moved::Moved;
use crate::view::out;
use serde::Serialize;
use std::time::Duration;

/// The result of a run, for programs.
#[derive(Serialize)]
struct Ending<'a> {
    city: &'a str,
    command: &'a str,
    /// Changes that were done.
    done: usize,
    /// Changes that weren't, without those that failed.
    left: usize,
    failed: Vec<Failed>,
    seconds: f64,
    /// The data; `null` where none was moved.
    data: Option<Moved>,
}

#[derive(Serialize)]
struct Failed {
    address: String,
    why: String,
}

/// What the recorded state says of the city's data.
pub fn moved(city: &Opened, state: &State) -> Option<Moved> {
    Moved::of(state, city.city.spec.budget.interruption.0, city.prefix)
}

/// Prints it. Without an outcome nothing had to be done.
pub fn print(city: &Opened, plan: &Plan, outcome: Option<&Outcome>, state: &State, took: Duration, format: Format) {
    let data = moved(city, state);
    if format == Format::Json {
        let failures = outcome.map(|outcome| outcome.failures.as_slice()).unwrap_or_default();
        let failed = failures.iter().map(|one| Failed { address: one.address.to_string(), why: one.why.to_string() });
        return json(&Ending {
            city: &city.city.name,
            command: plan.goal.command(),
            done: outcome.map_or(0, |outcome| outcome.done.len()),
            left: outcome.map_or(0, |outcome| outcome.left.len()),
            failed: failed.collect(),
            seconds: took.as_secs_f64(),
            data,
        });
    }
    let touched = plan.changes.iter().any(|change| change.kind.starts_with("data:"));
    if let Some(data) = data.filter(|_| touched && outcome.is_some()) {
        out(&data.text());
    }
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) {
    // Serialising plain structures can't fail.
    out(&format!("{}\n", serde_json::to_string_pretty(value).unwrap_or_default()));
}
