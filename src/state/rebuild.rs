//! A state that was lost, made again from what is there: everything that the city wants is sought by its tags and its names, and what is
//! found is recorded. Changes nothing at AWS.
//!
//! Some things are found only through others (a listener through its load balancer), so it looks until it finds no more.

use super::model::{Record, State, Status};
use crate::engine::cloud::Cloud;
use crate::engine::input::references;
use crate::engine::plan::{Action, Change, Goal, Plan};
use crate::engine::{Address, CloudResult, Desired, planner};
use crate::phases::Lookups;
use serde_json::Value;
use std::collections::BTreeSet;

/// What was found.
#[derive(Debug)]
pub struct Rebuilt {
    /// The state.
    pub state: State,
    /// What the city wants and isn't there.
    pub missing: Vec<Address>,
    /// What is there, but not as the city wants it.
    pub different: Vec<Address>,
}

/// Looks for everything in `desired`. Of `base`, the last state that can be read (or an empty one), everything is kept but the resources:
/// of these only what the city no longer wants and what still is there.
///
/// # Errors
/// A mistake in a phase, or a call that failed.
pub async fn rebuild(cloud: &dyn Cloud, desired: &[Desired], base: State, lookups: &Lookups) -> CloudResult<Rebuilt> {
    let wanted: BTreeSet<&Address> = desired.iter().map(|want| &want.address).collect();
    let mut state = base;
    state.lookups = lookups.clone();
    state.resources.retain(|address, _| !wanted.contains(address));
    loop {
        let plan = planner::plan(cloud, desired.to_vec(), &state, Goal::City, lookups.clone()).await?;
        let before = state.resources.len();
        let found = |change: &&Change| wanted.contains(&change.address) && !change.deposed && !change.outputs.is_null();
        for change in plan.changes.iter().filter(found) {
            state.resources.insert(change.address.clone(), sighted(change));
        }
        if state.resources.len() == before {
            return Ok(finished(state, &plan, &wanted));
        }
    }
}

/// As it was seen. Of what AWS doesn't tell, only what is known already: what refers to something that isn't found yet would be
/// compared with itself later.
fn sighted(change: &Change) -> Record {
    let mut props = change.prior.clone();
    if let Some(fields) = props.as_object_mut() {
        fields.values_mut().filter(|value| !references(value).is_empty()).for_each(|value| *value = Value::Null);
    }
    // Never `Ready`: so the next look compares it anew.
    record(change, Status::Settling, props)
}

fn record(change: &Change, status: Status, props: Value) -> Record {
    Record {
        kind: change.kind.clone(),
        status,
        intent: None,
        props,
        outputs: change.outputs.clone(),
        depends_on: change.depends_on.clone(),
    }
}

fn finished(mut state: State, plan: &Plan, wanted: &BTreeSet<&Address>) -> Rebuilt {
    let (mut missing, mut different) = (Vec::new(), Vec::new());
    for change in &plan.changes {
        let address = change.address.clone();
        if change.deposed || !wanted.contains(&address) {
            if change.action == Action::Forget {
                forget(&mut state, change);
            }
            continue;
        }
        let found = match change.action {
            _ if change.outputs.is_null() => {
                missing.push(address);
                continue;
            }
            Action::Adopt => record(change, Status::Ready, change.props.clone()),
            Action::Await => record(change, Status::Settling, change.props.clone()),
            _ => {
                different.push(address.clone());
                record(change, Status::Ready, told(change))
            }
        };
        state.resources.insert(address, found);
    }
    Rebuilt { state, missing, different }
}

fn forget(state: &mut State, gone: &Change) {
    if gone.deposed {
        state.deposed.retain(|old| old.address != gone.address || old.record.outputs != gone.outputs);
    } else {
        state.resources.remove(&gone.address);
    }
}

/// The properties as they are; what AWS doesn't tell is taken to be as wanted.
fn told(change: &Change) -> Value {
    let mut props = change.prior.clone();
    if let (Some(fields), Some(wanted)) = (props.as_object_mut(), change.props.as_object()) {
        for (name, value) in fields.iter_mut().filter(|(_, value)| value.is_null()) {
            *value = wanted.get(name).cloned().unwrap_or_default();
        }
    }
    props
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::engine::cloud::Order;
    use crate::engine::input::output;
    use crate::engine::kind::{Identity, KindInfo};
    use crate::engine::memory::script::Script;
    use crate::engine::memory::{Kinds, MemoryCloud};
    use crate::state::Deposed;
    use serde_json::json;
    use std::sync::Arc;

    static PLAIN: KindInfo = KindInfo::new("t:plain", Identity::Mark { made_by: "t:plain" });
    static SECRETIVE: KindInfo =
        KindInfo { unread: &["note"], ..KindInfo::new("t:secretive", Identity::Mark { made_by: "t:secretive" }) };
    const KINDS: Kinds = Kinds {
        info: |kind| [&PLAIN, &SECRETIVE].into_iter().find(|info| info.name == kind),
        canonical: |_, props| Ok(props.clone()),
    };

    fn cloud() -> MemoryCloud {
        MemoryCloud::new(KINDS, "test", Arc::new(Script::new(0, false)))
    }

    fn city() -> Vec<Desired> {
        let id = output::<String>("net/network", "id");
        vec![
            Desired::new("t:plain", "net/network", &json!({ "cidr": "10.0.0.0/16" })),
            Desired::new("t:secretive", "web/group", &json!({ "network": id, "note": "kept", "size": 2 })),
            Desired::new("t:plain", "web/missing", &json!({ "size": 1 })),
        ]
    }

    async fn make(cloud: &MemoryCloud, address: &str, kind: &str, props: Value) -> Value {
        let (address, kind, prior, outputs) = (address.into(), kind.into(), Value::Null, Value::Null);
        let order = Order { address, kind, token: "0".repeat(32), props, prior, outputs };
        let made = cloud.create(&order).await.unwrap();
        cloud.account().long_afterwards();
        made
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_is_recorded_and_what_is_not_is_told() {
        let cloud = cloud();
        let network = make(&cloud, "net/network", "t:plain", json!({ "cidr": "10.0.0.0/16" })).await;
        make(&cloud, "web/group", "t:secretive", json!({ "network": network["id"], "note": null, "size": 2 })).await;
        let unwanted = make(&cloud, "web/unwanted", "t:plain", json!({ "size": 9 })).await;
        let record = |outputs: &Value| Record {
            kind: "t:plain".into(),
            status: Status::Ready,
            intent: None,
            props: json!({}),
            outputs: outputs.clone(),
            depends_on: BTreeSet::new(),
        };
        let mut base = State::new("test", "1", "r");
        // A wanted thing under an id that is no longer true, one that the city no longer wants, and two that are gone.
        base.resources.insert("net/network".into(), record(&json!({ "id": "old" })));
        base.resources.insert("web/unwanted".into(), record(&unwanted));
        base.resources.insert("web/gone".into(), record(&json!({ "id": "gone" })));
        base.deposed.push(Deposed { address: "web/gone".into(), record: record(&json!({ "id": "gone too" })) });
        let lineage = base.lineage;

        let rebuilt = rebuild(&cloud, &city(), base, &Lookups::default()).await.unwrap();
        assert_eq!(rebuilt.missing, ["web/missing".into()]);
        assert_eq!(rebuilt.different, []);
        let state = rebuilt.state;
        assert_eq!((state.lineage, state.deposed.len()), (lineage, 0));
        let addresses: Vec<_> = state.resources.keys().map(Address::as_str).collect();
        assert_eq!(addresses, ["net/network", "web/group", "web/unwanted"]);
        assert_eq!(state.resources[&"net/network".into()].outputs, network);
        assert_eq!(state.resources[&"web/group".into()].props["note"], json!("kept"), "what AWS doesn't tell");
        let plan = planner::plan(&cloud, city(), &state, Goal::City, Lookups::default()).await.unwrap();
        let left: Vec<_> = plan.changes.iter().map(|c| (c.address.as_str(), c.action)).collect();
        assert_eq!(left, [("web/missing", Action::Create), ("web/unwanted", Action::Delete)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_different_is_recorded_as_it_is() {
        let cloud = cloud();
        make(&cloud, "net/network", "t:plain", json!({ "cidr": "10.9.0.0/16" })).await;
        let base = State::new("test", "1", "r");
        let rebuilt = rebuild(&cloud, &city()[..1], base, &Lookups::default()).await.unwrap();
        assert_eq!(rebuilt.different, ["net/network".into()]);
        let record = &rebuilt.state.resources[&"net/network".into()];
        assert_eq!((record.status, &record.props["cidr"]), (Status::Ready, &json!("10.9.0.0/16")));
    }
}
