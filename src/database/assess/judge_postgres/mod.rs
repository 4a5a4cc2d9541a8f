//! The verdicts over PostgreSQL's facts. Pure.

mod pair;
mod source;

use super::postgres::Facts;
use super::{Finding, finding};

/// Everything that was looked at, in the order of the move. Without a target, what needs both is left out.
pub fn judge(source: &Facts, target: Option<&Facts>) -> Vec<Finding> {
    let mut found = vec![source::wal_level(source)];
    found.extend(source::room(source));
    found.extend(source::rights(source));
    found.extend(source::tables(source));
    found.extend(source::left_out(source));
    found.extend(source::activity(source));
    found.push(finding::tls(source.tls, "source"));
    if let Some(target) = target {
        found.push(pair::version(source, target));
        found.extend(pair::locale(source, target));
        found.extend(pair::extensions(source, target));
        found.extend(pair::subscriber(source, target));
        found.push(finding::tls(target.tls, "target"));
    }
    found
}

fn number(facts: &Facts, setting: &str) -> i64 {
    facts.settings.get(setting).and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn setting<'a>(facts: &'a Facts, name: &str) -> &'a str {
    facts.settings.get(name).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::postgres::{May, Table};
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
            finding::judged(&after(change), place, level, position);
        }
    }
}
