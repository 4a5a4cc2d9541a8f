//! Whether the old side can be followed, and all of it moves.

use super::{number, setting};
use crate::database::assess::Finding;
use crate::database::assess::finding::{size, some};
use crate::database::assess::postgres::{Facts, Table};

/// The disk a source keeps log on can't be read by SQL; beyond this much it is worth a word.
const MUCH_LOG: i64 = 1 << 30;

pub(super) fn wal_level(source: &Facts) -> Finding {
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
pub(super) fn room(source: &Facts) -> Vec<Finding> {
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

pub(super) fn rights(source: &Facts) -> Vec<Finding> {
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

pub(super) fn tables(source: &Facts) -> Vec<Finding> {
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
pub(super) fn left_out(source: &Facts) -> Vec<Finding> {
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

pub(super) fn activity(source: &Facts) -> Vec<Finding> {
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
