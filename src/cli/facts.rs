//! What the city file says about a move, for the plan's last lines.

use crate::aws::Resource;
use crate::aws::data::switch::Switched;
use crate::engine::plan::Plan;
use crate::spec::City;
use crate::spec::recovery::recovery;
use crate::spec::window::Opening;
use crate::view::values::duration;
use jiff::Timestamp;

/// Window, interruption, recovery.
pub fn of(city: &City, plan: &Plan) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    if let Some(window) = next_window(city, Timestamp::now()) {
        facts.push(("window".into(), window));
    }
    let budget = city.spec.budget.interruption.0;
    let moves = |plan: &Plan| plan.changes.iter().any(|change| change.kind == Switched::INFO.name);
    let interruption = match moves(plan) {
        true => format!(
            "writes only, a moment, while the database is handed over (budget {budget} s: then the old side serves again)"
        ),
        false => format!("none expected: traffic shifts by weight while both sides serve (budget {budget} s)"),
    };
    facts.push(("interruption".into(), interruption));
    if let Some(worst) = recovery(&city.spec).scenarios.iter().max_by_key(|scenario| scenario.seconds()) {
        let budget = city.spec.budget.recovery.0;
        facts.push(("recovery".into(), format!("{} s at worst, {} (budget {budget} s)", worst.seconds(), worst.name)));
    }
    facts
}

/// When the window opens next, in the city's own time; or until when it is open.
fn next_window(city: &City, now: Timestamp) -> Option<String> {
    Some(match city.spec.window.at(now)? {
        Opening::Open { until: None } => "open at any time".into(),
        Opening::Open { until: Some(until) } => format!("open now, until {}", until.strftime("%a %H:%M %Z")),
        Opening::Opens { at, until } => {
            let seconds = u32::try_from(until.duration_since(&at).as_secs()).ok()?;
            format!("opens {}, for {}", at.strftime("%a %Y-%m-%d %H:%M %Z"), duration(seconds))
        }
    })
}
