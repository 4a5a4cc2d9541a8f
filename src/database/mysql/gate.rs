//! The gate: triggers on every table that refuse writes while the server doesn't serve. They bind whoever writes, with every right; only
//! what replication applies passes, since row events fire no triggers.
//!
//! They read the gate's row with a lock (`LOCK IN SHARE MODE`): so they see what is committed now, whatever the transaction's snapshot is,
//! and whoever has written holds the row until the transaction ends. Freezing writes that row, and therefore comes after all of them.

use super::connect::Place;
use super::control::Names;
use super::dialect::Dialect;
use super::sql::{column, ident, number, one, run};
use super::tables;
use crate::database::engine::Gate;
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult};
use crate::engine::wait::until;
use std::time::Duration;

/// What fires a trigger.
const EVENTS: [&str; 3] = ["insert", "update", "delete"];

/// What all names of our triggers begin with.
pub const PREFIX: &str = "migrate_gate_";

/// How long the gates may take to the other side: what is before them in the log goes first.
const PATIENCE: Duration = Duration::from_secs(1800);
const EVERY: Duration = Duration::from_millis(50);

/// How often a side is opened that its writers are in the way of.
const ATTEMPTS: u32 = 20;

/// The name of a trigger: unlike any other's in the database, and not too long.
fn name(event: &str, table: &str) -> String {
    let hash = table
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let short: String = table.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    format!("{PREFIX}{event}_{short}_{:08x}", hash >> 32)
}

/// The same on both servers: it reaches the new one by replication, and each finds its own row. A freeze that has run out lets writers in by
/// itself; they hold the row, so that the side can't be handed over any more.
fn trigger(event: &str, table: &str, names: &Names, dialect: Dialect) -> String {
    let (gate, identity) = (names.table("gate"), dialect.identity());
    format!(
        "CREATE DEFINER = {keeper}@`%` TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW
BEGIN
  DECLARE gate_side varchar(3);
  DECLARE gate_state varchar(8);
  DECLARE gate_until datetime(6);
  DECLARE gate_epoch bigint;
  DECLARE refusal varchar(128) DEFAULT '{verb} refused: this database does not take writes while it is moved; connect anew, the other server does';
  SELECT side, state, until, epoch INTO gate_side, gate_state, gate_until, gate_epoch FROM {gate} WHERE server = {identity} LOCK IN SHARE MODE;
  IF gate_state IS NULL OR gate_state <> 'open' THEN
    IF gate_state = 'frozen' AND gate_until <= UTC_TIMESTAMP(6) THEN
      SET refusal = NULL;
    ELSEIF gate_state = 'frozen' THEN
      SET refusal = '{verb} refused: this database does not take writes while it is moved; try again in a moment';
    ELSEIF gate_state = 'waiting' AND EXISTS (SELECT 1 FROM {gate} WHERE side <> gate_side AND handover = gate_epoch) THEN
      SET refusal = NULL;
    END IF;
    IF refusal IS NOT NULL THEN
      SIGNAL SQLSTATE '25006' SET MYSQL_ERRNO = 1792, MESSAGE_TEXT = refusal;
    END IF;
  END IF;
END",
        keeper = ident(&names.keeper),
        name = ident(&name(event, table)),
        verb = event.to_uppercase(),
        table = ident(table),
    )
}

/// The triggers that are missing: table and event.
pub async fn missing(place: &Place) -> DatabaseResult<Vec<(String, &'static str)>> {
    let there = tables::triggers(place, true).await?;
    let all = tables::all(place).await?.into_iter().flat_map(|table| EVENTS.map(|event| (table.clone(), event)));
    Ok(all.filter(|(table, event)| !there.contains(&name(event, table))).collect())
}

/// Puts the gate before every table that has none. Table by table, so that nobody waits for more than one short lock.
pub async fn install(place: &Place, names: &Names) -> DatabaseResult<()> {
    let missing = missing(place).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let dialect = place.dialect().await?;
    let (mut connection, thread) = place.connect().await?;
    for (table, event) in missing {
        let what = format!(
            "putting the gate before the table {table} {} (needs the rights SUPER or SET_USER_ID, and TRIGGER)",
            place.at()
        );
        place.politely(&mut connection, thread, &what, &trigger(event, &table, names, dialect)).await?;
    }
    Ok(())
}

/// Waits until every table of the side that follows has its gate.
pub async fn arrived(place: &Place) -> DatabaseResult<()> {
    let all = until(EVERY, || async { Ok(missing(place).await?.is_empty()) });
    if let Ok(done) = tokio::time::timeout(PATIENCE, all).await {
        return done;
    }
    let Some((table, _)) = missing(place).await?.into_iter().next() else { return Ok(()) };
    let (side, seconds) = (place.side.name(), PATIENCE.as_secs());
    Err(DatabaseError::Refused(format!(
        "the gate before the table {table} hasn't reached the {side} side within {seconds} s: does the stream run?"
    )))
}

/// Takes the gate away.
pub async fn remove(place: &Place) -> DatabaseResult<()> {
    let there = tables::triggers(place, true).await?;
    if there.is_empty() {
        return Ok(());
    }
    let (mut connection, thread) = place.connect().await?;
    for name in there {
        let sql = format!("DROP TRIGGER IF EXISTS {}", ident(&name));
        place.politely(&mut connection, thread, &format!("taking the gate away {}", place.at()), &sql).await?;
    }
    Ok(())
}

/// What the gate says.
pub async fn read(place: &Place, names: &Names) -> DatabaseResult<Gate> {
    let side = place.side;
    let what = format!("asking whether the {} side serves", side.name());
    let sql = format!(
        "SELECT CONVERT(g.state USING utf8mb4), CAST(COALESCE(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), g.until), 0) AS SIGNED),
                CAST(COALESCE(o.handover = g.epoch, 0) AS SIGNED)
         FROM {gate} g JOIN {gate} o ON o.side <> g.side WHERE g.side = '{}'",
        side.name(),
        gate = names.table("gate"),
    );
    let row: Option<(String, i64, i64)> =
        match sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_optional(&place.pool).await {
            Ok(row) => row,
            // No such database or table.
            Err(error) if matches!(number(&error), 1049 | 1146) => None,
            Err(error) => return Err(doing(what)(error)),
        };
    Ok(match row.as_ref().map(|(state, left, received)| (state.as_str(), *left, *received != 0)) {
        None => Gate::None,
        Some(("frozen", left, _)) => Gate::Frozen(Duration::from_micros(left.max(0).unsigned_abs())),
        Some(("waiting", _, false)) => Gate::Waiting,
        Some(("given", ..)) => Gate::Given,
        Some(_) => Gate::Open,
    })
}

/// The other side's gate waits for the next handing over of `from`.
pub async fn await_handover(from: &Place, to: &Place, names: &Names) -> DatabaseResult<()> {
    let (what, gate) = ("preparing the other side's gate", names.table("gate"));
    let epoch: i64 =
        one(&from.pool, what, format!("SELECT epoch FROM {gate} WHERE side = '{}'", from.side.name())).await?;
    let side = to.side.name();
    let sql = format!(
        "UPDATE {gate} SET state = 'waiting', until = NULL, epoch = {} WHERE side = '{side}' AND state IN ('waiting', 'given') AND epoch <= {epoch} + 1",
        epoch + 1
    );
    run(&to.pool, what, sql).await?;
    let now =
        format!("SELECT COUNT(*) FROM {gate} WHERE side = '{side}' AND state = 'waiting' AND epoch = {}", epoch + 1);
    if one::<i64>(&to.pool, what, now).await? == 1 {
        return Ok(());
    }
    Err(DatabaseError::Refused(format!("the {side} side serves already")))
}

/// Opens the side that the right to serve was given to, whether or not it has come by the stream.
pub async fn open(giver: &Place, place: &Place, names: &Names) -> DatabaseResult<()> {
    if read(giver, names).await? != Gate::Given {
        return Err(DatabaseError::Refused(format!("the {} side hasn't handed over", giver.side.name())));
    }
    let side = place.side.name();
    let sql = format!(
        "UPDATE {} SET state = 'open', until = NULL WHERE side = '{side}' AND state = 'waiting'",
        names.table("gate")
    );
    let what = format!("opening the {side} side");
    for _ in 1..ATTEMPTS {
        match run(&place.pool, &what, sql.as_str()).await {
            // Writers whom the stream has let in hold the row, and this one was chosen to give way.
            Err(DatabaseError::Sql { source, .. }) if number(&source) == 1213 => {}
            done => return done,
        }
    }
    run(&place.pool, &what, sql).await
}

/// Ends the sessions of others on a side that no longer serves, so that pools connect anew and learn where to.
pub async fn send_away(place: &Place, names: &Names) -> DatabaseResult<()> {
    let [keeper, old, new] = names.users();
    let sql = format!(
        "SELECT CAST(id AS UNSIGNED) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND (db IS NULL OR db = DATABASE())
         AND user NOT IN ('system user', 'event_scheduler', 'rdsadmin', 'rdsrepladmin', '{keeper}', '{old}', '{new}')
         AND command NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID', 'Slave_IO', 'Slave_SQL', 'Slave_worker')"
    );
    let sessions = column(&place.pool, "looking for sessions on the side that no longer serves", sql).await?;
    place.kill(&place.of_others(sessions)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_has_a_name_of_its_own_that_fits() {
        let long = "t".repeat(64);
        let other = format!("{}u", "t".repeat(63));
        assert!(name("insert", &long).len() <= 64);
        assert_ne!(name("insert", &long), name("insert", &other));
        assert_ne!(name("insert", "a-b"), name("insert", "a_b"));
    }

    #[test]
    fn the_gate_knows_mysql_by_its_uuid_and_is_closed_where_it_knows_nobody() {
        let sql = trigger("update", "tr`ips", &Names::new("bikes"), Dialect::of("8.4.5", true));
        assert!(sql.starts_with("CREATE DEFINER = `migrate_bikes`@`%` TRIGGER `migrate_gate_update_trips_"), "{sql}");
        assert!(sql.contains("BEFORE UPDATE ON `tr``ips` FOR EACH ROW"), "{sql}");
        assert!(sql.contains("WHERE server = CONVERT(@@GLOBAL.server_uuid USING ascii) LOCK IN SHARE MODE"), "{sql}");
        assert!(sql.contains("IF gate_state IS NULL OR gate_state <> 'open' THEN"), "{sql}");
    }
}
