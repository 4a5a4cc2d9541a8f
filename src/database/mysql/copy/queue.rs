//! The pieces that are yet to be copied. They are cut off as they are asked for: biggest table first, several sessions in it at once.

use super::record::{Part, Record};
use crate::database::DatabaseResult;
use crate::database::verify::mysql::MySql as Source;
use crate::database::verify::{Key, Reader, Table};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Mutex;

/// About so many bytes are written in one transaction, and are lost when it is cut off.
const PIECE: u64 = 8_000_000;
/// So many rows, whatever their size.
const ROWS: std::ops::RangeInclusive<u64> = 1_000..=200_000;

/// What is left to do.
pub struct Queue<'a> {
    source: &'a Source,
    record: &'a Record<'a>,
    state: Mutex<State>,
}

struct State {
    /// Pieces that an earlier run has begun and not ended.
    again: Vec<(Arc<Table>, Part)>,
    rest: VecDeque<Rest>,
    /// Of each table: pieces that aren't there yet, and one more if it isn't cut to its end.
    open: BTreeMap<String, usize>,
}

/// What of a table isn't cut yet.
struct Rest {
    table: Arc<Table>,
    n: u32,
    after: Option<Key>,
}

impl<'a> Queue<'a> {
    /// All of these tables, but for what `parts` says is there.
    pub fn of(source: &'a Source, record: &'a Record<'a>, tables: Vec<Table>, parts: Vec<Part>) -> Self {
        Self { source, record, state: Mutex::new(State::of(tables, parts)) }
    }

    /// The next piece; `None`: there is none.
    pub async fn next(&self) -> DatabaseResult<Option<(Arc<Table>, Part)>> {
        let mut state = self.state.lock().await;
        if let Some(again) = state.again.pop() {
            return Ok(Some(again));
        }
        let Some(Rest { table, n, after }) = state.rest.pop_front() else { return Ok(None) };
        let through = cut(self.source, &table, after.as_ref()).await?;
        let part = Part { table: table.name.clone(), n, after, through, bytes: None };
        self.record.cut(&part).await?;
        state.begun(&table, &part);
        Ok(Some((table, part)))
    }

    /// A piece is there. Answers how many tables are there as a whole.
    pub async fn done(&self, part: &Part) -> usize {
        let mut state = self.state.lock().await;
        state.close(&part.table);
        state.tables()
    }
}

impl State {
    fn of(tables: Vec<Table>, parts: Vec<Part>) -> Self {
        let mut state = Self { again: Vec::new(), rest: VecDeque::new(), open: BTreeMap::new() };
        for table in tables.into_iter().map(Arc::new) {
            let parts: Vec<&Part> = parts.iter().filter(|part| part.table == table.name).collect();
            let again: Vec<_> = parts.iter().filter(|part| part.bytes.is_none()).collect();
            state.open.insert(table.name.clone(), again.len());
            state.again.extend(again.into_iter().map(|&part| (table.clone(), part.clone())));
            let (n, after) = match parts.last() {
                None => (0, None),
                Some(Part { through: None, .. }) => continue,
                Some(last) => (last.n + 1, last.through.clone()),
            };
            *state.open.entry(table.name.clone()).or_default() += 1;
            state.rest.push_back(Rest { table, n, after });
        }
        state
    }

    /// What is left of a table of which this piece was cut off.
    fn begun(&mut self, table: &Arc<Table>, part: &Part) {
        *self.open.entry(part.table.clone()).or_default() += 1;
        match &part.through {
            None => self.close(&part.table),
            Some(key) => self.rest.push_front(Rest { table: table.clone(), n: part.n + 1, after: Some(key.clone()) }),
        }
    }

    fn close(&mut self, table: &str) {
        if let Some(open) = self.open.get_mut(table) {
            *open = open.saturating_sub(1);
        }
    }

    fn tables(&self) -> usize {
        self.open.values().filter(|open| **open == 0).count()
    }
}

/// Where the next piece ends; `None`: it is the last one.
async fn cut(source: &Source, table: &Table, after: Option<&Key>) -> DatabaseResult<Option<Key>> {
    let rows = (PIECE / (table.bytes / table.rows.max(1)).max(1)).clamp(*ROWS.start(), *ROWS.end());
    // A small table is one piece.
    if !table.ranges() || (after.is_none() && table.rows < rows / 2) {
        return Ok(None);
    }
    Ok(source.cut(table, after, rows).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(n: u32, through: Option<&str>, bytes: Option<u64>) -> Part {
        let through = through.map(|key| vec![key.to_owned()]);
        Part { table: "trips".into(), n, after: None, through, bytes }
    }

    fn trips() -> Vec<Table> {
        let (schema, name) = ("city".into(), "trips".into());
        vec![Table { schema, name, columns: Vec::new(), key: Vec::new(), ordered: true, rows: 9, bytes: 9 }]
    }

    #[test]
    fn what_an_earlier_run_has_ended_is_not_done_again() {
        let state = State::of(trips(), vec![part(0, Some("10"), Some(5)), part(1, Some("20"), None)]);
        assert_eq!(state.again.iter().map(|(_, part)| part.n).collect::<Vec<_>>(), [1]);
        assert_eq!((state.rest[0].n, &state.rest[0].after), (2, &Some(vec!["20".into()])));
        assert_eq!((state.open["trips"], state.tables()), (2, 0));
        let mut ended = State::of(trips(), vec![part(0, Some("10"), Some(5)), part(1, None, None)]);
        assert!(ended.rest.is_empty(), "cut to its end");
        ended.close("trips");
        assert_eq!(ended.tables(), 1);
    }

    #[test]
    fn a_table_is_there_when_its_last_piece_is() {
        let mut state = State::of(trips(), Vec::new());
        let Rest { table, .. } = state.rest.pop_front().unwrap_or_else(|| unreachable!());
        state.begun(&table, &part(0, Some("10"), None));
        state.rest.clear();
        state.begun(&table, &part(1, None, None));
        state.close("trips");
        assert_eq!(state.tables(), 0);
        state.close("trips");
        assert_eq!(state.tables(), 1);
    }
}
