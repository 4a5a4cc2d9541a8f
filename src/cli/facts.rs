//! What the city file says about a plan, for its last lines: when it may be carried out, what users notice, how fast it recovers.

use super::open::Opened;
use super::window::{moment, now};
use crate::engine::notice::{FOR_GOOD, Term, seconds};
use crate::engine::plan::{Goal, Plan};
use crate::spec::recovery::recovery;
use crate::spec::window::Opening;
use crate::spec::{City, cost};
use crate::view::report::PlanReport;
use crate::view::values::duration;
use jiff::Timestamp;

/// The plan with its facts.
pub fn report<'a>(city: &Opened, plan: &'a Plan) -> PlanReport<'a> {
    let mut report = PlanReport::new(plan, &city.cloud, Vec::new(), Vec::new());
    report.facts = of(&city.city, &report, now(city));
    report
}

/// Window, interruption, recovery, cost.
pub fn of(city: &City, report: &PlanReport<'_>, now: Timestamp) -> Vec<(String, String)> {
    let mut facts = vec![
        ("window".into(), window(city, report, now)),
        ("interruption".into(), interruption(&report.notices, city.spec.budget.interruption.0)),
    ];
    if let Some(worst) = recovery(&city.spec).scenarios.iter().max_by_key(|scenario| scenario.seconds()) {
        let budget = city.spec.budget.recovery.0;
        facts.push(("recovery".into(), format!("{} s at worst, {} (budget {budget} s)", worst.seconds(), worst.name)));
    }
    facts.push(("cost".into(), cost::fact(&city.spec)));
    facts
}

/// Until when it is open, or when it opens next, in the city's own time; and what waits for it.
fn window(city: &City, report: &PlanReport<'_>, now: Timestamp) -> String {
    let when = match city.spec.window.at(now) {
        None => "never opens".to_owned(),
        Some(Opening::Open { until: None }) => "open at any time".to_owned(),
        Some(Opening::Open { until: Some(until) }) => format!("open now, until {}", until.strftime("%a %H:%M %Z")),
        Some(Opening::Opens { at, until }) => {
            let length = until.timestamp().duration_since(at.timestamp()).as_secs();
            format!("opens {}, for {}", moment(&at), duration(u32::try_from(length).unwrap_or(u32::MAX)))
        }
    };
    let waits = report.in_window.len();
    match (waits, report.plan.goal) {
        (0, _) => format!("{when}; nothing of this waits for it"),
        (_, Goal::Legacy) => format!("{when}; a way back doesn't wait for it"),
        (1, _) => format!("{when}; 1 change waits for it, {}", addresses(report)),
        _ => format!("{when}; {waits} changes wait for it, {}", addresses(report)),
    }
}

fn addresses(report: &PlanReport<'_>) -> String {
    const SHOWN: usize = 6;
    let all: Vec<&str> = report.in_window.iter().map(|address| address.as_str()).collect();
    match all.len() {
        0..=SHOWN => all.join(", "),
        more => format!("{} and {} more", all[..SHOWN].join(", "), more - SHOWN),
    }
}

/// What users notice, term by term: `at most 121 s: 1 s writes wait … (cutover/data, M) + 120 s …`.
fn interruption(terms: &[Term], budget: u64) -> String {
    let interrupting: Vec<&Term> = terms.iter().filter(|term| term.notice.seconds > 0).collect();
    if interrupting.is_empty() {
        let what = if terms.is_empty() { "no change is noticed" } else { "users are moved while both sides answer" };
        return format!("none: {what} (budget {budget} s)");
    }
    if let Some(end) = interrupting.iter().find(|term| term.notice.seconds == FOR_GOOD) {
        return format!("for good: {}", end.notice.what);
    }
    let term = |term: &&Term| {
        let notice = &term.notice;
        format!("{} s {} ({}, {})", notice.seconds, notice.what, term.address, notice.source.letter())
    };
    let writes = if interrupting.iter().all(|term| term.notice.writes_only) { ", writes only" } else { "" };
    let sum: Vec<String> = interrupting.iter().map(term).collect();
    format!("at most {} s{writes}: {} (budget {budget} s)", seconds(terms), sum.join(" + "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kind::Source;
    use crate::engine::notice::Notice;

    #[test]
    fn an_interruption_is_the_sum_of_what_is_noticed() {
        let term = |address: &str, notice| Term { address: address.into(), notice };
        assert_eq!(interruption(&[], 30), "none: no change is noticed (budget 30 s)");
        let moved = term("cutover/shift.5", Notice::moved("users go"));
        assert!(interruption(std::slice::from_ref(&moved), 30).starts_with("none: users are moved"));
        let writes = term("cutover/data", Notice::writes("writes wait", 1, Source::Measured));
        assert_eq!(
            interruption(&[moved, writes.clone()], 30),
            "at most 1 s, writes only: 1 s writes wait (cutover/data, M) (budget 30 s)"
        );
        let end = term("cutover/data", Notice::out("nobody serves them", FOR_GOOD, Source::Documented));
        assert_eq!(interruption(&[end], 30), "for good: nobody serves them");
        let out = term("rds/instance", Notice::out("the database fails over", 120, Source::Documented));
        assert_eq!(
            interruption(&[writes, out], 30),
            "at most 121 s: 1 s writes wait (cutover/data, M) + 120 s the database fails over (rds/instance, D) (budget 30 s)"
        );
    }
}
