//! The shift of the traffic, the window it must fit, and the budget it must keep.

use std::time::Duration;

use super::Context;
use crate::spec::{CitySpec, finding::Finding, form::Seconds};

/// Steps ascend and end at everything.
pub fn steps(context: &Context<'_>, out: &mut Vec<Finding>) {
    let cutover = &context.spec.cutover;
    for (index, pair) in cutover.steps.windows(2).enumerate().filter(|(_, pair)| pair[0] >= pair[1]) {
        let message = format!("{} doesn't come after {}: the steps ascend", pair[1], pair[0]);
        out.push(Finding::at(format!("cutover.steps[{}]", index + 1), message).help("like [5, 25, 100]"));
    }
    if cutover.steps.last().is_some_and(|last| *last != 100) {
        out.push(Finding::at("cutover.steps", "the last step is not 100").help("like [5, 25, 100]"));
    }
    if cutover.bake.0 == 0 {
        out.push(Finding::at("cutover.bake", "the new side must be well for some time at each step").help("60s is the default"));
    }
}

/// The steps by themselves fit the window, whatever else the plan holds.
pub fn window(context: &Context<'_>, out: &mut Vec<Finding>) {
    let cutover = &context.spec.cutover;
    let least = cutover.bake.0.saturating_mul(cutover.steps.len() as u64);
    out.extend(window_too_short(context.spec, Duration::from_secs(least)).map(|f| f.and("cutover.steps").and("cutover.bake")));
    if context.spec.window.length.0 > 24 * 3600 {
        out.push(Finding::at("window.length", "a window is at most a day long").help("24h or less"));
    }
}

/// Whether the window is shorter than what is needed inside it. The caller knows what a whole plan needs.
pub fn window_too_short(spec: &CitySpec, needed: Duration) -> Option<Finding> {
    let length = spec.window.length;
    // Rounded up: a window of 60 s doesn't hold 60.5 s.
    let seconds = needed.as_secs() + u64::from(needed.subsec_nanos() > 0);
    (length.0 < seconds).then(|| {
        let message = format!("the window of {length} is shorter than the {} that the move needs", Seconds(seconds));
        Finding::at("window.length", message).help(format!("make it {} or longer", Seconds(seconds)))
    })
}

/// A budget of nothing can't be kept.
pub fn budget(context: &Context<'_>, out: &mut Vec<Finding>) {
    let budget = &context.spec.budget;
    for (field, value) in [("budget.interruption", budget.interruption), ("budget.recovery", budget.recovery)] {
        if value.0 == 0 {
            out.push(Finding::at(field, "a budget of nothing can't be kept").help("leave it out for the default"));
        }
    }
}
