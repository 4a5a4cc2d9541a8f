//! Small helpers: quoting, and statements that say what they were for when they fail.

use crate::database::DatabaseResult;
use crate::database::error::doing;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Executor, MySql, MySqlConnection, MySqlPool, Row};

/// A name in a statement.
pub fn ident(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A database's name in GRANT, where `_` and `%` stand for others.
pub fn pattern(name: &str) -> String {
    ident(&name.replace('_', "\\_").replace('%', "\\%"))
}

/// A text in a statement. Our sessions have no NO_BACKSLASH_ESCAPES.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Runs a statement, or several that aren't a transaction.
pub async fn run(pool: &MySqlPool, what: &str, sql: impl Into<String>) -> DatabaseResult<()> {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(pool).await.map(drop).map_err(doing(what))
}

/// The same on one connection.
pub async fn run_on(connection: &mut MySqlConnection, what: &str, sql: impl Into<String>) -> DatabaseResult<()> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.into()))).await.map(drop).map_err(doing(what))
}

/// One value.
pub async fn one<T>(pool: &MySqlPool, what: &str, sql: impl Into<String>) -> DatabaseResult<T>
where
    T: Send + Unpin + sqlx::Type<MySql> + for<'r> sqlx::Decode<'r, MySql>,
{
    sqlx::query_scalar(AssertSqlSafe(sql.into())).fetch_one(pool).await.map_err(doing(what))
}

/// One column.
pub async fn column<T>(pool: &MySqlPool, what: &str, sql: impl Into<String>) -> DatabaseResult<Vec<T>>
where
    T: Send + Unpin + sqlx::Type<MySql> + for<'r> sqlx::Decode<'r, MySql>,
{
    sqlx::query_scalar(AssertSqlSafe(sql.into())).fetch_all(pool).await.map_err(doing(what))
}

/// The rows of a statement that can't be prepared.
pub async fn rows(pool: &MySqlPool, what: &str, sql: impl Into<String>) -> DatabaseResult<Vec<MySqlRow>> {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).fetch_all(pool).await.map_err(doing(what))
}

/// A column as text, under the first of `names` that it has.
pub fn text(row: &MySqlRow, names: &[&str]) -> String {
    let found = names.iter().find_map(|name| row.try_get_unchecked::<Option<&[u8]>, _>(*name).ok());
    found.flatten().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

/// The server's number of an error; 0 where it isn't the server's.
pub fn number(error: &sqlx::Error) -> u16 {
    let error = error.as_database_error().and_then(|e| e.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>());
    error.map_or(0, sqlx::mysql::MySqlDatabaseError::number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_can_not_break_out() {
        assert_eq!(ident("a`b"), "`a``b`");
        assert_eq!(literal("a'b\\'c"), "'a''b\\\\''c'");
        assert_eq!(pattern("my_city"), "`my\\_city`");
    }
}
