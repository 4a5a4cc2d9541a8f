//! A cloud in memory that is as unkind as the real one: things show late, repeated calls make second ones, answers get lost.
//! What most tests of the engine run on.

mod account;
pub mod calls;
mod dice;
pub mod script;

pub use account::{Account, Thing};
pub use dice::Dice;

use super::cloud::{Cloud, Observed, Order, Sought};
use super::kind::KindInfo;
use super::rates::Rates;
use super::{CloudError, CloudResult};
use account::delay;
use async_trait::async_trait;
use calls::{Verb, calls};
use script::{Fault, Script};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the cloud knows of kinds.
#[derive(Clone, Copy)]
pub struct Kinds {
    /// Its facts.
    pub info: fn(&str) -> Option<&'static KindInfo>,
    /// Properties in the kind's own shape.
    pub canonical: fn(&str, &Value) -> CloudResult<Value>,
}

/// An account as one city's process sees it, on tokio's clock, which tests pause.
pub struct MemoryCloud {
    /// What it knows of kinds.
    pub kinds: Kinds,
    /// The city.
    pub city: String,
    /// What goes wrong.
    pub script: Arc<Script>,
    /// The client's own limit to its rates.
    pub rates: Option<Arc<Rates>>,
    /// What is there.
    pub account: Arc<Mutex<Account>>,
}

impl MemoryCloud {
    /// One city in an empty account.
    pub fn new(kinds: Kinds, city: &str, script: Arc<Script>) -> Self {
        Self { kinds, city: city.into(), script, rates: None, account: Arc::default() }
    }

    /// What is there.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.tidy();
        account
    }

    fn known(&self, kind: &str) -> CloudResult<&'static KindInfo> {
        self.info(kind).ok_or_else(|| CloudError::internal(format!("unknown kind {kind}")))
    }

    /// Waits for each call's turn, and counts it.
    async fn admitted(&self, calls: &[(&'static str, String)]) -> CloudResult<()> {
        for (service, operation) in calls {
            if let Some(rates) = &self.rates {
                rates.take(service, operation, false).await;
            }
            self.account().admit(service, operation)?;
        }
        Ok(())
    }

    async fn change<T>(
        &self,
        verb: Verb,
        order: &Order,
        effect: impl FnOnce(&mut Account, &'static KindInfo, Duration) -> CloudResult<T>,
    ) -> CloudResult<T> {
        let kind = self.known(&order.kind)?;
        let calls = calls(kind, verb);
        let script = &self.script;
        self.admitted(&calls).await?;
        let (moment, fault) = script.moment(&format!("{} {}", verb.name(), order.address), |fault| verb.fits(fault));
        let latency = Duration::from_millis(30 + script.dice.throw(moment, 50));
        let service = order.kind.split(':').next().unwrap_or_default();
        let full = |(_, operation): &(&str, String)| format!("{service}:{operation}");
        let call = calls.first().map(full).unwrap_or_default();
        let second = calls.get(1).map_or_else(|| format!("{call}Attributes"), full);
        let fail = |fault: Fault| fault.error(&call, &second);
        match fault {
            Some(Fault::DiesBefore) => return script.die().await,
            Some(fault) if !fault.takes_effect() => {
                tokio::time::sleep(latency + fault.takes()).await;
                return Err(fail(fault).unwrap_or_else(|| CloudError::internal("a fault without an error")));
            }
            _ => {}
        }
        // A call that is under way when the process dies has its effect, or not.
        if script.late && fault.is_none() && script.dice.throw(moment + 2_000_000, 2) == 0 {
            tokio::time::sleep(latency).await;
        }
        // The worst is an effect that nobody was told of and that doesn't show: half of them are like that.
        let untold = matches!(fault, Some(Fault::DiesAfter | Fault::Lost | Fault::Hung | Fault::Half))
            && script.dice.throw(moment + 4_000_000, 2) == 0;
        let hidden = untold || fault == Some(Fault::Hidden);
        let shows = if hidden { Duration::from_secs(240) } else { delay(script.dice, moment) };
        let answer = effect(&mut self.account(), kind, shows);
        match fault {
            Some(Fault::DiesAfter) => return script.die().await,
            Some(Fault::Sleeps) => script.sleep().await,
            Some(fault) => tokio::time::sleep(fault.takes()).await,
            None => {}
        }
        tokio::time::sleep(latency).await;
        match fault.and_then(fail) {
            Some(error) => answer.and(Err(error)),
            None => answer.map_err(|error| CloudError { call, ..error }),
        }
    }
}

#[async_trait]
impl Cloud for MemoryCloud {
    fn info(&self, kind: &str) -> Option<&'static KindInfo> {
        (self.kinds.info)(kind)
    }

    fn canonical(&self, kind: &str, props: &Value) -> CloudResult<Value> {
        (self.kinds.canonical)(kind, props)
    }

    async fn read(&self, sought: &[Sought]) -> CloudResult<Vec<Option<Observed>>> {
        let kinds: BTreeSet<&str> = sought.iter().map(|one| one.kind.as_str()).collect();
        for kind in kinds {
            self.admitted(&calls(self.known(kind)?, Verb::Read)).await?;
        }
        let name = match sought {
            [one] => format!("read {}", one.address),
            _ => "read all".into(),
        };
        let fits = |fault| Verb::Read.fits(fault);
        let (moment, fault) = self.script.moment(&name, fits);
        let latency = Duration::from_millis(20 + self.script.dice.throw(moment, 30));
        match fault {
            Some(Fault::DiesBefore | Fault::DiesAfter) => return self.script.die().await,
            Some(Fault::Sleeps) => self.script.sleep().await,
            Some(fault) => {
                tokio::time::sleep(latency + fault.takes()).await;
                let call = name.replace(' ', ":");
                return Err(fault
                    .error(&call, &call)
                    .unwrap_or_else(|| CloudError::internal("a fault without an error")));
            }
            None => {}
        }
        tokio::time::sleep(latency).await;
        let account = self.account();
        Ok(sought.iter().map(|one| account.read(&self.city, one)).collect())
    }

    async fn create(&self, order: &Order) -> CloudResult<Value> {
        let effect = |account: &mut Account, kind, shows| account.create(&self.city, kind, order, shows);
        self.change(Verb::Create, order, effect).await
    }

    async fn update(&self, order: &Order) -> CloudResult<Value> {
        self.change(Verb::Update, order, |account, _, _| account.update(order)).await
    }

    async fn delete(&self, order: &Order) -> CloudResult<()> {
        self.change(Verb::Delete, order, |account, _, _| account.delete(order)).await
    }
}
