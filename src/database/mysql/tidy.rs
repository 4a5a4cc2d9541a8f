//! The end: nothing of the move is left on a side.

use super::connect::Place;
use super::control::Names;
use super::gate;
use super::sql::{ident, literal, run};
use crate::database::engine::Gate;
use crate::database::{DatabaseResult, Side};

/// Removes gate, database and users. The old server takes no writes afterwards either: it holds nothing else, and is read-only until
/// an administrator says otherwise (MariaDB: or until its next start).
pub async fn tidy(place: &Place, names: &Names) -> DatabaseResult<()> {
    let what = format!("tidying up {}", place.at());
    let dialect = place.dialect().await?;
    let serves = gate::read(place, names).await?;
    if !serves.serves() {
        if place.side == Side::Old && !dialect.managed {
            run(&place.pool, &what, dialect.read_only()).await?;
        }
        gate::send_away(place, names).await?;
    }
    if serves != Gate::None {
        gate::remove(place).await?;
    }
    if let Some(forget) = dialect.keep_log(None) {
        run(&place.pool, &what, forget).await?;
    }
    let users: Vec<String> = names.users().iter().map(|user| format!("{}@'%'", literal(user))).collect();
    let sql = format!("DROP USER IF EXISTS {}; DROP DATABASE IF EXISTS {}", users.join(", "), ident(&names.database));
    run(&place.pool, &what, sql).await
}
