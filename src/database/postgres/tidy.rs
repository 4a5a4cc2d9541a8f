//! The end: nothing of the move is left on a side.

use super::connect::Place;
use super::control::Names;
use super::gate;
use super::sql::{ident, literal, one, run};
use crate::database::engine::Gate;
use crate::database::{DatabaseResult, Side};

/// Removes gate, publications, schema and user. A side that has handed over takes no writes afterwards either, unless a session says so.
pub async fn tidy(place: &Place, side: Side, names: &Names) -> DatabaseResult<()> {
    let what = format!("tidying up the {} side", side.name());
    let serves = gate::read(place, side).await?;
    if !serves.serves() {
        let name: String = one(&place.pool, &what, "SELECT quote_ident(current_database())").await?;
        run(&place.pool, &what, format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await?;
        gate::send_away(place).await?;
    }
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
