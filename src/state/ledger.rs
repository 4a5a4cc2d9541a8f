//! The one writer of a city's state. Changes that come while a write is under way go together into the next one.

use super::layout;
use super::model::State;
use super::store::{Condition, Store, StoreError};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long after a write this holder is sure that nobody took the city over: a third of the lease.
const HELD: Duration = Duration::from_secs(20);

/// A city's state in memory and in its store, kept together.
pub struct Ledger {
    store: Arc<dyn Store>,
    author: String,
    current: Mutex<Current>,
    written: tokio::sync::Mutex<Written>,
}

struct Current {
    state: State,
    /// Counts the changes in memory.
    change: u64,
}

struct Written {
    condition: Condition,
    /// The last change that is in the store.
    change: u64,
    /// When the last write that succeeded was sent, since the process may have slept until its answer: by a clock that can't be set,
    /// and by one that goes on while the machine sleeps.
    at: (Instant, Timestamp),
    /// Set by the first failed write: what the store holds isn't known then, so nothing more is written.
    broken: Option<StoreError>,
}

impl Ledger {
    /// Goes on from what the store holds. `etag`: of the object that `state` was read from; `None` if there was none.
    pub fn new(store: Arc<dyn Store>, state: State, etag: Option<String>, author: &str) -> Self {
        Self {
            store,
            author: author.into(),
            current: Mutex::new(Current { state, change: 0 }),
            written: tokio::sync::Mutex::new(Written {
                condition: etag.map_or(Condition::Absent, Condition::Unchanged),
                change: 0,
                at: (Instant::now(), Timestamp::now()),
                broken: None,
            }),
        }
    }

    /// Reads from the state as it is in memory.
    pub fn read<T>(&self, view: impl FnOnce(&State) -> T) -> T {
        view(&self.current.lock().unwrap_or_else(PoisonError::into_inner).state)
    }

    /// Changes the state; returns when the change is in the store. Many at once cost one write.
    ///
    /// # Errors
    /// `Conflict` when somebody else wrote in between: this holder has lost the city and can't write any more.
    pub async fn commit(&self, edit: impl FnOnce(&mut State)) -> Result<(), StoreError> {
        let mine = {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            edit(&mut current.state);
            current.change += 1;
            current.change
        };
        let mut written = self.written.lock().await;
        if written.change >= mine {
            return Ok(());
        }
        if let Some(error) = &written.broken {
            return Err(error.clone());
        }
        let (bytes, city, serial, change) = {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            let change = current.change;
            let state = &mut current.state;
            state.serial += 1;
            state.written_at = Timestamp::now();
            state.written_by.clone_from(&self.author);
            let bytes = serde_json::to_vec_pretty(state).map_err(|e| StoreError::Failed(e.to_string()))?;
            (bytes, state.city.clone(), state.serial, change)
        };
        let sent = (Instant::now(), Timestamp::now());
        match self.write(bytes, &city, serial, &written.condition).await {
            Ok(etag) => {
                written.condition = Condition::Unchanged(etag);
                written.change = change;
                written.at = sent;
                Ok(())
            }
            Err(error) => {
                written.broken = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Before a call that changes something: fails unless this holder still has the city. It has if it wrote a moment ago; otherwise it
    /// writes again, which whoever slept through the end of the lease can't.
    pub async fn hold(&self) -> Result<(), StoreError> {
        let (clock, wall) = {
            let written = self.written.lock().await;
            if let Some(error) = &written.broken {
                return Err(error.clone());
            }
            written.at
        };
        if clock.elapsed() < HELD && Timestamp::now().duration_since(wall) < HELD.try_into().unwrap_or_default() {
            return Ok(());
        }
        self.commit(|_| ()).await
    }

    async fn write(
        &self,
        bytes: Vec<u8>,
        city: &str,
        serial: u64,
        condition: &Condition,
    ) -> Result<String, StoreError> {
        let key = layout::state(city);
        let etag = match self.store.put(&key, bytes.clone(), condition).await {
            // A repeated request finds its own first attempt there, whose answer was lost.
            Err(StoreError::Conflict { .. }) => match self.store.get(&key).await? {
                Some(object) if object.bytes == bytes => object.etag,
                _ => return Err(StoreError::Conflict { key }),
            },
            other => other?,
        };
        // After the state, so that a writer that has lost the city can't take the place of the rightful one's history.
        let key = layout::history(city, serial);
        match self.store.put(&key, bytes, &Condition::Absent).await {
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(etag),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::store::{MemoryStore, Object};
    use super::*;

    #[tokio::test]
    async fn whoever_lost_the_city_can_not_write() {
        let store = Arc::new(MemoryStore::default());
        let first = Ledger::new(store.clone(), State::new("malmo", "1", "r"), None, "first");
        first.commit(|state| state.region = "a".into()).await.unwrap();
        let object = store.get("cities/malmo/state.json").await.unwrap().unwrap();
        let state = State::parse(&object.bytes, "malmo").unwrap();
        let second = Ledger::new(store.clone(), state, Some(object.etag), "second");
        second.commit(|state| state.region = "b".into()).await.unwrap();
        for _ in 0..2 {
            assert!(matches!(first.commit(|state| state.region = "c".into()).await, Err(StoreError::Conflict { .. })));
        }
        let last = store.get("cities/malmo/state.json").await.unwrap().unwrap();
        assert_eq!(State::parse(&last.bytes, "malmo").unwrap().region, "b");
        assert_eq!(store.list("cities/malmo/history/").await.unwrap().len(), 2);
    }

    /// A store whose answers come long after the effect: as a process sees it that slept in between.
    struct Slow(MemoryStore);

    #[async_trait::async_trait]
    impl Store for Slow {
        fn place(&self) -> String {
            self.0.place()
        }
        async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
            self.0.get(key).await
        }
        async fn put(&self, key: &str, bytes: Vec<u8>, condition: &Condition) -> Result<String, StoreError> {
            let answer = self.0.put(key, bytes, condition).await;
            tokio::time::sleep(Duration::from_secs(45)).await;
            answer
        }
        async fn delete(&self, key: &str, etag: &str) -> Result<(), StoreError> {
            self.0.delete(key, etag).await
        }
        async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
            self.0.list(prefix).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_slept_through_a_write_has_to_prove_that_the_city_is_still_theirs() {
        let store = Arc::new(Slow(MemoryStore::default()));
        let ledger = Ledger::new(store.clone(), State::new("malmo", "1", "r"), None, "first");
        let asleep = ledger.commit(|state| state.region = "a".into());
        let successor = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let object = store.get("cities/malmo/state.json").await.unwrap().unwrap();
            let condition = Condition::Unchanged(object.etag);
            store.0.put("cities/malmo/state.json", object.bytes, &condition).await.unwrap();
        };
        tokio::join!(asleep, successor).0.unwrap();
        assert!(matches!(ledger.hold().await, Err(StoreError::Conflict { .. })));
        assert!(matches!(ledger.hold().await, Err(StoreError::Conflict { .. })), "and it stays so");
    }

    #[tokio::test]
    async fn changes_at_the_same_time_share_a_write() {
        let store = Arc::new(MemoryStore::default());
        let ledger = Ledger::new(store.clone(), State::new("malmo", "1", "r"), None, "me");
        let commits = (0..20).map(|_| ledger.commit(|_| ()));
        futures_util::future::join_all(commits).await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        assert!(ledger.read(|state| state.serial) < 20);
    }
}
