//! What the store holds of a city, told apart by what there is to do about it.

use super::layout;
use super::model::{State, StateProblem};
use super::store::{Object, Store, StoreError};

/// The city whose state is sought, and where it lives.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// The city.
    pub city: &'a str,
    /// Its account, 12 digits.
    pub account: &'a str,
    /// Its region.
    pub region: &'a str,
}

impl Home<'_> {
    /// A city of which nothing is recorded yet.
    pub fn empty(&self) -> State {
        State::new(self.city, self.account, self.region)
    }
}

/// What the store holds of a city.
#[derive(Debug)]
pub enum Found {
    /// There is no bucket.
    NoBucket,
    /// Nothing was ever recorded.
    Nothing,
    /// The state is gone, although states were written before; the serial of the last.
    Gone(u64),
    /// A state that can be used, and the tag of its object.
    State(Box<State>, String),
    /// Something that can't be used.
    Unusable(StateProblem, Object),
}

/// Looks.
pub async fn look(store: &dyn Store, home: Home<'_>) -> Result<Found, StoreError> {
    let object = match store.get(&layout::state(home.city)).await {
        Ok(Some(object)) => object,
        Ok(None) => {
            let last = serials(store, home.city).await?.last().copied();
            return Ok(last.map_or(Found::Nothing, Found::Gone));
        }
        Err(StoreError::NoBucket { .. }) => return Ok(Found::NoBucket),
        Err(error) => return Err(error),
    };
    Ok(match parse(&object.bytes, home) {
        Ok(state) => Found::State(Box::new(state), object.etag),
        Err(problem) => Found::Unusable(problem, object),
    })
}

fn parse(bytes: &[u8], home: Home<'_>) -> Result<State, StateProblem> {
    let state = State::parse(bytes, home.city)?;
    if state.account != home.account || state.region != home.region {
        return Err(StateProblem::Elsewhere { account: state.account, region: state.region });
    }
    Ok(state)
}

/// The last state of a city that can be read, of whatever account and region; `None`: there is none, or no such bucket.
///
/// # Errors
/// As every call; and a state that a newer program wrote.
pub async fn last(store: &dyn Store, city: &str) -> Result<Option<State>, StoreError> {
    let key = layout::state(city);
    let object = match store.get(&key).await {
        Err(StoreError::NoBucket { .. }) => return Ok(None),
        other => other?,
    };
    match object.map(|object| State::parse(&object.bytes, city)) {
        Some(Ok(state)) => return Ok(Some(state)),
        Some(Err(problem @ StateProblem::FromTheFuture(_))) => {
            return Err(StoreError::Damaged { key, problem: problem.to_string() });
        }
        Some(Err(_)) | None => {}
    }
    for serial in serials(store, city).await?.into_iter().rev() {
        if let Ok(Some(state)) = before(store, city, serial).await {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

/// The serials of the states that were written before, in order.
pub async fn serials(store: &dyn Store, city: &str) -> Result<Vec<u64>, StoreError> {
    let keys = store.list(&layout::history_prefix(city)).await?;
    let mut serials: Vec<u64> = keys.iter().filter_map(|key| layout::serial(key)).collect();
    serials.sort_unstable();
    Ok(serials)
}

/// The state with this serial, from the history; `None`: there is none.
pub async fn before(store: &dyn Store, city: &str, serial: u64) -> Result<Option<State>, StoreError> {
    let key = layout::history(city, serial);
    let Some(object) = store.get(&key).await? else { return Ok(None) };
    let problem = |problem: StateProblem| StoreError::Damaged { key, problem: problem.to_string() };
    State::parse(&object.bytes, city).map(Some).map_err(problem)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::ledger::Ledger;
    use super::super::store::{Condition, MemoryStore};
    use super::*;
    use std::sync::Arc;

    const HOME: Home<'_> = Home { city: "malmo", account: "1", region: "r" };

    #[tokio::test]
    async fn a_state_that_is_gone_is_not_a_city_that_never_was() {
        let store = Arc::new(MemoryStore::default());
        assert!(matches!(look(&*store, HOME).await.unwrap(), Found::Nothing));
        let ledger = Ledger::new(store.clone(), HOME.empty(), None, "me");
        ledger.commit(|_| ()).await.unwrap();
        ledger.commit(|_| ()).await.unwrap();
        let Found::State(state, etag) = look(&*store, HOME).await.unwrap() else { panic!("a state") };
        assert_eq!(state.serial, 2);
        let elsewhere = look(&*store, Home { region: "q", ..HOME }).await.unwrap();
        assert!(matches!(elsewhere, Found::Unusable(StateProblem::Elsewhere { .. }, _)));
        store.delete(&layout::state("malmo"), &etag).await.unwrap();
        assert!(matches!(look(&*store, HOME).await.unwrap(), Found::Gone(2)));
        assert_eq!(last(&*store, "malmo").await.unwrap().map(|state| state.serial), Some(2), "from the history");
        assert_eq!(last(&*store, "drammen").await.unwrap(), None);
        assert_eq!(before(&*store, "malmo", 1).await.unwrap().unwrap().serial, 1);
        store.put(&layout::state("malmo"), b"{".to_vec(), &Condition::Absent).await.unwrap();
        assert!(matches!(look(&*store, HOME).await.unwrap(), Found::Unusable(StateProblem::Damaged(_), _)));
    }
}
