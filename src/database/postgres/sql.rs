//! Small helpers: quoting, and statements that say what they were for when they fail.

use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult};
use sqlx::{AssertSqlSafe, PgPool};
use std::time::Duration;

/// How long a statement that needs a table's lock waits before it lets the others pass.
const LOCK_WAIT: &str = "150ms";
/// How often it tries.
const LOCK_ATTEMPTS: u32 = 60;

/// A name in a statement.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in a statement.
pub fn literal(text: &str) -> String {
    if text.contains('\\') {
        format!(" E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Runs one or more statements without parameters; several are one transaction.
pub async fn run(pool: &PgPool, what: &str, sql: impl Into<String>) -> DatabaseResult<()> {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(pool).await.map(drop).map_err(doing(what))
}

/// Runs statements that need a table's lock: in vain rather than hold up those who work on it, and again a little later.
pub async fn run_politely(pool: &PgPool, what: &str, sql: &str) -> DatabaseResult<()> {
    let polite = format!("SET LOCAL lock_timeout = '{LOCK_WAIT}'; {sql}");
    for attempt in 1.. {
        match run(pool, what, polite.as_str()).await {
            Err(DatabaseError::Sql { source, .. }) if attempt < LOCK_ATTEMPTS && code(&source) == "55P03" => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            result => return result,
        }
    }
    Ok(())
}

/// One value.
pub async fn one<T>(pool: &PgPool, what: &str, sql: impl Into<String>) -> DatabaseResult<T>
where
    T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
{
    sqlx::query_scalar(AssertSqlSafe(sql.into())).fetch_one(pool).await.map_err(doing(what))
}

/// One column.
pub async fn column<T>(pool: &PgPool, what: &str, sql: impl Into<String>) -> DatabaseResult<Vec<T>>
where
    T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
{
    sqlx::query_scalar(AssertSqlSafe(sql.into())).fetch_all(pool).await.map_err(doing(what))
}

/// The SQLSTATE; empty where the error isn't the server's.
pub fn code(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_can_not_break_out() {
        assert_eq!(ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("a'b"), "'a''b'");
        assert_eq!(literal("a\\'b"), " E'a\\\\''b'");
    }
}
