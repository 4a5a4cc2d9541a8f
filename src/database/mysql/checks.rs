//! What a server must be like so that its data can be moved by replication: looked at before the first change, and again before a switch.

use super::connect::Place;
use super::dialect::Family;
use super::sql::{column, number, rows, text};
use crate::database::{DatabaseError, DatabaseResult, Side};
use std::collections::BTreeMap;

/// Settings by name, in lower case.
pub type Settings = BTreeMap<String, String>;

async fn settings(place: &Place) -> DatabaseResult<Settings> {
    let names = "'log_bin', 'binlog_format', 'binlog_row_image', 'server_id', 'log_slave_updates', 'log_replica_updates', 'gtid_mode', 'gtid_strict_mode',
        'sync_binlog', 'innodb_flush_log_at_trx_commit', 'slave_parallel_workers', 'replica_parallel_workers', 'slave_parallel_mode',
        'slave_preserve_commit_order', 'replica_preserve_commit_order', 'slave_run_triggers_for_rbr', 'lower_case_table_names'";
    let what = format!("reading the settings {}", place.at());
    let found = rows(&place.pool, &what, format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})")).await?;
    let pair = |row| (text(row, &["Variable_name"]).to_lowercase(), text(row, &["Value"]));
    Ok(found.iter().map(pair).collect())
}

/// What is wrong with the settings of a server of this family, each with its mend.
fn faults(settings: &Settings, family: Family) -> Vec<String> {
    let get = |names: &[&str]| names.iter().find_map(|name| settings.get(*name)).map_or("", String::as_str);
    let mut faults = Vec::new();
    let mut must = |good: bool, name: &str, why: &str, mend: &str| {
        if !good {
            faults.push(format!("{name} is `{}`: {why}: {mend}", get(&[name])));
        }
    };
    must(get(&["log_bin"]) == "ON", "log_bin", "there is nothing to follow", "set it in my.cnf and restart");
    must(
        get(&["binlog_format"]) == "ROW",
        "binlog_format",
        "statements may do something else there",
        "SET GLOBAL binlog_format = 'ROW'",
    );
    must(
        get(&["binlog_row_image"]) == "FULL",
        "binlog_row_image",
        "rows couldn't be told apart",
        "SET GLOBAL binlog_row_image = 'FULL'",
    );
    let durable = "what was handed over could be forgotten in a power cut, and both sides would serve";
    for name in ["sync_binlog", "innodb_flush_log_at_trx_commit"] {
        must(get(&[name]) == "1", name, durable, &format!("SET GLOBAL {name} = 1"));
    }
    match family {
        Family::MariaDb => {
            let strict = "the copy's own entries in the new side's log would stop the stream";
            must(get(&["gtid_strict_mode"]) != "ON", "gtid_strict_mode", strict, "SET GLOBAL gtid_strict_mode = OFF");
            let triggers = "the gate would stop the stream";
            must(get(&["slave_run_triggers_for_rbr"]) == "NO", "slave_run_triggers_for_rbr", triggers, "set it to NO");
        }
        Family::MySql => must(
            get(&["gtid_mode"]) == "ON",
            "gtid_mode",
            "changes that were applied could be applied again",
            "SET GLOBAL gtid_mode step by step to ON",
        ),
    }
    let updates = get(&["log_replica_updates", "log_slave_updates"]);
    must(
        updates == "ON",
        "log_slave_updates",
        "what it has from the other side wouldn't be in its log",
        "set it in my.cnf and restart",
    );
    let workers: u32 = get(&["replica_parallel_workers", "slave_parallel_workers"]).parse().unwrap_or(0);
    let ordered =
        family == Family::MariaDb || get(&["replica_preserve_commit_order", "slave_preserve_commit_order"]) == "ON";
    must(
        workers < 2 || ordered,
        "replica_preserve_commit_order",
        "what arrives last needn't be the last that was written",
        "set it to ON",
    );
    faults
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
        faults
            .extend(self::faults(settings, dialect.family).into_iter().map(|fault| format!("{}: {fault}", place.at())));
        let log = rows(&place.pool, &format!("asking for the log {}", place.at()), dialect.log_status()).await?;
        let limited = |row| format!("{}{}", text(row, &["Binlog_Do_DB"]), text(row, &["Binlog_Ignore_DB"]));
        if let Some(limits) = log.first().map(limited).filter(|limits| !limits.is_empty()) {
            faults.push(format!(
                "{}: the log is limited by binlog-do-db or binlog-ignore-db ({limits}): take that away",
                place.at()
            ));
        }
    }
    for name in ["server_id", "lower_case_table_names"] {
        let same = both.0.get(name) == both.1.get(name);
        if same == (name == "server_id") {
            let is = both.0.get(name).map_or("", String::as_str);
            faults.push(format!(
                "{name} must {}be the same on both sides, and is {is} on the old one",
                if same { "not " } else { "" }
            ));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(DatabaseError::Refused(faults.join("; "))) }
}

/// Refuses what replication by name of database can't move apart, or not at all.
pub async fn movable(old: &Place, ours: &str) -> DatabaseResult<()> {
    let what = "looking at the old side's tables";
    let other = "SELECT CONVERT(schema_name USING utf8mb4) FROM information_schema.schemata WHERE schema_name NOT IN
        ('mysql', 'sys', 'information_schema', 'performance_schema', DATABASE())";
    let others: Vec<String> =
        column::<String>(&old.pool, what, other).await?.into_iter().filter(|name| name != ours).collect();
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
    let count: i64 = super::sql::one(
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
    match rows(&place.pool, &format!("looking for prepared transactions {}", place.at()), "XA RECOVER").await {
        // Who may not see them: the freeze then fails on their locks, with nothing lost.
        Err(DatabaseError::Sql { source, .. }) if matches!(number(&source), 1401 | 1227) && place.side == Side::New => {
            Ok(())
        }
        Err(error) => Err(error),
        Ok(found) if found.is_empty() => Ok(()),
        Ok(found) => Err(DatabaseError::Refused(format!(
            "{} prepared transactions {}: XA COMMIT or XA ROLLBACK them",
            found.len(),
            place.at()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well(family: Family) -> Settings {
        let mut all = vec![
            ("log_bin", "ON"),
            ("binlog_format", "ROW"),
            ("binlog_row_image", "FULL"),
            ("sync_binlog", "1"),
            ("innodb_flush_log_at_trx_commit", "1"),
        ];
        all.extend(match family {
            Family::MySql => vec![
                ("gtid_mode", "ON"),
                ("log_replica_updates", "ON"),
                ("replica_parallel_workers", "4"),
                ("replica_preserve_commit_order", "ON"),
            ],
            Family::MariaDb => {
                vec![("gtid_strict_mode", "OFF"), ("log_slave_updates", "ON"), ("slave_run_triggers_for_rbr", "NO")]
            }
        });
        all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn each_setting_that_a_move_rests_on_is_looked_at() {
        for family in [Family::MySql, Family::MariaDb] {
            assert_eq!(faults(&well(family), family), Vec::<String>::new());
            for name in well(family).into_keys().filter(|name| name != "replica_parallel_workers") {
                let mut ill = well(family);
                let wrong = if name == "gtid_strict_mode" { "ON" } else { "wrong" };
                ill.insert(name.clone(), wrong.into());
                assert_eq!(faults(&ill, family).len(), 1, "{name}");
            }
        }
    }
}
