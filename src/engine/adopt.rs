//! Taking over what somebody made by hand: it becomes the resource at an address, if it is what the city wants there.

use super::cloud::{Cloud, Sought, Stray};
use super::diff::{diff, whole};
use super::graph::ordered;
use super::input::resolve;
use super::plan::{self, Action, Base, Change, FieldChange, Goal, Plan};
use super::{Address, CloudError, Desired};
use crate::phases::Lookups;
use crate::state::State;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Why something can't be taken over.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The city has no such address.
    #[error("the city has no address {0}")]
    NoAddress(Address),
    /// Kinds whose things are found by what they say have nothing that could be named.
    #[error("{0} is of kind {1}, whose things have no id of their own: what is there is found by itself")]
    NoId(Address, String),
    /// Something else stands at the address.
    #[error("{0} is taken: {1} stands there")]
    Taken(Address, String),
    /// It isn't there.
    #[error("there is no {kind} {id} where {address} would look for it")]
    Absent {
        /// The address.
        address: Address,
        /// The kind of what stands at the address.
        kind: String,
        /// What was sought.
        id: String,
    },
    /// It differs in what can't be changed.
    #[error("{id} isn't what {address} wants, and can't be changed into it")]
    Differs {
        /// The address.
        address: Address,
        /// What was to be taken over.
        id: String,
        /// What can't be changed in place.
        fields: Vec<FieldChange>,
    },
    /// Looking at it failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

/// The plan that takes `id` over as the resource at `address`: one change, which marks and records it. Its `fields` are what the next
/// apply then changes in place.
pub async fn plan(
    cloud: &dyn Cloud,
    desired: Vec<Desired>,
    state: &State,
    lookups: Lookups,
    address: &Address,
    id: &str,
) -> Result<Plan, Refusal> {
    let desired = ordered(desired)?;
    let want = desired.iter().find(|one| one.address == *address);
    let want = want.ok_or_else(|| Refusal::NoAddress(address.clone()))?;
    let props = cloud.canonical(want.kind, &resolve(&want.props, &recorded(state)))?;
    let sought = |outputs| Sought {
        address: address.clone(),
        kind: want.kind.to_owned(),
        props: props.clone(),
        outputs,
        wanted: true,
    };
    let named = cloud.named(want.kind, id).ok_or_else(|| Refusal::NoId(address.clone(), want.kind.to_owned()))?;
    if let Some(record) = state.resources.get(address).filter(|record| !record.outputs.is_null())
        && let Some(Some(found)) = cloud.read(&[sought(Some(record.outputs.clone()))]).await?.pop()
    {
        return Err(Refusal::Taken(address.clone(), id_of(&found.outputs).unwrap_or("another one").to_owned()));
    }
    let absent = || Refusal::Absent { address: address.clone(), kind: want.kind.to_owned(), id: id.to_owned() };
    let found = cloud.find(&sought(Some(named.clone()))).await?.ok_or_else(absent)?;
    if !same(&named, &found.outputs, id) {
        return Err(absent());
    }
    let info = cloud.info(want.kind).ok_or_else(|| CloudError::internal(format!("unknown kind {}", want.kind)))?;
    let fields = diff(&found.props, &props, None);
    let fixed: Vec<FieldChange> = fields
        .iter()
        .filter(|field| info.immutable.contains(&field.path.split('.').next().unwrap_or_default()))
        .cloned()
        .collect();
    if !fixed.is_empty() {
        return Err(Refusal::Differs { address: address.clone(), id: id.to_owned(), fields: fixed });
    }
    let change = Change {
        address: address.clone(),
        kind: want.kind.to_owned(),
        action: Action::Import,
        reason: Some(format!("{id} was made by hand; what differs is the next apply's to change")),
        fields,
        // Recorded as it is: what differs from what is wanted is the next plan's.
        props: found.props.clone(),
        prior: found.props,
        outputs: found.outputs,
        depends_on: want.dependencies(),
        depended_on: want.dependencies(),
        token: None,
        deposed: false,
        readiness: Some(found.readiness),
    };
    Ok(only(state, lookups, Goal::City, vec![change]))
}

/// The deletion of a stray; `None` where nothing at its address tells how. Like that of an old resource whose replacement is there:
/// the record of its address, which is another thing's, stays.
pub async fn removal(
    cloud: &dyn Cloud,
    desired: &[Desired],
    state: &State,
    stray: &Stray,
) -> Result<Option<Change>, CloudError> {
    let want = desired.iter().find(|one| Some(&one.address) == stray.address.as_ref() && one.kind == stray.kind);
    let Some((want, named)) = want.zip(cloud.named(&stray.kind, &stray.id)) else { return Ok(None) };
    let sought = Sought {
        address: want.address.clone(),
        kind: stray.kind.clone(),
        props: cloud.canonical(want.kind, &resolve(&want.props, &recorded(state)))?,
        outputs: Some(named.clone()),
        wanted: true,
    };
    let found = cloud.find(&sought).await?.filter(|found| same(&named, &found.outputs, &stray.id));
    Ok(found.map(|found| Change {
        address: want.address.clone(),
        kind: stray.kind.clone(),
        action: Action::Delete,
        reason: Some(format!("{} is a stray", stray.id)),
        fields: whole(&found.props, true),
        props: Value::Null,
        prior: found.props,
        outputs: found.outputs,
        depends_on: BTreeSet::new(),
        depended_on: BTreeSet::new(),
        token: None,
        deposed: true,
        readiness: Some(found.readiness),
    }))
}

/// Outputs as they are recorded.
fn recorded(state: &State) -> impl Fn(&Address, &str) -> Option<Value> {
    |from, field| state.resources.get(from)?.outputs.get(field).filter(|value| !value.is_null()).cloned()
}

/// A plan of these changes and nothing else.
pub fn only(state: &State, lookups: Lookups, goal: Goal, changes: Vec<Change>) -> Plan {
    Plan {
        version: plan::VERSION,
        city: state.city.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        made_at: Timestamp::now(),
        goal,
        serves: false,
        base: Base::of(state),
        lookups,
        changes,
        known: BTreeMap::new(),
        strays: Vec::new(),
    }
}

/// Whether what was found is what was named: some kinds are found by the name that the city wants, whatever id is given.
fn same(named: &Value, found: &Value, id: &str) -> bool {
    let fields = named.as_object().into_iter().flatten();
    fields.filter(|(_, value)| value.as_str() == Some(id)).all(|(field, value)| found.get(field) == Some(value))
}

/// The id, ARN or name among outputs.
pub fn id_of(outputs: &Value) -> Option<&str> {
    ["id", "arn", "name", "identifier", "allocation_id"].iter().find_map(|name| outputs.get(*name)?.as_str())
}
