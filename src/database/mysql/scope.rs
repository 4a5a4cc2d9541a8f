//! What besides the city's tables a move of the old server would meet: other databases in its log, databases that its log leaves out, transactions
//! that no freeze can stop. Only read: by the runbook, which refuses them, and by an assessment, which tells them.

use super::control::Names;
use super::dialect::Dialect;
use super::sql::text;
use sqlx::{AssertSqlSafe, MySqlPool};

/// Databases besides the one of this pool and the move's own.
pub async fn other_databases(pool: &MySqlPool) -> Result<Vec<String>, sqlx::Error> {
    let ours: String = sqlx::query_scalar("SELECT CONVERT(DATABASE() USING utf8mb4)").fetch_one(pool).await?;
    let all = "SELECT CONVERT(schema_name USING utf8mb4) FROM information_schema.schemata WHERE schema_name NOT IN
        ('mysql', 'sys', 'information_schema', 'performance_schema', DATABASE()) ORDER BY 1";
    let all: Vec<String> = sqlx::query_scalar(all).fetch_all(pool).await?;
    let own = Names::new(&ours).database;
    Ok(all.into_iter().filter(|name| *name != own).collect())
}

/// What limits the log to some databases (`binlog-do-db`, `binlog-ignore-db`), as the server says it; empty: nothing.
pub async fn log_limits(pool: &MySqlPool, dialect: Dialect) -> Result<String, sqlx::Error> {
    let log = sqlx::raw_sql(AssertSqlSafe(dialect.log_status())).fetch_optional(pool).await?;
    let limits = |row| text(row, &["Binlog_Do_DB"]) + &text(row, &["Binlog_Ignore_DB"]);
    Ok(log.as_ref().map(limits).unwrap_or_default())
}

/// Transactions that were prepared and can be committed at any time.
pub async fn prepared(pool: &MySqlPool) -> Result<usize, sqlx::Error> {
    Ok(sqlx::raw_sql("XA RECOVER").fetch_all(pool).await?.len())
}
