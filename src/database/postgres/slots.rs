//! The move's replication slots on one side: those of the streams, of the comparison, and of a copy that was given up half-way. A slot that
//! nobody reads keeps the log until the disk is full.

use super::connect::Place;
use super::control::Names;
use super::sql::{code, literal, one, run};
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult, Side};
use crate::engine::wait::until;
use std::time::Duration;

/// How long a reader may take to let go of a slot, and how often it is asked to.
const PATIENCE: Duration = Duration::from_secs(30);
const EVERY: Duration = Duration::from_millis(50);

/// The condition for those of the move on `side`. While a table is copied its own slot is named by numbers of the follower: it is the move's if
/// the move's user reads it, or if nobody else follows this database.
pub fn ours(side: Side, names: &Names) -> String {
    let named = [names.stream(side), names.watch()].map(|name| literal(&name)).join(", ");
    let copies = "slot_name ~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$'";
    format!(
        "database = current_database() AND (slot_name IN ({named}) OR {copies} AND
           (EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = active_pid AND a.usename = {})
            OR active_pid IS NULL AND NOT EXISTS (SELECT FROM pg_replication_slots o WHERE o.plugin = 'pgoutput'
              AND o.database = current_database() AND o.slot_name NOT IN ({named}) AND o.slot_name !~ '^pg_[0-9]+_sync_')))",
        literal(&names.user)
    )
}

/// Removes those that fulfil `which`, whoever reads them. A follower that isn't there any more can't be asked to leave: its line is cut, as
/// often as it comes back.
pub async fn drop(place: &Place, what: &str, which: &str) -> DatabaseResult<()> {
    let gone = until(EVERY, || async {
        let sql = format!("SELECT slot_name::text, active_pid FROM pg_replication_slots WHERE {which}");
        let slots: Vec<(String, Option<i32>)> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&place.pool).await.map_err(doing(what))?;
        for (name, reader) in &slots {
            if let Some(pid) = reader {
                one::<bool>(&place.pool, what, format!("SELECT pg_terminate_backend({pid})")).await?;
            }
            match run(&place.pool, what, format!("SELECT pg_drop_replication_slot({})", literal(name))).await {
                // It is read still, or gone already.
                Err(DatabaseError::Sql { source, .. }) if matches!(code(&source).as_str(), "55006" | "42704") => {}
                done => done?,
            }
        }
        Ok(slots.is_empty())
    });
    match tokio::time::timeout(PATIENCE, gone).await {
        Ok(done) => done,
        Err(_) => Err(DatabaseError::Refused(format!("{what}: somebody reads it again and again"))),
    }
}
