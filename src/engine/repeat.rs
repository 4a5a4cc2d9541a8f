//! One call after another until it succeeds, shows, is ready or is gone. How long and how often says `wait`.

use super::adopt::id_of;
use super::cloud::{Observed, Order, Readiness, Sought};
use super::events::What;
use super::executor::Executor;
use super::graph::Half;
use super::kind::Latency;
use super::plan::Change;
use super::wait::{Ended, Repetition, patience, pause};
use super::{CloudError, CloudResult};
use serde_json::Value;
use tokio::time::Instant;

/// What a call is made for.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The run that it is part of.
    pub run: &'a Executor<'a>,
    /// The change that it is part of.
    pub change: &'a Change,
    /// Which half of it.
    pub half: Half,
    /// How long it takes.
    pub latency: &'a Latency,
    /// What is to be made, changed or deleted.
    pub order: &'a Order,
}

impl Call<'_> {
    /// Repeats a call that fails in a way that passes.
    pub async fn repeat<T>(&self, call: impl AsyncFn() -> Result<T, Ended>) -> Result<T, Ended> {
        let mut repetition = Repetition::default();
        loop {
            match call().await {
                Err(Ended::Failed(error)) => self.again(&mut repetition, error).await?,
                answer => return answer,
            }
        }
    }

    /// Pauses before the next attempt; or gives up, with the error of the last.
    pub async fn again(&self, repetition: &mut Repetition, error: CloudError) -> Result<(), Ended> {
        let run = self.run;
        let Some(length) = repetition.next(error.class, self.latency, run.pace, &self.order.token) else {
            return Err(error.into());
        };
        if repetition.news(error.to_string()) {
            run.tell(self.change, self.half, What::Retrying(error));
        }
        pause(length, &run.stop).await
    }

    /// Looks once: by the recorded outputs, else by its mark or name.
    pub async fn look(&self, outputs: Option<&Value>) -> CloudResult<Option<Observed>> {
        let order = self.order;
        let sought = Sought {
            address: order.address.clone(),
            kind: order.kind.clone(),
            props: order.props.clone(),
            outputs: outputs.cloned(),
            wanted: self.half == Half::Make,
        };
        Ok(self.run.cloud.read(&[sought]).await?.pop().flatten())
    }

    /// Looks until it shows; `None` if it would have shown by now.
    pub async fn appears(&self) -> Result<Option<Observed>, Ended> {
        let begun = Instant::now();
        self.tell("looking whether it was made before");
        for attempt in 1.. {
            let seen = self.repeat(async || Ok(self.look(None).await?)).await?;
            if seen.is_some() || begun.elapsed() >= self.run.pace.until_shown() {
                return Ok(seen);
            }
            pause(self.run.pace.before_attempt(attempt, &self.order.token), &self.run.stop).await?;
        }
        Ok(None)
    }

    /// Looks until it shows and is ready; answers with its outputs then.
    pub async fn settled(&self, outputs: &Value) -> Result<Value, Ended> {
        self.watch(async || {
            Ok(match self.look(Some(outputs)).await? {
                Some(Observed { readiness: Readiness::Pending(doing), .. }) => Seen::Not(doing),
                Some(Observed { readiness: Readiness::Failed(why), .. }) => Seen::Never(why),
                Some(Observed { readiness: Readiness::Ready, outputs, .. }) => Seen::There(outputs),
                None => Seen::Not("not visible yet".into()),
            })
        })
        .await
    }

    /// Looks until it is gone.
    pub async fn gone(&self) -> Result<(), Ended> {
        self.watch(async || {
            Ok(match self.look(Some(&self.order.outputs)).await? {
                // What stands at the address now is not what was to go from beside it.
                Some(found) if self.change.deposed && id_of(&found.outputs) != id_of(&self.order.outputs) => {
                    Seen::There(Value::Null)
                }
                Some(Observed { readiness: Readiness::Pending(doing), .. }) => Seen::Not(doing),
                Some(_) => Seen::Not("still there".into()),
                None => Seen::There(Value::Null),
            })
        })
        .await
        .map(drop)
    }

    async fn watch(&self, look: impl AsyncFn() -> Result<Seen, Ended>) -> Result<Value, Ended> {
        let begun = Instant::now();
        let mut last = String::new();
        loop {
            let doing = match self.repeat(&look).await? {
                Seen::There(outputs) => return Ok(outputs),
                Seen::Never(why) => return Err(Ended::NeverReady(why)),
                Seen::Not(doing) => doing,
            };
            if doing != last {
                last.clone_from(&doing);
                self.tell(&doing);
            }
            if begun.elapsed() > patience(self.latency) {
                return Err(Ended::Late { last, after: begun.elapsed() });
            }
            pause(self.run.pace.between_looks(self.latency), &self.run.stop).await?;
        }
    }

    fn tell(&self, doing: &str) {
        self.run.tell(self.change, self.half, What::Waiting(doing.to_owned()));
    }
}

enum Seen {
    There(Value),
    Not(String),
    Never(String),
}
