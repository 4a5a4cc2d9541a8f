//! Taking the gate's row for oneself: it is held by everybody who has written and not ended.

use super::connect::Place;
use super::control::Names;
use super::sql::{column, ident, number};
use super::tables;
use crate::database::engine::Gate;
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Servers tell who holds a lock no more often than this: asked sooner, MariaDB repeats its last answer, and its answer ages no further.
const TELLS: Duration = Duration::from_millis(130);
/// How long a freeze may take to be answered at once.
const AT_ONCE: Duration = Duration::from_millis(20);

/// A freeze that is under way: it waits for those who have written, and nobody begins to write behind it.
pub struct Freezing {
    task: JoinHandle<DatabaseResult<u64>>,
    thread: u64,
    asked: Instant,
}

/// Closes the gate for `length`; `Some`: it still waits.
pub async fn freeze(place: &Place, names: &Names, length: Duration) -> DatabaseResult<Option<Freezing>> {
    let (mut connection, thread) = place.acquire().await?;
    let side = place.side.name();
    let (gate, what) = (names.table("gate"), format!("freezing the {side} side"));
    let begun = Instant::now();
    let task = tokio::spawn(async move {
        // Should this process die, the server goes on waiting: for no longer, and the freeze ends when it would have ended.
        let wait = format!("SET SESSION innodb_lock_wait_timeout = {}", length.as_secs() + 1);
        connection.execute(AssertSqlSafe(wait)).await.map_err(doing(what.clone()))?;
        let done = loop {
            let left = length.saturating_sub(begun.elapsed()).as_micros();
            let sql = format!(
                "UPDATE {gate} SET state = 'frozen', until = UTC_TIMESTAMP(6) + INTERVAL {left} MICROSECOND WHERE side = '{side}' AND state IN ('open', 'frozen')"
            );
            match connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await {
                // A deadlock between writers, which this one was chosen to end.
                Err(error) if number(&error) == 1213 && begun.elapsed() < length => {}
                done => break done.map(|done| done.rows_affected()).map_err(doing(what)),
            }
        };
        // It isn't used for anything else.
        let _ = connection.close().await;
        done
    });
    let mut freezing = Freezing { task, thread, asked: begun };
    Ok(if freezing.done(AT_ONCE, side).await? { None } else { Some(freezing) })
}

impl Freezing {
    /// Whether it has come to its end within `wait`.
    async fn done(&mut self, wait: Duration, side: &str) -> DatabaseResult<bool> {
        let Ok(ended) = tokio::time::timeout(wait, &mut self.task).await else { return Ok(false) };
        match ended.map_err(|error| DatabaseError::Refused(error.to_string()))?? {
            0 => Err(DatabaseError::Refused(format!("the {side} side doesn't serve, so it can't be frozen"))),
            _ => Ok(true),
        }
    }

    /// Whether everybody who had written has ended; with `now` their sessions are ended.
    pub async fn settled(&mut self, place: &Place, now: bool) -> DatabaseResult<bool> {
        if now && self.asked.elapsed() >= TELLS {
            end_holders(place, self.thread).await?;
            self.asked = Instant::now();
        }
        self.done(Duration::from_millis(1), place.side.name()).await
    }

    /// Gives it up.
    pub async fn give_up(self, place: &Place) -> DatabaseResult<()> {
        place.kill(&[self.thread]).await?;
        let _ = self.task.await;
        Ok(())
    }
}

async fn end_holders(place: &Place, waiting: u64) -> DatabaseResult<()> {
    let sql = place.dialect().await?.blockers(waiting);
    let holders: Vec<u64> = column(&place.pool, "looking for transactions from before the freeze", sql).await?;
    place.kill(&place.of_others(holders)).await
}

/// Keeps every table as it is defined for as long as the connection lives. No trigger sees a TRUNCATE, a DROP or an ALTER: they wait for the
/// metadata locks of a transaction that has read the table.
pub async fn pin(place: &Place) -> DatabaseResult<MySqlConnection> {
    let tables = tables::all(place).await?;
    let reads = tables.iter().map(|table| format!("SELECT 1 FROM {} LIMIT 0", ident(table)));
    let sql: Vec<String> = ["START TRANSACTION".to_owned()].into_iter().chain(reads).collect();
    let mut connection = place.acquire().await?.0.detach();
    let what = doing(format!("keeping the tables {} as they are", place.at()));
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.join("; ")))).await.map_err(what)?;
    Ok(connection)
}

/// Runs `sql`, which takes the gate's row. Under a freeze only those hold it who were refused and haven't ended their transaction: their
/// sessions are ended.
async fn insist(place: &Place, connection: &mut MySqlConnection, thread: u64, sql: &str) -> Result<u64, sqlx::Error> {
    let mut running = std::pin::pin!(connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))));
    loop {
        if let Ok(done) = tokio::time::timeout(TELLS, &mut running).await {
            return done.map(|done| done.rows_affected());
        }
        // That it can't be told who they are isn't what failed.
        let _ = end_holders(place, thread).await;
    }
}

/// The point of no return: one transaction, after which this side never opens by itself, and the right to serve is on its way behind
/// everything that was written.
pub async fn hand_over(place: &Place, names: &Names, margin: Duration) -> DatabaseResult<()> {
    let (side, gate) = (place.side.name(), names.table("gate"));
    let what = || doing(format!("handing over from the {side} side"));
    // Who writes after a freeze has run out is no session to be ended.
    if super::gate::read(place, names).await? == Gate::Frozen(Duration::ZERO) {
        return Err(run_out());
    }
    let (mut connection, thread) = place.acquire().await?;
    connection.execute("START TRANSACTION").await.map_err(what())?;
    let lock = format!("SELECT state FROM {gate} WHERE side = '{side}' FOR UPDATE");
    insist(place, &mut connection, thread, &lock).await.map_err(what())?;
    // Only now: nobody may have been let in by a freeze that has run out while this waited.
    let give = format!(
        "UPDATE {gate} SET state = 'given', until = NULL, handover = epoch + 1
         WHERE side = '{side}' AND state = 'frozen' AND until > UTC_TIMESTAMP(6) + INTERVAL {} MICROSECOND",
        margin.as_micros()
    );
    let given = connection.execute(sqlx::raw_sql(AssertSqlSafe(give))).await.map_err(what())?;
    if given.rows_affected() != 1 {
        connection.execute("ROLLBACK").await.map_err(what())?;
        return Err(run_out());
    }
    connection.execute("COMMIT").await.map(drop).map_err(what())
}

fn run_out() -> DatabaseError {
    DatabaseError::Refused("the freeze has run out, or nearly".into())
}

/// Opens the gate again, if it is only frozen. One that has run out is open, and those who write hold its row: they aren't disturbed.
pub async fn thaw(place: &Place, names: &Names) -> DatabaseResult<()> {
    let Gate::Frozen(left) = super::gate::read(place, names).await? else { return Ok(()) };
    let (side, gate) = (place.side.name(), names.table("gate"));
    let what = || doing(format!("opening the {side} side again"));
    let (mut connection, thread) = place.acquire().await?;
    let update = format!("UPDATE {gate} SET state = 'open', until = NULL WHERE side = '{side}' AND state = 'frozen'");
    if left > Duration::ZERO {
        return insist(place, &mut connection, thread, &update).await.map(drop).map_err(what());
    }
    connection.execute("START TRANSACTION").await.map_err(what())?;
    let lock = format!("SELECT state FROM {gate} WHERE side = '{side}' FOR UPDATE NOWAIT");
    match connection.execute(AssertSqlSafe(lock)).await {
        Err(error) if matches!(number(&error), 1205 | 3572) => {
            return connection.execute("ROLLBACK").await.map(drop).map_err(what());
        }
        locked => locked.map_err(what())?,
    };
    connection.execute(AssertSqlSafe(update)).await.map_err(what())?;
    connection.execute("COMMIT").await.map(drop).map_err(what())
}
