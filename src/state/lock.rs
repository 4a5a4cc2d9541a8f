//! Who may change a city: one object, made only where there is none, with a lease that its holder renews.
//!
//! A holder that died lets its lease run out; whoever takes the lock over writes the state at once, so that a holder that only slept
//! finds its tag of the state stale and can write nothing.

use super::layout;
use super::store::{Condition, Object, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// How long a lease holds without being renewed. Three renewals may fail before it is lost.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
const RENEWAL: Duration = Duration::from_secs(15);

/// The lock object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    /// Tells two runs of the same person on the same machine apart.
    pub id: Uuid,
    /// User name.
    pub who: String,
    /// Host name.
    pub host: String,
    /// Process id on that host.
    pub pid: u32,
    /// What it does: `apply`.
    pub doing: String,
    /// When it took the lock.
    pub since: Timestamp,
    /// When the lease runs out unless it is renewed.
    pub expires: Timestamp,
}

impl Holder {
    /// This process.
    pub fn me(doing: &str) -> Self {
        let now = Timestamp::now();
        Self {
            id: Uuid::new_v4(),
            who: user(),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            pid: std::process::id(),
            doing: doing.into(),
            since: now,
            expires: now + LEASE,
        }
    }

    /// True when the lease has run out.
    pub fn expired(&self) -> bool {
        self.expires < Timestamp::now()
    }
}

/// The operator's user name.
pub fn user() -> String {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "unknown".into())
}

/// Why the lock wasn't taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody holds it.
    #[error("{} on {} (process {}) is busy with `{}` since {:.0}; the lease runs until {:.0}", .0.who, .0.host, .0.pid, .0.doing, .0.since, .0.expires)]
    Held(Box<Holder>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A lock that is held. Dropping it without [`Lease::release`] leaves the object there until its lease runs out.
pub struct Lease {
    store: Arc<dyn Store>,
    city: String,
    held: Arc<tokio::sync::Mutex<Held>>,
    lost: watch::Receiver<bool>,
    heartbeat: tokio::task::JoinHandle<()>,
}

struct Held {
    holder: Holder,
    etag: String,
}

/// The lock object as it is, if there is one.
pub async fn look(store: &dyn Store, city: &str) -> Result<Option<(Holder, String)>, StoreError> {
    let Some(Object { bytes, etag }) = store.get(&layout::lock(city)).await? else { return Ok(None) };
    let holder = serde_json::from_slice(&bytes)
        .map_err(|e| StoreError::Failed(format!("the lock of {city} is damaged: {e}")))?;
    Ok(Some((holder, etag)))
}

impl Lease {
    /// Takes the lock of `city`, over from a holder whose lease has run out if need be, and keeps renewing it.
    pub async fn take(store: Arc<dyn Store>, city: &str, holder: Holder) -> Result<Self, LockError> {
        let condition = match look(&*store, city).await? {
            None => Condition::Absent,
            Some((other, etag)) if other.expired() => Condition::Unchanged(etag),
            Some((other, _)) => return Err(LockError::Held(Box::new(other))),
        };
        let etag = match store.put(&layout::lock(city), bytes(&holder), &condition).await {
            Ok(etag) => etag,
            Err(StoreError::Conflict { key }) => match look(&*store, city).await? {
                // Our own first attempt, whose answer was lost.
                Some((there, etag)) if there.id == holder.id => etag,
                Some((other, _)) => return Err(LockError::Held(Box::new(other))),
                None => return Err(StoreError::Conflict { key }.into()),
            },
            Err(error) => return Err(error.into()),
        };
        let held = Arc::new(tokio::sync::Mutex::new(Held { holder, etag }));
        let (tell, lost) = watch::channel(false);
        let heartbeat = tokio::spawn(renew(store.clone(), city.to_owned(), held.clone(), tell));
        Ok(Self { store, city: city.into(), held, lost, heartbeat })
    }

    /// Turns true when the lease was lost: somebody else holds the city, or it couldn't be renewed in time.
    pub fn lost(&self) -> watch::Receiver<bool> {
        self.lost.clone()
    }

    /// Gives the lock back.
    pub async fn release(self) -> Result<(), StoreError> {
        self.heartbeat.abort();
        let held = self.held.lock().await;
        match self.store.delete(&layout::lock(&self.city), &held.etag).await {
            Err(StoreError::Conflict { .. }) => Ok(()), // it is somebody else's by now
            other => other,
        }
    }
}

fn bytes(holder: &Holder) -> Vec<u8> {
    serde_json::to_vec_pretty(holder).unwrap_or_default()
}

async fn renew(store: Arc<dyn Store>, city: String, held: Arc<tokio::sync::Mutex<Held>>, lost: watch::Sender<bool>) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let mut held = held.lock().await;
        let next = Holder { expires: Timestamp::now() + LEASE, ..held.holder.clone() };
        match store.put(&layout::lock(&city), bytes(&next), &Condition::Unchanged(held.etag.clone())).await {
            Ok(etag) => *held = Held { holder: next, etag },
            Err(StoreError::Conflict { .. }) => match look(&*store, &city).await {
                // Our own renewal, whose answer was lost.
                Ok(Some((there, etag))) if there.id == next.id => *held = Held { holder: there, etag },
                _ => {
                    lost.send_replace(true);
                    return;
                }
            },
            Err(error) => {
                tracing::warn!(%error, "the lease couldn't be renewed");
                if held.holder.expired() {
                    lost.send_replace(true);
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::store::MemoryStore;
    use super::*;

    #[tokio::test]
    async fn one_holder_at_a_time_and_a_dead_one_is_replaced() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let first = Lease::take(store.clone(), "malmo", Holder::me("apply")).await.unwrap();
        let refused = Lease::take(store.clone(), "malmo", Holder::me("apply")).await.err().unwrap();
        assert!(refused.to_string().contains("is busy with `apply` since"), "{refused}");
        first.release().await.unwrap();

        let dead = Holder { expires: Timestamp::now() - SignedDuration::from_secs(1), ..Holder::me("apply") };
        store.put("cities/malmo/lock.json", bytes(&dead), &Condition::Absent).await.unwrap();
        let second = Lease::take(store.clone(), "malmo", Holder::me("destroy")).await.unwrap();
        assert_eq!(look(&*store, "malmo").await.unwrap().unwrap().0.doing, "destroy");
        second.release().await.unwrap();
        assert!(look(&*store, "malmo").await.unwrap().is_none());
    }
}
