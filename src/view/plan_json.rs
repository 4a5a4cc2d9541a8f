//! Plans for programs: one JSON document, an array with an element a city.

use super::report::PlanReport;

/// The plans as JSON.
pub fn render(reports: &[PlanReport<'_>]) -> String {
    let mut text = serde_json::to_string_pretty(reports).unwrap_or_default();
    text.push('\n');
    text
}
