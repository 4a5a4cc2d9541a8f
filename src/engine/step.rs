//! One change to one resource: record the intent, make the call, record the answer, wait, record that it is ready.

use super::cloud::{Observed, Order, Readiness, Sought};
use super::diff::diff;
use super::events::What;
use super::executor::{Executor, Outputs, known};
use super::graph::Half;
use super::input::{references, resolve};
use super::kind::{KindInfo, Latency, ReplaceOrder};
use super::plan::{Action, Change};
use super::wait::{Ended, patience, pause, repeated_for};
use super::{CloudError, CloudResult, ErrorClass};
use crate::state::{Deposed, Intent, Record, Status};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::PoisonError;
use tokio::time::Instant;
use uuid::Uuid;

/// Creates, updates, adopts or awaits.
pub async fn make(run: &Executor<'_>, change: &Change, outputs: &Outputs) -> Result<(), Ended> {
    let info = info(run, change)?;
    let props = resolve(&change.props, &|from, field| known(outputs, from, field));
    if let Some(missing) = references(&props).first() {
        return Err(CloudError::internal(format!("{missing} has no such output")).into());
    }
    let props = run.cloud.canonical(&change.kind, &props)?;
    let order = order(change, props.clone());
    let record = |status, outputs| Record {
        kind: change.kind.clone(),
        status,
        intent: (status != Status::Ready).then(|| Intent { token: order.token.clone(), at: Timestamp::now() }),
        props: props.clone(),
        outputs,
        depends_on: change.depends_on.clone(),
    };
    let made = match change.action {
        Action::Adopt => change.outputs.clone(),
        Action::Await => settled(run, change, &props, change.outputs.clone(), &info.create).await?,
        Action::Update => {
            store(run, change, record(Status::Updating, change.outputs.clone())).await?;
            let answer = repeat(run, change, Half::Make, &info.update, async || run.cloud.update(&order).await).await?;
            settle(run, change, info, &info.update, record(Status::Settling, answer)).await?
        }
        _ => {
            depose(run, change).await?;
            store(run, change, record(Status::Creating, Value::Null)).await?;
            let answer = repeat(run, change, Half::Make, &info.create, async || create(run, &order).await).await?;
            settle(run, change, info, &info.create, record(Status::Settling, answer)).await?
        }
    };
    store(run, change, record(Status::Ready, made.clone())).await?;
    outputs.lock().unwrap_or_else(PoisonError::into_inner).insert(change.address.clone(), made);
    Ok(())
}

/// Deletes, or drops the record of what is gone.
pub async fn remove(run: &Executor<'_>, change: &Change) -> Result<(), Ended> {
    let info = info(run, change)?;
    if change.action != Action::Forget {
        let order = order(change, change.prior.clone());
        if change.action == Action::Delete && !change.deposed {
            let intent = Intent { token: order.token.clone(), at: Timestamp::now() };
            run.ledger
                .commit(|state| {
                    if let Some(record) = state.resources.get_mut(&change.address) {
                        record.status = Status::Deleting;
                        record.intent = Some(intent);
                    }
                })
                .await?;
        }
        repeat(run, change, Half::Remove, &info.delete, async || {
            super::error::gone_is_fine(run.cloud.delete(&order).await)
        })
        .await?;
        if info.settles {
            gone(run, change, &info.delete).await?;
        }
    }
    if info.lingers {
        // Also when an earlier run deleted it: how long ago, nobody knows.
        run.tell(change, Half::Remove, What::Waiting("until caches have forgotten it".into()));
        pause(run.pace.lingering(&info.delete), &run.stop).await?;
    }
    let moved_aside = change.deposed || matches!(change.action, Action::Replace { order: ReplaceOrder::CreateFirst });
    run.ledger
        .commit(|state| {
            if moved_aside {
                state.deposed.retain(|old| old.address != change.address || old.record.outputs != change.outputs);
            } else {
                state.resources.remove(&change.address);
            }
        })
        .await?;
    Ok(())
}

fn info(run: &Executor<'_>, change: &Change) -> CloudResult<&'static KindInfo> {
    run.cloud.info(&change.kind).ok_or_else(|| CloudError::internal(format!("unknown kind {}", change.kind)))
}

fn order(change: &Change, props: Value) -> Order {
    Order {
        address: change.address.clone(),
        kind: change.kind.clone(),
        token: change.token.clone().unwrap_or_else(|| Uuid::new_v4().simple().to_string()),
        props,
        prior: change.prior.clone(),
        outputs: change.outputs.clone(),
    }
}

async fn store(run: &Executor<'_>, change: &Change, record: Record) -> Result<(), Ended> {
    Ok(run.ledger.commit(|state| drop(state.resources.insert(change.address.clone(), record))).await?)
}

/// Before a replacement that comes first, the old one moves aside in the record.
async fn depose(run: &Executor<'_>, change: &Change) -> Result<(), Ended> {
    if change.action != (Action::Replace { order: ReplaceOrder::CreateFirst }) {
        return Ok(());
    }
    let old = Record {
        kind: change.kind.clone(),
        status: Status::Ready,
        intent: None,
        props: change.prior.clone(),
        outputs: change.outputs.clone(),
        depends_on: change.depended_on.clone(),
    };
    Ok(run.ledger.commit(|state| state.deposed.push(Deposed { address: change.address.clone(), record: old })).await?)
}

/// Makes it, unless an earlier attempt whose answer was lost has made it already: then it is brought to what is wanted.
async fn create(run: &Executor<'_>, order: &Order) -> CloudResult<Value> {
    match run.cloud.create(order).await {
        Err(error) if matches!(error.class, ErrorClass::AlreadyExists | ErrorClass::Unavailable) => {
            let Some(found) = look(run, order, None).await? else { return Err(error) };
            if diff(&found.props, &order.props, None).is_empty() {
                return Ok(found.outputs);
            }
            run.cloud.update(&Order { prior: found.props, outputs: found.outputs, ..order.clone() }).await
        }
        answer => answer,
    }
}

async fn look(run: &Executor<'_>, order: &Order, outputs: Option<Value>) -> CloudResult<Option<Observed>> {
    let sought =
        Sought { address: order.address.clone(), kind: order.kind.clone(), props: order.props.clone(), outputs };
    Ok(run.cloud.read(&[sought]).await?.pop().flatten())
}

/// Repeats a call that fails in a way that passes.
async fn repeat<T>(
    run: &Executor<'_>,
    change: &Change,
    half: Half,
    latency: &Latency,
    call: impl AsyncFn() -> CloudResult<T>,
) -> Result<T, Ended> {
    let begun = Instant::now();
    let mut attempt = 0;
    let mut told = String::new();
    loop {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match repeated_for(error.class, latency) {
            Some(limit) if begun.elapsed() < limit => {}
            _ => return Err(error.into()),
        }
        attempt += 1;
        let why = error.to_string();
        if why != told {
            run.tell(change, half, What::Retrying(error));
            told = why;
        }
        pause(run.pace.before_attempt(attempt), &run.stop).await?;
    }
}

/// Records the answer of the call, then waits until it is ready, if its kind takes time.
async fn settle(
    run: &Executor<'_>,
    change: &Change,
    info: &KindInfo,
    latency: &Latency,
    record: Record,
) -> Result<Value, Ended> {
    if !info.settles {
        return Ok(record.outputs);
    }
    let (props, outputs) = (record.props.clone(), record.outputs.clone());
    store(run, change, record).await?;
    settled(run, change, &props, outputs, latency).await
}

/// Reads until it is ready; answers with its outputs then.
async fn settled(
    run: &Executor<'_>,
    change: &Change,
    props: &Value,
    outputs: Value,
    latency: &Latency,
) -> Result<Value, Ended> {
    let order = order(change, props.clone());
    watch(run, change, Half::Make, latency, async || {
        Ok(match look(run, &order, Some(outputs.clone())).await? {
            Some(Observed { readiness: Readiness::Ready, outputs, .. }) => Seen::There(outputs),
            Some(Observed { readiness: Readiness::Pending(doing), .. }) => Seen::Not(doing),
            Some(Observed { readiness: Readiness::Failed(why), .. }) => Seen::Never(why),
            None => Seen::Not("not visible yet".into()),
        })
    })
    .await
}

/// Reads until it is gone.
async fn gone(run: &Executor<'_>, change: &Change, latency: &Latency) -> Result<(), Ended> {
    let order = order(change, change.prior.clone());
    watch(run, change, Half::Remove, latency, async || {
        Ok(match look(run, &order, Some(change.outputs.clone())).await? {
            Some(Observed { readiness: Readiness::Pending(doing), .. }) => Seen::Not(doing),
            Some(_) => Seen::Not("still there".into()),
            None => Seen::There(Value::Null),
        })
    })
    .await
    .map(drop)
}

enum Seen {
    There(Value),
    Not(String),
    Never(String),
}

async fn watch(
    run: &Executor<'_>,
    change: &Change,
    half: Half,
    latency: &Latency,
    look: impl AsyncFn() -> CloudResult<Seen>,
) -> Result<Value, Ended> {
    let begun = Instant::now();
    let mut last = String::new();
    loop {
        let doing = match repeat(run, change, half, latency, &look).await? {
            Seen::There(outputs) => return Ok(outputs),
            Seen::Never(why) => return Err(Ended::NeverReady(why)),
            Seen::Not(doing) => doing,
        };
        if doing != last {
            last.clone_from(&doing);
            run.tell(change, half, What::Waiting(doing));
        }
        if begun.elapsed() > patience(latency) {
            return Err(Ended::Late { last, after: begun.elapsed() });
        }
        pause(run.pace.between_looks(latency), &run.stop).await?;
    }
}
