//! The rows: several tables at once, all as they were at one moment, whose place in the log is known.
//!
//! Not by `mysqldump`: it writes a FLOAT with six digits, so that what arrives is another number, and it is one stream. Here nothing is
//! on disk or in an argument list either.

use super::connect::Place;
use super::control::Names;
use super::dialect::Position;
use super::sql::{ident, literal, one, run, run_on};
use super::{stream, tables};
use crate::database::engine::{Tell, pace};
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult};
use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlConnection, Row};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc;

/// How many tables at once.
const AT_ONCE: usize = 4;
/// A statement has so many bytes at most, where a row allows it.
const STATEMENT: usize = 512 * 1024;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Number,
    Bytes,
    Text,
}

fn form(kind: &str) -> Form {
    match kind {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "year" | "float" | "double" => {
            Form::Number
        }
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "bit" | "geometry" | "point"
        | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection"
        | "geomcollection" | "vector" => Form::Bytes,
        _ => Form::Text,
    }
}

/// How far a copy is.
struct Course {
    /// Bytes that the old side's tables have, as it believes.
    total: u64,
    of: usize,
    begun: Instant,
    tables: AtomicUsize,
    /// Bytes of statements that were written.
    bytes: AtomicU64,
}

impl Course {
    fn words(&self) -> String {
        let (tables, bytes, total) = (self.tables.load(Relaxed), self.bytes.load(Relaxed), self.total);
        let (rate, left) = pace(bytes, total, self.begun.elapsed().as_secs());
        let [bytes, total, rate] = [bytes, total, rate].map(|number| number / 1_000_000);
        format!("{tables} of {} tables, {bytes} of about {total} MB, {rate} MB/s, {left} s left", self.of)
    }
}

/// Copies every row into tables that were made for it, unless that is done; answers from where on the log is to be followed.
pub async fn copy(old: &Place, new: &Place, names: &Names, tell: Tell<'_>) -> DatabaseResult<Position> {
    let table = names.table("copied");
    let stands = format!("SELECT CONVERT(CONCAT_WS('\\n', done, file, at, gtid) USING utf8mb4) FROM {table}");
    let stands: String = one(&new.pool, "looking for an earlier copy", stands).await?;
    let parts: Vec<&str> = stands.splitn(4, '\n').collect();
    if let ["1", file, at, gtid] = parts[..] {
        return Ok(Position { file: file.into(), at: at.parse().unwrap_or(0), gtid: gtid.into() });
    }
    let all = tables::all(old).await?;
    let course = Course {
        total: tables::bytes(old).await?,
        of: all.len(),
        begun: Instant::now(),
        tables: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
    };
    let written = |bytes: usize| {
        course.bytes.fetch_add(bytes as u64, Relaxed);
        tell(course.words());
    };
    let (position, readers) = snapshot(old, &all).await?;
    let queue = Mutex::new(all.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let (next, written, course) = (&next, &written, &course);
    let workers = readers.into_iter().map(|mut reader| async move {
        let (mut writer, _) = new.connect().await?;
        let settings = "SET SESSION foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00'";
        run_on(&mut writer, "preparing the copy", settings).await?;
        while let Some(table) = next() {
            let columns = tables::columns(old, &table).await?;
            rows(&mut reader, &mut writer, &table, &columns, written).await?;
            course.tables.fetch_add(1, Relaxed);
        }
        Ok::<_, DatabaseError>(())
    });
    futures_util::future::try_join_all(workers).await?;
    let done = format!(
        "UPDATE {table} SET done = true, file = {}, at = {}, gtid = {}",
        literal(&position.file),
        position.at,
        literal(&position.gtid)
    );
    run(&new.pool, "recording the copy", done).await?;
    Ok(position)
}

/// Sessions that all see the same moment, and its place in the log. For that moment nobody writes: a lock on all tables is taken when it can be
/// had at once, and held while the sessions begin.
async fn snapshot(old: &Place, all: &[String]) -> DatabaseResult<(Position, Vec<MySqlConnection>)> {
    let what = "taking a snapshot of the old side";
    let mut readers = Vec::new();
    for _ in 0..AT_ONCE {
        let (mut reader, _) = old.connect().await?;
        run_on(
            &mut reader,
            what,
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET SESSION time_zone = '+00:00'",
        )
        .await?;
        readers.push(reader);
    }
    let (mut locker, thread) = old.connect().await?;
    let list: Vec<String> = all.iter().map(|table| format!("{} READ", ident(table))).collect();
    old.politely(&mut locker, thread, what, &format!("LOCK TABLES {}", list.join(", "))).await?;
    let begin = readers.iter_mut().map(|reader| run_on(reader, what, "START TRANSACTION WITH CONSISTENT SNAPSHOT"));
    futures_util::future::try_join_all(begin).await?;
    let position = stream::position(old).await?;
    run_on(&mut locker, what, "UNLOCK TABLES").await?;
    Ok((position, readers))
}

/// Reads and writes at the same time.
async fn rows(
    reader: &mut MySqlConnection,
    writer: &mut MySqlConnection,
    table: &str,
    columns: &[(String, String)],
    written: &(dyn Fn(usize) + Send + Sync),
) -> DatabaseResult<()> {
    let names: Vec<String> = columns.iter().map(|(name, _)| ident(name)).collect();
    // A FLOAT as the DOUBLE that it is exactly: as itself it is told with six digits.
    let value =
        |(name, kind): &(String, String)| if kind == "float" { format!("{} * 1e0", ident(name)) } else { ident(name) };
    let values: Vec<String> = columns.iter().map(value).collect();
    let select = format!("SELECT {} FROM {}", values.join(", "), ident(table));
    let insert = format!("INSERT INTO {} ({}) VALUES ", ident(table), names.join(", "));
    let forms: Vec<Form> = columns.iter().map(|(_, kind)| form(kind)).collect();
    let (sender, mut receiver) = mpsc::channel::<String>(2);
    let reading = async move {
        let failed = || doing(format!("reading {table} of the old side"));
        let mut found = sqlx::raw_sql(AssertSqlSafe(select)).fetch(reader);
        let mut statement = String::new();
        while let Some(row) = found.try_next().await.map_err(failed())? {
            statement.push_str(if statement.is_empty() { &insert } else { "," });
            tuple(&mut statement, &row, &forms).map_err(failed())?;
            if statement.len() >= STATEMENT && sender.send(std::mem::take(&mut statement)).await.is_err() {
                return Ok(());
            }
        }
        if !statement.is_empty() {
            // That nobody listens any more, the other half tells.
            let _ = sender.send(statement).await;
        }
        Ok(())
    };
    let writing = async move {
        while let Some(statement) = receiver.recv().await {
            let bytes = statement.len();
            run_on(writer, &format!("writing {table} of the new side"), statement).await?;
            written(bytes);
        }
        Ok(())
    };
    futures_util::future::try_join(reading, writing).await.map(drop)
}

fn tuple(statement: &mut String, row: &MySqlRow, forms: &[Form]) -> Result<(), sqlx::Error> {
    for (n, form) in forms.iter().enumerate() {
        statement.push(if n == 0 { '(' } else { ',' });
        match row.try_get_unchecked::<Option<&[u8]>, _>(n)? {
            None => statement.push_str("NULL"),
            Some(bytes) => value(statement, bytes, *form)?,
        }
    }
    statement.push(')');
    Ok(())
}

/// A value of the text protocol as it stands in a statement.
fn value(statement: &mut String, bytes: &[u8], form: Form) -> Result<(), sqlx::Error> {
    use std::fmt::Write;
    if form == Form::Bytes {
        statement.push_str("X'");
        for byte in bytes {
            let _ = write!(statement, "{byte:02X}");
        }
        statement.push('\'');
        return Ok(());
    }
    let text = std::str::from_utf8(bytes).map_err(|error| sqlx::Error::Decode(error.into()))?;
    match form {
        Form::Number => statement.push_str(text),
        Form::Bytes | Form::Text => {
            statement.push('\'');
            for letter in text.chars() {
                match letter {
                    '\'' => statement.push_str("''"),
                    '\\' => statement.push_str("\\\\"),
                    '\0' => statement.push_str("\\0"),
                    other => statement.push(other),
                }
            }
            statement.push('\'');
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn how_far_a_copy_is_is_told_in_figures() {
        let course = Course {
            total: 300_000_000,
            of: 9,
            begun: Instant::now() - Duration::from_secs(10),
            tables: AtomicUsize::new(4),
            bytes: AtomicU64::new(100_000_000),
        };
        assert_eq!(course.words(), "4 of 9 tables, 100 of about 300 MB, 10 MB/s, 20 s left");
    }

    #[test]
    fn values_are_written_so_that_they_arrive() {
        let written = |bytes: &[u8], kind: &str| {
            let mut text = String::new();
            value(&mut text, bytes, form(kind)).unwrap();
            text
        };
        assert_eq!(written(b"-3.50", "decimal"), "-3.50");
        assert_eq!(written(b"o'\\\0\n", "varchar"), "'o''\\\\\\0\n'");
        assert_eq!(written(&[0, 0xff, 0x27], "varbinary"), "X'00FF27'");
        assert_eq!(written(&[], "blob"), "X''");
        assert!(value(&mut String::new(), &[0xff], Form::Text).is_err());
    }
}
