//! A store to which things happen.

use crate::engine::memory::script::{Fault, Script};
use crate::state::store::Object;
use crate::state::{Condition, MemoryStore, Store, StoreError};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// A memory store behind a network.
pub struct FaultyStore {
    /// What it holds.
    pub inner: MemoryStore,
    /// What goes wrong.
    pub script: Arc<Script>,
}

/// What can happen to a write.
pub fn fits(fault: Fault) -> bool {
    !matches!(fault, Fault::Half | Fault::HalfDenied | Fault::Hidden | Fault::Quota | Fault::NotYet)
}

#[async_trait]
impl Store for FaultyStore {
    fn place(&self) -> String {
        "memory".into()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.inner.get(key).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: &Condition) -> Result<String, StoreError> {
        let name = if key.contains("/history/") { "write history" } else { "write state" };
        let (moment, fault) = self.script.moment(name, fits);
        let latency = Duration::from_millis(60 + self.script.dice.throw(moment, 100));
        let failed = || StoreError::Failed(format!("injected: {fault:?} ({key})"));
        match fault {
            Some(Fault::DiesBefore) => return self.script.die().await,
            Some(fault) if !fault.takes_effect() => {
                tokio::time::sleep(latency + fault.takes()).await;
                return Err(failed());
            }
            _ => {}
        }
        if self.script.late && fault.is_none() && self.script.dice.throw(moment + 2_000_000, 2) == 0 {
            tokio::time::sleep(latency).await;
        }
        let answer = self.inner.put(key, bytes, condition).await;
        match fault {
            Some(Fault::DiesAfter) => return self.script.die().await,
            Some(Fault::Sleeps) => self.script.sleep().await,
            Some(fault) => tokio::time::sleep(fault.takes()).await,
            None => {}
        }
        tokio::time::sleep(latency).await;
        match fault {
            // The client repeats the write by itself, and meets its own.
            Some(Fault::Lost) if answer.is_ok() => Err(StoreError::Conflict { key: key.into() }),
            Some(Fault::Hung) => Err(failed()),
            _ => answer,
        }
    }

    async fn delete(&self, key: &str, etag: &str) -> Result<(), StoreError> {
        self.inner.delete(key, etag).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list(prefix).await
    }
}
