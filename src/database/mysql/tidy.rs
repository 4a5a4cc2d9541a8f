//! The end: nothing of the move is left on a side. By what can be done there alone: the other side may be gone.

use super::connect::Place;
use super::control::Names;
use super::sql::{column, ident, literal, one, run};
use super::{gate, tables};
use crate::database::engine::Gate;
use crate::database::{DatabaseResult, Side};

/// Removes gate, database and users. The old server takes no writes afterwards either: it holds nothing else, and is read-only until
/// an administrator says otherwise (MariaDB: or until its next start).
pub async fn tidy(place: &Place, names: &Names) -> DatabaseResult<()> {
    let what = format!("tidying up {}", place.at());
    let dialect = place.dialect().await?;
    // Whoever still follows this side gets nothing of what comes now.
    let followers = [Side::Old, Side::New].map(|side| names.follower(side));
    let (users, listed) = (accounts(&followers), list(&followers));
    run(&place.pool, &what, format!("DROP USER IF EXISTS {users}")).await?;
    let sessions = format!("SELECT CAST(id AS UNSIGNED) FROM information_schema.processlist WHERE user IN ({listed})");
    place.kill(&column(&place.pool, &what, sessions).await?).await?;
    let serves = gate::read(place, names).await?;
    if !serves.serves() {
        if place.side == Side::Old && !dialect.managed {
            run(&place.pool, &what, dialect.read_only(true)).await?;
        }
        gate::send_away(place, names).await?;
    }
    // Whatever the gate's row says: a beginning that was cut off has none yet, but may have triggers.
    gate::remove(place).await?;
    if let Some(forget) = dialect.keep_log(None) {
        run(&place.pool, &what, forget).await?;
    }
    let keeper = accounts(std::slice::from_ref(&names.keeper));
    let sql = format!("DROP USER IF EXISTS {keeper}; DROP DATABASE IF EXISTS {}", ident(&names.database));
    run(&place.pool, &what, sql).await
}

fn accounts(users: &[String]) -> String {
    users.iter().map(|user| format!("{}@'%'", literal(user))).collect::<Vec<_>>().join(", ")
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ")
}

/// What of the move is on a side, but for what it follows.
pub async fn remains(place: &Place, names: &Names) -> DatabaseResult<Vec<String>> {
    let what = format!("looking for what is left {}", place.at());
    let triggers = tables::triggers(place, true).await?.len();
    let sql = format!(
        "SELECT CONVERT(CONCAT('database ', schema_name) USING utf8mb4) FROM information_schema.schemata WHERE schema_name = {}
         UNION ALL SELECT CONVERT(CONCAT('user ', user) USING utf8mb4) FROM mysql.user WHERE user IN ({})",
        literal(&names.database),
        list(&names.users()),
    );
    let gates = (triggers > 0).then(|| format!("gate of {triggers} triggers"));
    Ok(gates.into_iter().chain(column::<String>(&place.pool, &what, sql).await?).collect())
}

/// Opens a side for writes, whatever has become of the other one.
pub async fn reopen(place: &Place, names: &Names) -> DatabaseResult<()> {
    let what = format!("opening the {} side for writes", place.side.name());
    if gate::read(place, names).await? != Gate::None {
        let sql = format!(
            "UPDATE {} SET state = 'open', until = NULL WHERE side = '{}'",
            names.table("gate"),
            place.side.name()
        );
        run(&place.pool, &what, sql).await?;
    }
    let dialect = place.dialect().await?;
    if dialect.managed { Ok(()) } else { run(&place.pool, &what, dialect.read_only(false)).await }
}

/// Empties the database of a side that nobody uses: made anew, it has what a new one has.
pub async fn empty(place: &Place) -> DatabaseResult<()> {
    let what = format!("emptying the database {}", place.at());
    let sql = "SELECT CONVERT(CONCAT(default_character_set_name, ' COLLATE ', default_collation_name) USING utf8mb4)
        FROM information_schema.schemata WHERE schema_name = DATABASE()";
    let set: String = one(&place.pool, &what, sql).await?;
    let name = ident(place.city());
    run(&place.pool, &what, format!("DROP DATABASE {name}; CREATE DATABASE {name} CHARACTER SET {set}; USE {name}"))
        .await
}
