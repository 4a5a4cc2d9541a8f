//! Reads and writes as the service's own user would.

use super::connect::Place;
use super::sql::{ident, number};
use super::tables;
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult, Login};
use sqlx::{AssertSqlSafe, Connection, Executor};

/// What the server says to those who have no right: on a table, on a column, on a database.
const DENIED: [u16; 3] = [1142, 1143, 1044];
/// What it says where others work on the same row: a lock that isn't had in time, a deadlock.
const BUSY: [u16; 2] = [1205, 1213];

/// Logs in as the service and asks every table that it may read for a row; with `write`, writes a row of every table that it may change
/// as it is, and takes that back: the gate looks at it all the same.
pub async fn test(place: &Place, service: &Login, write: bool) -> DatabaseResult<()> {
    let what = format!("as {} on {}", service.user, place.access.server.host);
    let mut connection = place.connect_as(service).await.map_err(doing(format!("logging in {what}")))?;
    connection.execute("SET SESSION innodb_lock_wait_timeout = 1").await.map_err(doing(what.clone()))?;
    let closed: i64 = sqlx::query_scalar("SELECT CAST(@@GLOBAL.read_only AS SIGNED)")
        .fetch_one(&mut connection)
        .await
        .map_err(doing(format!("asking for settings {what}")))?;
    if closed != 0 {
        return Err(DatabaseError::Refused(format!("nothing can be written {what}: read_only is on")));
    }
    for table in tables::all(place).await? {
        let name = ident(&table);
        let mut run = async |doing_what: &str, sql: String, fine: &[u16]| match connection
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
        {
            Err(error) if fine.contains(&number(&error)) => Ok(()),
            done => done.map(drop).map_err(doing(format!("{doing_what} {name} {what}"))),
        };
        run("reading", format!("SELECT 1 FROM {name} LIMIT 1"), &DENIED).await?;
        let columns = tables::columns(place, &table).await?;
        if let Some((column, _)) = columns.first().filter(|_| write) {
            run("writing", "START TRANSACTION".into(), &[]).await?;
            let fine = [&DENIED[..], &BUSY].concat();
            run("writing", format!("UPDATE {name} SET {0} = {0} LIMIT 1", ident(column)), &fine).await?;
            run("writing", "ROLLBACK".into(), &[]).await?;
        }
    }
    connection.close().await.map_err(doing(format!("logging out {what}")))
}
