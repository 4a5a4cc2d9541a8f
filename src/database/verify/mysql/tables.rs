//! The tables of a database, with the key by which their rows are told apart.

use crate::database::verify::error::reading;
use crate::database::verify::{Table, VerifyError, VerifyResult};
use sqlx::MySqlPool;
use std::collections::BTreeMap;

/// Types whose values don't come back as the same from their text, or that a server compares in another order than it sorts them.
const NO_KEY: [&str; 7] = ["float", "double", "bit", "json", "enum", "set", "time"];

/// The base tables of the connection's database. The key is the primary key, else the first unique one of whole columns without NULLs; a type
/// bears its collation, so that a key is in order only if both sides sort it by the same one.
pub(super) async fn tables(pool: &MySqlPool, side: &str) -> VerifyResult<Vec<Table>> {
    let what = || reading(format!("listing the tables of the {side}"));
    let (schema, tables): (Option<String>, Vec<(String, u64, u64)>) = tokio::try_join!(
        sqlx::query_scalar("SELECT DATABASE()").fetch_one(pool),
        sqlx::query_as(
            "SELECT CONVERT(table_name USING utf8mb4), CAST(COALESCE(table_rows, 0) AS UNSIGNED), CAST(COALESCE(data_length, 0) AS UNSIGNED)
             FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY 3 DESC, 1",
        )
        .fetch_all(pool)
    )
    .map_err(what())?;
    let schema = schema.ok_or_else(|| VerifyError::Unexpected(format!("the {side}'s connection names no database")))?;
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT CONVERT(table_name USING utf8mb4), CONVERT(column_name USING utf8mb4),
                CONVERT(CONCAT_WS(' ', data_type, collation_name) USING utf8mb4)
         FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, column_name",
    )
    .fetch_all(pool)
    .await
    .map_err(what())?;
    let keys: Vec<(String, String, String, u64)> = sqlx::query_as(
        "SELECT CONVERT(table_name USING utf8mb4), CONVERT(index_name USING utf8mb4), CONVERT(COALESCE(column_name, '') USING utf8mb4),
                CAST(sub_part IS NOT NULL OR nullable = 'YES' OR column_name IS NULL AS UNSIGNED)
         FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0
         ORDER BY 1, index_name <> 'PRIMARY', index_name, seq_in_index",
    )
    .fetch_all(pool)
    .await
    .map_err(what())?;

    let mut by_table: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for (table, column, kind) in &columns {
        by_table.entry(table).or_default().push((column.clone(), kind.clone()));
    }
    let table = |(name, rows, bytes): (String, u64, u64)| {
        let columns = by_table.get(name.as_str()).cloned().unwrap_or_default();
        let key = key(&columns, keys.iter().filter(|(table, ..)| *table == name));
        Table { schema: schema.clone(), name, columns, ordered: !key.is_empty(), key, rows, bytes }
    };
    Ok(tables.into_iter().map(table).collect())
}

/// Columns and their types.
type Columns = Vec<(String, String)>;

/// The first index all of whose columns can tell rows apart.
fn key<'a>(
    columns: &[(String, String)],
    parts: impl Iterator<Item = &'a (String, String, String, u64)>,
) -> Vec<(String, String)> {
    let mut indexes: Vec<(&str, Option<Columns>)> = Vec::new();
    for (_, index, column, unfit) in parts {
        if indexes.last().is_none_or(|(name, _)| name != index) {
            indexes.push((index, Some(Vec::new())));
        }
        let Some((_, found)) = indexes.last_mut() else { continue };
        let column = columns.iter().find(|(name, kind)| {
            let kind = kind.split(' ').next().unwrap_or(kind);
            name == column && !NO_KEY.contains(&kind)
        });
        match (column, &mut *found) {
            (Some(column), Some(parts)) if *unfit == 0 => parts.push(column.clone()),
            _ => *found = None,
        }
    }
    indexes.into_iter().find_map(|(_, parts)| parts).unwrap_or_default()
}
