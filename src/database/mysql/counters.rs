//! AUTO_INCREMENT. Rows that arrive take the counter along; a number that was drawn for a row which was never committed doesn't.

use super::connect::Place;
use super::sql::{ident, run_on};
use crate::database::DatabaseResult;
use crate::database::error::doing;

async fn counters(place: &Place) -> DatabaseResult<Vec<(String, u64)>> {
    // MySQL 8 answers from what it knew up to a day ago unless it is told otherwise.
    let fresh = "SET SESSION information_schema_stats_expiry = 0";
    let what = format!("reading AUTO_INCREMENT {}", place.at());
    let mut connection = place.pool.acquire().await.map_err(doing(what.clone()))?;
    if place.dialect().await?.family == super::dialect::Family::MySql {
        run_on(&mut connection, &what, fresh).await?;
    }
    let sql =
        "SELECT CONVERT(table_name USING utf8mb4), CAST(auto_increment AS UNSIGNED) FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND auto_increment IS NOT NULL";
    sqlx::query_as(sql).fetch_all(&mut *connection).await.map_err(doing(what))
}

/// How many numbers the other side leaves out.
const MARGIN: u64 = 1000;

/// Sets those of `to` so far ahead that nothing is left to do under the freeze. Before `to` is followed: what this writes to its log would
/// otherwise want every table of the side that serves for itself.
pub async fn ahead(from: &Place, to: &Place) -> DatabaseResult<()> {
    let (mut theirs, ours) = futures_util::future::try_join(counters(from), counters(to)).await?;
    theirs.iter_mut().for_each(|(_, value)| *value = value.saturating_add(MARGIN));
    set(to, behind(&theirs, &ours)).await
}

/// Sets those of `to` that are behind `from`'s to the same.
pub async fn carry(from: &Place, to: &Place) -> DatabaseResult<()> {
    let (theirs, ours) = futures_util::future::try_join(counters(from), counters(to)).await?;
    set(to, behind(&theirs, &ours)).await
}

async fn set(place: &Place, statements: Vec<String>) -> DatabaseResult<()> {
    if statements.is_empty() {
        return Ok(());
    }
    let (mut connection, thread) = place.connect().await?;
    for sql in statements {
        place.politely(&mut connection, thread, &format!("setting AUTO_INCREMENT {}", place.at()), &sql).await?;
    }
    Ok(())
}

fn behind(theirs: &[(String, u64)], ours: &[(String, u64)]) -> Vec<String> {
    let less = |(table, value): &&(String, u64)| ours.iter().any(|(other, is)| other == table && is < value);
    let set = |(table, value): &(String, u64)| format!("ALTER TABLE {} AUTO_INCREMENT = {value}", ident(table));
    theirs.iter().filter(less).map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_only_goes_forward() {
        let counters = |a, b| vec![("a".to_owned(), a), ("b".to_owned(), b)];
        assert_eq!(behind(&counters(7, 5), &counters(3, 9)), ["ALTER TABLE `a` AUTO_INCREMENT = 7"]);
        assert!(behind(&counters(7, 5), &counters(7, 5)).is_empty());
    }
}
