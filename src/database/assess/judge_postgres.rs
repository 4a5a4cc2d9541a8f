//! The verdicts over PostgreSQL's facts. Pure.

use super::Finding;
use super::finding::{size, some};
use super::postgres::{Facts, Table};

/// The disk a source keeps log on can't be read by SQL; beyond this much it is worth a word.
const MUCH_LOG: i64 = 1 << 30;

/// Everything that was looked at, in the order of the move. Without a target, what needs both is left out.
pub fn judge(source: &Facts, target: Option<&Facts>) -> Vec<Finding> {
    let mut found = vec![wal_level(source)];
    found.extend(room(source));
    found.extend(rights(source));
    found.extend(tables(source));
    found.extend(left_out(source));
    found.extend(activity(source));
    found.push(tls(source, "source"));
    if let Some(target) = target {
        found.push(version(source, target));
        found.extend(locale(source, target));
        found.extend(extensions(source, target));
        found.extend(subscriber(source, target));
        found.push(tls(target, "target"));
    }
    found
}

fn number(facts: &Facts, setting: &str) -> i64 {
    facts.settings.get(setting).and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn setting<'a>(facts: &'a Facts, name: &str) -> &'a str {
    facts.settings.get(name).map_or("", String::as_str)
}

fn wal_level(source: &Facts) -> Finding {
    match setting(source, "wal_level") {
        "logical" => Finding::ok("source: wal_level", "logical"),
        other => Finding::fail(
            "source: wal_level",
            format!("it is `{other}`; a subscription needs `logical`"),
            "ALTER SYSTEM SET wal_level = logical; then restart PostgreSQL, days before the move (on RDS: rds.logical_replication = 1 and a reboot)",
        ),
    }
}

/// One slot and sender for the stream, one for the watch, and while tables are copied one more each.
fn room(source: &Facts) -> Vec<Finding> {
    let workers = 2 + 2;
    let free = |name: &str, used: i64| {
        let (place, free) = (format!("source: {name}"), number(source, name) - used);
        if free >= workers {
            return Finding::ok(place, format!("{free} free"));
        }
        let enough = number(source, name) - free + workers;
        let mend = format!("ALTER SYSTEM SET {name} = {enough}; then restart PostgreSQL");
        Finding::fail(place, format!("{free} free, the move needs {workers}"), mend)
    };
    let mut found =
        vec![free("max_replication_slots", source.slots_used), free("max_wal_senders", source.senders_used)];
    for (slot, kept) in &source.idle_slots {
        let what = format!("nobody reads it and it keeps {} of log", size(kept.unsigned_abs()));
        let mend = format!("if it is forgotten: SELECT pg_drop_replication_slot('{}')", slot.replace('\'', "''"));
        found.push(Finding::warn(format!("source: slot {slot}"), what, mend));
    }
    let place = "source: max_slot_wal_keep_size";
    found.push(match number(source, "max_slot_wal_keep_size") {
        -1 => Finding::warn(
            place,
            "unlimited: if the target were away for long, kept log would fill the source's disk; free space can't be read through SQL",
            "look at the free space where pg_wal is; ALTER SYSTEM SET max_slot_wal_keep_size to half of it, and SELECT pg_reload_conf()",
        ),
        megabytes if megabytes.saturating_mul(1 << 20) < MUCH_LOG => Finding::warn(
            place,
            format!("{megabytes} MB: the stream is lost, and the copy begins again, once the target lags more than that"),
            "ALTER SYSTEM SET max_slot_wal_keep_size to half of the free space where pg_wal is",
        ),
        megabytes => Finding::ok(place, format!("{megabytes} MB")),
    });
    found
}

fn rights(source: &Facts) -> Vec<Finding> {
    let may = &source.may;
    let place = format!("source: user {}", may.user);
    let grant = |what: &str, mend: String| Finding::fail(place.clone(), format!("may not {what}"), mend);
    let mut found = Vec::new();
    if !may.replicate {
        found.push(grant("replicate", format!("ALTER ROLE {} REPLICATION (on RDS: GRANT rds_replication)", may.user)));
    }
    if !may.create {
        found.push(grant(
            "create a publication and a schema in the database",
            format!("GRANT CREATE ON DATABASE … TO {}", may.user),
        ));
    }
    if !may.signal {
        found.push(grant(
            "end sessions of other users, which the freeze does",
            format!("GRANT pg_signal_backend TO {}", may.user),
        ));
    }
    let names = |fits: fn(&&Table) -> bool| -> Vec<String> {
        source.tables.iter().filter(fits).map(|table| table.id.clone()).collect()
    };
    let foreign = names(|table| !table.owned && matches!(table.kind.as_str(), "r" | "p"));
    if !foreign.is_empty() {
        let what = format!("publish or put triggers on tables that it doesn't own: {}", some(&foreign));
        found.push(grant(&what, format!("GRANT the owner's role TO {}", may.user)));
    }
    let unreadable = names(|table| !table.readable && table.kind == "r");
    if !unreadable.is_empty() {
        found.push(grant(
            &format!("read {}", some(&unreadable)),
            format!("GRANT SELECT ON ALL TABLES IN SCHEMA … TO {}", may.user),
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(place, "may replicate, publish, read every table and end sessions"));
    }
    found
}

fn tables(source: &Facts) -> Vec<Finding> {
    let names = |fits: fn(&&Table) -> bool| -> Vec<String> {
        source.tables.iter().filter(fits).map(|table| table.id.clone()).collect()
    };
    let mut found = Vec::new();
    let without = names(|table| matches!(table.kind.as_str(), "r") && !table.unlogged && !table.identified);
    if !without.is_empty() {
        found.push(Finding::fail(
            "source: replica identity",
            format!("updates and deletes would fail as soon as these are published: {}", some(&without)),
            format!("give each a primary key, or ALTER TABLE {} REPLICA IDENTITY FULL", without[0]),
        ));
    }
    let full = names(|table| table.full);
    if !full.is_empty() {
        found.push(Finding::warn(
            "source: replica identity",
            format!("by the whole row, so each update searches the target's table: {}", some(&full)),
            "give each a primary key if many rows of it are updated",
        ));
    }
    let unlogged = names(|table| table.unlogged);
    if !unlogged.is_empty() {
        found.push(Finding::warn(
            "source: unlogged tables",
            format!("their rows aren't replicated and stay behind: {}", some(&unlogged)),
            "ALTER TABLE … SET LOGGED where the rows matter",
        ));
    }
    let foreign = names(|table| table.kind == "f");
    if !foreign.is_empty() {
        found.push(Finding::warn(
            "source: foreign tables",
            format!("they point elsewhere, and RDS must reach that place: {}", some(&foreign)),
            "check that the target's security group lets it through, or drop them before the move",
        ));
    }
    let views = names(|table| table.kind == "m");
    if !views.is_empty() {
        let what = format!("empty until they are refreshed on the target: {}", some(&views));
        found.push(Finding::warn(
            "source: materialized views",
            what,
            "the move refreshes none: plan a REFRESH MATERIALIZED VIEW before the switch",
        ));
    }
    let generated = names(|table| table.generated);
    if !generated.is_empty() {
        found.push(Finding::ok(
            "source: generated columns",
            format!("computed again on the target and compared: {}", some(&generated)),
        ));
    }
    let partitioned = names(|table| table.kind == "p");
    if !partitioned.is_empty() {
        let what = format!("moved partition by partition: {}", some(&partitioned));
        found.push(Finding::warn("source: partitions", what, "create none on either side while the move is under way"));
    }
    let moved = source.tables.iter().filter(|table| table.kind == "r" && !table.unlogged);
    let (count, bytes) = moved.fold((0, 0), |(count, bytes), table| (count + 1, bytes + table.bytes));
    found.push(match count {
        0 => Finding::fail("source: tables", "there is none that could be moved", "is it the right database?"),
        _ => Finding::ok("source: tables", format!("{count}, {} without indexes", size(bytes.unsigned_abs()))),
    });
    found
}

/// What logical replication leaves out or does twice.
fn left_out(source: &Facts) -> Vec<Finding> {
    let mut found =
        vec![Finding::ok("source: sequences", format!("{}, set on the target with a margin", source.sequences))];
    if source.large_objects > 0 {
        found.push(Finding::fail(
            "source: large objects",
            format!("{}: logical replication doesn't carry them", source.large_objects),
            "move them into bytea columns, or stop writing them and copy them with pg_dump --large-objects before the switch",
        ));
    }
    if !source.replica_triggers.is_empty() {
        found.push(Finding::warn(
            "source: triggers",
            format!(
                "they fire for replicated rows too, so what they do is done twice: {}",
                some(&source.replica_triggers)
            ),
            "ALTER TABLE … ENABLE TRIGGER without ALWAYS or REPLICA, unless it is meant so",
        ));
    }
    if !source.event_triggers.is_empty() {
        found.push(Finding::warn(
            "source: event triggers",
            format!("they would fire for what the move creates: {}", some(&source.event_triggers)),
            "ALTER EVENT TRIGGER … DISABLE during the move if they refuse or log DDL",
        ));
    }
    found
}

fn activity(source: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some((whose, seconds)) = source.long.first() {
        found.push(Finding::warn(
            "source: long transactions",
            format!("{}; the longest has run for {seconds} s: {whose}", source.long.len()),
            "the copy begins when those that have written are over, and the freeze ends them: end or wait out what needn't run",
        ));
    }
    if source.prepared > 0 {
        found.push(Finding::fail(
            "source: prepared transactions",
            format!("{}: they can commit after the freeze", source.prepared),
            "COMMIT PREPARED or ROLLBACK PREPARED each in pg_prepared_xacts",
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok("source: transactions", "none runs for longer than a minute"));
    }
    found
}

fn tls(facts: &Facts, side: &str) -> Finding {
    let place = format!("{side}: TLS");
    if facts.tls {
        return Finding::ok(place, "the connection is encrypted and verified as the environment says");
    }
    Finding::warn(
        place,
        "this connection isn't encrypted",
        "set ssl = on with a certificate; where a tunnel encrypts, nothing is to be done",
    )
}

fn version(source: &Facts, target: &Facts) -> Finding {
    let (old, new) = (source.version / 10_000, target.version / 10_000);
    let what = format!("{old} moves to {new}");
    if old < 10 {
        return Finding::fail(
            "versions",
            format!("{what}; logical replication came with 10"),
            "upgrade the source first",
        );
    }
    if new < old {
        return Finding::fail("versions", what, format!("set database.version in the city file to {old} or newer"));
    }
    Finding::ok("versions", what)
}

fn locale(source: &Facts, target: &Facts) -> Vec<Finding> {
    let ((encoding, collate, ctype), (other, other_collate, other_ctype)) = (&source.locale, &target.locale);
    let mut found = Vec::new();
    if encoding == other {
        found.push(Finding::ok("encoding", encoding.clone()));
    } else if other == "UTF8" && encoding != "SQL_ASCII" {
        found.push(Finding::ok("encoding", format!("{encoding} becomes {other}")));
    } else {
        let what = format!("{encoding} on the source, {other} on the target: some text wouldn't fit");
        found.push(Finding::fail("encoding", what, "create the target's database with the source's encoding"));
    }
    if (collate, ctype) != (other_collate, other_ctype) {
        found.push(Finding::warn(
            "collation",
            format!("text is sorted by {collate} on the source, by {other_collate} on the target"),
            "queries that sort text may answer in another order: create the target's database with the same LC_COLLATE if that matters",
        ));
    }
    let lacks: Vec<String> =
        source.collations.iter().filter(|name| !target.known_collations.contains(name)).cloned().collect();
    if !lacks.is_empty() {
        let what = format!("the target has no collation {}", some(&lacks));
        found.push(Finding::fail("collation", what, "ALTER TABLE … ALTER COLUMN … TYPE … COLLATE one that both have"));
    }
    found
}

fn extensions(source: &Facts, target: &Facts) -> Vec<Finding> {
    let lacks: Vec<String> =
        source.extensions.keys().filter(|name| !target.available.contains(name)).cloned().collect();
    if lacks.is_empty() {
        return vec![Finding::ok("extensions", format!("the target has all {}", source.extensions.len()))];
    }
    let mend = "DROP EXTENSION on the source if nothing needs it; RDS lists what it offers in SHOW rds.extensions";
    vec![Finding::fail("extensions", format!("not available on the target: {}", some(&lacks)), mend)]
}

fn subscriber(source: &Facts, target: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if !target.may.subscribe {
        let place = format!("target: user {}", target.may.user);
        let mend = "connect as RDS's master user, or GRANT pg_create_subscription (PostgreSQL 16) or rds_superuser";
        found.push(Finding::fail(place, "may not create a subscription", mend));
    }
    // One that applies and, while tables are copied, two more.
    for name in ["max_logical_replication_workers", "max_worker_processes"] {
        let has = number(target, name);
        if has < 3 {
            let mend = format!("set {name} in the parameter group to 4 or more");
            found.push(Finding::fail(format!("target: {name}"), format!("{has}, the move needs 3"), mend));
        }
    }
    // The way back: the target publishes.
    if setting(target, "wal_level") == "logical" {
        found.push(Finding::ok("target: wal_level", "logical: there is a way back"));
    } else {
        found.push(Finding::fail(
            "target: wal_level",
            format!("it is `{}`, so there would be no way back", setting(target, "wal_level")),
            "set rds.logical_replication = 1 in the parameter group and reboot",
        ));
    }
    let there: Vec<String> = target
        .tables
        .iter()
        .filter(|table| table.kind == "r" && table.bytes > 0)
        .map(|table| table.id.clone())
        .collect();
    let both: Vec<String> = there.into_iter().filter(|id| source.tables.iter().any(|table| table.id == *id)).collect();
    if !both.is_empty() {
        let what = format!("has rows or tables of the same names already: {}", some(&both));
        found.push(Finding::warn("target: tables", what, "if this isn't a move under way: is it the right database?"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::postgres::May;
    use super::super::{Level, worst};
    use super::*;

    /// A source and a target with which everything is well.
    fn well() -> (Facts, Facts) {
        let settings = [
            ("wal_level", "logical"),
            ("max_replication_slots", "10"),
            ("max_wal_senders", "10"),
            ("max_slot_wal_keep_size", "50000"),
            ("max_logical_replication_workers", "4"),
            ("max_worker_processes", "8"),
        ];
        let table = Table {
            id: "public.trips".into(),
            kind: "r".into(),
            identified: true,
            owned: true,
            readable: true,
            bytes: 1 << 20,
            ..Table::default()
        };
        let facts = Facts {
            version: 150_018,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            locale: ("UTF8".into(), "C".into(), "C".into()),
            tls: true,
            may: May {
                user: "admin".into(),
                superuser: false,
                replicate: true,
                create: true,
                subscribe: true,
                signal: true,
            },
            tables: vec![table],
            extensions: [("plpgsql".to_owned(), "1.0".to_owned())].into(),
            available: vec!["plpgsql".into()],
            ..Facts::default()
        };
        let target = Facts { version: 160_008, tables: Vec::new(), ..facts.clone() };
        (facts, target)
    }

    /// The worst finding at a place after a change to the facts.
    fn after(change: impl FnOnce(&mut Facts, &mut Facts)) -> Vec<Finding> {
        let (mut source, mut target) = well();
        change(&mut source, &mut target);
        judge(&source, Some(&target))
    }

    #[test]
    fn a_database_that_is_ready_has_no_finding_but_good_ones() {
        let (source, target) = well();
        assert_eq!(worst(&judge(&source, Some(&target))), Level::Ok);
        assert_eq!(worst(&judge(&source, None)), Level::Ok);
    }

    #[test]
    fn each_fact_has_its_finding() {
        type Change = fn(&mut Facts, &mut Facts);
        let cases: Vec<(Level, &str, Change)> = vec![
            (Level::Fail, "source: wal_level", |s, _| drop(s.settings.insert("wal_level".into(), "replica".into()))),
            (Level::Fail, "source: max_replication_slots", |s, _| s.slots_used = 8),
            (Level::Fail, "source: max_wal_senders", |s, _| s.senders_used = 10),
            (Level::Warn, "source: max_slot_wal_keep_size", |s, _| {
                drop(s.settings.insert("max_slot_wal_keep_size".into(), "-1".into()))
            }),
            (Level::Warn, "source: max_slot_wal_keep_size", |s, _| {
                drop(s.settings.insert("max_slot_wal_keep_size".into(), "64".into()))
            }),
            (Level::Warn, "source: slot old", |s, _| s.idle_slots.push(("old".into(), 5 << 30))),
            (Level::Fail, "source: user admin", |s, _| s.may.replicate = false),
            (Level::Fail, "source: user admin", |s, _| s.may.create = false),
            (Level::Fail, "source: user admin", |s, _| s.may.signal = false),
            (Level::Fail, "source: user admin", |s, _| s.tables[0].owned = false),
            (Level::Fail, "source: user admin", |s, _| s.tables[0].readable = false),
            (Level::Fail, "source: replica identity", |s, _| s.tables[0].identified = false),
            (Level::Warn, "source: replica identity", |s, _| s.tables[0].full = true),
            (Level::Warn, "source: unlogged tables", |s, _| {
                s.tables.push(Table {
                    unlogged: true,
                    readable: true,
                    owned: true,
                    kind: "r".into(),
                    ..Table::default()
                })
            }),
            (Level::Warn, "source: foreign tables", |s, _| {
                s.tables.push(Table { kind: "f".into(), ..Table::default() })
            }),
            (Level::Warn, "source: materialized views", |s, _| {
                s.tables.push(Table { kind: "m".into(), ..Table::default() })
            }),
            (Level::Warn, "source: partitions", |s, _| {
                s.tables.push(Table { kind: "p".into(), owned: true, ..Table::default() })
            }),
            (Level::Fail, "source: tables", |s, _| s.tables.clear()),
            (Level::Fail, "source: large objects", |s, _| s.large_objects = 3),
            (Level::Warn, "source: triggers", |s, _| s.replica_triggers.push("audit on trips".into())),
            (Level::Warn, "source: event triggers", |s, _| s.event_triggers.push("no_ddl".into())),
            (Level::Warn, "source: long transactions", |s, _| {
                s.long.push(("17 (bikes, idle in transaction)".into(), 4000))
            }),
            (Level::Fail, "source: prepared transactions", |s, _| s.prepared = 1),
            (Level::Warn, "source: TLS", |s, _| s.tls = false),
            (Level::Fail, "versions", |_, t| t.version = 140_010),
            (Level::Fail, "versions", |s, _| s.version = 90_624),
            (Level::Fail, "encoding", |s, _| s.locale.0 = "SQL_ASCII".into()),
            (Level::Ok, "encoding", |s, _| s.locale.0 = "LATIN1".into()),
            (Level::Warn, "collation", |s, _| s.locale.1 = "sv_SE.UTF-8".into()),
            (Level::Fail, "collation", |s, _| s.collations.push("sv-x-icu".into())),
            (Level::Fail, "extensions", |s, _| drop(s.extensions.insert("timescaledb".into(), "2".into()))),
            (Level::Fail, "target: user admin", |_, t| t.may.subscribe = false),
            (Level::Fail, "target: max_worker_processes", |_, t| {
                drop(t.settings.insert("max_worker_processes".into(), "2".into()))
            }),
            (Level::Fail, "target: wal_level", |_, t| drop(t.settings.insert("wal_level".into(), "replica".into()))),
            (Level::Warn, "target: tables", |s, t| t.tables = s.tables.clone()),
        ];
        for (position, (level, place, change)) in cases.into_iter().enumerate() {
            let found = after(change);
            let here: Vec<_> = found.iter().filter(|finding| finding.place == place).collect();
            let worst = here.iter().map(|finding| finding.level).max();
            assert_eq!(worst, Some(level), "case {position}: {place}: {found:#?}");
            assert!(
                here.iter().all(|finding| finding.level == Level::Ok || !finding.mend.is_empty()),
                "{place} has no mend"
            );
        }
    }
}
