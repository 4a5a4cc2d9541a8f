//! What PostgreSQL says of itself. Only read.

use super::Sample;
use crate::database::verify::{VerifyError, VerifyResult};
use sqlx::{PgPool, Row};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The facts about one server and the database that moves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// `server_version_num`: 150018.
    pub version: i32,
    /// Settings by name.
    pub settings: BTreeMap<String, String>,
    /// Encoding, collation, character type, as `pg_database` has them.
    pub locale: (String, String, String),
    /// Whether this session is encrypted.
    pub tls: bool,
    /// What the user may do.
    pub may: May,
    /// Replication slots and senders that are in use.
    pub slots_used: i64,
    /// Senders that are in use.
    pub senders_used: i64,
    /// Slots that keep log although nobody reads it: name, bytes.
    pub idle_slots: Vec<(String, i64)>,
    /// Bytes of the database.
    pub bytes: i64,
    /// Tables and what resembles them.
    pub tables: Vec<Table>,
    /// Extensions that are installed, with their versions.
    pub extensions: BTreeMap<String, String>,
    /// Extensions that could be installed.
    pub available: Vec<String>,
    /// How many large objects.
    pub large_objects: i64,
    /// How many sequences, those of identity columns included.
    pub sequences: i64,
    /// Transactions that have run for a minute and more: whose, seconds.
    pub long: Vec<(String, i64)>,
    /// Prepared transactions.
    pub prepared: i64,
    /// Triggers that fire for replicated rows too: table and name.
    pub replica_triggers: Vec<String>,
    /// Collations of columns that aren't on every system: ICU's and the C library's, by name.
    pub collations: Vec<String>,
    /// Collations that the target has.
    pub known_collations: Vec<String>,
    /// Users who own something or have been granted something.
    pub roles: Vec<String>,
    /// Event triggers.
    pub event_triggers: Vec<String>,
    /// Subscriptions and publications that are there already.
    pub replication: Vec<String>,
}

/// What the user may do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct May {
    /// Their name.
    pub user: String,
    /// Anything.
    pub superuser: bool,
    /// Replicate: by their own right or through `rds_replication`.
    pub replicate: bool,
    /// Create schemas and publications in the database.
    pub create: bool,
    /// Create subscriptions: superusers, `rds_superuser`, `pg_create_subscription`.
    pub subscribe: bool,
    /// End sessions of others.
    pub signal: bool,
}

/// A table, or what resembles one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// `schema.name`.
    pub id: String,
    /// `r`, `p`, `f`, `m`: ordinary, partitioned, foreign, materialized view.
    pub kind: String,
    /// Not logged, so not replicated.
    pub unlogged: bool,
    /// Whether replication can tell its rows apart.
    pub identified: bool,
    /// Its replica identity is the whole row.
    pub full: bool,
    /// The user may publish it and put triggers on it: they own it.
    pub owned: bool,
    /// The user may read it.
    pub readable: bool,
    /// It has stored generated columns.
    pub generated: bool,
    /// Bytes without indexes.
    pub bytes: i64,
}

/// As [`TABLES`] answers.
type TableRow = (String, String, bool, bool, bool, bool, bool, bool, i64);

const SETTINGS: [&str; 14] = [
    "wal_level",
    "max_replication_slots",
    "max_wal_senders",
    "max_slot_wal_keep_size",
    "max_logical_replication_workers",
    "max_sync_workers_per_subscription",
    "max_worker_processes",
    "password_encryption",
    "default_transaction_read_only",
    "max_prepared_transactions",
    "wal_sender_timeout",
    "rds.logical_replication",
    "rds.force_ssl",
    "idle_in_transaction_session_timeout",
];

const TABLES: &str = "
SELECT format('%I.%I', n.nspname, c.relname), c.relkind::text, c.relpersistence = 'u',
       c.relreplident = 'f' OR EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid
           AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END),
       c.relreplident = 'f', pg_has_role(c.relowner, 'USAGE'), has_table_privilege(c.oid, 'SELECT'),
       EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND to_jsonb(a) ->> 'attgenerated' <> ''),
       pg_table_size(c.oid)::int8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'm') AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%'
  AND n.nspname NOT IN ('information_schema', 'migrate')
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1";

const SERVER: &str = "
SELECT current_setting('server_version_num')::int4 AS version, pg_encoding_to_char(d.encoding)::text AS encoding,
       COALESCE(d.datcollate, '')::text AS collate, COALESCE(d.datctype, '')::text AS ctype,
       COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS tls, current_user::text AS who,
       r.rolsuper AS superuser, has_database_privilege(d.datname, 'CREATE') AS may_create,
       r.rolsuper OR r.rolreplication OR EXISTS (SELECT 1 FROM pg_roles x WHERE x.rolname = 'rds_replication' AND pg_has_role(x.oid, 'USAGE')) AS replicate,
       r.rolsuper OR EXISTS (SELECT 1 FROM pg_roles x WHERE x.rolname IN ('rds_superuser', 'pg_create_subscription') AND pg_has_role(x.oid, 'USAGE')) AS subscribe,
       r.rolsuper OR pg_has_role('pg_signal_backend', 'USAGE') AS signal,
       (SELECT count(*) FROM pg_replication_slots) AS slots, (SELECT count(*) FROM pg_stat_replication) AS senders,
       pg_database_size(d.oid)::int8 AS bytes, (SELECT count(*) FROM pg_largeobject_metadata) AS large_objects,
       (SELECT count(*) FROM pg_sequences WHERE schemaname <> 'migrate') AS sequences,
       (SELECT count(*) FROM pg_prepared_xacts WHERE database = d.datname) AS prepared
FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user";

/// Reads the facts.
///
/// # Errors
/// The server can't be reached or asked.
pub async fn facts(pool: &PgPool, side: &str) -> VerifyResult<Facts> {
    let failed = |source| VerifyError::Sql { what: format!("reading the facts of the {side}"), source };
    read(pool).await.map_err(failed)
}

async fn read(pool: &PgPool) -> Result<Facts, sqlx::Error> {
    let server = sqlx::query(SERVER).fetch_one(pool).await?;
    let settings: Vec<(String, String)> = sqlx::query_as("SELECT name, setting FROM pg_settings WHERE name = ANY($1)")
        .bind(SETTINGS.as_slice())
        .fetch_all(pool)
        .await?;
    let tables: Vec<TableRow> = sqlx::query_as(TABLES).fetch_all(pool).await?;
    let table = |(id, kind, unlogged, identified, full, owned, readable, generated, bytes): TableRow| Table {
        id,
        kind,
        unlogged,
        identified,
        full,
        owned,
        readable,
        generated,
        bytes,
    };
    let pairs: Vec<(String, String)> =
        sqlx::query_as("SELECT extname::text, extversion FROM pg_extension").fetch_all(pool).await?;
    let names = |sql: &'static str| sqlx::query_scalar::<_, String>(sql).fetch_all(pool);
    Ok(Facts {
        version: server.try_get("version")?,
        settings: settings.into_iter().collect(),
        locale: (server.try_get("encoding")?, server.try_get("collate")?, server.try_get("ctype")?),
        tls: server.try_get("tls")?,
        may: May {
            user: server.try_get("who")?,
            superuser: server.try_get("superuser")?,
            replicate: server.try_get("replicate")?,
            create: server.try_get("may_create")?,
            subscribe: server.try_get("subscribe")?,
            signal: server.try_get("signal")?,
        },
        slots_used: server.try_get("slots")?,
        senders_used: server.try_get("senders")?,
        idle_slots: sqlx::query_as(
            "SELECT slot_name::text, COALESCE(pg_current_wal_lsn() - restart_lsn, 0)::int8 FROM pg_replication_slots
             WHERE NOT active AND NOT pg_is_in_recovery() AND slot_name NOT LIKE 'migrate\\_%\\_from\\_%' ORDER BY 2 DESC",
        )
        .fetch_all(pool)
        .await?,
        bytes: server.try_get("bytes")?,
        tables: tables.into_iter().map(table).collect(),
        extensions: pairs.into_iter().collect(),
        available: names("SELECT name::text FROM pg_available_extensions").await?,
        large_objects: server.try_get("large_objects")?,
        sequences: server.try_get("sequences")?,
        long: sqlx::query_as(
            "SELECT format('%s (%s, %s)', pid, usename, state), extract(epoch FROM now() - xact_start)::int8 FROM pg_stat_activity
             WHERE xact_start < now() - interval '1 minute' AND datname = current_database() AND backend_type = 'client backend' ORDER BY 2 DESC",
        )
        .fetch_all(pool)
        .await?,
        prepared: server.try_get("prepared")?,
        replica_triggers: names(
            "SELECT format('%s on %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('A', 'R')
             AND tgname NOT LIKE ' migrate%' ORDER BY 1",
        )
        .await?,
        collations: names(
            "SELECT DISTINCT c.collname::text FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid JOIN pg_collation c ON c.oid = a.attcollation
             WHERE t.relkind IN ('r', 'p') AND c.collname NOT IN ('default', 'C', 'POSIX') AND c.collnamespace = 'pg_catalog'::regnamespace
               AND t.relnamespace <> 'pg_catalog'::regnamespace ORDER BY 1",
        )
        .await?,
        known_collations: names("SELECT DISTINCT collname::text FROM pg_collation").await?,
        roles: names(
            "SELECT DISTINCT r.rolname::text FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid
             WHERE s.refclassid = 'pg_authid'::regclass AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1",
        )
        .await?,
        event_triggers: names("SELECT evtname::text FROM pg_event_trigger ORDER BY 1").await?,
        replication: names("SELECT 'publication ' || pubname FROM pg_publication ORDER BY 1").await?,
    })
}

/// Measures the source: reads the start of its biggest table for up to two seconds, and looks at its counters twice.
///
/// # Errors
/// The server can't be asked.
pub async fn sample(pool: &PgPool, tables: &[Table], between: Duration) -> VerifyResult<Sample> {
    let failed = |source| VerifyError::Sql { what: "measuring the source".into(), source };
    measure(pool, tables, between).await.map_err(failed)
}

async fn measure(pool: &PgPool, tables: &[Table], between: Duration) -> Result<Sample, sqlx::Error> {
    let counters =
        "SELECT sum(tup_inserted + tup_updated + tup_deleted)::float8, (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8
                    FROM pg_stat_database WHERE datname = current_database()";
    let begun = Instant::now();
    let (writes, log): (f64, f64) = sqlx::query_as(counters).fetch_one(pool).await?;
    let mut sample = Sample::default();
    let biggest = tables.iter().filter(|table| table.kind == "r" && table.readable).max_by_key(|table| table.bytes);
    if let Some(table) = biggest.filter(|table| table.bytes > 0) {
        // About 16 MB of rows, as text, as the copy sends them.
        let rows = format!("SELECT t::text FROM ONLY {} t TABLESAMPLE SYSTEM ($1::float4) LIMIT 200000", table.id);
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let percent = (16e6 / table.bytes as f64 * 100.0).clamp(0.000_1, 100.0);
        let reading = Instant::now();
        let texts: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).bind(percent).fetch_all(pool).await?;
        sample.took = reading.elapsed();
        sample.bytes = texts.iter().map(|text| text.len() as u64).sum();
    }
    let asking = Instant::now();
    for _ in 0..5 {
        sqlx::query("SELECT 1").execute(pool).await?;
    }
    sample.round_trip = asking.elapsed() / 5;
    // Counters reach the statistics once a second at most.
    tokio::time::sleep(between.saturating_sub(begun.elapsed())).await;
    let (writes_later, log_later): (f64, f64) = sqlx::query_as(counters).fetch_one(pool).await?;
    let seconds = begun.elapsed().as_secs_f64().max(0.001);
    sample.writes = (writes_later - writes).max(0.0) / seconds;
    sample.log = (log_later - log).max(0.0) / seconds;
    Ok(sample)
}
