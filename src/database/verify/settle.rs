//! Rows that differ on a live source, looked at again until it is known what they are.

use super::{Barrier, Difference, How, Key, Reader, Row, Table, VerifyResult};
use std::collections::BTreeMap;

/// How often a row is looked at.
const ROUNDS: u32 = 10;
/// How often in a row it must differ without having changed meanwhile. A row that changes and changes back within one look could
/// be taken for different once.
const STRIKES: u32 = 3;

/// What rows came to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Settled {
    /// Proven different.
    pub different: Vec<Difference>,
    /// They changed at every look.
    pub unsettled: Vec<Key>,
}

/// Looks at the rows with these keys until each is proven equal or different.
///
/// One look: the source, wait until the target has applied that, the target, the source again. The target's row is then one of those that
/// the source had between the two looks: it is equal if it is the first or the last of them, and if the source's row didn't change
/// it must be.
pub(super) async fn settle(
    source: &dyn Reader,
    target: &dyn Reader,
    barrier: &dyn Barrier,
    table: &Table,
    keys: Vec<Key>,
) -> VerifyResult<Settled> {
    let mut open: BTreeMap<Key, u32> = keys.into_iter().map(|key| (key, 0)).collect();
    let mut settled = Settled::default();
    for _ in 0..ROUNDS {
        if open.is_empty() {
            return Ok(settled);
        }
        let keys: Vec<Key> = open.keys().cloned().collect();
        let before = source.lookup(table, &keys).await?;
        barrier.applied().await?;
        let there = target.lookup(table, &keys).await?;
        let after = source.lookup(table, &keys).await?;
        open.retain(|key, strikes| {
            let (first, target, last) = (before.get(key), there.get(key), after.get(key));
            if target == first || target == last {
                return false;
            }
            *strikes = if first == last { *strikes + 1 } else { 0 };
            if *strikes == STRIKES {
                settled.different.push(Difference { key: key.clone(), how: how(last, target) });
            }
            *strikes < STRIKES
        });
    }
    settled.unsettled.extend(open.into_keys());
    Ok(settled)
}

/// How two rows differ that do.
pub(super) fn how(source: Option<&Row>, target: Option<&Row>) -> How {
    match (source, target) {
        (Some(_), None) => How::Missing,
        (None, Some(_)) => How::Extra,
        (Some(source), Some(target)) if source.hash == target.hash && source.times > target.times => How::Missing,
        (Some(source), Some(target)) if source.hash == target.hash && source.times < target.times => How::Extra,
        _ => How::Different,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::database::verify::{Piece, Rows, Sums};
    use async_trait::async_trait;
    use std::sync::Mutex;

    /// Answers each lookup with the next of these; the last one for good.
    struct Script(Mutex<Vec<Option<&'static str>>>);

    impl Script {
        fn new(hashes: &[Option<&'static str>]) -> Self {
            Self(Mutex::new(hashes.iter().rev().copied().collect()))
        }
    }

    #[async_trait]
    impl Reader for Script {
        async fn tables(&self) -> VerifyResult<Vec<Table>> {
            Ok(Vec::new())
        }
        async fn cut(&self, _: &Table, _: Option<&Key>, _: u64) -> VerifyResult<Option<Key>> {
            Ok(None)
        }
        async fn sums(&self, _: &Table, _: &Piece) -> VerifyResult<Sums> {
            Ok(Sums::new())
        }
        async fn rows(&self, _: &Table, _: &Piece) -> VerifyResult<Rows> {
            Ok(Rows::new())
        }
        async fn lookup(&self, _: &Table, keys: &[Key]) -> VerifyResult<Rows> {
            let mut rest = self.0.lock().unwrap();
            let hash = if rest.len() > 1 { rest.pop().unwrap() } else { rest[0] };
            Ok(hash.map(|hash| (keys[0].clone(), Row { hash: hash.into(), times: 1 })).into_iter().collect())
        }
    }

    struct Now;
    #[async_trait]
    impl Barrier for Now {
        async fn applied(&self) -> VerifyResult<()> {
            Ok(())
        }
    }

    async fn settled(source: &[Option<&'static str>], target: &[Option<&'static str>]) -> Settled {
        let table = Table {
            schema: "s".into(),
            name: "t".into(),
            columns: Vec::new(),
            key: Vec::new(),
            ordered: true,
            rows: 1,
            bytes: 1,
        };
        let key = vec!["1".to_owned()];
        settle(&Script::new(source), &Script::new(target), &Now, &table, vec![key]).await.unwrap()
    }

    #[tokio::test]
    async fn a_row_that_has_arrived_meanwhile_is_equal() {
        assert_eq!(settled(&[Some("a")], &[Some("old"), Some("a")]).await, Settled::default());
        assert_eq!(settled(&[Some("a"), Some("b")], &[Some("b")]).await, Settled::default());
        assert_eq!(settled(&[None], &[None]).await, Settled::default());
    }

    #[tokio::test]
    async fn a_row_that_rests_and_differs_is_different() {
        let different = |how| Settled { different: vec![Difference { key: vec!["1".into()], how }], unsettled: vec![] };
        assert_eq!(settled(&[Some("a")], &[Some("b")]).await, different(How::Different));
        assert_eq!(settled(&[Some("a")], &[None]).await, different(How::Missing));
        assert_eq!(settled(&[None], &[Some("b")]).await, different(How::Extra));
    }

    #[tokio::test]
    async fn one_strike_is_not_enough() {
        assert_eq!(settled(&[Some("a")], &[Some("b"), Some("b"), Some("a")]).await, Settled::default());
    }

    #[tokio::test]
    async fn a_row_that_never_rests_is_unsettled() {
        let restless: Vec<Option<&'static str>> =
            ["1", "2", "3", "4", "5", "6", "7"].repeat(4).into_iter().map(Some).collect();
        let found = settled(&restless, &[Some("x")]).await;
        assert_eq!((found.different.len(), found.unsettled.len()), (0, 1));
    }
}
