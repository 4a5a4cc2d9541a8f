//! A plan for a terminal.

use super::report::{Drift, PlanReport, sign, words};
use super::style::{ALARM, BOLD, DIM, GREEN, RED, YELLOW, paint};
use super::values::{duration, value};
use crate::engine::Address;
use crate::engine::cloud::Stray;
use crate::engine::plan::{Action, Change, FieldChange, Plan};
use crate::preflight::Level;
use anstyle::Style;
use std::fmt::Write;

/// What the section of drift says of itself.
pub const DRIFT: &str = "changed outside of migrate; apply puts it back";

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
    if !report.drift.is_empty() {
        let _ = writeln!(text, "\n{}  {}", paint(BOLD, "drift"), paint(DIM, DRIFT));
        report.drift.iter().for_each(|drift| render_drift(&mut text, drift, report));
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
    preflight(&mut text, report);
    for stray in &plan.strays {
        let _ = writeln!(text, "{} {}", paint(YELLOW, "stray:"), described(stray, plan));
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

/// What a stray is, and what can be done about it.
pub fn described(stray: &Stray, plan: &Plan) -> String {
    let tagged = stray.address.as_ref().map(|address| format!(", tagged {address}")).unwrap_or_default();
    let has =
        |address: &Address| plan.known.contains_key(address) || plan.changes.iter().any(|c| c.address == *address);
    let known = stray.address.as_ref().is_some_and(has);
    let ways = match known {
        true => format!("`migrate destroy {} --stray {}` deletes it", plan.city, stray.id),
        false => "delete it in AWS, or take its tag away".into(),
    };
    format!(
        "{} ({}{tagged}) belongs to {} and stands at none of its addresses: {ways}",
        stray.id, stray.kind, plan.city
    )
}

fn preflight(text: &mut String, report: &PlanReport<'_>) {
    let Some(summary) = report.preflight_summary() else { return };
    let _ = writeln!(text, "{:<14}{summary}", "preflight:");
    for finding in report.troubles() {
        let label = if finding.level == Level::Fail { paint(RED, "FAIL") } else { paint(YELLOW, "warn") };
        let _ = writeln!(text, "  {label}  {}: {}", finding.check, finding.says);
        if let Some(mend) = &finding.mend {
            let _ = writeln!(text, "        {}", paint(DIM, format!("→ {mend}")));
        }
    }
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
        Action::Adopt | Action::Await | Action::Import | Action::Forget => DIM,
    }
}

fn render_drift(text: &mut String, drift: &Drift<'_>, report: &PlanReport<'_>) {
    render_head(text, drift.change, report);
    drift.fields.iter().for_each(|field| render_field(text, drift.change.action, field));
}

/// What is meant; what is drift stands in its own section.
fn render_change(text: &mut String, change: &Change, report: &PlanReport<'_>) {
    render_head(text, change, report);
    change.fields.iter().filter(|field| !field.drift).for_each(|field| render_field(text, change.action, field));
}

fn render_head(text: &mut String, change: &Change, report: &PlanReport<'_>) {
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
}

fn render_field(text: &mut String, action: Action, field: &FieldChange) {
    let _ = match action {
        Action::Create => writeln!(text, "        {} = {}", field.path, value(&field.new)),
        Action::Delete => Ok(()),
        _ => writeln!(text, "        {}: {} → {}", field.path, value(&field.old), value(&field.new)),
    };
}
