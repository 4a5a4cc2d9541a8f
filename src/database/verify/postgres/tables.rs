//! The tables of a database, with the key by which their rows are told apart.

use super::method::Method;
use crate::database::verify::error::reading;
use crate::database::verify::{Table, VerifyResult};
use sqlx::{PgPool, Row};

/// Tables whose rows logical replication carries: not those of extensions (the extension fills them), not unlogged or foreign ones,
/// not the parents of partitions (their partitions are compared), not the schema `migrate`, which is the move's own.
///
/// The key is the replica identity's index, else the primary key, else the shortest unique index without NULLs. It is in order if both
/// servers must sort it alike: numbers, times, UUIDs, and text by the bytes; other text is sorted by the system's locale.
const TABLES: &str = r#"
WITH types AS (
    SELECT t.oid, COALESCE(NULLIF(t.typbasetype, 0), t.oid) AS base FROM pg_type t
), here AS (
    SELECT d.datcollate IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8')
           AND COALESCE(to_jsonb(d) ->> 'datlocprovider', 'c') <> 'i' AS bytes
    FROM pg_database d WHERE d.datname = current_database()
)
SELECT n.nspname::text AS schema, c.relname::text AS name, GREATEST(c.reltuples, 0)::int8 AS rows,
       pg_table_size(c.oid)::int8 AS bytes,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname) AS columns,
       ARRAY(SELECT format_type(y.base, NULL) FROM pg_attribute a JOIN types y ON y.oid = a.atttypid
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname) AS kinds,
       k.columns AS key, k.kinds AS key_kinds, COALESCE(k.ordered, false) AS ordered
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN here
LEFT JOIN LATERAL (
    SELECT i.indkey, i.indnkeyatts FROM pg_index i
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
      AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY(i.indkey) AND NOT a.attnotnull)
    ORDER BY (c.relreplident = 'i' AND i.indisreplident) DESC, i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1
) i ON true
LEFT JOIN LATERAL (
    SELECT array_agg(a.attname::text ORDER BY p.n) AS columns, array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY p.n) AS kinds,
           bool_and(y.base IN (16, 17, 20, 21, 23, 26, 1082, 1083, 1114, 1184, 1700, 2950)
                    OR (y.base IN (25, 1042, 1043) AND (a.attcollation IN (950, 951) OR (a.attcollation = 100 AND here.bytes)))
           ) AS ordered
    FROM unnest(i.indkey::int2[]) WITH ORDINALITY p(attnum, n)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.attnum JOIN types y ON y.oid = a.atttypid
    WHERE p.n <= i.indnkeyatts
) k ON true
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'migrate')
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY pg_table_size(c.oid) DESC, 1, 2"#;

pub(super) async fn tables(method: Method, pool: &PgPool, side: &str) -> VerifyResult<Vec<Table>> {
    let what = || reading(format!("listing the tables of the {side}"));
    let mut transaction = method.begin(pool, side).await?;
    let rows = sqlx::query(TABLES).fetch_all(&mut *transaction).await.map_err(what())?;
    let pairs = |names: Option<Vec<String>>, kinds: Option<Vec<String>>| {
        names.unwrap_or_default().into_iter().zip(kinds.unwrap_or_default()).collect()
    };
    let table = |row: sqlx::postgres::PgRow| -> Result<Table, sqlx::Error> {
        Ok(Table {
            schema: row.try_get("schema")?,
            name: row.try_get("name")?,
            columns: pairs(row.try_get("columns")?, row.try_get("kinds")?),
            key: pairs(row.try_get("key")?, row.try_get("key_kinds")?),
            ordered: row.try_get("ordered")?,
            rows: row.try_get::<i64, _>("rows")?.unsigned_abs(),
            bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
        })
    };
    rows.into_iter().map(table).collect::<Result<_, _>>().map_err(what())
}
