//! The verdicts over MySQL's and MariaDB's facts. Pure.

use super::Finding;
use super::finding::{size, some, tls};
use super::mysql::{Facts, Table};
use crate::database::mysql::requirements::{self, Requirement};

/// Everything that was looked at, in the order of the move. Without a target, what needs both is left out.
pub fn judge(source: &Facts, target: Option<&Facts>) -> Vec<Finding> {
    let mut found = settings(source, "source");
    found.extend(log(source));
    found.push(rights(source));
    found.extend(tables(source));
    found.extend(programs(source, target));
    found.extend(activity(source));
    found.push(tls(source.tls, "source"));
    if let Some(target) = target {
        found.extend(settings(target, "target"));
        found.extend(versions(source, target));
        found.extend(between(source, target));
        found.push(tls(target.tls, "target"));
    }
    found
}

fn setting<'a>(facts: &'a Facts, name: &str) -> &'a str {
    facts.settings.get(name).map_or("", String::as_str)
}

/// What a move rests on. A server of one's own is set by statement or file, RDS by its parameter group.
fn settings(facts: &Facts, side: &str) -> Vec<Finding> {
    let finding = |one: Requirement| {
        let place = format!("{side}: {}", one.name);
        if one.met {
            return Finding::ok(place, one.is);
        }
        let mend = match (side, one.name) {
            ("source", _) => one.mend,
            (_, "log_bin") => "keep automated backups on (database.backups): RDS logs only then".into(),
            (_, name) => format!("set {name} in the parameter group; on a server of one's own: {}", one.mend),
        };
        Finding::fail(place, format!("it is `{}`: {}", one.is, one.why), mend)
    };
    requirements::of(&facts.settings, facts.is_mariadb()).into_iter().map(finding).collect()
}

fn log(source: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if !source.log_limits.is_empty() {
        let what = format!("it holds some databases only: {}", source.log_limits);
        found.push(Finding::fail(
            "source: log",
            what,
            "take binlog-do-db and binlog-ignore-db out of my.cnf and restart",
        ));
    }
    if setting(source, "server_id") == "0" {
        found.push(Finding::fail(
            "source: server_id",
            "it is 0, which no replica may follow",
            "set server_id to a number of its own",
        ));
    }
    let days: f64 = setting(source, "expire_logs_days").parse().unwrap_or(0.0);
    let seconds: f64 = setting(source, "binlog_expire_logs_seconds").parse().unwrap_or(0.0);
    let kept = if seconds > 0.0 { seconds } else { days * 86_400.0 };
    found.push(if kept == 0.0 || kept >= 86_400.0 {
        let what =
            if kept == 0.0 { "never removed by itself".to_owned() } else { format!("kept for {:.0} h", kept / 3600.0) };
        Finding::ok("source: binlog retention", what)
    } else {
        Finding::warn(
            "source: binlog retention",
            format!("kept for {:.0} min: a target that is away for longer has to begin again", kept / 60.0),
            "set binlog_expire_logs_seconds to a day and more for the time of the move",
        )
    });
    found
}

fn rights(source: &Facts) -> Finding {
    let has = |wanted: &str| source.privileges.iter().any(|privilege| privilege == wanted);
    // MySQL 8 has split SUPER up, MariaDB has renamed what is about replication.
    let any = |wanted: &[&str]| has("SUPER") || wanted.iter().any(|one| has(one));
    let mut lacks = Vec::new();
    let needed = [
        ("REPLICATION CLIENT", &["REPLICATION CLIENT", "BINLOG MONITOR"][..]),
        ("CREATE USER", &["CREATE USER"]),
        ("PROCESS", &["PROCESS"]),
        ("SYSTEM_VARIABLES_ADMIN (or SUPER)", &["SYSTEM_VARIABLES_ADMIN", "READ_ONLY ADMIN", "READ ONLY ADMIN"]),
        ("CONNECTION_ADMIN (or SUPER)", &["CONNECTION_ADMIN", "CONNECTION ADMIN"]),
    ];
    lacks.extend(needed.iter().filter(|(_, any_of)| !any(any_of)).map(|(name, _)| (*name).to_owned()));
    lacks.extend(["SELECT", "TRIGGER", "SHOW VIEW"].iter().filter(|name| !has(name)).map(|name| (*name).to_owned()));
    let place = format!("source: user {}", source.user);
    if lacks.is_empty() {
        return Finding::ok(
            place,
            "may follow the binlog, read every table, make the service read-only and end sessions",
        );
    }
    Finding::fail(
        place,
        format!("lacks {}", lacks.join(", ")),
        format!("GRANT {} ON *.* TO {}", lacks.join(", "), source.user),
    )
}

fn tables(source: &Facts) -> Vec<Finding> {
    let names = |fits: fn(&&Table) -> bool| -> Vec<String> {
        source.tables.iter().filter(fits).map(|table| table.name.clone()).collect()
    };
    let mut found = Vec::new();
    let others = names(|table| !table.engine.eq_ignore_ascii_case("InnoDB"));
    if !others.is_empty() {
        found.push(Finding::fail(
            "source: storage engines",
            format!("without transactions the copy isn't of one moment, and RDS can't restore them: {}", some(&others)),
            format!("ALTER TABLE {} ENGINE = InnoDB", others[0]),
        ));
    }
    let keyless = names(|table| !table.keyed);
    if !keyless.is_empty() {
        found.push(Finding::warn(
            "source: primary keys",
            format!("each change searches the whole table on the target: {}", some(&keyless)),
            "give each a primary key, an invisible one if the service must not see it",
        ));
    }
    if !source.other_databases.is_empty() {
        let what =
            format!("all that a server logs is followed, other databases too: {}", some(&source.other_databases));
        found.push(Finding::fail("source: databases", what, "move them to another server, or drop them"));
    }
    let bytes: i64 = source.tables.iter().map(|table| table.bytes).sum();
    found.push(if source.tables.is_empty() {
        Finding::fail("source: tables", "there is none that could be moved", "is it the right database?")
    } else {
        Finding::ok(
            "source: tables",
            format!("{}, {} without indexes", source.tables.len(), size(bytes.unsigned_abs())),
        )
    });
    found
}

/// What runs inside the database: whose it is, and what would run on both sides.
fn programs(source: &Facts, target: Option<&Facts>) -> Vec<Finding> {
    let mut found = Vec::new();
    if !source.events.is_empty() {
        found.push(Finding::warn(
            "source: events",
            format!(
                "they run on the source and reach the target by replication; on both they would run twice: {}",
                some(&source.events)
            ),
            "keep event_scheduler off on the target until the switch",
        ));
    }
    let users = target.map_or(&source.users, |target| &target.users);
    if source.definers.is_empty() {
        return found;
    }
    let side = if target.is_some() { "target" } else { "source" };
    if users.is_empty() {
        let what = format!("the users of the {side} can't be read, so whether they exist isn't known");
        found.push(Finding::warn("definers", what, "GRANT SELECT ON mysql.user"));
        return found;
    }
    let lost = |(what, definer): &&(String, String)| !users.contains(definer) && !what.is_empty();
    let lost: Vec<String> =
        source.definers.iter().filter(lost).map(|(what, definer)| format!("{what} ({definer})")).collect();
    found.push(if lost.is_empty() {
        Finding::ok("definers", format!("all {} exist on the {side}", source.definers.len()))
    } else {
        let what = format!("users that the {side} doesn't have, so these fail when they are used: {}", some(&lost));
        Finding::warn("definers", what, "CREATE USER on the target, or make them anew with another definer")
    });
    found
}

fn activity(source: &Facts) -> Vec<Finding> {
    if source.prepared > 0 {
        let what = format!("{}: no freeze could stop them from being committed", source.prepared);
        return vec![Finding::fail(
            "source: prepared transactions",
            what,
            "XA COMMIT or XA ROLLBACK them: XA RECOVER names them",
        )];
    }
    let Some((whose, seconds)) = source.long.first() else {
        return vec![Finding::ok("source: transactions", "none runs for longer than a minute")];
    };
    let what = format!("{}; the longest has run for {seconds} s: {whose}", source.long.len());
    let mend = "the freeze ends them: end or wait out what needn't run";
    vec![Finding::warn("source: long transactions", what, mend)]
}

/// Major and minor.
fn number(version: &str) -> (u32, u32) {
    let mut parts = version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn versions(source: &Facts, target: &Facts) -> Vec<Finding> {
    let what = format!("{} moves to {}", source.version, target.version);
    if source.is_mariadb() != target.is_mariadb() {
        let mend = "the two can't follow each other by GTID: choose an engine of the same family";
        return vec![Finding::fail("versions", what, mend)];
    }
    let (old, new) = (number(&source.version), number(&target.version));
    if new < old {
        return vec![Finding::fail("versions", what, "set database.version in the city file to the source's or newer")];
    }
    if new > old {
        let mend = "test it beforehand, or move to the source's own version and upgrade later";
        return vec![Finding::warn(
            "versions",
            format!("{what}; an older replica of a newer source, the way back, isn't supported"),
            mend,
        )];
    }
    vec![Finding::ok("versions", what)]
}

fn between(source: &Facts, target: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let lacks: Vec<String> =
        source.collations.iter().filter(|name| !target.known_collations.contains(name)).cloned().collect();
    found.push(if lacks.is_empty() {
        Finding::ok("collation", "the target knows all that columns have")
    } else {
        let what = format!("the target doesn't know {}", some(&lacks));
        Finding::fail("collation", what, "ALTER TABLE … CONVERT TO CHARACTER SET … COLLATE one that both know")
    });
    found.extend(requirements::between(&source.settings, &target.settings).into_iter().map(|(name, what)| {
        let mend = match name {
            "server_id" => "set another server_id on the old server",
            _ => "it can only be set when a server is created: create the target with the source's",
        };
        Finding::fail(name, what, mend)
    }));
    let packet = |facts: &Facts| setting(facts, "max_allowed_packet").parse::<u64>().unwrap_or(0);
    if packet(target) < packet(source) {
        let what = format!(
            "{} on the source, {} on the target: a big row would stop the stream",
            size(packet(source)),
            size(packet(target))
        );
        found.push(Finding::fail("max_allowed_packet", what, "raise it in the target's parameter group"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::finding::judged;
    use super::super::{Level, worst};
    use super::*;

    /// A source and a target with which everything is well.
    fn well() -> (Facts, Facts) {
        let settings = [
            ("log_bin", "ON"),
            ("binlog_format", "ROW"),
            ("binlog_row_image", "FULL"),
            ("gtid_mode", "ON"),
            ("server_id", "1"),
            ("sync_binlog", "1"),
            ("innodb_flush_log_at_trx_commit", "1"),
            ("log_replica_updates", "ON"),
            ("binlog_expire_logs_seconds", "2592000"),
            ("lower_case_table_names", "0"),
            ("max_allowed_packet", "67108864"),
        ];
        let facts = Facts {
            version: "8.0.42".into(),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            tls: true,
            user: "admin@%".into(),
            privileges: ["SELECT", "TRIGGER", "SHOW VIEW", "REPLICATION CLIENT", "CREATE USER", "PROCESS", "SUPER"]
                .map(str::to_owned)
                .into(),
            tables: vec![Table { name: "trips".into(), engine: "InnoDB".into(), keyed: true, bytes: 1 << 20 }],
            definers: vec![("view busy".into(), "bikes@%".into())],
            users: vec!["bikes@%".into()],
            collations: vec!["utf8mb4_0900_ai_ci".into()],
            known_collations: vec!["utf8mb4_0900_ai_ci".into()],
            ..Facts::default()
        };
        let mut target = facts.clone();
        target.settings.insert("server_id".into(), "2".into());
        (facts, target)
    }

    #[test]
    fn a_database_that_is_ready_has_no_finding_but_good_ones() {
        let (source, target) = well();
        let found = judge(&source, Some(&target));
        assert_eq!(worst(&found), Level::Ok, "{found:#?}");
        assert_eq!(worst(&judge(&source, None)), Level::Ok);
    }

    #[test]
    fn each_fact_has_its_finding() {
        type Change = fn(&mut Facts, &mut Facts);
        let cases: Vec<(Level, &str, Change)> = vec![
            (Level::Fail, "source: log_bin", |s, _| drop(s.settings.insert("log_bin".into(), "OFF".into()))),
            (Level::Fail, "source: binlog_format", |s, _| {
                drop(s.settings.insert("binlog_format".into(), "MIXED".into()))
            }),
            (Level::Fail, "source: binlog_row_image", |s, _| {
                drop(s.settings.insert("binlog_row_image".into(), "MINIMAL".into()))
            }),
            (Level::Fail, "source: sync_binlog", |s, _| drop(s.settings.insert("sync_binlog".into(), "0".into()))),
            (Level::Fail, "target: log_bin", |_, t| drop(t.settings.insert("log_bin".into(), "OFF".into()))),
            (Level::Fail, "source: log", |s, _| s.log_limits = "bikes".into()),
            (Level::Fail, "source: databases", |s, _| s.other_databases.push("wiki".into())),
            (Level::Fail, "source: prepared transactions", |s, _| s.prepared = 1),
            (Level::Fail, "server_id", |_, t| drop(t.settings.insert("server_id".into(), "1".into()))),
            (Level::Fail, "source: gtid_mode", |s, _| drop(s.settings.insert("gtid_mode".into(), "OFF".into()))),
            (Level::Fail, "source: server_id", |s, _| drop(s.settings.insert("server_id".into(), "0".into()))),
            (Level::Warn, "source: binlog retention", |s, _| {
                drop(s.settings.insert("binlog_expire_logs_seconds".into(), "3600".into()))
            }),
            (Level::Fail, "source: user admin@%", |s, _| s.privileges.retain(|one| one != "SELECT")),
            (Level::Fail, "source: user admin@%", |s, _| {
                s.privileges.retain(|one| one != "SUPER" && one != "REPLICATION CLIENT")
            }),
            (Level::Fail, "source: storage engines", |s, _| s.tables[0].engine = "MyISAM".into()),
            (Level::Warn, "source: primary keys", |s, _| s.tables[0].keyed = false),
            (Level::Fail, "source: tables", |s, _| s.tables.clear()),
            (Level::Warn, "source: events", |s, _| s.events.push("nightly".into())),
            (Level::Warn, "definers", |_, t| t.users.clear()),
            (Level::Warn, "definers", |_, t| t.users = vec!["other@%".into()]),
            (Level::Warn, "source: long transactions", |s, _| s.long.push(("thread 7".into(), 4000))),
            (Level::Warn, "target: TLS", |_, t| t.tls = false),
            (Level::Fail, "versions", |_, t| t.version = "5.7.44".into()),
            (Level::Warn, "versions", |_, t| t.version = "8.4.5".into()),
            (Level::Fail, "versions", |_, t| t.version = "10.11.14-MariaDB".into()),
            (Level::Fail, "collation", |s, _| s.collations.push("utf8mb4_uca1400_ai_ci".into())),
            (Level::Fail, "lower_case_table_names", |_, t| {
                drop(t.settings.insert("lower_case_table_names".into(), "1".into()))
            }),
            (Level::Fail, "max_allowed_packet", |_, t| {
                drop(t.settings.insert("max_allowed_packet".into(), "4194304".into()))
            }),
        ];
        for (position, (level, place, change)) in cases.into_iter().enumerate() {
            let (mut source, mut target) = well();
            change(&mut source, &mut target);
            judged(&judge(&source, Some(&target)), place, level, position);
        }
    }
}
