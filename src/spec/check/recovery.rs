//! Whether the city recovers in time.

use super::Context;
use crate::spec::{finding::Finding, form::Seconds, recovery::recovery};

/// No scenario takes longer than the budget.
pub fn budget(context: &Context<'_>, out: &mut Vec<Finding>) {
    let budget = context.spec.budget.recovery;
    if budget.0 == 0 {
        return;
    }
    for scenario in recovery(context.spec).scenarios.into_iter().filter(|scenario| scenario.seconds() > budget.0) {
        let message = format!("recovery takes {}, over the budget of {budget}, when {}", Seconds(scenario.seconds()), scenario.name);
        out.push(Finding::at(scenario.field.clone(), message).and("budget.recovery").help(scenario.sum()));
    }
}
