//! The database.

use super::Context;
use crate::spec::{Engine, finding::Finding};

/// Replication moves the data, and it doesn't cross engines.
pub fn engine(context: &Context<'_>, out: &mut Vec<Finding>) {
    let (old, new) = (context.spec.legacy.database.engine, context.spec.engine());
    if old != new {
        let message = format!("the data can't move from {} to {}", old.name(), new.name());
        out.push(Finding::at("database.engine", message).and("legacy.database.engine").help(format!("valid: `{}`", old.name())));
    }
}

/// The version has the form that the engine's versions have on RDS (D).
pub fn version(context: &Context<'_>, out: &mut Vec<Finding>) {
    let version = &context.spec.database.version;
    let engine = context.spec.engine();
    let (valid, help) = match (engine, version.numbers().as_slice()) {
        (Engine::Postgres, numbers) => (matches!(numbers, [13..=18, _]), "PostgreSQL is major.minor, 13 to 18, like \"16.8\""),
        (Engine::Mysql, numbers) => (matches!(numbers, [8, 0 | 4, _]), "MySQL is 8.0.x or 8.4.x, like \"8.4.5\""),
    };
    if !valid {
        let message = format!("`{version}` is not a version of {} on RDS", engine.name());
        out.push(Finding::at("database.version", message).and("database.engine").and("legacy.database.engine").help(help));
    }
}

/// Storage can only grow.
pub fn storage(context: &Context<'_>, out: &mut Vec<Finding>) {
    let database = &context.spec.database;
    if database.max_storage() <= database.storage {
        let message = format!("the storage of {} GiB can't grow to {} GiB", database.storage, database.max_storage());
        out.push(Finding::at("database.max_storage", message).and("database.storage").help("leave it out for twice the storage"));
    }
}

/// RDS wants half an hour for each window, and refuses windows that overlap (D).
pub fn windows(context: &Context<'_>, out: &mut Vec<Finding>) {
    let database = &context.spec.database;
    let (backup, maintenance) = (&database.backup_window, &database.maintenance_window);
    if backup.minutes() < 30 {
        out.push(Finding::at("database.backup_window", format!("`{backup}` is shorter than 30 minutes")));
    }
    if maintenance.minutes() < 30 {
        out.push(Finding::at("database.maintenance_window", format!("`{maintenance}` is shorter than 30 minutes")));
    }
    if maintenance.minutes() > 24 * 60 {
        out.push(Finding::at("database.maintenance_window", format!("`{maintenance}` is longer than a day")));
    }
    if maintenance.overlaps(backup) {
        let message = format!("maintenance at `{maintenance}` overlaps the backup at `{backup}`");
        out.push(Finding::at("database.maintenance_window", message).and("database.backup_window").help("RDS refuses windows that overlap"));
    }
}
