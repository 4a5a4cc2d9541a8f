//! The vocabulary of a plan. It is all that the executor gets, and what `plan --out` saves.

use super::Address;
use super::cloud::{Readiness, Stray};
use super::kind::ReplaceOrder;
use crate::phases::Lookups;
use crate::state::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The version of the format of saved plans.
pub const VERSION: u32 = 3;

/// The reason of a change that makes something again which somebody deleted.
pub const DELETED: &str = "it was deleted outside of migrate";

/// What would change, in the order of the graph.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of the format.
    pub version: u32,
    /// The city.
    pub city: String,
    /// The account, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// What it leads to.
    pub goal: Goal,
    /// Whether users are on the new side, or may be.
    pub serves: bool,
    /// The recorded state that it was made from.
    pub base: Base,
    /// What the city file names and AWS numbers.
    pub lookups: Lookups,
    /// The changes; what stays as it is isn't among them.
    pub changes: Vec<Change>,
    /// Outputs of what stays as it is, for the changes that refer to them.
    pub known: BTreeMap<Address, Value>,
    /// What belongs to the city but to no address of it. Nothing happens to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strays: Vec<Stray>,
}

/// What a plan leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// The city as its file wants it.
    City,
    /// The city as its file wants it, served by its legacy side.
    Legacy,
    /// Nothing.
    Nothing,
}

impl Goal {
    /// The command that leads there.
    pub fn command(self) -> &'static str {
        match self {
            Self::City => "apply",
            Self::Legacy => "rollback",
            Self::Nothing => "destroy",
        }
    }
}

/// The recorded state that a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Its lineage; `None` if nothing was recorded.
    pub lineage: Option<Uuid>,
    /// Its serial.
    pub serial: u64,
}

impl Base {
    /// The state as it is.
    pub fn of(state: &State) -> Self {
        Self { lineage: (state.serial > 0).then_some(state.lineage), serial: state.serial }
    }
}

/// One change to one resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Where it stands in the city.
    pub address: Address,
    /// The kind's name.
    pub kind: String,
    /// What happens.
    pub action: Action,
    /// Why, where it isn't plain: "somebody deleted it", "`cidr` can't be changed in place".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What differs, field by field; all fields of something new or gone.
    pub fields: Vec<FieldChange>,
    /// The wanted properties, with references to what isn't known yet; `null` for a delete.
    pub props: Value,
    /// The properties as they are; `null` for a create.
    pub prior: Value,
    /// The outputs as they are; `null` for a create.
    pub outputs: Value,
    /// What it needs, as wanted (as recorded for a delete).
    pub depends_on: BTreeSet<Address>,
    /// What it needed when it was last applied.
    pub depended_on: BTreeSet<Address>,
    /// The client token of an intent that was recorded and perhaps carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// True for an old resource whose replacement is there already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deposed: bool,
    /// Whether it could be used when it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Readiness>,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted and made again, because the change can't be made in place.
    Replace {
        /// Which comes first.
        order: ReplaceOrder,
    },
    /// It is deleted.
    Delete,
    /// It is as wanted, but not recorded: it is recorded. Nothing changes at AWS.
    Adopt,
    /// It is as wanted, but isn't ready yet: it is waited for. Nothing changes at AWS.
    Await,
    /// It was made by hand and becomes ours: it is marked and recorded. Nothing else of it changes.
    Import,
    /// It is gone and no longer wanted: its record is dropped. Nothing changes at AWS.
    Forget,
}

impl Action {
    /// True where something new is made.
    pub fn makes(self) -> bool {
        matches!(self, Self::Create | Self::Replace { .. })
    }

    /// True where something is deleted.
    pub fn removes(self) -> bool {
        matches!(self, Self::Delete | Self::Replace { .. })
    }
}

/// One property that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Where: `health.interval`.
    pub path: String,
    /// What it is; `null`: nothing.
    pub old: Value,
    /// What it becomes; `null`: nothing; a reference: known after apply.
    pub new: Value,
    /// True if somebody changed it behind `migrate`'s back: it differs from what was recorded, and the city file didn't change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drift: bool,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Created.
    pub create: usize,
    /// Changed in place.
    pub update: usize,
    /// Deleted and made again.
    pub replace: usize,
    /// Deleted.
    pub delete: usize,
    /// Only recorded, awaited or forgotten.
    pub record: usize,
    /// Left as they are.
    pub unchanged: usize,
}

impl Plan {
    /// True when there is nothing to do, not even to record.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many pieces of work there are: a replacement is two.
    pub fn steps(&self) -> usize {
        super::graph::nodes(&self.changes).len()
    }

    /// Drops what comes after `phase`, but keeps what an earlier change needs.
    pub fn keep_until(&mut self, phase: &str) {
        let order: Vec<&str> = crate::phases::PHASES.iter().map(|phase| phase.name).collect();
        let place = |name: &str| order.iter().position(|known| *known == name).unwrap_or(0);
        let last = place(phase);
        let mut kept: BTreeSet<Address> =
            self.changes.iter().map(|c| &c.address).filter(|a| place(a.phase()) <= last).cloned().collect();
        // Dependents come after what they need, so one pass from the back finds all needs.
        for change in self.changes.iter().rev() {
            if kept.contains(&change.address) {
                kept.extend(change.depends_on.iter().cloned());
            }
        }
        self.changes.retain(|change| kept.contains(&change.address));
    }

    /// How many of each action.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { unchanged: self.known.len(), ..Counts::default() };
        for change in &self.changes {
            match change.action {
                Action::Create => counts.create += 1,
                Action::Update => counts.update += 1,
                Action::Replace { .. } => counts.replace += 1,
                Action::Delete => counts.delete += 1,
                Action::Adopt | Action::Await | Action::Import | Action::Forget => counts.record += 1,
            }
        }
        counts
    }
}
