//! Reads and writes as the service's own user would.

use super::connect::Place;
use super::tables;
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult, Login};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Logs in as the service and asks every table that it may read for a row; with `write`, asks every table that it may change whether it
/// would let it: a change of no rows, which the gate looks at all the same.
pub async fn test(place: &Place, service: &Login, write: bool) -> DatabaseResult<()> {
    let what = format!("as {} on {}", service.user, place.access.server.host);
    let mut connection =
        PgConnection::connect_with(&place.options_as(service)).await.map_err(doing(format!("logging in {what}")))?;
    let closed: bool =
        sqlx::query_scalar("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool")
            .fetch_one(&mut connection)
            .await
            .map_err(doing(format!("asking for settings {what}")))?;
    if closed {
        return Err(DatabaseError::Refused(format!(
            "nothing can be written {what}: default_transaction_read_only, or a standby"
        )));
    }
    for table in tables::all(&place.pool).await? {
        let name = &table.name;
        let may = "SELECT has_table_privilege($1, 'SELECT'), has_table_privilege($1, 'DELETE, SELECT')";
        let (read, change): (bool, bool) = sqlx::query_as(may)
            .bind(name)
            .fetch_one(&mut connection)
            .await
            .map_err(doing(format!("asking for rights {what}")))?;
        let mut run = async |doing_what: &str, sql: String| {
            let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
            done.map(drop).map_err(doing(format!("{doing_what} {name} {what}")))
        };
        if read {
            run("reading", format!("SELECT FROM {name} LIMIT 1")).await?;
        }
        if write && read && change {
            run("writing", format!("DELETE FROM {name} WHERE false")).await?;
        }
    }
    connection.close().await.map_err(doing(format!("logging out {what}")))
}
