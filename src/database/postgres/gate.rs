//! The gate: a trigger on every table that refuses writes while the side doesn't serve. It binds owners and superusers too; only what
//! replication applies passes.
//!
//! A statement-level trigger, since the apply worker of a subscription never fires those but for TRUNCATE; enabled ALWAYS, so that a
//! session can't step round it by `session_replication_role`.

use super::connect::{APPLICATION, Place};
use super::control::Names;
use super::sql::{code, column, ident, literal, one, run, run_politely};
use super::tables;
use crate::database::engine::Gate;
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult, Side};
use crate::engine::wait::until;
use sqlx::Connection;
use std::time::Duration;

/// A freeze that has run out opens by itself: whoever then writes first holds the row's key, so that the side can't be handed over
/// any more (`hand_over` wants the row for itself). Others aren't held up by that, and neither is a thaw.
fn function(side: Side) -> String {
    let other = side.other().name();
    format!(
        r"CREATE OR REPLACE FUNCTION migrate.gate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $gate$
DECLARE
  gate record;
BEGIN
  SELECT state, until, epoch INTO gate FROM migrate.gate;
  IF gate.state = 'open' THEN
    RETURN NULL;
  END IF;
  IF current_setting('session_replication_role') = 'replica' AND EXISTS
     (SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_type LIKE 'logical replication%') THEN
    RETURN NULL;
  END IF;
  IF gate.state = 'frozen' AND gate.until <= clock_timestamp() THEN
    SELECT state, until INTO gate FROM migrate.gate FOR KEY SHARE;
    IF gate.state = 'open' OR gate.state = 'frozen' AND gate.until <= clock_timestamp() THEN
      RETURN NULL;
    END IF;
  ELSIF gate.state = 'waiting' AND EXISTS (SELECT FROM migrate.from_{other} WHERE handover = gate.epoch) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'read_only_sql_transaction',
    MESSAGE = format('%s on %I.%I: this database does not take writes while it is moved', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME),
    HINT = CASE gate.state WHEN 'frozen' THEN 'Try again in a moment.' ELSE 'Connect anew: the other server takes writes.' END;
END $gate$;
REVOKE EXECUTE ON FUNCTION migrate.gate() FROM PUBLIC;"
    )
}

/// The trigger's name. It sorts first, so that nothing of the application's runs before it.
const TRIGGER: &str = "\" migrate gate\"";

/// Puts the gate before every table that has none. Table by table, so that nobody waits for more than one short lock.
pub async fn install(place: &Place, side: Side) -> DatabaseResult<()> {
    let what = format!("putting the gate before the tables of the {} side", side.name());
    run(&place.pool, &what, function(side)).await?;
    for table in tables::all(&place.pool).await?.into_iter().filter(|table| !table.gated) {
        let name = &table.name;
        let sql = format!(
            "CREATE TRIGGER {TRIGGER} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {name} FOR EACH STATEMENT EXECUTE FUNCTION migrate.gate(); \
             ALTER TABLE {name} ENABLE ALWAYS TRIGGER {TRIGGER};"
        );
        run_politely(&place.pool, &format!("{what}, {name}"), &sql).await?;
    }
    Ok(())
}

/// Takes the gate away.
pub async fn remove(place: &Place, side: Side) -> DatabaseResult<()> {
    let what = format!("taking the gate away on the {} side", side.name());
    for table in tables::all(&place.pool).await?.into_iter().filter(|table| table.gated) {
        let sql = format!("DROP TRIGGER IF EXISTS {TRIGGER} ON {};", table.name);
        run_politely(&place.pool, &format!("{what}, {}", table.name), &sql).await?;
    }
    run(&place.pool, &what, "DROP FUNCTION IF EXISTS migrate.gate()").await
}

/// What the gate says.
pub async fn read(place: &Place, side: Side) -> DatabaseResult<Gate> {
    let what = format!("asking whether the {} side serves", side.name());
    let there: Option<String> = sqlx::query_scalar("SELECT to_regclass('migrate.gate')::text")
        .fetch_one(&place.pool)
        .await
        .map_err(doing(what.clone()))?;
    if there.is_none() {
        return Ok(Gate::None);
    }
    let sql = format!(
        "SELECT state, coalesce(extract(epoch FROM until - clock_timestamp()), 0)::float8, \
         EXISTS (SELECT FROM migrate.from_{} WHERE handover = epoch) FROM migrate.gate",
        side.other().name()
    );
    let row: Option<(String, f64, bool)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_optional(&place.pool).await.map_err(doing(what))?;
    Ok(match row.as_ref().map(|(state, left, received)| (state.as_str(), *left, *received)) {
        None => Gate::None,
        Some(("frozen", left, _)) => Gate::Frozen(Duration::from_secs_f64(left.clamp(0.0, 1e6))),
        Some(("waiting", _, false)) => Gate::Waiting,
        Some(("given", ..)) => Gate::Given,
        Some(_) => Gate::Open,
    })
}

/// Closes the gate for `length`.
pub async fn freeze(place: &Place, side: Side, length: Duration) -> DatabaseResult<()> {
    let update = "UPDATE migrate.gate SET state = 'frozen', until = clock_timestamp() + make_interval(secs => $1) WHERE state IN ('open', 'frozen')";
    let what = format!("freezing the {} side", side.name());
    let done = sqlx::query(update).bind(length.as_secs_f64()).execute(&place.pool).await.map_err(doing(what))?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    Err(DatabaseError::Refused(format!("the {} side doesn't serve, so it can't be frozen", side.name())))
}

/// Opens the gate again, if it is only frozen.
pub async fn thaw(place: &Place, side: Side) -> DatabaseResult<()> {
    let sql = "UPDATE migrate.gate SET state = 'open', until = NULL WHERE state = 'frozen'";
    run(&place.pool, &format!("opening the {} side again", side.name()), sql).await
}

/// What can still write though the gate is closed: every transaction that runs. Those that began after the freeze see it; they end, or
/// are ended with the others.
const RUNNING: &str = "SELECT l.virtualtransaction || '/' || l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'virtualxid' AND l.granted AND l.mode = 'ExclusiveLock' AND a.datname = current_database()
    AND a.pid <> pg_backend_pid() AND coalesce(a.backend_type, '') NOT IN ('walsender', 'autovacuum worker')";

/// The transactions that run now.
pub async fn running(place: &Place) -> DatabaseResult<Vec<String>> {
    column(&place.pool, "looking for running transactions", RUNNING).await
}

/// Which of `before` still run; with `now` their sessions are ended.
pub async fn still_running(place: &Place, before: &[String], now: bool) -> DatabaseResult<Vec<String>> {
    let mut left = running(place).await?;
    left.retain(|one| before.contains(one));
    let pids: Vec<i32> = left.iter().filter_map(|one| one.rsplit('/').next()?.parse().ok()).collect();
    if now && !pids.is_empty() {
        sqlx::query("SELECT pg_terminate_backend(pid) FROM unnest($1) pid")
            .bind(pids)
            .execute(&place.pool)
            .await
            .map_err(doing("ending transactions from before the freeze"))?;
    }
    Ok(left)
}

/// How long a transaction may go on that has written, before the switch gives up waiting for it.
const LONGEST: Duration = Duration::from_secs(60);

/// Waits for the transactions that have written and not ended: a slot that is made waits for them, for as long as it takes.
pub async fn no_long_writers(place: &Place, side: Side) -> DatabaseResult<()> {
    let what = format!("waiting for transactions on the {} side", side.name());
    let newest: String = one(&place.pool, &what, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text").await?;
    let ended = format!("SELECT pg_snapshot_xmin(pg_current_snapshot()) >= '{newest}'::xid8");
    let waiting = until(Duration::from_millis(100), || one(&place.pool, &what, ended.as_str()));
    if let Ok(ended) = tokio::time::timeout(LONGEST, waiting).await {
        return ended;
    }
    let sql = "SELECT format('process %s of %s, since %s', pid, usename, to_char(xact_start, 'HH24:MI:SS')) FROM pg_stat_activity \
               WHERE backend_xid IS NOT NULL AND datname = current_database() AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 3";
    let writers: Vec<String> = column(&place.pool, &what, sql).await?;
    Err(DatabaseError::Refused(format!(
        "a transaction on the {} side has written and doesn't end ({}): end it, SELECT pg_terminate_backend(…)",
        side.name(),
        writers.join("; ")
    )))
}

/// Refuses what no freeze could stop: a transaction that was prepared and can be committed at any time.
pub async fn nothing_prepared(place: &Place, side: Side) -> DatabaseResult<()> {
    let sql = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()";
    let prepared: Vec<String> = column(&place.pool, "looking for prepared transactions", sql).await?;
    if prepared.is_empty() {
        return Ok(());
    }
    let names = prepared.join(", ");
    Err(DatabaseError::Refused(format!(
        "prepared transactions on the {} side: {names}: commit or roll them back",
        side.name()
    )))
}

/// The other side's gate waits for the next handing over of `from`.
pub async fn await_handover(from: &Place, to: &Place, side: Side) -> DatabaseResult<()> {
    let what = "preparing the other side's gate";
    let epoch: i64 = one(&from.pool, what, "SELECT epoch FROM migrate.gate").await?;
    let sql = "UPDATE migrate.gate SET state = 'waiting', until = NULL, epoch = $1 WHERE state IN ('waiting', 'given') \
               AND epoch <= $1";
    let done = sqlx::query(sql).bind(epoch + 1).execute(&to.pool).await.map_err(doing(what))?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    Err(DatabaseError::Refused(format!("the {} side serves already", side.other().name())))
}

/// The point of no return: one transaction, after which this side never opens by itself, the right to serve is on its way behind
/// everything that was written, this side publishes nothing more, and it begins to follow the other one.
pub async fn hand_over(place: &Place, side: Side, names: &Names, margin: Duration) -> DatabaseResult<()> {
    let what = format!("handing over from the {} side", side.name());
    let mut connection = place.pool.acquire().await.map_err(doing(what.clone()))?;
    let mut transaction = connection.begin().await.map_err(doing(what.clone()))?;
    // For itself: nobody may have been let in by a freeze that has run out.
    let locked = sqlx::query("SELECT FROM migrate.gate FOR UPDATE NOWAIT").execute(&mut *transaction).await;
    match locked {
        Err(error) if code(&error) == "55P03" => {
            return Err(DatabaseError::Refused("the freeze has run out and users write again".into()));
        }
        other => other.map(|_| ()).map_err(doing(what.clone()))?,
    }
    let give = "UPDATE migrate.gate SET state = 'given', until = NULL \
                WHERE state = 'frozen' AND until > clock_timestamp() + make_interval(secs => $1)";
    let given =
        sqlx::query(give).bind(margin.as_secs_f64()).execute(&mut *transaction).await.map_err(doing(what.clone()))?;
    if given.rows_affected() != 1 {
        return Err(DatabaseError::Refused("the freeze has run out, or nearly".into()));
    }
    let rest = format!(
        "SET LOCAL synchronous_commit = on; \
         INSERT INTO migrate.from_{} (id, handover) SELECT gen_random_uuid(), epoch + 1 FROM migrate.gate; \
         ALTER PUBLICATION {} SET (publish = ''); ALTER SUBSCRIPTION {} ENABLE;",
        side.name(),
        ident(&names.data()),
        ident(&names.stream(side.other())),
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(rest)).execute(&mut *transaction).await.map_err(doing(what.clone()))?;
    transaction.commit().await.map_err(doing(what))
}

/// Opens the side that the right to serve was given to, whether or not it has come by the stream.
pub async fn open(giver: &Place, place: &Place, side: Side) -> DatabaseResult<()> {
    if read(giver, side.other()).await? != Gate::Given {
        return Err(DatabaseError::Refused(format!("the {} side hasn't handed over", side.other().name())));
    }
    let sql = "UPDATE migrate.gate SET state = 'open', until = NULL WHERE state = 'waiting'";
    run(&place.pool, &format!("opening the {} side", side.name()), sql).await
}

/// Ends the sessions of others on a side that has handed over, so that pools connect anew and learn where to.
pub async fn send_away(place: &Place) -> DatabaseResult<()> {
    let sql = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND backend_type = 'client backend' AND application_name <> {}",
        literal(APPLICATION)
    );
    run(&place.pool, "ending sessions on the side that no longer serves", sql).await
}
