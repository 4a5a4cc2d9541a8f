//! What became of a city's data: who serves it, what was moved and verified, what users noticed, and the way back.

use super::style::{BOLD, DIM, GREEN, paint};
use crate::aws::data::complete::CompleteOutputs;
use crate::aws::data::switch::{INTERRUPTION, SwitchOutputs};
use crate::database::Side;
use crate::database::switch::{COMPARE, OPEN};
use crate::phases::cutover::SWITCH;
use crate::phases::rds::COMPLETE;
use crate::state::{State, StepRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The report, from the state alone.
#[derive(Debug, PartialEq, Serialize)]
pub struct Moved {
    /// Which side takes the writes; `None`: none, the city was taken down after its move was finished.
    serves: Option<Side>,
    /// Since when; `None`: it always did.
    since: Option<Timestamp>,
    /// What was copied ahead; `None`: not everything yet.
    copied: Option<CompleteOutputs>,
    /// The last handing over, to the side that serves; `None`: there was none.
    handed_over: Option<HandedOver>,
    /// When the way back was taken away.
    finished_at: Option<Timestamp>,
    /// The commands to go on with.
    next: Vec<Next>,
}

/// A handing over.
#[derive(Debug, PartialEq, Serialize)]
struct HandedOver {
    /// Milliseconds in which no side took writes; `None`: nobody measured them, the databases completed it by themselves.
    interruption_ms: Option<u64>,
    /// How long it might have been.
    budget_ms: u64,
    /// Tables that were compared by the end of it.
    tables: Option<u64>,
    /// Their rows.
    rows: Option<u64>,
    /// Rows that differed: with any the data isn't handed over.
    differences: u64,
}

/// A command and what it does.
#[derive(Debug, PartialEq, Serialize)]
struct Next {
    command: String,
    does: &'static str,
}

impl Moved {
    /// `None`: nothing of a move is recorded. `prefix` begins the commands of this world.
    pub fn of(state: &State, budget_seconds: u64, prefix: &str) -> Option<Self> {
        let outputs = |address: &str| state.resources.get(&address.into()).map(|record| &record.outputs);
        let copied = outputs(COMPLETE).and_then(|outputs| CompleteOutputs::deserialize(outputs).ok());
        let switched = outputs(SWITCH).and_then(|outputs| SwitchOutputs::deserialize(outputs).ok());
        let copied = copied.or_else(|| switched.as_ref()?.copied.clone());
        let steps = state.procedures.get(&SWITCH.into()).map(Vec::as_slice).unwrap_or_default();
        if copied.is_none() && switched.is_none() && steps.is_empty() {
            return None;
        }
        let done = |name: &str| steps.iter().find(|step| step.step == name && step.milliseconds.is_some());
        let count = |step: &str, what: &str| done(step).and_then(|step: &StepRecord| step.counts.get(what).copied());
        let handed_over = done(OPEN).map(|_| HandedOver {
            interruption_ms: count(OPEN, INTERRUPTION),
            budget_ms: budget_seconds * 1000,
            tables: count(COMPARE, "tables"),
            rows: count(COMPARE, "rows"),
            differences: 0,
        });
        let serves = match &switched {
            Some(_) => Some(Side::New),
            None => (!state.lookups.finished).then_some(Side::Old),
        };
        let since = serves.and_then(|_| done(OPEN)).map(|step| step.begun_at);
        let finished_at = switched.as_ref().and_then(|outputs| outputs.finished_at);
        let command = |verb: &str, does| Next { command: format!("{prefix} {verb} {}", state.city), does };
        let next = match (&switched, finished_at) {
            (None, _) if serves.is_none() => Vec::new(),
            (None, _) if copied.is_some() => vec![
                command("apply", "moves the city to the new side"),
                command("abandon", "gives the move up: nothing of it is left on the legacy database"),
            ],
            (None, _) => vec![command("apply", "moves the city to the new side")],
            (Some(_), None) => vec![
                command("rollback", "the way back, with every row that was written since"),
                command("finish", "the end: nothing of the move is left in the databases, nor a way back"),
            ],
            (Some(_), Some(_)) => Vec::new(),
        };
        Some(Self { serves, since, copied, handed_over, finished_at, next })
    }

    /// True while the old side serves.
    pub fn is_ahead(&self) -> bool {
        self.serves != Some(Side::New)
    }

    /// For people: a block of lines.
    pub fn text(&self) -> String {
        let who = match self.serves {
            Some(Side::Old) => "the legacy database serves",
            Some(Side::New) => "the new database serves",
            None => {
                "none serves: the city was taken down after its move was finished, and the legacy database is read-only"
            }
        };
        let since = self.since.map(|at| format!(" since {at:.0}")).unwrap_or_default();
        let mut lines = vec![format!("{}  {}{since}", paint(BOLD, "data"), paint(GREEN, who))];
        let mut line = |name: &str, text: String| lines.push(format!("  {name:<14}{text}"));
        if let Some(copied) = &self.copied {
            let (tables, rows) = (copied.tables, grouped(copied.rows));
            line(
                "copied",
                format!("{rows} rows, {} in {tables} tables, ahead, while users wrote", megabytes(copied.bytes)),
            );
        }
        if let Some(last) = &self.handed_over {
            if let (Some(tables), Some(rows)) = (last.tables, last.rows) {
                let differences = last.differences;
                line("verified", format!("{tables} tables, {} rows, {differences} differences", grouped(rows)));
            }
            line(
                "interruption",
                match last.interruption_ms {
                    Some(ms) => {
                        format!("{ms} ms without writes, reads went on (budget {} s)", last.budget_ms / 1000)
                    }
                    None => "not measured: the databases completed it by themselves".into(),
                },
            );
        }
        if let Some(at) = self.finished_at {
            line("finished", format!("{at:.0}: no way back, the legacy database is read-only"));
        }
        for next in &self.next {
            line("next", format!("{}  {}", next.command, paint(DIM, next.does)));
        }
        lines.join("\n") + "\n"
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

/// `1 234 567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::state::Record;
    use serde_json::json;

    fn step(step: &str, counts: &[(&str, u64)]) -> StepRecord {
        let counts = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let begun_at = "2026-11-24T02:10:00Z".parse().unwrap();
        StepRecord { step: step.into(), begun_at, milliseconds: Some(4), counts, ..StepRecord::default() }
    }

    fn record(outputs: serde_json::Value) -> Record {
        let record = json!({ "kind": "data", "props": {}, "outputs": outputs, "depends_on": [], "status": "ready" });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn it_follows_the_state_there_back_and_to_the_end() {
        let mut state = State::new("malmo", "123456789012", "eu-north-1");
        assert_eq!(Moved::of(&state, 60, "migrate"), None);
        let at = "2026-11-24T02:00:00Z";
        state
            .resources
            .insert(COMPLETE.into(), record(json!({ "at": at, "tables": 10, "rows": 1_234_567, "bytes": 20_345_678 })));
        let text = Moved::of(&state, 60, "migrate").unwrap().text();
        assert!(text.contains("the legacy database serves") && text.contains("migrate apply malmo"), "{text}");

        let steps = vec![step(COMPARE, &[("tables", 10), ("rows", 1_234_600)]), step(OPEN, &[(INTERRUPTION, 84)])];
        state.procedures.insert(SWITCH.into(), steps);
        let switched = json!({ "at": at, "interruption_ms": 84, "tables": 10, "rows": 1_234_600 });
        state.resources.insert(SWITCH.into(), record(switched.clone()));
        let text = anstream::adapter::strip_str(&Moved::of(&state, 60, "migrate").unwrap().text()).to_string();
        let expected = "data  the new database serves since 2026-11-24T02:10:00Z
  copied        1 234 567 rows, 20.3 MB in 10 tables, ahead, while users wrote
  verified      10 tables, 1 234 600 rows, 0 differences
  interruption  84 ms without writes, reads went on (budget 60 s)
  next          migrate rollback malmo  the way back, with every row that was written since
  next          migrate finish malmo  the end: nothing of the move is left in the databases, nor a way back
";
        assert_eq!(text, expected);

        let mut finished = switched;
        finished["finished_at"] = at.into();
        state.resources.insert(SWITCH.into(), record(finished));
        let text = Moved::of(&state, 60, "migrate").unwrap().text();
        assert!(text.contains("no way back") && !text.contains("rollback"), "{text}");
        state.resources.remove(&SWITCH.into());
        state.lookups.finished = true;
        let text = Moved::of(&state, 60, "migrate").unwrap().text();
        assert!(text.contains("none serves") && !text.contains("since") && !text.contains("next"), "{text}");
        state.lookups.finished = false;
        let json = serde_json::to_value(Moved::of(&state, 60, "migrate").unwrap()).unwrap();
        assert_eq!((&json["serves"], &json["handed_over"]["interruption_ms"]), (&json!("old"), &json!(84)));
    }
}
