//! The tables that move: ordinary ones and leaves of partitioned ones, but for those of extensions and our own.

use super::sql::column;
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult};
use sqlx::PgPool;

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name as it stands in a statement.
    pub name: String,
    /// Whether replication can tell its rows apart.
    pub identified: bool,
    /// Whether the gate stands before it.
    pub gated: bool,
}

const WHICH: &str = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'migrate')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

/// All of them, by name.
pub async fn all(pool: &PgPool) -> DatabaseResult<Vec<Table>> {
    let sql = format!(
        "SELECT format('%I.%I', n.nspname, c.relname) AS name,
           c.relreplident = 'f' OR c.relreplident IN ('d', 'i') AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid
             AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END) AS identified,
           EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = ' migrate gate' AND t.tgenabled = 'A') AS gated
         {WHICH} ORDER BY 1"
    );
    let rows: Vec<(String, bool, bool)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await.map_err(doing("listing the tables"))?;
    Ok(rows.into_iter().map(|(name, identified, gated)| Table { name, identified, gated }).collect())
}

/// Refuses tables whose updates would fail as soon as they are published.
pub async fn all_identified(pool: &PgPool) -> DatabaseResult<Vec<Table>> {
    let tables = all(pool).await?;
    let without: Vec<&str> = tables.iter().filter(|t| !t.identified).map(|t| t.name.as_str()).collect();
    if tables.is_empty() {
        return Err(DatabaseError::Refused("the old side has no tables".into()));
    }
    if without.is_empty() {
        return Ok(tables);
    }
    let names = without.join(", ");
    Err(DatabaseError::Refused(format!(
        "tables without a primary key can't be replicated: {names}: give them one, or ALTER TABLE … REPLICA IDENTITY FULL"
    )))
}

/// Refuses if any of them holds rows: to copy to, a side must be empty.
pub async fn none_has_rows(pool: &PgPool) -> DatabaseResult<()> {
    let mut full = Vec::new();
    for table in all(pool).await? {
        let sql = format!("SELECT EXISTS (SELECT FROM {})", table.name);
        if super::sql::one::<bool>(pool, "looking for rows on the new side", sql).await? {
            full.push(table.name);
        }
    }
    if full.is_empty() {
        return Ok(());
    }
    Err(DatabaseError::Refused(format!(
        "the new side holds rows that didn't come by replication, in {}: if nobody needs them, empty these tables, or the database",
        full.join(", ")
    )))
}

/// Bytes of all of them, without indexes.
pub async fn bytes(pool: &PgPool) -> DatabaseResult<u64> {
    let sql = format!("SELECT coalesce(sum(pg_table_size(c.oid)), 0)::bigint {WHICH}");
    let bytes: i64 = super::sql::one(pool, "measuring the tables", sql).await?;
    Ok(bytes.unsigned_abs())
}

/// A text that is the same where columns, constraints, indexes, and the application's functions and triggers are.
pub async fn fingerprint(pool: &PgPool) -> DatabaseResult<Vec<String>> {
    let columns = format!(
        "SELECT format('column %I.%I.%I %s%s%s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attnotnull THEN ' not null' END, CASE a.attgenerated WHEN 's' THEN ' generated' END)
         {} AND a.attnum > 0 AND NOT a.attisdropped",
        WHICH.replace("WHERE", "JOIN pg_attribute a ON a.attrelid = c.oid WHERE")
    );
    let indexes = format!(
        "SELECT format('index %s', pg_get_indexdef(i.indexrelid)) {}",
        WHICH.replace("WHERE c.", "JOIN pg_index i ON i.indrelid = c.oid WHERE c.")
    );
    let constraints = format!(
        "SELECT format('constraint %I.%I %s', n.nspname, c.relname, pg_get_constraintdef(k.oid)) {}",
        WHICH.replace(
            "WHERE c.relkind",
            "JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype <> 'n' WHERE c.relkind"
        )
    );
    let triggers = format!(
        "SELECT format('trigger %s', pg_get_triggerdef(t.oid)) {}",
        WHICH.replace(
            "WHERE c.relkind",
            "JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgname <> ' migrate gate' WHERE c.relkind"
        )
    );
    column(
        pool,
        "reading the schema",
        format!("{columns} UNION ALL {indexes} UNION ALL {constraints} UNION ALL {triggers} ORDER BY 1"),
    )
    .await
}
