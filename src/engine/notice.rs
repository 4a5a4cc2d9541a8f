//! What users notice of a plan, change by change, each with the seconds that it interrupts them and where that figure is from.

use super::Address;
use super::cloud::Cloud;
use super::kind::{KindInfo, ReplaceOrder, Source};
use super::plan::{Action, Change, Goal, Plan};
use serde::Serialize;
use std::collections::BTreeSet;

/// Seconds of an interruption that doesn't end.
pub const FOR_GOOD: u32 = u32::MAX;

/// What users notice of one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// In words, after the resource's address: `the database fails over`.
    pub what: String,
    /// Seconds of interruption at most; 0: users are moved, and nothing is refused; [`FOR_GOOD`]: it doesn't end.
    pub seconds: u32,
    /// Where the figure is from.
    pub source: Source,
    /// True where reads go on.
    pub writes_only: bool,
}

impl Notice {
    /// Users are moved, and nothing is refused.
    pub fn moved(what: impl Into<String>) -> Self {
        Self { what: what.into(), seconds: 0, source: Source::Documented, writes_only: false }
    }

    /// Everything is refused for so long.
    pub fn out(what: impl Into<String>, seconds: u32, source: Source) -> Self {
        Self { what: what.into(), seconds, source, writes_only: false }
    }

    /// Writes are refused for so long, reads go on.
    pub fn writes(what: impl Into<String>, seconds: u32, source: Source) -> Self {
        Self { writes_only: true, ..Self::out(what, seconds, source) }
    }
}

/// A part of a plan's interruption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// The resource.
    pub address: Address,
    /// What users notice.
    #[serde(flatten)]
    pub notice: Notice,
}

/// What users notice of `plan`, in its order. Nothing changes for them in a city that doesn't serve yet, but by what leads them there.
pub fn terms(plan: &Plan, cloud: &dyn Cloud) -> Vec<Term> {
    let of = |change: &Change| {
        let info = cloud.info(&change.kind)?;
        let notice = notice(plan, info, change)?;
        Some(Term { address: change.address.clone(), notice })
    };
    plan.changes.iter().filter_map(of).collect()
}

fn notice(plan: &Plan, info: &KindInfo, change: &Change) -> Option<Notice> {
    // Nothing changes at AWS by these.
    let passive = matches!(change.action, Action::Adopt | Action::Await | Action::Forget | Action::Import);
    if passive || !plan.serves && !info.leads {
        return None;
    }
    // Without a legacy side nobody takes them over.
    if info.leads && ends(plan) {
        return Some(Notice::out("nobody serves the city's users from then on", FOR_GOOD, Source::Documented));
    }
    match change.action {
        // What users were led to is taken down behind them.
        Action::Delete if plan.goal != Goal::City && !info.leads => None,
        _ => (info.notice)(change).or_else(|| replaced(info, change)),
    }
}

/// Whether the plan takes a city down that has no legacy side any more.
pub fn ends(plan: &Plan) -> bool {
    plan.goal == Goal::Nothing && plan.lookups.finished && plan.serves
}

/// What serves and is replaced or deleted.
fn replaced(info: &KindInfo, change: &Change) -> Option<Notice> {
    let seconds = info.delete.typical + info.create.typical;
    match change.action {
        _ if !info.serves || change.deposed => None,
        Action::Replace { order: ReplaceOrder::CreateFirst } => {
            Some(Notice::moved("its replacement serves before it goes"))
        }
        Action::Replace { order: ReplaceOrder::DeleteFirst } => {
            Some(Notice::out("it is deleted and made again", seconds, info.create.source))
        }
        Action::Delete => Some(Notice::moved("it goes when nothing leads to it")),
        _ => None,
    }
}

/// Seconds of interruption at most, one after the other, of all that end.
pub fn seconds(terms: &[Term]) -> u32 {
    let ending = terms.iter().map(|term| term.notice.seconds).filter(|seconds| *seconds != FOR_GOOD);
    ending.fold(0, u32::saturating_add)
}

/// What may be replaced or deleted only by its own consent: what serves, in a city that does.
pub fn guarded<'a>(plan: &'a Plan, cloud: &dyn Cloud) -> Vec<&'a Change> {
    let serves = |change: &&Change| cloud.info(&change.kind).is_some_and(|info| info.serves);
    let meant = plan.serves && plan.goal == Goal::City;
    plan.changes.iter().filter(|c| meant && c.action.removes() && !c.deposed).filter(serves).collect()
}

/// The changes that users notice, and those that come after them.
pub fn noticed(plan: &Plan, terms: &[Term]) -> BTreeSet<Address> {
    let mut all: BTreeSet<Address> = terms.iter().map(|term| term.address.clone()).collect();
    loop {
        let behind = |change: &&Change| {
            !all.contains(&change.address) && change.depends_on.iter().any(|before| all.contains(before))
        };
        let more: Vec<Address> = plan.changes.iter().filter(behind).map(|change| change.address.clone()).collect();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}
