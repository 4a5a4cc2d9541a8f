//! What a server must be like so that its data can be moved by replication: looked at before the first change, and again before a switch.

use super::connect::Place;
use super::dialect::Family;
use super::requirements::{self, Requirement, Settings};
use super::sql::{column, ident, number, one, rows, text};
use super::{scope, tables};
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult, Side};

async fn settings(place: &Place) -> DatabaseResult<Settings> {
    let what = format!("reading the settings {}", place.at());
    let sql = format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({})", requirements::NAMES);
    let found = rows(&place.pool, &what, sql).await?;
    let pair = |row| (text(row, &["Variable_name"]).to_lowercase(), text(row, &["Value"]));
    Ok(found.iter().map(pair).collect())
}

/// Refuses servers that can't follow each other.
pub async fn settings_fit(old: &Place, new: &Place) -> DatabaseResult<()> {
    let (a, b) = futures_util::future::try_join(old.dialect(), new.dialect()).await?;
    if a.family != b.family {
        return Err(DatabaseError::Refused(
            "one side is MySQL, the other MariaDB: they can't follow each other both ways".into(),
        ));
    }
    if old.city() != new.city() {
        return Err(DatabaseError::Refused(format!(
            "the database is called {} on the old side and {} on the new one: MySQL replicates by name, so set database.name to {0}",
            old.city(),
            new.city()
        )));
    }
    let both = futures_util::future::try_join(settings(old), settings(new)).await?;
    let mut faults: Vec<String> = Vec::new();
    for (place, settings, dialect) in [(old, &both.0, a), (new, &both.1, b)] {
        let unmet = requirements::of(settings, dialect.family == Family::MariaDb).into_iter().filter(|one| !one.met);
        faults.extend(
            unmet.map(|Requirement { name, is, why, mend, .. }| {
                format!("{}: {name} is `{is}`: {why}: {mend}", place.at())
            }),
        );
        let what = format!("asking for the log {}", place.at());
        let limits = scope::log_limits(&place.pool, dialect).await.map_err(doing(what))?;
        if !limits.is_empty() {
            faults.push(format!(
                "{}: the log is limited by binlog-do-db or binlog-ignore-db ({limits}): take that away",
                place.at()
            ));
        }
    }
    faults.extend(requirements::between(&both.0, &both.1).into_iter().map(|(name, what)| format!("{name}: {what}")));
    if faults.is_empty() { Ok(()) } else { Err(DatabaseError::Refused(faults.join("; "))) }
}

/// Refuses a new side whose tables hold rows that no move has brought: somebody may need them.
pub async fn no_rows(new: &Place) -> DatabaseResult<()> {
    let mut full = Vec::new();
    for table in tables::all(new).await? {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", ident(&table));
        if one::<i64>(&new.pool, "looking for rows on the new side", sql).await? != 0 {
            full.push(table);
        }
    }
    if full.is_empty() {
        return Ok(());
    }
    Err(DatabaseError::Refused(format!(
        "the new side holds rows that didn't come by replication, in {}: if nobody needs them, empty these tables, or the database",
        full.join(", ")
    )))
}

/// Refuses what replication by name of database can't move apart, or not at all.
pub async fn movable(old: &Place) -> DatabaseResult<()> {
    let what = "looking at the old side's tables";
    let others = scope::other_databases(&old.pool).await.map_err(doing(what))?;
    if !others.is_empty() {
        let names = others.join(", ");
        return Err(DatabaseError::Refused(format!(
            "the old server has other databases ({names}): all that a server logs is followed, so move them away or drop them first"
        )));
    }
    let odd = "SELECT CONVERT(CONCAT(table_name, ' (', COALESCE(engine, table_type), ')') USING utf8mb4) FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_type NOT IN ('VIEW', 'SYSTEM VIEW') AND (COALESCE(engine, '') <> 'InnoDB' OR table_type <> 'BASE TABLE')";
    let odd: Vec<String> = column(&old.pool, what, odd).await?;
    if !odd.is_empty() {
        let names = odd.join(", ");
        return Err(DatabaseError::Refused(format!(
            "only InnoDB's tables can be moved, not {names}: ALTER TABLE … ENGINE = InnoDB"
        )));
    }
    let count: i64 = one(
        &old.pool,
        what,
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
    )
    .await?;
    if count == 0 {
        return Err(DatabaseError::Refused("the old side has no tables".into()));
    }
    Ok(())
}

/// Refuses what no freeze could stop: a transaction that was prepared and can be committed at any time.
pub async fn nothing_prepared(place: &Place) -> DatabaseResult<()> {
    let what = format!("looking for prepared transactions {}", place.at());
    match scope::prepared(&place.pool).await {
        // Who may not see them: the freeze then fails on their locks, with nothing lost.
        Err(error) if matches!(number(&error), 1401 | 1227) && place.side == Side::New => Ok(()),
        Err(error) => Err(doing(what)(error)),
        Ok(0) => Ok(()),
        Ok(count) => Err(DatabaseError::Refused(format!(
            "{count} prepared transactions {}: XA COMMIT or XA ROLLBACK them",
            place.at()
        ))),
    }
}
