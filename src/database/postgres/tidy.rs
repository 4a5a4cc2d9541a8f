//! The end: nothing of the move is left on a side. By what can be done there alone: the other side may be gone.

use super::connect::Place;
use super::control::Names;
use super::sql::{column, ident, literal, one, run};
use super::{gate, slots};
use crate::database::engine::Gate;
use crate::database::error::doing;
use crate::database::{DatabaseResult, Side};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Removes streams, gate, publications, schema and user. A side that has handed over takes no writes afterwards either, unless a session
/// says so.
pub async fn tidy(place: &Place, side: Side, names: &Names) -> DatabaseResult<()> {
    let what = format!("tidying up the {} side", side.name());
    let serves = gate::read(place, side).await?;
    if !serves.serves() {
        let name: String = one(&place.pool, &what, "SELECT quote_ident(current_database())").await?;
        run(&place.pool, &what, format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await?;
        gate::send_away(place).await?;
    }
    unsubscribe(place, &what, &names.stream(side.other())).await?;
    slots::drop(place, &what, &slots::ours(side, names)).await?;
    if serves != Gate::None {
        gate::remove(place, side).await?;
    }
    let publications =
        [names.data(), names.marks()].map(|name| format!("DROP PUBLICATION IF EXISTS {};", ident(&name)));
    let user = format!("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = {})", literal(&names.user));
    let user = match one(&place.pool, &what, user).await? {
        true => format!("DROP OWNED BY {0}; DROP ROLE {0};", ident(&names.user)),
        false => String::new(),
    };
    let sql = format!("{} DROP SCHEMA IF EXISTS migrate CASCADE; {user}", publications.join(" "));
    run(&place.pool, &what, sql).await
}

/// Follows the other side no longer. Its slot there is removed there: a copy's own ones by PostgreSQL itself, if it gets through.
async fn unsubscribe(place: &Place, what: &str, name: &str) -> DatabaseResult<()> {
    let sql = format!(
        "SELECT EXISTS (SELECT FROM pg_subscription WHERE subname = {} AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        literal(name)
    );
    if !one::<bool>(&place.pool, what, sql).await? {
        return Ok(());
    }
    let name = ident(name);
    let rest = format!("ALTER SUBSCRIPTION {name} DISABLE; ALTER SUBSCRIPTION {name} SET (slot_name = NONE)");
    run(&place.pool, what, rest).await?;
    run(&place.pool, what, format!("DROP SUBSCRIPTION IF EXISTS {name}")).await
}

/// What of the move is on a side.
pub async fn remains(place: &Place, side: Side, names: &Names) -> DatabaseResult<Vec<String>> {
    let list = |names: &[String]| names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ");
    let here = "(SELECT oid FROM pg_database WHERE datname = current_database())";
    let sql = format!(
        "SELECT 'subscription ' || subname FROM pg_subscription WHERE subname IN ({streams}) AND subdbid = {here}
         UNION ALL SELECT 'replication slot ' || slot_name FROM pg_replication_slots WHERE {slots}
         UNION ALL SELECT 'publication ' || pubname FROM pg_publication WHERE pubname IN ({publications})
         UNION ALL SELECT 'gate before ' || count(*) || ' tables' FROM pg_trigger WHERE tgname = ' migrate gate' HAVING count(*) > 0
         UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'migrate'
         UNION ALL SELECT 'user ' || rolname FROM pg_roles WHERE rolname = {user}
         UNION ALL SELECT 'default_transaction_read_only of the database' FROM pg_db_role_setting
           WHERE setdatabase = {here} AND setrole = 0 AND 'default_transaction_read_only=on' = ANY (setconfig)",
        streams = list(&[names.stream(Side::Old), names.stream(Side::New)]),
        slots = slots::ours(side, names),
        publications = list(&[names.data(), names.marks()]),
        user = literal(&names.user),
    );
    column(&place.pool, &format!("looking for what is left on the {} side", side.name()), sql).await
}

/// Opens a side for writes, whatever has become of the other one.
pub async fn reopen(place: &Place, side: Side) -> DatabaseResult<()> {
    let what = format!("opening the {} side for writes", side.name());
    if gate::read(place, side).await? != Gate::None {
        run(&place.pool, &what, "UPDATE migrate.gate SET state = 'open', until = NULL").await?;
    }
    let name: String = one(&place.pool, &what, "SELECT quote_ident(current_database())").await?;
    run(&place.pool, &what, format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await
}

/// Empties the database of a side that nobody uses: made anew, it has what a new one has.
pub async fn empty(place: &Place) -> DatabaseResult<()> {
    let what = format!("emptying the database on {}", place.access.server.host);
    let name: String = one(&place.pool, &what, "SELECT quote_ident(current_database())").await?;
    let options = place.options_as(&place.access.login).database("postgres");
    let mut connection = PgConnection::connect_with(&options).await.map_err(doing(what.clone()))?;
    for sql in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.map_err(doing(what.clone()))?;
    }
    connection.close().await.map_err(doing(what))
}
