//! Progress of a run: a line a phase on a terminal, a line an event elsewhere.

use super::report::sign;
use super::style::{DIM, GREEN, RED, YELLOW, paint};
use crate::engine::events::{Event, Observer, What};
use crate::engine::graph::{Half, nodes};
use crate::engine::plan::Plan;
use crate::phases::PHASES;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shows what a run does.
pub struct Progress {
    begun: Instant,
    /// Expected seconds of the whole run, at the pace of this world.
    expected: Duration,
    lines: Option<Mutex<Lines>>,
}

struct Lines {
    all: MultiProgress,
    total: ProgressBar,
    phases: BTreeMap<String, Line>,
}

struct Line {
    bar: ProgressBar,
    /// What is under way, since when, and what it is doing.
    busy: BTreeMap<String, (Instant, String)>,
}

impl Progress {
    /// For a run of `plan` that is expected to take so long.
    pub fn new(plan: &Plan, expected: Duration) -> Self {
        let lines = std::io::stderr().is_terminal().then(|| Mutex::new(Lines::new(plan)));
        Self { begun: Instant::now(), expected, lines }
    }

    fn line(&self, event: &Event) {
        let subject =
            format!("{} {}", if event.half == Half::Remove { "-" } else { sign(event.action) }, event.address);
        let at = format!("{:>6.1} s", self.begun.elapsed().as_secs_f64());
        let text = match &event.what {
            What::Begun => return,
            What::Waiting(doing) => format!("{subject}  {}", paint(DIM, doing)),
            What::Retrying(error) => format!("{subject}  {} {error}", paint(YELLOW, "again after")),
            What::Done(took) => format!("{subject}  {}", paint(GREEN, format!("done in {:.1} s", took.as_secs_f64()))),
            What::Failed(why) => format!("{subject}  {} {why}", paint(RED, "failed:")),
        };
        super::note(&format!("{} {text}", paint(DIM, at)));
    }

    /// Keeps the times on the lines going, until the returned task is aborted.
    pub fn tick(self: &Arc<Self>) -> tokio::task::JoinHandle<()> {
        let me = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(500)).await;
                if let Some(lines) = &me.lines {
                    let remaining = me.expected.saturating_sub(me.begun.elapsed());
                    lines.lock().unwrap_or_else(PoisonError::into_inner).refresh(remaining);
                }
            }
        })
    }

    /// Clears the lines of a terminal and leaves their last state.
    pub fn finish(&self) {
        if let Some(lines) = &self.lines {
            let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.phases.values().for_each(|line| line.bar.abandon());
            lines.total.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: Event) {
        match &self.lines {
            None => self.line(&event),
            Some(lines) => {
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                lines.update(&event);
                lines.refresh(self.expected.saturating_sub(self.begun.elapsed()));
            }
        }
    }
}

impl Lines {
    fn new(plan: &Plan) -> Self {
        let all = MultiProgress::new();
        let nodes = nodes(&plan.changes);
        let style =
            |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let mut phases = BTreeMap::new();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        nodes.iter().for_each(|node| *counts.entry(plan.changes[node.change].address.phase()).or_default() += 1);
        let order = PHASES.iter().map(|phase| phase.name).filter(|name| counts.contains_key(name));
        for name in order {
            let bar = all.add(ProgressBar::new(counts[name]));
            bar.set_style(style("{prefix:<16} {bar:16.green/dim} {pos:>3}/{len:<3} {wide_msg}"));
            bar.set_prefix(name.to_owned());
            phases.insert(name.to_owned(), Line { bar, busy: BTreeMap::new() });
        }
        let total = all.add(ProgressBar::new(nodes.len() as u64));
        total.set_style(style("{spinner} {elapsed} {wide_msg}"));
        total.enable_steady_tick(Duration::from_millis(200));
        Self { all, total, phases }
    }

    fn update(&mut self, event: &Event) {
        let Some(line) = self.phases.get_mut(event.address.phase()) else { return };
        let name = event.address.name().to_owned();
        match &event.what {
            What::Begun => drop(line.busy.insert(name, (Instant::now(), String::new()))),
            What::Waiting(doing) => line.doing(&name, doing.clone()),
            What::Retrying(error) => line.doing(&name, format!("again after {}", error.code)),
            What::Done(_) => {
                line.busy.remove(&name);
                line.bar.inc(1);
            }
            What::Failed(why) => {
                line.busy.remove(&name);
                let _ = self.all.println(format!("{} {}: {why}", paint(RED, "failed"), event.address));
            }
        }
    }

    fn refresh(&self, remaining: Duration) {
        self.total.set_message(format!("about {} s to go", remaining.as_secs()));
        self.phases.values().for_each(Line::refresh);
    }
}

impl Line {
    /// Shows what has been under way longest.
    fn refresh(&self) {
        let longest = self.busy.iter().min_by_key(|(_, (since, _))| *since);
        self.bar.set_message(longest.map_or_else(String::new, |(name, (since, doing))| {
            let others = if self.busy.len() > 1 { format!(" and {} more", self.busy.len() - 1) } else { String::new() };
            format!("{name}{}{doing} {} s{others}", if doing.is_empty() { "" } else { ": " }, since.elapsed().as_secs())
        }));
    }

    fn doing(&mut self, name: &str, what: String) {
        if let Some((_, doing)) = self.busy.get_mut(name) {
            *doing = what;
        }
    }
}
