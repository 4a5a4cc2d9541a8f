//! Compares every row of every table: pieces of a size that suits the servers, several at once, in order, so that it can go on.

use super::settle::settle;
use super::{Barrier, Key, Mismatch, Piece, Progress, Reader, Sum, Sums, Table, TableProgress, VerifyResult, narrow};
use futures_util::TryStreamExt;
use futures_util::stream::FuturesOrdered;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How a comparison is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many pieces are read at once, each on one connection a side.
    pub at_once: usize,
    /// How many rows that differ are named, a table.
    pub names: usize,
    /// How long the slower side should take for a piece.
    pub aim: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { at_once: 4, names: 20, aim: Duration::from_millis(500) }
    }
}

/// A piece begins with so many rows, and never has fewer or more than these.
const FIRST: u64 = 20_000;
const LEAST: u64 = 1_000;
const MOST: u64 = 1_000_000;
/// So many rows are listed at once at most.
const LISTED: u64 = 20_000;

/// A comparison of two sides.
pub struct Pass<'a> {
    /// What is right.
    pub source: &'a dyn Reader,
    /// What is held against it.
    pub target: &'a dyn Reader,
    /// Needed if the source is being written to.
    pub barrier: Option<&'a dyn Barrier>,
    /// How.
    pub options: Options,
}

/// One table while it is compared.
struct Work {
    id: String,
    table: Table,
    /// Rows that the next piece has.
    size: AtomicU64,
    /// Rows that are known to differ.
    found: AtomicU64,
}

/// What a piece came to.
struct Outcome {
    position: usize,
    rows: u64,
    /// Up to where it went; `None`: to the end.
    through: Option<Key>,
    found: TableProgress,
}

impl Pass<'_> {
    /// Compares what `progress` doesn't name as done, and tells `observe` after every piece.
    ///
    /// # Errors
    /// A server that can't be read. `progress` then says how far it was, and another run goes on from there.
    pub async fn run(&self, progress: &mut Progress, observe: &mut (dyn FnMut(&Progress) + Send)) -> VerifyResult<()> {
        let work = self.work(progress).await?;
        let from: Vec<Option<Key>> = work.iter().map(|one| progress.tables[&one.id].through.clone()).collect();
        let mut running = FuturesOrdered::new();
        let mut next = Some((0, None));
        loop {
            while running.len() < self.options.at_once.max(1)
                && let Some((position, after)) = next.take()
            {
                let Some(one) = work.get(position) else { break };
                let after: Option<Key> = after.unwrap_or_else(|| from[position].clone());
                let through = self.cut(one, after.as_ref()).await?;
                next = match &through {
                    Some(key) => Some((position, Some(Some(key.clone())))),
                    None => Some((position + 1, None)),
                };
                running.push_back(self.piece(position, one, after, through));
            }
            let Some(outcome) = running.try_next().await? else { return Ok(()) };
            let one = &work[outcome.position];
            let size = one.size.load(Ordering::Relaxed);
            progress.tables.entry(one.id.clone()).or_default().take(outcome, size, self.options.names);
            observe(progress);
        }
    }

    /// The tables that are on both sides and alike, and not done yet.
    async fn work(&self, progress: &mut Progress) -> VerifyResult<Vec<Work>> {
        let (source, target) = tokio::try_join!(self.source.tables(), self.target.tables())?;
        progress.unlike = unlike(&source, &target);
        let mut work = Vec::new();
        for mut table in source {
            let Some(other) = target.iter().find(|other| other.id() == table.id()) else { continue };
            if !same_columns(&table, other) {
                continue;
            }
            table.ordered &= other.ordered && table.key == other.key;
            let id = table.id();
            let so_far = progress.tables.entry(id.clone()).or_default();
            if so_far.done {
                continue;
            }
            let size = if so_far.size == 0 { FIRST } else { so_far.size };
            let found = so_far.mismatch.as_ref().map_or(0, |mismatch| mismatch.rows);
            work.push(Work { id, table, size: size.into(), found: found.into() });
        }
        Ok(work)
    }

    /// Where the next piece ends; `None`: it is the last one, and holds whatever either side has beyond.
    async fn cut(&self, one: &Work, after: Option<&Key>) -> VerifyResult<Option<Key>> {
        let size = one.size.load(Ordering::Relaxed);
        // A small table is one piece.
        if !one.table.ranges() || (after.is_none() && one.table.rows < size / 2) {
            return Ok(None);
        }
        self.source.cut(&one.table, after, size).await
    }

    async fn piece(
        &self,
        position: usize,
        one: &Work,
        after: Option<Key>,
        through: Option<Key>,
    ) -> VerifyResult<Outcome> {
        let expected = if one.table.ranges() { one.size.load(Ordering::Relaxed) } else { one.table.rows };
        let of = u32::try_from((expected / 128).next_power_of_two().clamp(16, 65_536)).unwrap_or(65_536);
        let piece = Piece { after, through: through.clone(), of, buckets: Vec::new() };
        let begun = Instant::now();
        let (source, target) =
            tokio::try_join!(self.source.sums(&one.table, &piece), self.target.sums(&one.table, &piece))?;
        let rows: u64 = source.values().map(|sum| sum.rows).sum();
        if through.is_some() {
            one.size.store(next_size(rows, begun.elapsed(), self.options.aim), Ordering::Relaxed);
        }
        let mut found = TableProgress::default();
        let differ = narrow::buckets(&source, &target);
        let mut rest = differ.as_slice();
        while !rest.is_empty() {
            if one.found.load(Ordering::Relaxed) >= self.options.names as u64 {
                let least = rest.iter().map(|bucket| least(source.get(bucket), target.get(bucket))).sum();
                Mismatch::add_piece(&mut found.mismatch, Piece { buckets: rest.to_vec(), ..piece.clone() }, least);
                break;
            }
            let (now, later) = rest.split_at(listed(rest, &source, &target));
            rest = later;
            self.list(one, &Piece { buckets: now.to_vec(), ..piece.clone() }, &mut found).await?;
        }
        Ok(Outcome { position, rows, through, found })
    }

    /// Lists the rows of a piece that differ.
    async fn list(&self, one: &Work, piece: &Piece, found: &mut TableProgress) -> VerifyResult<()> {
        let (source, target) =
            tokio::try_join!(self.source.rows(&one.table, piece), self.target.rows(&one.table, piece))?;
        let mut differ = narrow::rows(&source, &target);
        if let Some(barrier) = self.barrier {
            let keys = differ.into_iter().map(|difference| difference.key).collect();
            let settled = settle(self.source, self.target, barrier, &one.table, keys).await?;
            found.unsettled.extend(settled.unsettled);
            differ = settled.different;
        }
        one.found.fetch_add(differ.len() as u64, Ordering::Relaxed);
        Mismatch::add(&mut found.mismatch, differ, self.options.names);
        Ok(())
    }
}

impl TableProgress {
    fn take(&mut self, outcome: Outcome, size: u64, names: usize) {
        self.rows += outcome.rows;
        self.done = outcome.through.is_none();
        self.through = outcome.through;
        self.size = size;
        self.unsettled.extend(outcome.found.unsettled);
        let Some(found) = outcome.found.mismatch else { return };
        let mismatch = self.mismatch.get_or_insert_default();
        mismatch.rows += found.rows;
        let room = names.saturating_sub(mismatch.first.len());
        mismatch.first.extend(found.first.into_iter().take(room));
        mismatch.pieces.extend(found.pieces);
    }
}

/// How many rows the next piece should have, after one of `rows` rows took so long.
fn next_size(rows: u64, took: Duration, aim: Duration) -> u64 {
    let factor = (aim.as_secs_f64() / took.as_secs_f64().max(0.001)).clamp(0.25, 4.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "at most 4 million"
    )]
    let size = (rows.clamp(LEAST, MOST) as f64 * factor) as u64;
    size.clamp(LEAST, MOST)
}

/// How many of these buckets are listed at once: as many as hold few enough rows, one at the least.
fn listed(buckets: &[u32], source: &Sums, target: &Sums) -> usize {
    let rows = |sums: &Sums, bucket: &u32| sums.get(bucket).map_or(0, |sum| sum.rows);
    let mut total = 0;
    let fit = buckets.iter().take_while(|bucket| {
        total += rows(source, bucket).max(rows(target, bucket));
        total <= LISTED
    });
    fit.count().max(1)
}

/// How many rows differ at the least in a bucket that does.
fn least(source: Option<&Sum>, target: Option<&Sum>) -> u64 {
    let rows = |sum: Option<&Sum>| sum.map_or(0, |sum| sum.rows);
    rows(source).abs_diff(rows(target)).max(1)
}

fn same_columns(one: &Table, other: &Table) -> bool {
    let names = |table: &Table| {
        let mut names: Vec<String> = table.columns.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    };
    names(one) == names(other)
}

/// What keeps tables from being compared.
fn unlike(source: &[Table], target: &[Table]) -> Vec<String> {
    let mut unlike = Vec::new();
    for table in source {
        match target.iter().find(|other| other.id() == table.id()) {
            None => unlike.push(format!("{}: the target doesn't have this table", table.id())),
            Some(other) if !same_columns(table, other) => {
                unlike.push(format!("{}: its columns differ between the two sides", table.id()));
            }
            Some(_) => {}
        }
    }
    let extra = target.iter().filter(|table| source.iter().all(|other| other.id() != table.id()));
    unlike.extend(extra.map(|table| format!("{}: the source doesn't have this table", table.id())));
    unlike
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_and_shrink_towards_their_time() {
        let size = |rows, millis| next_size(rows, Duration::from_millis(millis), Duration::from_millis(500));
        assert_eq!(size(20_000, 500), 20_000);
        assert_eq!(size(20_000, 250), 40_000);
        assert_eq!(size(20_000, 1), 80_000);
        assert_eq!(size(20_000, 60_000), 5_000);
        assert_eq!(size(1_000_000, 1), MOST);
        assert_eq!(size(10, 60_000), LEAST);
    }

    #[test]
    fn buckets_are_listed_until_they_hold_too_many_rows() {
        let sums = |rows: &[u64]| -> Sums {
            rows.iter().enumerate().map(|(n, rows)| (n as u32, Sum { rows: *rows, sum: String::new() })).collect()
        };
        let source = sums(&[15_000, 4_000, 2_000]);
        assert_eq!(listed(&[0, 1, 2], &source, &Sums::new()), 2);
        assert_eq!(listed(&[0], &sums(&[90_000]), &source), 1);
    }
}
