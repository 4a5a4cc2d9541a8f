//! The tables that move, and what else belongs to them.

use super::connect::Place;
use super::gate::PREFIX;
use super::sql::{column, one};
use crate::database::{DatabaseError, DatabaseResult};

/// Their names, biggest first.
pub async fn all(place: &Place) -> DatabaseResult<Vec<String>> {
    let sql = "SELECT CONVERT(table_name USING utf8mb4) FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY data_length DESC, table_name";
    column(&place.pool, &format!("listing the tables {}", place.at()), sql).await
}

/// The columns of a table that are stored as they are written, and their types.
pub async fn columns(place: &Place, table: &str) -> DatabaseResult<Vec<(String, String)>> {
    let sql = "SELECT CONVERT(column_name USING utf8mb4), CONVERT(data_type USING utf8mb4) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = ? AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position";
    let what = format!("listing the columns of {table} {}", place.at());
    sqlx::query_as(sql).bind(table).fetch_all(&place.pool).await.map_err(crate::database::error::doing(what))
}

/// Bytes of all of them, without indexes, as the server believes.
pub async fn bytes(place: &Place) -> DatabaseResult<u64> {
    let sql = "SELECT CAST(COALESCE(SUM(data_length), 0) AS UNSIGNED) FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'";
    one(&place.pool, &format!("measuring the tables {}", place.at()), sql).await
}

/// The names of triggers: ours, or the city's.
pub async fn triggers(place: &Place, ours: bool) -> DatabaseResult<Vec<String>> {
    let sql = format!(
        "SELECT CONVERT(trigger_name USING utf8mb4) FROM information_schema.triggers
         WHERE trigger_schema = DATABASE() AND (LEFT(trigger_name, {}) = '{PREFIX}') = {ours} ORDER BY action_order, trigger_name",
        PREFIX.len()
    );
    column(&place.pool, &format!("listing the triggers {}", place.at()), sql).await
}

/// Texts that are the same where columns are.
const COLUMNS: &str = "SELECT CONCAT_WS(' ', 'column', c.table_name, c.column_name, c.column_type, IF(c.is_nullable = 'NO', 'not null', NULL),
    c.column_default, c.collation_name, c.extra, c.generation_expression) FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name) WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'";

/// Whether both sides' tables have the same columns.
pub async fn same_columns(old: &Place, new: &Place) -> DatabaseResult<bool> {
    let (a, b) = futures_util::future::try_join(texts(old, &[COLUMNS]), texts(new, &[COLUMNS])).await?;
    Ok(a == b)
}

/// Texts that are the same where columns, indexes, foreign keys, and the application's routines, triggers, views and events are.
async fn fingerprint(place: &Place) -> DatabaseResult<Vec<String>> {
    let parts = [
        COLUMNS,
        "SELECT CONCAT_WS(' ', 'index', table_name, index_name, IF(non_unique, NULL, 'unique'), seq_in_index, column_name, sub_part) FROM information_schema.statistics
           WHERE table_schema = DATABASE()",
        "SELECT CONCAT_WS(' ', 'foreign key', table_name, constraint_name, referenced_table_name, update_rule, delete_rule) FROM information_schema.referential_constraints
           WHERE constraint_schema = DATABASE()",
        "SELECT CONCAT_WS(' ', 'trigger', event_object_table, action_timing, event_manipulation, trigger_name, action_statement) FROM information_schema.triggers
           WHERE trigger_schema = DATABASE() AND LEFT(trigger_name, 13) <> 'migrate_gate_'",
        "SELECT CONCAT_WS(' ', LOWER(routine_type), routine_name, routine_definition) FROM information_schema.routines WHERE routine_schema = DATABASE()",
        "SELECT CONCAT_WS(' ', 'view', table_name) FROM information_schema.views WHERE table_schema = DATABASE()",
        "SELECT CONCAT_WS(' ', 'event', event_name, event_definition) FROM information_schema.events WHERE event_schema = DATABASE()",
    ];
    texts(place, &parts).await
}

async fn texts(place: &Place, parts: &[&str]) -> DatabaseResult<Vec<String>> {
    let what = format!("reading the schema {}", place.at());
    let mut all = Vec::new();
    for part in parts {
        let sql = part.replacen("SELECT ", "SELECT CONVERT((", 1).replacen(") FROM", ")) USING utf8mb4) FROM", 1);
        let lines: Vec<String> = column(&place.pool, &what, sql).await?;
        // MySQL keeps the sign that ended a statement as a part of a body, where it was one of several.
        all.extend(lines.iter().map(|line| line.trim_end_matches([';', ' ', '\n', '\r']).to_owned()));
    }
    all.sort();
    Ok(all)
}

/// Refuses if the sides differ.
pub async fn same(old: &Place, new: &Place) -> DatabaseResult<()> {
    let (a, b) = futures_util::future::try_join(fingerprint(old), fingerprint(new)).await?;
    let only = |these: &[String], those: &[String], place: &Place| -> Vec<String> {
        let missing = these.iter().filter(|line| !those.contains(line));
        missing.take(3).map(|line| format!("only {}: {line}", place.at())).collect()
    };
    let mut differences = only(&a, &b, old);
    differences.extend(only(&b, &a, new));
    if differences.is_empty() {
        return Ok(());
    }
    Err(DatabaseError::Refused(format!(
        "the schema was changed since it was copied: {}; make the same change on the other side, or take it back",
        differences.join("; ")
    )))
}
