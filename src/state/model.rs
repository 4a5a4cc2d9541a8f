//! The shape of a recorded city. It holds names, ids, ARNs and settings; never a secret.

use super::upgrade::{STEPS, VERSION, upgrade};
use crate::engine::Address;
use crate::phases::Lookups;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Everything that is recorded of one city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The version of the format.
    pub version: u32,
    /// The city.
    pub city: String,
    /// The account, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// Made with the first write and never changed: two states of one city with different lineages have nothing in common.
    pub lineage: Uuid,
    /// Counts the writes.
    pub serial: u64,
    /// When this one was written.
    pub written_at: Timestamp,
    /// Who wrote it: `user@host migrate/0.1.0`.
    pub written_by: String,
    /// The text of the city file as it was applied last: what works without the file works by this. It names secrets, and holds none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What the city file names and AWS numbers.
    pub lookups: Lookups,
    /// The resources, and what was about to be done to them.
    pub resources: BTreeMap<Address, Record>,
    /// Old resources whose replacements are there, still to be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deposed: Vec<Deposed>,
    /// When each phase was last completed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phases: BTreeMap<String, PhaseRecord>,
    /// The steps of procedures: of a move of data, for example. What was told last; who serves stands in the databases.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub procedures: BTreeMap<Address, Vec<StepRecord>>,
}

/// One resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The kind's name.
    pub kind: String,
    /// How far it is.
    pub status: Status,
    /// What was about to be done; gone when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// The properties that were last applied, or that are about to be.
    pub props: Value,
    /// Its ids and addresses; `null` until the create call answered.
    pub outputs: Value,
    /// What it needs: the order of deletion is the reverse.
    pub depends_on: BTreeSet<Address>,
}

/// How far a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A create call was about to be made, and may have been.
    Creating,
    /// An update call was about to be made, and may have been.
    Updating,
    /// A delete call was about to be made, and may have been.
    Deleting,
    /// The call succeeded; it wasn't seen ready yet.
    Settling,
    /// Done.
    Ready,
}

/// A call that was about to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The client token: a repetition of the same call uses the same one. 32 hexadecimal digits.
    pub token: String,
    /// When it was recorded.
    pub at: Timestamp,
}

/// An old resource whose replacement is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposed {
    /// The address that its replacement has now.
    pub address: Address,
    /// What it was.
    pub record: Record,
}

/// A completed phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseRecord {
    /// When its last change was done.
    pub completed_at: Timestamp,
    /// Seconds from its first change to its last in that run.
    pub seconds: u64,
}

/// One step of a procedure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRecord {
    /// Its name.
    pub step: String,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// How long it took; `None` if it isn't done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// True if it was undone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
    /// What it has counted or measured.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
}

impl State {
    /// A city of which nothing is recorded yet.
    pub fn new(city: &str, account: &str, region: &str) -> Self {
        Self {
            version: VERSION,
            city: city.into(),
            account: account.into(),
            region: region.into(),
            lineage: Uuid::new_v4(),
            serial: 0,
            written_at: Timestamp::UNIX_EPOCH,
            written_by: String::new(),
            file: None,
            lookups: Lookups::default(),
            resources: BTreeMap::new(),
            deposed: Vec::new(),
            phases: BTreeMap::new(),
            procedures: BTreeMap::new(),
        }
    }

    /// Reads a state, and says what is wrong with one that can't be used.
    pub fn parse(bytes: &[u8], city: &str) -> Result<Self, StateProblem> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
            city: String,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|e| StateProblem::Damaged(e.to_string()))?;
        if head.version > VERSION {
            return Err(StateProblem::FromTheFuture(head.version));
        }
        if head.city != city {
            return Err(StateProblem::AnotherCity(head.city));
        }
        // Straight from the bytes where it can be: then a mistake is told with its line.
        let state = match head.version {
            VERSION => serde_json::from_slice(bytes),
            older => {
                let value = serde_json::from_slice(bytes).map_err(|e| StateProblem::Damaged(e.to_string()))?;
                serde_json::from_value(upgrade(value, older, STEPS).map_err(StateProblem::Damaged)?)
            }
        };
        state.map_err(|e| StateProblem::Damaged(e.to_string()))
    }
}

/// Why a recorded state can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StateProblem {
    /// It isn't the JSON that it should be.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// A newer program wrote it.
    #[error("it has format version {0}, this program knows up to {VERSION}: use the newer `migrate` that wrote it")]
    FromTheFuture(u32),
    /// It belongs to another city.
    #[error("it is the state of the city `{0}`")]
    AnotherCity(String),
    /// It belongs to a city of that name in another account or region.
    #[error("it is of a city in account {account}, region {region}; the city file says otherwise")]
    Elsewhere {
        /// Its account.
        account: String,
        /// Its region.
        region: String,
    },
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_json_and_refuses_what_it_cannot_trust() {
        let state = State::new("malmo", "123456789012", "eu-north-1");
        let bytes = serde_json::to_vec(&state).unwrap();
        assert_eq!(State::parse(&bytes, "malmo").unwrap(), state);
        assert!(matches!(State::parse(&bytes, "drammen"), Err(StateProblem::AnotherCity(_))));
        assert!(matches!(State::parse(&bytes[..40], "malmo"), Err(StateProblem::Damaged(_))));
        let future =
            String::from_utf8(bytes).unwrap().replace(&format!("\"version\":{VERSION}"), "\"version\":99,\"new\":1");
        assert!(matches!(State::parse(future.as_bytes(), "malmo"), Err(StateProblem::FromTheFuture(99))));
    }
}
