//! A plan for a terminal.

use super::report::{PlanReport, sign, words};
use super::style::{ALARM, BOLD, CYAN, DIM, GREEN, RED, YELLOW, paint};
use super::values::{duration, value};
use crate::engine::plan::{Action, Change};
use anstyle::Style;
use std::fmt::Write;

/// The plan as text.
pub fn render(report: &PlanReport<'_>) -> String {
    let mut text = String::new();
    let plan = report.plan;
    let recorded = match plan.base.lineage {
        Some(_) => format!("state {}", plan.base.serial),
        None => "nothing recorded yet".into(),
    };
    let _ = writeln!(text, "{}  {} · account {} · {recorded}", paint(BOLD, &plan.city), plan.region, plan.account);
    for warning in &report.warnings {
        let _ = writeln!(text, "{} {warning}", paint(YELLOW, "warning:"));
    }
    for (name, title, changes) in report.phases() {
        let time =
            report.estimate.phases.get(name).map(|s| format!(" · about {}", duration(s.typical))).unwrap_or_default();
        let _ = writeln!(text, "\n{}  {}", paint(BOLD, name), paint(DIM, format!("{title}{time}")));
        changes.into_iter().for_each(|change| render_change(&mut text, change, report));
    }
    let _ = writeln!(text, "\n{}", paint(BOLD, report.summary()));
    for (name, fact) in facts(report) {
        let _ = writeln!(text, "{:<14}{fact}", format!("{name}:"));
    }
    for address in &report.data_at_risk {
        let _ = writeln!(
            text,
            "{}",
            paint(ALARM, format!("{address} holds data and would be deleted: it must be named with --delete-database"))
        );
    }
    text
}

/// Duration first, then what the city file gives.
pub fn facts(report: &PlanReport<'_>) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let total = report.estimate.total;
    if total.typical > 0 {
        let longest = report.estimate.critical_path.join(" → ");
        facts.push((
            "duration".into(),
            format!(
                "about {} ({} to {}); longest path {longest}",
                duration(total.typical),
                duration(total.low),
                duration(total.high)
            ),
        ));
    }
    facts.extend(report.facts.iter().cloned());
    facts
}

fn style(action: Action) -> Style {
    match action {
        Action::Create => GREEN,
        Action::Update => YELLOW,
        Action::Replace { .. } => ALARM,
        Action::Delete => RED,
        Action::Adopt | Action::Await | Action::Forget => DIM,
    }
}

fn render_change(text: &mut String, change: &Change, report: &PlanReport<'_>) {
    let style = style(change.action);
    let sign = sign(change.action);
    let verb = if change.action == Action::Create {
        String::new()
    } else {
        format!("  {}", paint(style, words(change.action)))
    };
    let _ =
        write!(text, "  {} {}  {}{verb}", paint(style, format!("{sign:>3}")), change.address, paint(DIM, &change.kind));
    if let Some(reason) = &change.reason {
        let _ = write!(text, "  {}", paint(DIM, format!("({reason})")));
    }
    if report.data_at_risk.contains(&change.address) {
        let _ = write!(text, "  {}", paint(ALARM, "holds data"));
    }
    text.push('\n');
    for field in &change.fields {
        let line = match change.action {
            Action::Create => format!("{} = {}", field.path, value(&field.new)),
            Action::Delete => continue,
            _ => format!("{}: {} → {}", field.path, value(&field.old), value(&field.new)),
        };
        let drift = if field.drift { paint(CYAN, "  (changed outside of migrate)") } else { String::new() };
        let _ = writeln!(text, "        {line}{drift}");
    }
}
