//! Compares what is wanted, recorded and observed. Pure: the same three in, the same plan out.

use super::cloud::{Cloud, Look, Observed, Readiness, Sought, Stray, as_found};
use super::diff::{diff, whole};
use super::graph::ordered;
use super::input::resolve;
use super::kind::KindInfo;
use super::plan::{self, Action, Base, Change, FieldChange, Goal, Plan};
use super::{Address, CloudError, CloudResult, Desired};
use crate::phases::Lookups;
use crate::state::{Record, State, Status};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What to look for: everything that is wanted or recorded, in the order of the addresses. References are resolved from the record.
pub fn sought(desired: &[Desired], state: &State) -> Vec<Sought> {
    let lookup = |from: &Address, field: &str| {
        state.resources.get(from).and_then(|record| record.outputs.get(field)).filter(|v| !v.is_null()).cloned()
    };
    let wanted = desired.iter().map(|want| Sought {
        address: want.address.clone(),
        kind: want.kind.to_owned(),
        props: resolve(&want.props, &lookup),
        outputs: state.resources.get(&want.address).map(|r| r.outputs.clone()).filter(|o| !o.is_null()),
        wanted: true,
    });
    let names: BTreeSet<_> = desired.iter().map(|want| &want.address).collect();
    let left = state
        .resources
        .iter()
        .filter(|(address, _)| !names.contains(address))
        .map(|(address, r)| from_record(address, r));
    wanted.chain(left).chain(state.deposed.iter().map(|old| from_record(&old.address, &old.record))).collect()
}

fn from_record(address: &Address, record: &Record) -> Sought {
    Sought {
        address: address.clone(),
        kind: record.kind.clone(),
        props: record.props.clone(),
        outputs: Some(record.outputs.clone()).filter(|outputs| !outputs.is_null()),
        wanted: false,
    }
}

/// The closer look for strays, whatever the plan says: one with changes has had it.
pub async fn strays(cloud: &dyn Cloud, desired: Vec<Desired>, state: &State, plan: &Plan) -> CloudResult<Vec<Stray>> {
    if !plan.changes.is_empty() {
        return Ok(plan.strays.clone());
    }
    cloud.strays(&sought(&ordered(desired)?, state)).await
}

/// Looks at the world and compares: the whole of `migrate plan`. Nothing is written anywhere.
///
/// # Errors
/// A mistake in a phase, or a call that failed.
pub async fn plan(
    cloud: &dyn Cloud,
    desired: Vec<Desired>,
    state: &State,
    goal: Goal,
    lookups: Lookups,
) -> CloudResult<Plan> {
    let desired = ordered(desired)?;
    let sought = sought(&desired, state);
    let Look { mut observed, strays } = cloud.look(&sought).await?;
    let Compared { changes, known } = confirmed(cloud, &desired, state, &sought, &mut observed).await?;
    // Where something is going on, a closer look is worth its calls.
    let strays = if changes.is_empty() { strays } else { cloud.strays(&as_found(&sought, &observed)).await? };
    Ok(Plan {
        version: plan::VERSION,
        city: state.city.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        made_at: Timestamp::now(),
        goal,
        serves: serves(cloud, state),
        base: Base::of(state),
        lookups,
        changes,
        known,
        strays,
    })
}

/// Compares; what would be replaced, made again or forgotten is asked for itself before that is said. A look at a whole city may rest on
/// proofs (docs/decisions/reading.md), and a proof that is missing is no proof that the thing is.
async fn confirmed(
    cloud: &dyn Cloud,
    desired: &[Desired],
    state: &State,
    sought: &[Sought],
    observed: &mut [Option<Observed>],
) -> CloudResult<Compared> {
    let mut asked = BTreeSet::new();
    loop {
        let compared = compare(cloud, desired, state, sought, observed)?;
        let doubted: BTreeSet<&Address> = compared.changes.iter().filter(|c| doubtful(c)).map(|c| &c.address).collect();
        let of = |(index, one): (usize, &Sought)| doubted.contains(&one.address).then_some(index);
        let doubted: Vec<usize> = sought.iter().enumerate().filter_map(of).filter(|i| !asked.contains(i)).collect();
        if doubted.is_empty() {
            return Ok(compared);
        }
        let again: Vec<Sought> = doubted.iter().map(|index| sought[*index].clone()).collect();
        for (index, answer) in doubted.into_iter().zip(cloud.read(&again).await?) {
            observed[index] = answer;
            asked.insert(index);
        }
    }
}

/// What must not be concluded from a proof.
fn doubtful(change: &Change) -> bool {
    match change.action {
        Action::Replace { .. } | Action::Forget => true,
        Action::Create => change.reason.is_some(),
        _ => false,
    }
}

/// Whether users are on the new side, or may be, as far as is recorded.
pub fn serves(cloud: &dyn Cloud, state: &State) -> bool {
    state.resources.values().any(|record| cloud.info(&record.kind).is_some_and(|info| info.leads))
}

/// What the comparison came to.
pub struct Compared {
    /// What is to be done.
    pub changes: Vec<Change>,
    /// Outputs of what stays as it is.
    pub known: BTreeMap<Address, Value>,
}

/// Compares. `desired` must be in an order in which everything comes after what it refers to (`graph::ordered`); `observed` answers
/// [`sought`] one by one.
pub fn compare(
    cloud: &dyn Cloud,
    desired: &[Desired],
    state: &State,
    sought: &[Sought],
    observed: &[Option<Observed>],
) -> CloudResult<Compared> {
    let deposed_from = sought.len() - state.deposed.len();
    let found: BTreeMap<&Address, &Option<Observed>> =
        sought[..deposed_from].iter().map(|one| &one.address).zip(observed).collect();
    let mut outputs: BTreeMap<Address, Value> = BTreeMap::new();
    let mut known = BTreeMap::new();
    let mut changes = Vec::new();
    for want in desired {
        let record = state.resources.get(&want.address);
        let observed = found.get(&want.address).and_then(|o| o.as_ref());
        let lookup = |from: &Address, field: &str| outputs.get(from)?.get(field).filter(|v| !v.is_null()).cloned();
        let props = cloud.canonical(want.kind, &resolve(&want.props, &lookup))?;
        let info = info(cloud, want.kind)?;
        let change = one(info, want, props, record, observed);
        if let Some(visible) = visible_outputs(info, change.as_ref(), observed) {
            outputs.insert(want.address.clone(), visible);
        }
        match change {
            Some(change) => changes.push(change),
            None => drop(known.insert(want.address.clone(), outputs.get(&want.address).cloned().unwrap_or_default())),
        }
    }
    for (one, observed) in sought.iter().zip(observed).skip(desired.len()).take(deposed_from - desired.len()) {
        if let Some(record) = state.resources.get(&one.address) {
            changes.push(removal(&one.address, record, observed.as_ref(), false));
        }
    }
    for (old, observed) in state.deposed.iter().zip(&observed[deposed_from..]) {
        changes.push(removal(&old.address, &old.record, observed.as_ref(), true));
    }
    Ok(Compared { changes, known })
}

fn info(cloud: &dyn Cloud, kind: &str) -> CloudResult<&'static KindInfo> {
    cloud.info(kind).ok_or_else(|| CloudError::internal(format!("unknown kind {kind}")))
}

/// The outputs that dependents may use in this plan: none of something new, none that an update may change.
fn visible_outputs(info: &KindInfo, change: Option<&Change>, observed: Option<&Observed>) -> Option<Value> {
    let mut outputs = observed?.outputs.clone();
    match change.map(|change| change.action) {
        Some(action) if action.makes() => return None,
        Some(Action::Update) => {
            let fields = outputs.as_object_mut()?;
            info.volatile.iter().for_each(|field| drop(fields.remove(*field)));
        }
        _ => {}
    }
    Some(outputs)
}

fn one(
    info: &KindInfo,
    want: &Desired,
    props: Value,
    record: Option<&Record>,
    observed: Option<&Observed>,
) -> Option<Change> {
    let applied = record.filter(|r| !r.outputs.is_null());
    let mut change = Change {
        address: want.address.clone(),
        kind: want.kind.to_owned(),
        action: Action::Create,
        reason: None,
        fields: Vec::new(),
        props,
        prior: Value::Null,
        outputs: Value::Null,
        depends_on: want.dependencies(),
        depended_on: record.map(|r| r.depends_on.clone()).unwrap_or_default(),
        token: None,
        deposed: false,
        readiness: observed.map(|o| o.readiness.clone()),
    };
    // The same call that may have been made already bears the same token; another call must not.
    change.token =
        record.filter(|r| r.props == change.props).and_then(|r| r.intent.as_ref()).map(|intent| intent.token.clone());
    let Some(observed) = observed else {
        change.fields = whole(&change.props, false);
        if applied.is_some_and(|r| r.status == Status::Ready) {
            change.reason = Some(plan::DELETED.into());
        }
        return Some(change);
    };
    let prior = with_unread(info, &observed.props, applied, &change.props);
    change.fields = diff(&prior, &change.props, applied.map(|r| &r.props));
    change.prior = prior;
    change.outputs = observed.outputs.clone();
    let fixed: Vec<&str> = change.fields.iter().filter_map(|field| immutable(info, field)).collect();
    if let Some(field) = fixed.first() {
        change.action = Action::Replace { order: info.replace };
        change.reason = Some(format!("`{field}` can't be changed in place"));
    } else if !change.fields.is_empty() {
        change.action = Action::Update;
    } else if observed.readiness != Readiness::Ready {
        change.action = Action::Await;
    } else if record
        .is_none_or(|r| r.status != Status::Ready || r.outputs != observed.outputs || r.depends_on != change.depends_on)
    {
        change.action = Action::Adopt;
    } else {
        return None;
    }
    Some(change)
}

/// The property that can't be changed in place, if `field` is part of one.
pub(super) fn immutable<'a>(info: &'a KindInfo, field: &FieldChange) -> Option<&'a str> {
    let top = field.path.split('.').next().unwrap_or_default();
    info.immutable.iter().copied().find(|name| *name == top)
}

/// What AWS doesn't tell is taken from the record. Of something that isn't recorded it is taken to be as wanted, unless it was told.
pub(super) fn with_unread(info: &KindInfo, observed: &Value, record: Option<&Record>, wanted: &Value) -> Value {
    let mut props = observed.clone();
    if let Some(fields) = props.as_object_mut() {
        for name in info.unread {
            let told = fields.get(*name).is_some_and(|value| !value.is_null());
            if let Some(record) = record {
                fields.insert((*name).to_owned(), record.props.get(*name).cloned().unwrap_or_default());
            } else if !told {
                fields.insert((*name).to_owned(), wanted.get(*name).cloned().unwrap_or_default());
            }
        }
    }
    props
}

fn removal(address: &Address, record: &Record, observed: Option<&Observed>, deposed: bool) -> Change {
    let prior = observed.map_or(&record.props, |o| &o.props).clone();
    // A delete that was cut off half-way may have left what a read doesn't show: it is repeated, not forgotten.
    let begun = record.status == Status::Deleting && !record.outputs.is_null();
    Change {
        address: address.clone(),
        kind: record.kind.clone(),
        action: if observed.is_some() || begun { Action::Delete } else { Action::Forget },
        reason: deposed.then(|| "its replacement is there".to_owned()),
        fields: whole(&prior, true),
        props: Value::Null,
        prior,
        outputs: observed.map_or(&record.outputs, |o| &o.outputs).clone(),
        depends_on: record.depends_on.clone(),
        depended_on: record.depends_on.clone(),
        token: record.intent.as_ref().filter(|_| record.status == Status::Deleting).map(|intent| intent.token.clone()),
        deposed,
        readiness: observed.map(|o| o.readiness.clone()),
    }
}
