//! The rows that were written since a pass began, and their comparison.
//!
//! A [`Touched`] is filled from the database's own log (`postgres::Watch`), which has every write that was committed. Together with
//! a pass that began after the watch did, it covers everything: a row is either as the pass saw it or is in here.

use super::pass::{Options, Pass};
use super::settle::{how, settle};
use super::{Barrier, Difference, Key, Mismatch, Progress, Reader, Table, TableProgress, VerifyResult};
use futures_util::TryStreamExt;
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// With more keys than this a table is compared as a whole.
const MOST: usize = 200_000;
/// So many keys are looked up at once.
const AT_ONCE: usize = 500;

/// What was written, by table (`schema.name`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Touched {
    /// The writes to each.
    pub tables: BTreeMap<String, Writes>,
}

/// What was written to a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Writes {
    /// Rows with these keys.
    Keys(BTreeSet<Key>),
    /// Any of its rows: it was truncated, has no key, or had too many writes to name them.
    Whole,
}

impl Touched {
    /// Adds a row.
    pub fn add(&mut self, table: &str, key: Key) {
        let writes = self.tables.entry(table.to_owned()).or_insert_with(|| Writes::Keys(BTreeSet::new()));
        if let Writes::Keys(keys) = writes {
            keys.insert(key);
            if keys.len() > MOST {
                *writes = Writes::Whole;
            }
        }
    }

    /// Adds all rows of a table.
    pub fn add_whole(&mut self, table: &str) {
        self.tables.insert(table.to_owned(), Writes::Whole);
    }

    /// How many rows and how many whole tables there are.
    pub fn counts(&self) -> (usize, usize) {
        self.tables.values().fold((0, 0), |(keys, whole), writes| match writes {
            Writes::Keys(more) => (keys + more.len(), whole),
            Writes::Whole => (keys, whole + 1),
        })
    }

    /// True if nothing was written.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }
}

/// Keys that differ, and those that changed faster than they could be compared.
type Found = (Vec<Difference>, Vec<Key>);

impl Pass<'_> {
    /// Compares the rows of `touched` and takes out of it those that are equal. With a barrier it may run while the source is written to,
    /// so that little is left for the freeze; under a freeze, without one, it is exact. Answers how many rows were compared.
    ///
    /// What `progress` has as unsettled, and the rows that it names as different, are compared too.
    ///
    /// # Errors
    /// A server that can't be read. `touched` and `progress` then still hold what isn't proven.
    pub async fn touched(&self, touched: &mut Touched, progress: &mut Progress) -> VerifyResult<u64> {
        if touched.is_empty() && progress.tables.values().all(|table| table.unsettled.is_empty()) {
            return Ok(0);
        }
        for (id, table) in &progress.tables {
            let named = table.mismatch.iter().flat_map(|mismatch| &mismatch.first).map(|difference| &difference.key);
            table.unsettled.iter().chain(named).for_each(|key| touched.add(id, key.clone()));
        }
        let tables = self.source.tables().await?;
        let mut batches: Vec<(&Table, Vec<Key>)> = Vec::new();
        for (id, writes) in &mut touched.tables {
            let Some(table) = tables.iter().find(|table| table.id() == *id) else { continue };
            if table.key.is_empty() {
                *writes = Writes::Whole;
            }
            if let Writes::Keys(keys) = writes {
                let keys: Vec<Key> = keys.iter().cloned().collect();
                batches.extend(keys.chunks(AT_ONCE).map(|keys| (table, keys.to_vec())));
            }
        }
        let mut rows = 0;
        let mut batches = batches.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.options.at_once.max(1)
                && let Some((table, keys)) = batches.next()
            {
                running.push(self.batch(table, keys));
            }
            let Some((id, keys, (different, unsettled))) = running.try_next().await? else { break };
            rows += keys.len() as u64;
            let table = progress.tables.entry(id.clone()).or_default();
            table.unsettled.retain(|key| !keys.contains(key));
            table.unsettled.extend(unsettled.iter().cloned());
            Mismatch::forget(&mut table.mismatch, &keys);
            let open: BTreeSet<&Key> = different.iter().map(|one| &one.key).chain(&unsettled).collect();
            if let Some(Writes::Keys(rest)) = touched.tables.get_mut(&id) {
                for key in keys.iter().filter(|key| !open.contains(key)) {
                    rest.remove(key);
                }
            }
            Mismatch::add(&mut table.mismatch, different, self.options.names);
        }
        drop(running);
        rows += self.whole(&tables, touched, progress).await?;
        touched.tables.retain(|_, writes| !matches!(writes, Writes::Keys(keys) if keys.is_empty()));
        Ok(rows)
    }

    async fn batch(&self, table: &Table, keys: Vec<Key>) -> VerifyResult<(String, Vec<Key>, Found)> {
        let found = self.found(table, &keys).await?;
        Ok((table.id(), keys, found))
    }

    async fn found(&self, table: &Table, keys: &[Key]) -> VerifyResult<Found> {
        let (source, target) = tokio::try_join!(self.source.lookup(table, keys), self.target.lookup(table, keys))?;
        let differ: Vec<&Key> = keys.iter().filter(|key| source.get(*key) != target.get(*key)).collect();
        if let Some(barrier) = self.barrier {
            let keys = differ.into_iter().cloned().collect();
            let settled = settle(self.source, self.target, barrier, table, keys).await?;
            return Ok((settled.different, settled.unsettled));
        }
        let named = differ.into_iter();
        let named = named.map(|key| Difference { key: key.clone(), how: how(source.get(key), target.get(key)) });
        Ok((named.collect(), Vec::new()))
    }

    /// Compares the tables that were touched as a whole.
    async fn whole(&self, tables: &[Table], touched: &mut Touched, progress: &mut Progress) -> VerifyResult<u64> {
        let is_whole = |id: &String| touched.tables.get(id) == Some(&Writes::Whole);
        let (whole, others): (Vec<String>, Vec<String>) = tables.iter().map(Table::id).partition(is_whole);
        if whole.is_empty() {
            return Ok(0);
        }
        let done = || TableProgress { done: true, ..TableProgress::default() };
        let mut again = Progress { tables: others.into_iter().map(|id| (id, done())).collect(), ..Progress::default() };
        self.run(&mut again, &mut |_| {}).await?;
        let mut rows = 0;
        for id in whole {
            let Some(found) = again.tables.remove(&id) else { continue };
            rows += found.rows;
            if found.mismatch.is_none() && found.unsettled.is_empty() {
                touched.tables.remove(&id);
            }
            progress.tables.insert(id, found);
        }
        Ok(rows)
    }
}

/// The usual way of a comparison under a freeze.
pub fn quiet<'a>(source: &'a dyn Reader, target: &'a dyn Reader) -> Pass<'a> {
    Pass { source, target, barrier: None, options: Options::default() }
}

/// The usual way of a comparison while the source is written to.
pub fn live<'a>(source: &'a dyn Reader, target: &'a dyn Reader, barrier: &'a dyn Barrier) -> Pass<'a> {
    Pass { source, target, barrier: Some(barrier), options: Options::default() }
}
