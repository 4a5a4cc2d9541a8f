//! One change to one resource: record the intent, make the call, record the answer, look until it is ready, record that.

use super::cloud::Order;
use super::create::{create, unsure};
use super::error::gone_is_fine;
use super::events::What;
use super::executor::{Executor, Outputs, known};
use super::graph::Half;
use super::input::{references, resolve};
use super::kind::{KindInfo, ReplaceOrder};
use super::plan::{Action, Change};
use super::repeat::Call;
use super::wait::{Ended, pause};
use super::{CloudError, CloudResult};
use crate::state::{Deposed, Intent, Record, Status};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::PoisonError;

/// Creates, updates, adopts or awaits.
pub async fn make(run: &Executor<'_>, change: &Change, outputs: &Outputs) -> Result<(), Ended> {
    let info = info(run, change)?;
    let props = resolve(&change.props, &|from, field| known(outputs, from, field));
    if let Some(missing) = references(&props).first() {
        return Err(CloudError::internal(format!("{missing} has no such output")).into());
    }
    let props = run.cloud.canonical(&change.kind, &props)?;
    let before = run.ledger.read(|state| state.resources.get(&change.address).cloned());
    let token = token(run, change, before.as_ref().filter(|record| record.props == props));
    let order = order(change, props.clone(), token);
    let record = |status, outputs| Record {
        kind: change.kind.clone(),
        status,
        intent: (status != Status::Ready).then(|| intent(&order)),
        props: props.clone(),
        outputs,
        depends_on: change.depends_on.clone(),
    };
    let call = |latency| Call { run, change, half: Half::Make, latency, order: &order };
    let create_latency = info.create.and((info.lasts)(&props));
    let made = match change.action {
        Action::Adopt => change.outputs.clone(),
        // No intent before it: until it is marked it can't be found again, and what is recorded and not found is made anew.
        Action::Import => {
            let adopt = async || {
                run.ledger.hold().await?;
                Ok(run.cloud.adopt(&order).await?)
            };
            call(&info.update).repeat(adopt).await?;
            change.outputs.clone()
        }
        Action::Await => call(&create_latency).settled(&change.outputs).await?,
        Action::Update => {
            store(run, change, record(Status::Updating, change.outputs.clone())).await?;
            let call = call(&info.update);
            let answer = call.repeat(async || {
                run.ledger.hold().await?;
                Ok(run.cloud.update(&order).await?)
            });
            let answer = answer.await?;
            if info.settles {
                store(run, change, record(Status::Settling, answer.clone())).await?;
                call.settled(&answer).await?
            } else {
                answer
            }
        }
        _ => {
            begin(run, change, record(Status::Creating, Value::Null)).await?;
            let call = call(&create_latency);
            let answer = create(&call, info, before.as_ref()).await?;
            // On record before it is waited for. Only what was seen counts as ready: a next run that doesn't see it knows that it is gone.
            store(run, change, record(Status::Settling, answer.clone())).await?;
            call.settled(&answer).await?
        }
    };
    store(run, change, record(Status::Ready, made.clone())).await?;
    outputs.lock().unwrap_or_else(PoisonError::into_inner).insert(change.address.clone(), made);
    Ok(())
}

/// Deletes, or drops the record of what is gone.
pub async fn remove(run: &Executor<'_>, change: &Change) -> Result<(), Ended> {
    let info = info(run, change)?;
    if let Some(order) = doomed(run, change, info).await? {
        let call = Call { run, change, half: Half::Remove, latency: &info.delete, order: &order };
        if matches!(change.action, Action::Delete | Action::Forget) && !change.deposed {
            let intent = intent(&order);
            run.ledger
                .commit(|state| {
                    if let Some(record) = state.resources.get_mut(&change.address) {
                        record.status = Status::Deleting;
                        record.intent = Some(intent);
                    }
                })
                .await?;
        }
        let delete = async || {
            run.ledger.hold().await?;
            Ok(gone_is_fine(run.cloud.delete(&order).await)?)
        };
        call.repeat(delete).await?;
        if info.vanishes {
            call.gone().await?;
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

/// What is to be deleted: nothing where the plan found nothing, unless it may only not have shown yet.
async fn doomed(run: &Executor<'_>, change: &Change, info: &KindInfo) -> Result<Option<Order>, Ended> {
    let order = order(change, change.prior.clone(), token(run, change, None));
    if change.action != Action::Forget {
        return Ok(Some(order));
    }
    let doubtful = run.ledger.read(|state| state.resources.get(&change.address).is_some_and(unsure));
    if change.deposed || !doubtful {
        return Ok(None);
    }
    let call = Call { run, change, half: Half::Remove, latency: &info.delete, order: &order };
    let found = call.appears().await?;
    Ok(found.map(|found| Order { prior: found.props, outputs: found.outputs, ..order }))
}

fn info(run: &Executor<'_>, change: &Change) -> CloudResult<&'static KindInfo> {
    run.cloud.info(&change.kind).ok_or_else(|| CloudError::internal(format!("unknown kind {}", change.kind)))
}

fn order(change: &Change, props: Value, token: String) -> Order {
    Order {
        address: change.address.clone(),
        kind: change.kind.clone(),
        token,
        props,
        prior: change.prior.clone(),
        outputs: change.outputs.clone(),
    }
}

fn intent(order: &Order) -> Intent {
    Intent { token: order.token.clone(), at: Timestamp::now() }
}

/// The client token: that of the same call that was recorded before, or else a new one, out of the address and the state that the
/// intent goes into, which no other intent for this address ever shares.
fn token(run: &Executor<'_>, change: &Change, same: Option<&Record>) -> String {
    let recorded = same.and_then(|record| record.intent.as_ref()).map(|intent| intent.token.clone());
    recorded.or_else(|| change.token.clone()).unwrap_or_else(|| {
        let place =
            run.ledger.read(|state| format!("{}/{}/{}/{}", state.city, state.lineage, state.serial, change.address));
        Sha256::digest(place).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    })
}

async fn store(run: &Executor<'_>, change: &Change, record: Record) -> Result<(), Ended> {
    Ok(run.ledger.commit(|state| drop(state.resources.insert(change.address.clone(), record))).await?)
}

/// Records the intent. Before a replacement that comes first, the old one moves aside in the same write.
async fn begin(run: &Executor<'_>, change: &Change, record: Record) -> Result<(), Ended> {
    let old = (change.action == (Action::Replace { order: ReplaceOrder::CreateFirst })).then(|| Deposed {
        address: change.address.clone(),
        record: Record {
            kind: change.kind.clone(),
            status: Status::Ready,
            intent: None,
            props: change.prior.clone(),
            outputs: change.outputs.clone(),
            depends_on: change.depended_on.clone(),
        },
    });
    let edit = |state: &mut crate::state::State| {
        state.deposed.extend(old);
        state.resources.insert(change.address.clone(), record);
    };
    Ok(run.ledger.commit(edit).await?)
}
