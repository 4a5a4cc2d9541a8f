//! A create that may have been made before: by an attempt whose answer was lost, or by a run that died. It is made once.

use super::cloud::{Observed, Order};
use super::diff::diff;
use super::kind::{Identity, KindInfo};
use super::planner::{immutable, with_unread};
use super::repeat::Call;
use super::wait::{DOUBTFUL_FOR, Ended, Repetition};
use super::{CloudError, ErrorClass};
use crate::state::{Record, Status};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

/// What isn't known of earlier attempts.
#[derive(Clone, Copy, Default)]
struct Doubt {
    /// One of them may have made it.
    made: bool,
    /// The call itself wouldn't tell, but make a second one: only looking tells.
    look: bool,
}

/// Makes it, unless it was made before: then it is brought to what is wanted. `before`: what was recorded until now.
pub async fn create(call: &Call<'_>, info: &KindInfo, before: Option<&Record>) -> Result<Value, Ended> {
    let mut repetition = Repetition::default();
    let mut doubt = Doubt::of(info.identity, call.order, before);
    loop {
        let error = match attempt(call, info, &mut doubt, &mut repetition).await {
            Err(Ended::Failed(error)) => error,
            ended => return ended,
        };
        let refused = !doubt.made;
        match call.again(&mut repetition, error).await {
            Err(Ended::Failed(error)) if refused => {
                forget_intent(call, before).await?;
                return Err(error.into());
            }
            go_on => go_on?,
        }
    }
}

async fn attempt(
    call: &Call<'_>,
    info: &KindInfo,
    doubt: &mut Doubt,
    repetition: &mut Repetition,
) -> Result<Value, Ended> {
    if doubt.look {
        let begun = Instant::now();
        let shown = call.appears().await;
        repetition.excuse(begun.elapsed());
        if let Some(found) = shown? {
            return bring(call, info, found).await;
        }
        *doubt = Doubt::default();
    }
    call.run.ledger.hold().await?;
    let error = match call.run.cloud.create(call.order).await {
        Ok(outputs) => return Ok(outputs),
        Err(error) => error,
    };
    let taken = error.class == ErrorClass::AlreadyExists;
    if taken || error.class == ErrorClass::Unavailable {
        // Where even that fails, the first error says more.
        if let Ok(Some(found)) = call.look(None).await {
            return bring(call, info, found).await;
        }
    }
    if taken && doubt.made {
        // It is most likely ours, and doesn't show yet.
        return Err(CloudError { class: ErrorClass::Propagating, ..error }.into());
    }
    doubt.after(info.identity, &error);
    Err(error.into())
}

/// Brings what is there to what is wanted.
async fn bring(call: &Call<'_>, info: &KindInfo, found: Observed) -> Result<Value, Ended> {
    let order = call.order;
    let fields = diff(&with_unread(info, &found.props, None, &order.props), &order.props, None);
    if fields.is_empty() {
        return Ok(found.outputs);
    }
    if let Some(field) = fields.iter().find_map(|field| immutable(info, field)) {
        return Err(CloudError {
            class: ErrorClass::Other,
            call: "migrate".into(),
            code: "MadeOtherwise".into(),
            message: format!(
                "an earlier run made it with another `{field}`: run the command again, it is replaced then"
            ),
        }
        .into());
    }
    call.run.ledger.hold().await?;
    Ok(call.run.cloud.update(&Order { prior: found.props, outputs: found.outputs, ..order.clone() }).await?)
}

/// AWS refused for good, and nothing was made: what was recorded before holds again.
async fn forget_intent(call: &Call<'_>, before: Option<&Record>) -> Result<(), Ended> {
    let address = &call.order.address;
    let restore = |state: &mut crate::state::State| {
        state.deposed.retain(|old| old.address != *address || before.is_none_or(|b| b.outputs != old.record.outputs));
        match before {
            Some(record) => drop(state.resources.insert(address.clone(), record.clone())),
            None => drop(state.resources.remove(address)),
        }
    };
    Ok(call.run.ledger.commit(restore).await?)
}

impl Doubt {
    /// What an earlier run left open.
    fn of(identity: Identity, order: &Order, before: Option<&Record>) -> Self {
        let Some(intent) = before.filter(|record| unsure(record)).and_then(|record| record.intent.as_ref()) else {
            return Self::default();
        };
        let look = match identity {
            Identity::Mark { .. } => true,
            // Something else is wanted by now: that call has another token.
            Identity::Token => intent.token != order.token,
            Identity::Taken(_) | Identity::Same(_) => false,
        };
        Self { made: true, look }
    }

    /// What a failed attempt leaves open. Most creates are several calls, of which the first may have succeeded.
    fn after(&mut self, identity: Identity, error: &CloudError) {
        match identity {
            Identity::Mark { made_by } if error.call == made_by && error.class != ErrorClass::Unavailable => {}
            Identity::Mark { .. } => *self = Self { made: true, look: true },
            _ => self.made = true,
        }
    }
}

/// True for a record of something that may have been made, and may not show yet.
pub fn unsure(record: &Record) -> bool {
    let recent = |at: Timestamp| Timestamp::now().duration_since(at) < DOUBTFUL_FOR;
    matches!(record.status, Status::Creating | Status::Settling) && record.intent.as_ref().is_some_and(|i| recent(i.at))
}
