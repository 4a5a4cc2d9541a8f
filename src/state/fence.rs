//! Shuts out whoever held a city before: its state is written anew, unchanged, so that the tag which that holder knows is stale.

use super::ledger::Ledger;
use super::recorded::{Found, Home, look};
use super::store::{Store, StoreError};
use std::sync::Arc;

/// Writes the state of `home` anew; an empty one if there was none, since a first write can come late too. What can't be used isn't
/// touched: its tag is nobody's.
pub async fn fence(store: &Arc<dyn Store>, home: Home<'_>, author: &str) -> Result<(), StoreError> {
    loop {
        let (state, etag) = match look(&**store, home).await? {
            Found::State(state, etag) => (*state, Some(etag)),
            Found::Nothing => (home.empty(), None),
            Found::NoBucket | Found::Gone(_) | Found::Unusable(..) => return Ok(()),
        };
        match Ledger::new(store.clone(), state, etag, author).commit(|_| ()).await {
            // The one before got another write in: that was its last.
            Err(StoreError::Conflict { .. }) => {}
            other => return other,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::store::MemoryStore;
    use super::*;

    #[tokio::test]
    async fn the_holder_before_can_write_nothing_not_even_its_first_state() {
        let home = Home { city: "malmo", account: "1", region: "r" };
        let memory: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let early = Ledger::new(memory.clone(), home.empty(), None, "early");
        fence(&memory, home, "me").await.unwrap();
        assert!(matches!(early.commit(|_| ()).await, Err(StoreError::Conflict { .. })));

        let Found::State(state, etag) = look(&*memory, home).await.unwrap() else { panic!("a state") };
        let before = Ledger::new(memory.clone(), *state, Some(etag), "before");
        before.commit(|_| ()).await.unwrap();
        fence(&memory, home, "me").await.unwrap();
        assert!(matches!(before.commit(|_| ()).await, Err(StoreError::Conflict { .. })));
        let Found::State(state, _) = look(&*memory, home).await.unwrap() else { panic!("a state") };
        assert_eq!((state.serial, state.written_by.as_str()), (3, "me"));
    }
}
