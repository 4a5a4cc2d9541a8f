//! A cloud in memory, with the kinds of the real one: what rehearsals and most tests of the engine run on.

use super::cloud::{Cloud, Observed, Order, Readiness, Sought};
use super::kind::KindInfo;
use super::{CloudError, CloudResult, ErrorClass};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What happens to a call instead of, or after, its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails before it has any effect.
    Before(ErrorClass),
    /// It has its effect, and its answer is lost.
    LostAnswer,
}

/// Resources in memory. Creates take the kinds' typical time on tokio's clock, which tests pause.
pub struct MemoryCloud {
    kinds: &'static [&'static KindInfo],
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    things: BTreeMap<String, Thing>,
    made: u64,
    calls: Vec<String>,
    faults: BTreeMap<usize, Fault>,
}

#[derive(Clone)]
struct Thing {
    address: String,
    kind: &'static KindInfo,
    props: Value,
    ready_at: Instant,
    gone_at: Option<Instant>,
    revision: u64,
}

impl MemoryCloud {
    /// An empty cloud that knows these kinds.
    pub fn new(kinds: &'static [&'static KindInfo]) -> Self {
        Self { kinds, inner: Mutex::default() }
    }

    /// The call with this number (from 0, over all creates, updates and deletes) fails so.
    pub fn fault(&self, call: usize, fault: Fault) {
        self.lock().faults.insert(call, fault);
    }

    /// The creates, updates and deletes so far: `create vpc/vpc`.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// The addresses of everything that is there, one for each thing.
    pub fn addresses(&self) -> Vec<String> {
        let mut all: Vec<_> =
            self.lock().things.values().filter(|t| t.gone_at.is_none()).map(|t| t.address.clone()).collect();
        all.sort();
        all
    }

    /// Changes a thing behind everybody's back.
    pub fn meddle(&self, address: &str, change: impl FnOnce(&mut Value)) {
        if let Some(thing) = self.lock().things.values_mut().find(|thing| thing.address == address) {
            change(&mut thing.props);
        }
    }

    /// Deletes a thing behind everybody's back.
    pub fn vanish(&self, address: &str) {
        self.lock().things.retain(|_, thing| thing.address != address);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        inner.things.retain(|_, thing| thing.gone_at.is_none_or(|at| at > now));
        inner
    }

    fn known(&self, kind: &str) -> CloudResult<&'static KindInfo> {
        self.info(kind).ok_or_else(|| CloudError::internal(format!("unknown kind {kind}")))
    }

    /// Counts the call, and does what a fault asks for.
    async fn call<T>(&self, name: String, effect: impl FnOnce(&mut Inner) -> CloudResult<T>) -> CloudResult<T> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut inner = self.lock();
        let number = inner.calls.len();
        inner.calls.push(name.clone());
        let error =
            |class| CloudError { class, call: name.clone(), code: format!("{class:?}"), message: "injected".into() };
        match inner.faults.get(&number).copied() {
            Some(Fault::Before(class)) => Err(error(class)),
            Some(Fault::LostAnswer) => effect(&mut inner).and(Err(error(ErrorClass::Unavailable))),
            None => effect(&mut inner),
        }
    }
}

fn outputs(id: &str, thing: &Thing) -> Value {
    let mut fields = json!({ "id": id, "arn": format!("arn:{id}:{}", thing.revision), "name": id });
    for field in thing.kind.volatile {
        fields[field] = json!(format!("{field}-{}", thing.revision));
    }
    fields
}

#[async_trait]
impl Cloud for MemoryCloud {
    fn info(&self, kind: &str) -> Option<&'static KindInfo> {
        self.kinds.iter().copied().find(|info| info.name == kind)
    }

    fn canonical(&self, _: &str, props: &Value) -> CloudResult<Value> {
        Ok(props.clone())
    }

    async fn read(&self, sought: &[Sought]) -> CloudResult<Vec<Option<Observed>>> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let inner = self.lock();
        let now = Instant::now();
        let find = |one: &Sought| {
            let recorded = one.outputs.as_ref().and_then(|o| o.get("id")).and_then(Value::as_str);
            let by_id = recorded.and_then(|id| inner.things.get_key_value(id));
            let by_tag = || inner.things.iter().find(|(_, thing)| thing.address == one.address.as_str());
            let (id, thing) = by_id.or_else(by_tag)?;
            let readiness = match thing.gone_at {
                Some(_) => Readiness::Pending("deleting".into()),
                None if thing.ready_at > now => Readiness::Pending("creating".into()),
                None => Readiness::Ready,
            };
            Some(Observed { props: thing.props.clone(), outputs: outputs(id, thing), readiness })
        };
        Ok(sought.iter().map(find).collect())
    }

    async fn create(&self, order: &Order) -> CloudResult<Value> {
        let kind = self.known(&order.kind)?;
        self.call(format!("create {}", order.address), |inner| {
            inner.made += 1;
            let id = format!("{}-{}", order.kind, inner.made);
            let ready_at =
                Instant::now() + Duration::from_secs(if kind.settles { kind.create.typical.into() } else { 0 });
            let thing = Thing {
                address: order.address.to_string(),
                kind,
                props: order.props.clone(),
                ready_at,
                gone_at: None,
                revision: 1,
            };
            let answer = outputs(&id, &thing);
            inner.things.insert(id, thing);
            Ok(answer)
        })
        .await
    }

    async fn update(&self, order: &Order) -> CloudResult<Value> {
        self.call(format!("update {}", order.address), |inner| {
            let id = order.outputs["id"].as_str().unwrap_or_default().to_owned();
            let thing = inner.things.get_mut(&id).ok_or_else(|| missing(&id))?;
            thing.props = order.props.clone();
            thing.revision += 1;
            Ok(outputs(&id, thing))
        })
        .await
    }

    async fn delete(&self, order: &Order) -> CloudResult<()> {
        self.call(format!("delete {}", order.address), |inner| {
            let id = order.outputs["id"].as_str().unwrap_or_default().to_owned();
            let uses =
                |thing: &Thing| thing.gone_at.is_none() && thing.props.to_string().contains(&format!("\"{id}\""));
            if let Some(user) = inner.things.values().find(|thing| uses(thing)) {
                let message = format!("{id} is used by {}", user.address);
                return Err(CloudError {
                    class: ErrorClass::Dependency,
                    call: "delete".into(),
                    code: "InUse".into(),
                    message,
                });
            }
            let thing = inner.things.get_mut(&id).ok_or_else(|| missing(&id))?;
            let seconds = if thing.kind.settles { thing.kind.delete.typical } else { 0 };
            thing.gone_at = Some(Instant::now() + Duration::from_secs(seconds.into()));
            Ok(())
        })
        .await
    }
}

fn missing(id: &str) -> CloudError {
    CloudError {
        class: ErrorClass::NotFound,
        call: "memory".into(),
        code: "NotFound".into(),
        message: format!("no {id}"),
    }
}
