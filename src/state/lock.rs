//! Who may change a city: one object, made only where there is none, that names its holder and bears a lease.
//!
//! A holder that died lets its lease run out. Whoever takes the lock over writes the state at once, so that a holder that only slept
//! finds its tag of the state stale and can write nothing.

use super::layout;
use super::store::{Condition, Object, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// How long a lease holds without being renewed, in seconds, unless the operator says otherwise.
pub const LEASE_SECONDS: u64 = 60;

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
    /// Seconds from a renewal until the lease runs out.
    #[serde(default = "usual")]
    pub lease_seconds: u64,
}

fn usual() -> u64 {
    LEASE_SECONDS
}

impl Holder {
    /// This process, with a lease of so many seconds.
    pub fn me(doing: &str, lease_seconds: u64) -> Self {
        let now = Timestamp::now();
        Self {
            id: Uuid::new_v4(),
            who: user(),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            pid: std::process::id(),
            doing: doing.into(),
            since: now,
            expires: now,
            lease_seconds,
        }
        .renewed()
    }

    /// The same, its lease beginning now.
    pub fn renewed(&self) -> Self {
        let length = SignedDuration::try_from(self.lease()).unwrap_or(SignedDuration::ZERO);
        Self { expires: Timestamp::now().saturating_add(length).unwrap_or(Timestamp::MAX), ..self.clone() }
    }

    /// How long the lease holds without being renewed. What the object says is not trusted beyond an hour.
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds.clamp(1, 3600))
    }

    /// How often the lease is renewed: three renewals may fail before it is lost.
    pub fn renewal(&self) -> Duration {
        self.lease() / 4
    }

    /// True when the lease has run out by this machine's clock.
    pub fn expired(&self) -> bool {
        self.expires < Timestamp::now()
    }
}

/// The operator's user name.
pub fn user() -> String {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "unknown".into())
}

/// Who writes, as the state names it: `user@host migrate/0.1.0`.
pub fn author() -> String {
    let host = gethostname::gethostname();
    format!("{}@{} migrate/{}", user(), host.to_string_lossy(), env!("CARGO_PKG_VERSION"))
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

/// The lock object as it is, if there is one, and its tag.
pub async fn look(store: &dyn Store, city: &str) -> Result<Option<(Holder, String)>, StoreError> {
    let Some(Object { bytes, etag }) = store.get(&layout::lock(city)).await? else { return Ok(None) };
    let holder = parse(&bytes).map_err(|problem| StoreError::Damaged { key: layout::lock(city), problem })?;
    Ok(Some((holder, etag)))
}

/// Reads a lock object; what is wrong with it, in words.
pub fn parse(bytes: &[u8]) -> Result<Holder, String> {
    serde_json::from_slice(bytes).map_err(|e| format!("the lock is damaged: {e}"))
}

/// A lock that can be taken.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What must still hold when it is taken.
    pub(super) condition: Condition,
    /// The holder whose lease has run out.
    pub dead: Option<Box<Holder>>,
}

/// Whether the lock can be taken. Changes nothing: it may be dropped at any moment.
///
/// Clocks differ: a lease that has run out by this machine's clock is watched for longer than its holder takes to renew it, and
/// only one that isn't renewed in that time is taken over. `watching` is told of its holder then.
pub async fn opening(store: &dyn Store, city: &str, watching: impl Fn(&Holder)) -> Result<Opening, LockError> {
    let (holder, etag) = match look(store, city).await? {
        None => return Ok(Opening { condition: Condition::Absent, dead: None }),
        Some((holder, _)) if !holder.expired() => return Err(LockError::Held(Box::new(holder))),
        Some(found) => found,
    };
    watching(&holder);
    tokio::time::sleep(holder.lease() / 3).await;
    match look(store, city).await? {
        None => Ok(Opening { condition: Condition::Absent, dead: None }),
        Some((_, now)) if now == etag => {
            Ok(Opening { condition: Condition::Unchanged(etag), dead: Some(Box::new(holder)) })
        }
        Some((other, _)) => Err(LockError::Held(Box::new(other))),
    }
}
