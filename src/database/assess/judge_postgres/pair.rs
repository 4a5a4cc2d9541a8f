//! Whether the new side can take what the old one has, and follow it.

use super::{number, setting};
use crate::database::assess::Finding;
use crate::database::assess::finding::some;
use crate::database::assess::postgres::Facts;

pub(super) fn version(source: &Facts, target: &Facts) -> Finding {
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

pub(super) fn locale(source: &Facts, target: &Facts) -> Vec<Finding> {
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

pub(super) fn extensions(source: &Facts, target: &Facts) -> Vec<Finding> {
    let lacks: Vec<String> =
        source.extensions.keys().filter(|name| !target.available.contains(name)).cloned().collect();
    if lacks.is_empty() {
        return vec![Finding::ok("extensions", format!("the target has all {}", source.extensions.len()))];
    }
    let mend = "DROP EXTENSION on the source if nothing needs it; RDS lists what it offers in SHOW rds.extensions";
    vec![Finding::fail("extensions", format!("not available on the target: {}", some(&lacks)), mend)]
}

pub(super) fn subscriber(source: &Facts, target: &Facts) -> Vec<Finding> {
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
