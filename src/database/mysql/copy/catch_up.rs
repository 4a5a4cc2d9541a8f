//! What a run that was cut off has copied, brought on to the moment of this one: rows that were written in between are taken out first, so that none
//! of them is in the way of what is copied now, and read again in the end.
//!
//! Cut off itself, it is done anew: what was written since the first moment holds what was written since any later one.

use super::Columns;
use super::record::{Part, Record};
use super::rows::{Which, carry};
use crate::database::mysql::connect::Place;
use crate::database::mysql::dialect::Position;
use crate::database::mysql::log::{self, Keys};
use crate::database::mysql::sql::{ident, run_on};
use crate::database::verify::mysql::Sql;
use crate::database::verify::touched::Writes;
use crate::database::verify::{Key, Table, Touched};
use crate::database::{DatabaseResult, Network};
use sqlx::MySqlConnection;

/// So many rows are taken out or read again in one transaction.
const ROWS: usize = 500;

/// Rows that are yet to be read again: of each table these keys.
pub struct CatchUp(Vec<(Table, Vec<Key>)>);

impl CatchUp {
    /// Takes out of the new side what was written on the old one since then, in tables of which there is a piece. A table of which the log doesn't
    /// say which rows is emptied, leaves `parts`, and is copied as if none of it had been.
    pub async fn begin(
        old: &Place,
        writer: &mut MySqlConnection,
        network: &Network,
        record: &Record<'_>,
        tables: &[Table],
        parts: &mut Vec<Part>,
        since: &Position,
    ) -> DatabaseResult<Self> {
        let mut touched = Touched::default();
        log::read(old, network, since, &Keys::of(old, tables).await?, &mut touched).await?;
        let mut again = Vec::new();
        for table in tables {
            if parts.iter().all(|part| part.table != table.name) {
                continue;
            }
            let what = format!("taking out of {} on the new side what was written since", table.name);
            match touched.tables.remove(&table.id()) {
                None => {}
                Some(Writes::Keys(keys)) if !table.key.is_empty() => {
                    let keys: Vec<Key> = keys.into_iter().collect();
                    for some in keys.chunks(ROWS) {
                        run_on(writer, &what, delete(table, some)?).await?;
                    }
                    again.push((table.clone(), keys));
                }
                Some(_) => {
                    // In this order: cut off in between, the table is emptied again, since the log then tells the same.
                    run_on(writer, &what, format!("TRUNCATE TABLE {}", ident(&table.name))).await?;
                    record.forget_table(&table.name).await?;
                    parts.retain(|part| part.table != table.name);
                }
            }
        }
        Ok(Self(again))
    }

    /// Reads them again, when everything else is there.
    pub async fn complete(
        self,
        reader: &mut MySqlConnection,
        writer: &mut MySqlConnection,
        columns: &Columns,
        written: &(dyn Fn(usize) + Send + Sync),
    ) -> DatabaseResult<()> {
        for (table, keys) in &self.0 {
            let what = format!("writing {} of the new side", table.name);
            for some in keys.chunks(ROWS) {
                let condition = Sql(table).any_of(some)?;
                let which = Which { table: &table.name, columns: &columns[&table.name], condition: &condition };
                // Some of them came with a piece of this run.
                run_on(writer, &what, format!("START TRANSACTION; {}", delete(table, some)?)).await?;
                carry(reader, writer, which, written).await?;
                run_on(writer, &what, "COMMIT").await?;
            }
        }
        Ok(())
    }
}

fn delete(table: &Table, keys: &[Key]) -> DatabaseResult<String> {
    Ok(format!("DELETE FROM {} WHERE {}", ident(&table.name), Sql(table).any_of(keys)?))
}
