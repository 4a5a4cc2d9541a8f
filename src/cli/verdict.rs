//! What a run came to, and how to go on.

use super::exit::Exit;
use super::open::Opened;
use crate::engine::Address;
use crate::engine::executor::Outcome;
use crate::engine::plan::{Goal, Plan};
use crate::engine::wait::Ended;
use crate::view::note;
use crate::view::style::{GREEN, RED, YELLOW, paint};
use crate::view::values::duration;
use std::collections::BTreeSet;
use std::time::Duration;

/// Tells that what users notice waits for the window, and why.
pub fn waits(city: &Opened, plan: &Plan, left: &BTreeSet<Address>, why: &str) -> Exit {
    let (name, verb) = (&city.city.name, plan.goal.command());
    let left: Vec<&str> = left.iter().map(Address::as_str).collect();
    note(&format!("{} {name}: {why}", paint(YELLOW, "waiting:")));
    note(&format!("  left, since users notice it: {}", left.join(", ")));
    note(&format!("  go on in the window with: {} {verb} {name} (or at once: --now={name})", city.prefix));
    Exit::Window
}

/// Tells it; answers with how the process ends. `whole`: the plan had all that its goal needs. `held`: why what users notice was left.
/// `signal`: the one that asked to stop.
pub fn tell(
    city: &Opened,
    plan: &Plan,
    whole: bool,
    outcome: &Outcome,
    took: Duration,
    held: Option<String>,
    signal: Option<u8>,
) -> Exit {
    let name = &city.city.name;
    for failure in &outcome.failures {
        note(&format!("{} {} ({}): {}", paint(RED, "failed:"), failure.address, failure.kind, failure.why));
        if let Ended::Failed(error) = &failure.why {
            note(&format!(
                "        call {}, code {}",
                error.call,
                if error.code.is_empty() { "none (no answer)" } else { &error.code }
            ));
        }
    }
    let seconds = u32::try_from(took.as_secs()).unwrap_or(u32::MAX);
    let done = format!("{} of {} changes done in {}", outcome.done.len(), plan.steps(), duration(seconds));
    if outcome.failures.is_empty() && outcome.left.is_empty() {
        let what = match plan.goal {
            Goal::City if whole => " stands",
            Goal::Legacy => " is served by its legacy side",
            Goal::Nothing if whole => " is gone",
            Goal::City | Goal::Nothing => "",
        };
        note(&format!("{} {name}{what}: {done}", paint(GREEN, "done:")));
        return Exit::Done;
    }
    if let Some(why) = held {
        note(&format!("{} {name}: {done}", paint(GREEN, "done:")));
        return waits(city, plan, &outcome.left.iter().cloned().collect(), &why);
    }
    let verb = plan.goal.command();
    let go_on = format!("go on with: {} {verb} {name}", city.prefix);
    let unrecorded = outcome.failures.iter().any(|failure| matches!(failure.why, Ended::Unrecorded(_)));
    let recorded = if unrecorded { "what isn't recorded is found by its tags" } else { "everything is recorded" };
    let label = if outcome.failures.is_empty() { paint(YELLOW, "stopped:") } else { paint(RED, "not finished:") };
    note(&format!("{label} {done}, {} left; {recorded}; {go_on}", outcome.left.len() + outcome.failures.len()));
    signal.map_or(Exit::Error, Exit::Signal)
}
