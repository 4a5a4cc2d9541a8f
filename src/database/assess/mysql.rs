//! What MySQL or MariaDB says of itself. Only read.

use super::Sample;
use crate::database::mysql::dialect::Dialect;
use crate::database::mysql::requirements::{NAMES, Settings};
use crate::database::mysql::scope;
use crate::database::verify::{VerifyError, VerifyResult};
use sqlx::mysql::MySqlRow;
use sqlx::{MySqlPool, Row};
use std::time::{Duration, Instant};

/// The facts about one server and the database that moves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// `8.0.42`, `10.11.14-MariaDB`.
    pub version: String,
    /// Variables by name, in lower case.
    pub settings: Settings,
    /// Databases besides the one that moves and the move's own.
    pub other_databases: Vec<String>,
    /// What limits the log to some databases (`binlog-do-db`), as the server says it; empty: nothing.
    pub log_limits: String,
    /// Transactions that are prepared (XA), as far as they can be seen.
    pub prepared: usize,
    /// Character set and collation of the database.
    pub locale: (String, String),
    /// Whether this session is encrypted.
    pub tls: bool,
    /// The user and their grants on everything and on this database.
    pub user: String,
    /// Privileges, in capitals.
    pub privileges: Vec<String>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Triggers, routines, events and views with the user who defined them: `trigger city.t`, `bikes@%`.
    pub definers: Vec<(String, String)>,
    /// Users that exist; empty if they can't be read.
    pub users: Vec<String>,
    /// Events that are switched on.
    pub events: Vec<String>,
    /// Transactions that have run for a minute and more: whose, seconds.
    pub long: Vec<(String, i64)>,
    /// Collations that columns have.
    pub collations: Vec<String>,
    /// Collations that this server knows.
    pub known_collations: Vec<String>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// `InnoDB`.
    pub engine: String,
    /// Whether it has a primary key.
    pub keyed: bool,
    /// Bytes without indexes.
    pub bytes: i64,
}

impl Facts {
    /// True for MariaDB.
    pub fn is_mariadb(&self) -> bool {
        self.version.contains("MariaDB")
    }
}

/// Asked for besides what a move rests on.
const SETTINGS: &str = "'binlog_expire_logs_seconds', 'expire_logs_days', 'max_allowed_packet'";

/// Reads the facts.
///
/// # Errors
/// The server can't be reached or asked.
pub async fn facts(pool: &MySqlPool, side: &str) -> VerifyResult<Facts> {
    let failed = |source| VerifyError::Sql { what: format!("reading the facts of the {side}"), source };
    read(pool).await.map_err(failed)
}

async fn read(pool: &MySqlPool) -> Result<Facts, sqlx::Error> {
    let names = |sql: &'static str| sqlx::query_scalar::<_, String>(sql).fetch_all(pool);
    let pairs = |sql: String| async move {
        sqlx::query_as::<_, (String, String)>(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await
    };
    let settings = pairs(format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({NAMES}, {SETTINGS})")).await?;
    let tls = pairs("SHOW SESSION STATUS LIKE 'Ssl_cipher'".into()).await?;
    let tables: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT CONVERT(t.table_name USING utf8mb4), CONVERT(COALESCE(t.engine, '') USING utf8mb4),
                CAST((SELECT COUNT(*) FROM information_schema.statistics s WHERE s.table_schema = t.table_schema
                      AND s.table_name = t.table_name AND s.index_name = 'PRIMARY') AS SIGNED), CAST(COALESCE(t.data_length, 0) AS SIGNED)
         FROM information_schema.tables t WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' ORDER BY 1",
    )
    .fetch_all(pool)
    .await?;
    let table = |(name, engine, keyed, bytes)| Table { name, engine, keyed: keyed > 0, bytes };
    let definers = pairs(
        "SELECT CONVERT(CONCAT('trigger ', trigger_name) USING utf8mb4), CONVERT(definer USING utf8mb4) FROM information_schema.triggers WHERE trigger_schema = DATABASE()
         UNION ALL SELECT CONVERT(CONCAT(LOWER(routine_type), ' ', routine_name) USING utf8mb4), CONVERT(definer USING utf8mb4) FROM information_schema.routines WHERE routine_schema = DATABASE()
         UNION ALL SELECT CONVERT(CONCAT('event ', event_name) USING utf8mb4), CONVERT(definer USING utf8mb4) FROM information_schema.events WHERE event_schema = DATABASE()
         UNION ALL SELECT CONVERT(CONCAT('view ', table_name) USING utf8mb4), CONVERT(definer USING utf8mb4) FROM information_schema.views WHERE table_schema = DATABASE()"
            .into(),
    )
    .await?;
    let (character_set, collation): (String, String) = sqlx::query_as(
        "SELECT CONVERT(default_character_set_name USING utf8mb4), CONVERT(default_collation_name USING utf8mb4)
         FROM information_schema.schemata WHERE schema_name = DATABASE()",
    )
    .fetch_one(pool)
    .await?;
    let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(pool).await?;
    Ok(Facts {
        other_databases: scope::other_databases(pool).await?,
        // Who may not see these two is told by the rights that are missing.
        log_limits: scope::log_limits(pool, Dialect::of(&version, false)).await.unwrap_or_default(),
        prepared: scope::prepared(pool).await.unwrap_or_default(),
        version,
        settings: settings.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect(),
        locale: (character_set, collation),
        tls: tls.first().is_some_and(|(_, cipher)| !cipher.is_empty()),
        user: sqlx::query_scalar("SELECT CONVERT(CURRENT_USER() USING utf8mb4)").fetch_one(pool).await?,
        privileges: names(
            "SELECT DISTINCT CONVERT(privilege_type USING utf8mb4) FROM (
                 SELECT grantee, privilege_type FROM information_schema.user_privileges
                 UNION ALL SELECT grantee, privilege_type FROM information_schema.schema_privileges WHERE table_schema = DATABASE()) p
             WHERE REPLACE(grantee, '''', '') = CURRENT_USER()",
        )
        .await?,
        tables: tables.into_iter().map(table).collect(),
        definers,
        // Reading them is a privilege of its own; without it definers can't be checked, and the verdict says so.
        users: names("SELECT CONVERT(CONCAT(user, '@', host) USING utf8mb4) FROM mysql.user").await.unwrap_or_default(),
        events: names(
            "SELECT CONVERT(event_name USING utf8mb4) FROM information_schema.events WHERE event_schema = DATABASE() AND status = 'ENABLED'",
        )
        .await?,
        long: sqlx::query_as(
            "SELECT CONVERT(CONCAT('thread ', trx_mysql_thread_id) USING utf8mb4), CAST(TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS SIGNED)
             FROM information_schema.innodb_trx WHERE trx_started < NOW() - INTERVAL 1 MINUTE ORDER BY 2 DESC",
        )
        .fetch_all(pool)
        .await
        .unwrap_or_default(),
        collations: names(
            "SELECT DISTINCT CONVERT(collation_name USING utf8mb4) FROM information_schema.columns
             WHERE table_schema = DATABASE() AND collation_name IS NOT NULL",
        )
        .await?,
        known_collations: names("SELECT CONVERT(collation_name USING utf8mb4) FROM information_schema.collations").await?,
    })
}

/// Measures the source: reads the start of its biggest table, and looks at its counters twice.
///
/// # Errors
/// The server can't be asked.
pub async fn sample(pool: &MySqlPool, tables: &[Table], between: Duration) -> VerifyResult<Sample> {
    let failed = |source| VerifyError::Sql { what: "measuring the source".into(), source };
    measure(pool, tables, between).await.map_err(failed)
}

async fn counters(pool: &MySqlPool) -> Result<(f64, f64), sqlx::Error> {
    let all: Vec<(String, String)> = sqlx::query_as(
        "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_rows_inserted', 'Innodb_rows_updated', 'Innodb_rows_deleted', 'Innodb_os_log_written')",
    )
    .fetch_all(pool)
    .await?;
    let sum = |log: bool| {
        let some = all.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Innodb_os_log_written") == log);
        some.filter_map(|(_, value)| value.parse::<f64>().ok()).sum()
    };
    Ok((sum(false), sum(true)))
}

async fn measure(pool: &MySqlPool, tables: &[Table], between: Duration) -> Result<Sample, sqlx::Error> {
    let begun = Instant::now();
    let (writes, log) = counters(pool).await?;
    let mut sample = Sample::default();
    if let Some(table) = tables.iter().max_by_key(|table| table.bytes) {
        let rows = format!("SELECT * FROM `{}` LIMIT 100000", table.name.replace('`', "``"));
        let reading = Instant::now();
        let rows = sqlx::query(sqlx::AssertSqlSafe(rows)).fetch_all(pool).await?;
        sample.took = reading.elapsed();
        sample.bytes = rows.iter().map(width).sum();
    }
    let asking = Instant::now();
    for _ in 0..5 {
        sqlx::query("SELECT 1").execute(pool).await?;
    }
    sample.round_trip = asking.elapsed() / 5;
    tokio::time::sleep(between.saturating_sub(begun.elapsed())).await;
    let (writes_later, log_later) = counters(pool).await?;
    let seconds = begun.elapsed().as_secs_f64().max(0.001);
    sample.writes = (writes_later - writes).max(0.0) / seconds;
    sample.log = (log_later - log).max(0.0) / seconds;
    Ok(sample)
}

/// The bytes of a row as they were sent.
fn width(row: &MySqlRow) -> u64 {
    let value = |n: usize| row.try_get_unchecked::<Option<&[u8]>, _>(n).ok().flatten().map_or(0, <[u8]>::len);
    (0..row.len()).map(|n| value(n) as u64).sum()
}
