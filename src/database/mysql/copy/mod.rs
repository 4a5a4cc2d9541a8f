//! The rows: several pieces at once, all as they were at one moment, whose place in the log is known.
//!
//! A piece and the note that it is there are one transaction, so a run that was killed goes on. What it finds there is as of an earlier moment:
//! the rows that the log says were written since are taken out and read again, and then all is as of the later one.

mod catch_up;
mod queue;
mod record;
mod rows;

pub use record::{Record, Stands};

use super::connect::Place;
use super::control::Names;
use super::dialect::Position;
use super::sql::{ident, run_on};
use super::{stream, tables};
use crate::database::engine::{Tell, pace};
use crate::database::verify::mysql::{MySql as Side, Sql};
use crate::database::verify::{Reader, Table};
use crate::database::{DatabaseError, DatabaseResult, Network};
use catch_up::CatchUp;
use queue::Queue;
use rows::{Which, carry};
use sqlx::MySqlConnection;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

/// How many pieces at once.
const AT_ONCE: usize = 4;

/// Of each table the columns that are written, and their types.
type Columns = BTreeMap<String, Vec<(String, String)>>;

/// How far a copy is.
struct Course {
    /// Bytes that the old side's tables have, as it believes.
    total: u64,
    of: usize,
    begun: Instant,
    /// Bytes that an earlier run has written.
    before: u64,
    tables: AtomicUsize,
    /// Bytes of statements that this run has written.
    bytes: AtomicU64,
}

impl Course {
    fn words(&self) -> String {
        let (tables, bytes, total) = (self.tables.load(Relaxed), self.bytes.load(Relaxed), self.total);
        let (rate, left) = pace(bytes, total.saturating_sub(self.before), self.begun.elapsed().as_secs());
        let [bytes, total, rate] = [self.before + bytes, total, rate].map(|number| number / 1_000_000);
        format!("{tables} of {} tables, {bytes} of about {total} MB, {rate} MB/s, {left} s left", self.of)
    }
}

/// Copies every row into tables that were made for it, unless that is done; answers from where on the log is to be followed.
pub async fn copy(
    old: &Place,
    new: &Place,
    names: &Names,
    network: &Network,
    tell: Tell<'_>,
) -> DatabaseResult<Position> {
    let record = Record::new(new, names);
    let since = match record.stands().await? {
        Some(Stands::Done(position)) => return Ok(position),
        Some(Stands::Since(position)) => Some(position),
        Some(Stands::Empty) | None => None,
    };
    let (source, _) = Side::pair(old.pool.clone(), new.pool.clone());
    let tables = source.tables().await?;
    let mut columns = Columns::new();
    for table in &tables {
        columns.insert(table.name.clone(), tables::columns(old, &table.name).await?);
    }
    let (position, readers) = snapshot(old, &tables).await?;
    let mut parts = record.parts().await?;
    let catch_up = match &since {
        None => {
            record.since(&position).await?;
            None
        }
        Some(since) => {
            tell("looking for what was written since the copy was cut off".into());
            Some(CatchUp::begin(old, &mut writer(new).await?, network, &record, &tables, &mut parts, since).await?)
        }
    };
    let course = Course {
        total: tables.iter().map(|table| table.bytes).sum(),
        of: tables.len(),
        begun: Instant::now(),
        before: parts.iter().filter_map(|part| part.bytes).sum(),
        tables: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
    };
    let written = |bytes: usize| {
        course.bytes.fetch_add(bytes as u64, Relaxed);
        tell(course.words());
    };
    let queue = Queue::of(&source, &record, tables, parts);
    let (queue, columns, written, record, course) = (&queue, &columns, &written, &record, &course);
    let workers = readers.into_iter().map(|mut reader| async move {
        let mut writer = writer(new).await?;
        while let Some((table, part)) = queue.next().await? {
            let what = format!("writing {} of the new side", part.table);
            let condition = Sql(&table).piece(&part.piece())?;
            let which = Which { table: &part.table, columns: &columns[&part.table], condition: &condition };
            run_on(&mut writer, &what, "START TRANSACTION").await?;
            let bytes = carry(&mut reader, &mut writer, which, written).await?;
            run_on(&mut writer, &what, format!("{}; COMMIT", record.copied(&part, bytes))).await?;
            course.tables.store(queue.done(&part).await, Relaxed);
        }
        Ok::<_, DatabaseError>(reader)
    });
    let mut readers = futures_util::future::try_join_all(workers).await?;
    if let (Some(catch_up), Some(reader)) = (catch_up, readers.first_mut()) {
        catch_up.complete(reader, &mut writer(new).await?, columns, written).await?;
    }
    record.done(&position).await?;
    Ok(position)
}

/// A session that writes on the new side, where nobody else does. A run that was killed may have left one of which the server doesn't know
/// yet that nobody is there: it ends when it has been told nothing for a minute, and this one waits for what it holds.
async fn writer(new: &Place) -> DatabaseResult<MySqlConnection> {
    let (mut writer, _) = new.connect().await?;
    let settings = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
        SET SESSION foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00', wait_timeout = 60, innodb_lock_wait_timeout = 90";
    run_on(&mut writer, "preparing the copy", settings).await?;
    Ok(writer)
}

/// Sessions that all see the same moment, and its place in the log. For that moment nobody writes: a lock on all tables is taken when it can be
/// had at once, and held while the sessions begin.
async fn snapshot(old: &Place, all: &[Table]) -> DatabaseResult<(Position, Vec<MySqlConnection>)> {
    let what = "taking a snapshot of the old side";
    let mut readers = Vec::new();
    for _ in 0..AT_ONCE {
        let (mut reader, _) = old.connect().await?;
        run_on(
            &mut reader,
            what,
            // Its snapshot is gone with it, so the server must have patience while this process is busy writing.
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;
             SET SESSION time_zone = '+00:00', wait_timeout = 86400, net_write_timeout = 3600",
        )
        .await?;
        readers.push(reader);
    }
    let (mut locker, thread) = old.connect().await?;
    let list: Vec<String> = all.iter().map(|table| format!("{} READ", ident(&table.name))).collect();
    old.politely(&mut locker, thread, what, &format!("LOCK TABLES {}", list.join(", "))).await?;
    let begin = readers.iter_mut().map(|reader| run_on(reader, what, "START TRANSACTION WITH CONSISTENT SNAPSHOT"));
    futures_util::future::try_join_all(begin).await?;
    let position = stream::position(old).await?;
    run_on(&mut locker, what, "UNLOCK TABLES").await?;
    Ok((position, readers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn how_far_a_copy_is_is_told_in_figures() {
        let course = Course {
            total: 300_000_000,
            of: 9,
            begun: Instant::now() - Duration::from_secs(10),
            before: 50_000_000,
            tables: AtomicUsize::new(4),
            bytes: AtomicU64::new(100_000_000),
        };
        assert_eq!(course.words(), "4 of 9 tables, 150 of about 300 MB, 10 MB/s, 15 s left");
    }
}
