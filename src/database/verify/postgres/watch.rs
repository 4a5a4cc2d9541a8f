//! Which rows were written: read from the source's log, through a replication slot of its own.

use super::pgoutput::{Message, Relation, Relations, Tuple, read};
use crate::database::verify::error::reading;
use crate::database::verify::{Table, Touched, VerifyError, VerifyResult};
use sqlx::PgPool;
use std::collections::HashMap;

/// A slot that keeps the source's log from when the watch began. It holds the log back until it is drained or removed: a caller
/// drains it every few seconds and removes it at the end.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The source.
    pub source: PgPool,
    /// The slot's name.
    pub slot: String,
    /// The publication whose tables are watched.
    pub publication: String,
}

/// What a watch has read.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Up to where.
    end: u64,
    /// True if there is more to read already.
    pub more: bool,
}

/// Changes that are read at once.
const AT_ONCE: i32 = 50_000;

impl Watch {
    /// Begins to watch, unless it has begun: every write that a transaction commits from now on is seen. Waits for transactions that have
    /// written already. A pass that is to be completed by it begins after this has returned.
    ///
    /// # Errors
    /// The source can't be asked, refuses, or has no slot free.
    pub async fn begin(&self) -> VerifyResult<()> {
        sqlx::query(
            "SELECT pg_create_logical_replication_slot($1, 'pgoutput')
             WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE slot_name = $1)",
        )
        .bind(&self.slot)
        .execute(&self.source)
        .await
        .map_err(reading(format!("creating the slot `{}` on the source", self.slot)))?;
        Ok(())
    }

    /// Whether it has begun, maybe by another process.
    ///
    /// # Errors
    /// The source can't be asked.
    pub async fn exists(&self) -> VerifyResult<bool> {
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)")
            .bind(&self.slot)
            .fetch_one(&self.source)
            .await
            .map_err(reading(format!("looking for the slot `{}` on the source", self.slot)))
    }

    /// Adds to `touched` what was written since the last time. The slot lets go of it with [`Self::release`], after the caller has stored
    /// `touched`: a caller that is cut off between the two gets the same again.
    ///
    /// # Errors
    /// The source can't be read.
    pub async fn read(&self, tables: &[Table], touched: &mut Touched) -> VerifyResult<Seen> {
        let (messages, flushed) = self.peek().await?;
        let last = note(&messages, tables, touched)?;
        let more = messages.len() >= usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
        // Without more to read, everything that was flushed before is seen, and what nobody watches need not be kept either.
        let end = if more { last } else { last.max(flushed) };
        Ok(Seen { end, more })
    }

    /// Adds all that was written and lets go of it: for a caller that keeps `touched` in memory.
    ///
    /// # Errors
    /// The source can't be read; what was added is right nonetheless.
    pub async fn drain(&self, tables: &[Table], touched: &mut Touched) -> VerifyResult<()> {
        loop {
            let seen = self.read(tables, touched).await?;
            self.release(&seen).await?;
            if !seen.more {
                return Ok(());
            }
        }
    }

    async fn peek(&self) -> VerifyResult<(Vec<Vec<u8>>, u64)> {
        let what = || reading(format!("reading the slot `{}` on the source", self.slot));
        let mut transaction = self.source.begin().await.map_err(what())?;
        // The values as a comparison prints them; the settings end with the transaction.
        sqlx::raw_sql(
            "SET LOCAL \"DateStyle\" = 'ISO, YMD'; SET LOCAL \"IntervalStyle\" = postgres; SET LOCAL \"TimeZone\" = 'UTC';
             SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = hex; SET LOCAL statement_timeout = 0",
        )
        .execute(&mut *transaction)
        .await
        .map_err(what())?;
        let flushed: i64 = sqlx::query_scalar("SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::int8")
            .fetch_one(&mut *transaction)
            .await
            .map_err(what())?;
        let messages = sqlx::query_scalar(
            "SELECT data FROM pg_logical_slot_peek_binary_changes($1, NULL, $2, 'proto_version', '1', 'publication_names', $3)",
        )
        .bind(&self.slot)
        .bind(AT_ONCE)
        .bind(format!("\"{}\"", self.publication.replace('"', "\"\"")))
        .fetch_all(&mut *transaction)
        .await
        .map_err(what())?;
        Ok((messages, flushed.unsigned_abs()))
    }

    /// Lets the slot go of what was read.
    ///
    /// # Errors
    /// The source can't be asked; the same comes again then.
    pub async fn release(&self, seen: &Seen) -> VerifyResult<()> {
        // Never back, and nothing if it is there already: advancing a slot to where it is fails.
        sqlx::query(
            "SELECT pg_replication_slot_advance(slot_name, $2::text::pg_lsn) FROM pg_replication_slots
             WHERE slot_name = $1 AND confirmed_flush_lsn < $2::text::pg_lsn",
        )
        .bind(&self.slot)
        .bind(format!("{:X}/{:X}", seen.end >> 32, seen.end & 0xFFFF_FFFF))
        .execute(&self.source)
        .await
        .map_err(reading(format!("advancing the slot `{}` on the source", self.slot)))?;
        Ok(())
    }

    /// Removes the slot, if it is there.
    ///
    /// # Errors
    /// The source can't be asked.
    pub async fn end(&self) -> VerifyResult<()> {
        sqlx::query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1")
            .bind(&self.slot)
            .execute(&self.source)
            .await
            .map_err(reading(format!("removing the slot `{}` on the source", self.slot)))?;
        Ok(())
    }
}

/// Adds what these messages write; answers where the last transaction ends, 0 if there is none.
fn note(messages: &[Vec<u8>], tables: &[Table], touched: &mut Touched) -> VerifyResult<u64> {
    let known: HashMap<String, &Table> = tables.iter().map(|table| (table.id(), table)).collect();
    let mut relations = Relations::new();
    let mut end = 0;
    let unreadable = |what: &str| VerifyError::Unexpected(format!("the source's log has {what}"));
    for message in messages {
        match read(message).ok_or_else(|| unreadable("a message that can't be read"))? {
            Message::Relation(id, relation) => drop(relations.insert(id, relation)),
            Message::Commit(at) => end = at,
            Message::Truncate(ids) => {
                for id in ids {
                    let relation = relations.get(&id).ok_or_else(|| unreadable("a table that it hasn't named"))?;
                    touched.add_whole(&id_of(relation));
                }
            }
            Message::Row { relation, before, after } => {
                let relation = relations.get(&relation).ok_or_else(|| unreadable("a table that it hasn't named"))?;
                let id = id_of(relation);
                let table = known.get(&id);
                let keys = [before, after].into_iter().flatten().map(|tuple| key(table.copied(), relation, &tuple));
                for key in keys {
                    match key {
                        Some(key) => touched.add(&id, key),
                        None => touched.add_whole(&id),
                    }
                }
            }
            Message::Other => {}
        }
    }
    Ok(end)
}

fn id_of(relation: &Relation) -> String {
    format!("{}.{}", relation.schema, relation.name)
}

/// The key's values among a row's; `None`: the table has no key, or they aren't all there.
fn key(table: Option<&Table>, relation: &Relation, tuple: &Tuple) -> Option<Vec<String>> {
    let table = table.filter(|table| !table.key.is_empty())?;
    let value = |column: &String| tuple.get(relation.columns.iter().position(|name| name == column)?)?.clone();
    table.key.iter().map(|(column, _)| value(column)).collect()
}
