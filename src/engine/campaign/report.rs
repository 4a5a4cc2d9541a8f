//! The campaign's table: what happened to which kind of call, and what became of it.

use super::case::{Case, Ending};
use crate::engine::memory::script::Fault;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What became of the cases in which one fault happened to one kind of call.
#[derive(Default)]
struct Row {
    calls: std::collections::BTreeSet<String>,
    runs: usize,
    survived: usize,
    errors: usize,
    duplicates: usize,
    orphans: usize,
    untrue: usize,
}

/// Everything that was played.
#[derive(Default)]
pub struct Report {
    rows: BTreeMap<(String, String), Row>,
    passed: usize,
    failed: Vec<String>,
    quiet: usize,
}

impl Report {
    /// Counts a case.
    pub fn add(&mut self, case: &Case, ending: &Ending) {
        if ending.good() {
            self.passed += 1;
        } else {
            self.failed.push(format!("{case}\n    {ending:?}"));
        }
        let storm = case.faults.len() > 1;
        let keys: Vec<(String, String, String)> = match &ending.happened[..] {
            [] => {
                self.quiet += 1;
                return;
            }
            _ if storm => vec![("several".into(), "at random".into(), String::new())],
            [(moment, fault), ..] => {
                let (verb, what) = moment.split_once(' ').unwrap_or((moment, ""));
                let verb = if verb == "write" { moment } else { verb };
                vec![(name(*fault).into(), verb.into(), what.into())]
            }
        };
        for (fault, verb, call) in keys {
            let row = self.rows.entry((verb, fault)).or_default();
            row.calls.insert(call);
            row.runs += 1;
            row.survived += usize::from(ending.survived);
            row.errors += usize::from(!ending.survived);
            row.duplicates += usize::from(!ending.verdict.duplicates.is_empty());
            row.orphans += usize::from(!ending.verdict.orphans.is_empty());
            row.untrue += usize::from(!ending.verdict.untrue.is_empty());
        }
    }

    /// The cases that failed.
    pub fn failed(&self) -> &[String] {
        &self.failed
    }

    /// The table, the failures, and the last line.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let head = ["call", "fault", "calls", "runs", "survived", "errors", "duplicates", "orphans", "untrue"];
        let line = |cells: [&str; 9]| {
            let [verb, fault, numbers @ ..] = cells;
            numbers.iter().fold(format!("{verb:14} {fault:26}"), |line, cell| line + &format!(" {cell:>10}"))
        };
        let _ = writeln!(text, "{}", line(head));
        for ((verb, fault), row) in &self.rows {
            let numbers =
                [row.calls.len(), row.runs, row.survived, row.errors, row.duplicates, row.orphans, row.untrue];
            let [a, b, c, d, e, f, g] = numbers.map(|number| number.to_string());
            let _ = writeln!(text, "{}", line([verb, fault, &a, &b, &c, &d, &e, &f, &g]));
        }
        let _ = writeln!(text, "{} cases whose moment never came", self.quiet);
        for failure in self.failed.iter().take(40) {
            let _ = writeln!(text, "FAILED {failure}");
        }
        let _ = writeln!(text, "{} passed, {} failed", self.passed, self.failed.len());
        text
    }

    /// What another thread counted.
    pub fn merge(&mut self, other: Self) {
        self.passed += other.passed;
        self.quiet += other.quiet;
        self.failed.extend(other.failed);
        for (key, row) in other.rows {
            let mine = self.rows.entry(key).or_default();
            mine.calls.extend(row.calls);
            mine.runs += row.runs;
            mine.survived += row.survived;
            mine.errors += row.errors;
            mine.duplicates += row.duplicates;
            mine.orphans += row.orphans;
            mine.untrue += row.untrue;
        }
    }
}

fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::Throttled => "throttled three times",
        Fault::Internal => "500",
        Fault::Unavailable => "503",
        Fault::Reset => "connection reset",
        Fault::TimedOut => "time-out, no effect",
        Fault::Hung => "time-out after its effect",
        Fault::Lost => "answer lost",
        Fault::Half => "second half: not found",
        Fault::Hidden => "doesn't show for 4 minutes",
        Fault::NotYet => "not found yet",
        Fault::Denied => "access denied",
        Fault::HalfDenied => "second half: denied",
        Fault::Quota => "quota exceeded",
        Fault::DiesBefore => "killed before it",
        Fault::DiesAfter => "killed before its answer",
        Fault::Sleeps => "suspended past its lease",
    }
}
