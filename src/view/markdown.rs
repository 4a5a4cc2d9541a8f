//! Plans for a comment on a pull request: a line a city, details folded away.

use super::plan_text::{DRIFT, described, facts};
use super::report::{PlanReport, sign, words};
use super::values::value;
use crate::engine::plan::{Action, Change, FieldChange};
use crate::preflight::Level;
use std::fmt::Write;

/// The longest text that a comment on GitHub may have is 65,536 characters; the rest of the details is left out.
const LONGEST: usize = 60_000;

/// The plans as Markdown.
pub fn render(reports: &[PlanReport<'_>]) -> String {
    let mut text = String::from("### `migrate plan`\n");
    for report in reports {
        let mut city = String::new();
        render_city(&mut city, report);
        if text.len() + city.len() > LONGEST {
            let _ = writeln!(
                text,
                "\n**{}**: {} (details left out, the comment would be too long)",
                report.plan.city,
                report.summary()
            );
        } else {
            text.push_str(&city);
        }
    }
    text
}

fn render_city(text: &mut String, report: &PlanReport<'_>) {
    let _ = writeln!(text, "\n**{}** ({}): {}\n", report.plan.city, report.plan.region, report.summary());
    for address in &report.data_at_risk {
        let _ = writeln!(text, "> :rotating_light: `{address}` holds data and would be deleted.\n");
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "> :warning: {warning}\n");
    }
    for stray in &report.plan.strays {
        let _ = writeln!(text, "> :warning: stray: {}\n", described(stray, report.plan));
    }
    for (name, fact) in facts(report) {
        let _ = writeln!(text, "- {name}: {fact}");
    }
    preflight(text, report);
    if !report.drift.is_empty() {
        section(text, "drift", DRIFT, report.drift.len());
        for drift in &report.drift {
            render_head(text, drift.change);
            drift.fields.iter().for_each(|field| render_field(text, field));
        }
        let _ = writeln!(text, "```\n\n</details>");
    }
    for (name, title, changes) in report.phases() {
        section(text, name, title, changes.len());
        changes.into_iter().for_each(|change| render_change(text, change));
        let _ = writeln!(text, "```\n\n</details>");
    }
}

fn preflight(text: &mut String, report: &PlanReport<'_>) {
    let Some(summary) = report.preflight_summary() else { return };
    let _ = writeln!(text, "- preflight: {summary}");
    for finding in report.troubles() {
        let sign = if finding.level == Level::Fail { ":x:" } else { ":warning:" };
        let mend = finding.mend.as_ref().map(|mend| format!(" → {mend}")).unwrap_or_default();
        let _ = writeln!(text, "  - {sign} {}: {}{mend}", finding.check, finding.says);
    }
}

fn section(text: &mut String, name: &str, title: &str, changes: usize) {
    let _ = writeln!(text, "\n<details><summary><code>{name}</code> {title}: {changes} changes</summary>\n\n```diff");
}

fn render_change(text: &mut String, change: &Change) {
    render_head(text, change);
    if change.action != Action::Create && change.action != Action::Delete {
        change.fields.iter().filter(|field| !field.drift).for_each(|field| render_field(text, field));
    }
}

fn render_head(text: &mut String, change: &Change) {
    let colour = match change.action {
        Action::Create => "+",
        Action::Delete => "-",
        Action::Replace { .. } => "!",
        _ => " ",
    };
    let reason = change.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let _ = writeln!(
        text,
        "{colour} {:>3} {} {}: {}{reason}",
        sign(change.action),
        change.address,
        change.kind,
        words(change.action)
    );
}

fn render_field(text: &mut String, field: &FieldChange) {
    let (old, new) = (value(&field.old), value(&field.new));
    let _ = writeln!(text, "-       {}: {old}\n+       {}: {new}", field.path, field.path);
}
