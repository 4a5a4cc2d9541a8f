//! What the city file says about a move, for the plan's last lines.

use crate::aws::Resource;
use crate::aws::data::switch::Switched;
use crate::engine::plan::Plan;
use crate::spec::City;
use crate::spec::recovery::recovery;
use crate::view::values::duration;
use jiff::{SignedDuration, Timestamp, ToSpan};

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
    let window = &city.spec.window;
    let zone = window.time_zone.zone()?;
    let local = now.to_zoned(zone);
    let length = SignedDuration::from_secs(i64::try_from(window.length.0).ok()?);
    // Yesterday's window may still be open.
    (-1..8).find_map(|days| {
        let day = local.date().checked_add(days.days()).ok()?;
        let name = format!("{:?}", day.weekday()).to_lowercase();
        let opens = window.days.iter().any(|d| name.starts_with(d.name()));
        let minutes = i16::try_from(window.start.minutes).ok()?;
        let start = day.at(0, 0, 0, 0).to_zoned(local.time_zone().clone()).ok()?.checked_add(minutes.minutes()).ok()?;
        let end = start.checked_add(length).ok()?;
        if !opens || end <= local {
            return None;
        }
        Some(if start <= local {
            format!("open now, until {}", end.strftime("%a %H:%M %Z"))
        } else {
            format!(
                "opens {}, for {}",
                start.strftime("%a %Y-%m-%d %H:%M %Z"),
                duration(u32::try_from(window.length.0).ok()?)
            )
        })
    })
}
