//! The alarms on the database.

use super::alarms::{above, below, metric, on};
use crate::aws::cloudwatch::query::Query;
use crate::engine::Desired;
use crate::engine::input::output;
use crate::phases::Blueprint;
use crate::spec::Engine;
use crate::spec::catalogue::class;

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

fn of(name: &str, statistic: &str) -> Query {
    metric("AWS/RDS", name, &[("DBInstanceIdentifier", output("rds/instance", "identifier"))], statistic)
}

/// The alarms.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let city = blueprint.city;
    let storage = f64::from(blueprint.spec.database.storage) * GIB;
    let mut all = vec![
        on(
            city,
            "database-cpu",
            of("CPUUtilization", "Average"),
            above(80.0, 10, 15),
            "The database's CPU has been above 80 % in 10 of 15 minutes: queries begin to queue. Look at Performance Insights for \
             the query that grew; else take a larger database.class.",
        ),
        on(
            city,
            "database-storage",
            of("FreeStorageSpace", "Minimum"),
            below((storage * 0.1).max(2.0 * GIB), 15, 15),
            "The database has had less than a tenth of its first storage left for 15 minutes. RDS enlarges it by itself, so it is at \
             database.max_storage, or was enlarged less than 6 hours ago. A full disk stops the database.",
        ),
    ];
    all.extend(connections(blueprint));
    all.extend(match blueprint.spec.engine() {
        Engine::Postgres => postgres(city, storage),
        Engine::Mysql => mysql(city, storage),
    });
    all
}

/// RDS allows so many connections by the class's memory (D): bytes / 9531392 in PostgreSQL, at most 5000; bytes / 12582880 in MySQL.
fn connections(blueprint: &Blueprint<'_>) -> Option<Desired> {
    let memory = f64::from(class(blueprint.spec.database.class.as_str())?.memory) * GIB;
    let most = match blueprint.spec.engine() {
        Engine::Postgres => (memory / 9_531_392.0).min(5000.0),
        Engine::Mysql => memory / 12_582_880.0,
    };
    // 70 %: the operating system's share of the memory doesn't count in the formula, so the real limit is lower (E: a tenth).
    Some(on(
        blueprint.city,
        "database-connections",
        of("DatabaseConnections", "Maximum"),
        above((most * 0.7).floor(), 5, 10),
        "The database has had more than 70 % of the connections that its class allows in 5 of 10 minutes: beyond the limit new ones \
         are refused. Look for tasks that don't give theirs back; else take a larger database.class.",
    ))
}

fn postgres(city: &str, storage: f64) -> Vec<Desired> {
    vec![
        on(
            city,
            "database-replication-slot",
            of("OldestReplicationSlotLag", "Maximum"),
            above(GIB, 5, 5),
            "A replication slot has been more than 1 GiB behind for 5 minutes: its reader is slow or gone, and the database keeps \
             all log until it has been read. A slot that nobody needs must be dropped before the disk is full.",
        ),
        on(
            city,
            "database-log-disk",
            of("TransactionLogsDiskUsage", "Maximum"),
            above((storage * 0.25).floor(), 5, 5),
            "The transaction log has taken more than a quarter of the database's first storage for 5 minutes, mostly because a \
             replication slot holds it back. Look at pg_replication_slots.",
        ),
    ]
}

fn mysql(city: &str, storage: f64) -> Vec<Desired> {
    vec![
        on(
            city,
            "database-replica-lag",
            of("ReplicaLag", "Maximum"),
            above(60.0, 5, 5),
            "The database has been more than a minute behind the server that it replicates from for 5 minutes: a cutover now would \
             have to wait that long. Without replication there is no such number, which is fine.",
        ),
        on(
            city,
            "database-log-disk",
            of("BinLogDiskUsage", "Maximum"),
            above((storage * 0.25).floor(), 5, 5),
            "The binary log has taken more than a quarter of the database's first storage for 5 minutes: the retention that was set \
             for the move is too long for this traffic, or was never taken back.",
        ),
    ]
}
