//! What a plan means besides its changes: how long, what it costs users, what may go wrong. The same facts for every output format.

use crate::engine::Address;
use crate::engine::cloud::Cloud;
use crate::engine::estimate::{Estimate, estimate};
use crate::engine::notice::{self, Term};
use crate::engine::plan::{Action, Change, Counts, DELETED, FieldChange, Goal, Plan};
use crate::phases::PHASES;
use crate::preflight::{Finding, Level};
use serde::Serialize;
use std::collections::BTreeSet;

/// A plan and what follows from it.
#[derive(Serialize)]
pub struct PlanReport<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// How many of each.
    pub counts: Counts,
    /// What somebody changed behind `migrate`'s back, apart from what the city file changes.
    pub drift: Vec<Drift<'a>>,
    /// How long it takes.
    pub estimate: Estimate,
    /// What would be deleted or replaced although it holds users' data.
    pub data_at_risk: Vec<Address>,
    /// What users notice, change by change.
    pub notices: Vec<Term>,
    /// What waits for the city's window: what users notice, and what comes after it.
    pub in_window: BTreeSet<Address>,
    /// Facts from the city file: window, interruption, recovery.
    pub facts: Vec<(String, String)>,
    /// What the operator should know first.
    pub warnings: Vec<String>,
    /// What was found before the first change.
    pub preflight: Vec<Finding>,
}

impl<'a> PlanReport<'a> {
    /// Works out what follows from `plan`.
    pub fn new(plan: &'a Plan, cloud: &dyn Cloud, facts: Vec<(String, String)>, warnings: Vec<String>) -> Self {
        let holds_data = |change: &&Change| cloud.info(&change.kind).is_some_and(|info| info.holds_data);
        let notices = notice::terms(plan, cloud);
        let at_risk = plan.changes.iter().filter(|c| c.action.removes()).filter(holds_data);
        Self {
            plan,
            counts: plan.counts(),
            drift: plan.changes.iter().filter_map(Drift::of).collect(),
            estimate: estimate(plan, cloud),
            data_at_risk: at_risk.map(|change| change.address.clone()).collect(),
            in_window: notice::noticed(plan, &notices),
            notices,
            facts,
            warnings,
            preflight: Vec::new(),
        }
    }

    /// With what was found before the first change.
    #[must_use]
    pub fn with_preflight(mut self, findings: Vec<Finding>) -> Self {
        self.preflight = findings;
        self
    }

    /// `13 checks, 1 failure, 2 warnings`; `None` where nothing was checked.
    pub fn preflight_summary(&self) -> Option<String> {
        let checks: std::collections::BTreeSet<_> = self.preflight.iter().map(|finding| finding.check).collect();
        let count = |level| self.preflight.iter().filter(|finding| finding.level == level).count();
        let told = |count: usize, one: &str| match count {
            0 => String::new(),
            1 => format!(", 1 {one}"),
            more => format!(", {more} {one}s"),
        };
        let (failures, warnings) = (count(Level::Fail), count(Level::Warn));
        let all_well = if failures + warnings == 0 { ", all is well" } else { "" };
        let text =
            format!("{} checks{}{}{all_well}", checks.len(), told(failures, "failure"), told(warnings, "warning"));
        (!checks.is_empty()).then_some(text)
    }

    /// What isn't as it should be, the worst first.
    pub fn troubles(&self) -> Vec<&Finding> {
        let mut troubles: Vec<_> = self.preflight.iter().filter(|finding| finding.level > Level::Ok).collect();
        troubles.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        troubles
    }

    /// The phases that have changes which are meant, in their order, with their titles.
    pub fn phases(&self) -> Vec<(&str, &str, Vec<&Change>)> {
        let known = PHASES.iter().map(|phase| (phase.name, phase.title));
        let others =
            self.plan.changes.iter().map(|c| c.address.phase()).filter(|name| PHASES.iter().all(|p| p.name != *name));
        let mut names: Vec<(&str, &str)> = known.chain(others.map(|name| (name, ""))).collect();
        names.dedup();
        if self.plan.goal == Goal::Nothing {
            names.reverse();
        }
        let meant = self.plan.changes.iter().filter(|change| Drift::of(change).is_none_or(|drift| !drift.is_all()));
        let meant: Vec<&Change> = meant.collect();
        let of = |name: &str| meant.iter().copied().filter(|c| c.address.phase() == name).collect::<Vec<_>>();
        names
            .into_iter()
            .map(|(name, title)| (name, title, of(name)))
            .filter(|(.., changes)| !changes.is_empty())
            .collect()
    }

    /// `3 to create, 1 to change`; or that there is nothing to do.
    pub fn summary(&self) -> String {
        let c = &self.counts;
        let parts: Vec<String> = [
            (c.create, "to create"),
            (c.update, "to change"),
            (c.replace, "to replace"),
            (c.delete, "to delete"),
            (c.record, "to record"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        match (parts.is_empty(), self.plan.goal) {
            (true, Goal::City) => format!("No changes: {} resources are as the city file wants them.", c.unchanged),
            (true, Goal::Legacy) => "No changes: the legacy side serves.".into(),
            (true, Goal::Nothing) => "Nothing is there.".into(),
            (false, _) => {
                let drift = match self.drift.len() {
                    0 => String::new(),
                    some => format!("; {some} changed outside of migrate"),
                };
                format!("Plan: {}; {} unchanged{drift}.", parts.join(", "), c.unchanged)
            }
        }
    }
}

/// What somebody changed of one resource, and what puts it back.
#[derive(Serialize)]
pub struct Drift<'a> {
    /// The change that puts it back; it may hold intended changes too.
    #[serde(skip)]
    pub change: &'a Change,
    /// Where it stands in the city.
    pub address: &'a Address,
    /// The kind's name.
    pub kind: &'a str,
    /// True where it is gone as a whole.
    pub deleted: bool,
    /// What differs from what was last applied: `old` is what it is, `new` what it becomes again.
    pub fields: Vec<&'a FieldChange>,
}

impl<'a> Drift<'a> {
    /// What of the change is drift, if any of it is.
    pub fn of(change: &'a Change) -> Option<Self> {
        let fields: Vec<&FieldChange> = change.fields.iter().filter(|field| field.drift).collect();
        let deleted = change.reason.as_deref() == Some(DELETED);
        let found = deleted || !fields.is_empty();
        found.then_some(Self { change, address: &change.address, kind: &change.kind, deleted, fields })
    }

    /// True where the change is nothing but drift.
    pub fn is_all(&self) -> bool {
        self.deleted || self.fields.len() == self.change.fields.len()
    }
}

/// The sign of an action, as in a diff.
pub fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace { .. } => "-/+",
        Action::Delete => "-",
        Action::Adopt | Action::Import => "<",
        Action::Await => "…",
        Action::Forget => "x",
    }
}

/// What an action does, in words.
pub fn words(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "change in place",
        Action::Replace { .. } => "REPLACE",
        Action::Delete => "DELETE",
        Action::Adopt => "record (it is there)",
        Action::Await => "wait until ready",
        Action::Import => "take over",
        Action::Forget => "drop the record (it is gone)",
    }
}
