//! All that is said of a database before it is moved: facts read, judged, and the time estimated.

use super::{Estimate, Finding, judge_mysql, judge_postgres, mysql, postgres};
use crate::database::verify::VerifyResult;
use serde::Serialize;
use sqlx::{MySqlPool, PgPool};
use std::time::Duration;

/// What was found, and how long a move would take if that was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessment {
    /// In the order of the move.
    pub findings: Vec<Finding>,
    /// From a sample of the old side.
    pub estimate: Option<Estimate>,
}

/// Looks at PostgreSQL: the old side, the new one if it is there, and measures the old one for `sample`.
///
/// # Errors
/// A server that can't be reached or asked.
pub async fn of_postgres(old: &PgPool, new: Option<&PgPool>, sample: Option<Duration>) -> VerifyResult<Assessment> {
    let source = postgres::facts(old, "source").await?;
    let target = match new {
        Some(new) => Some(postgres::facts(new, "target").await?),
        None => None,
    };
    let estimate = match sample {
        Some(length) => {
            let moved = source.tables.iter().filter(|table| table.kind == "r" && !table.unlogged);
            let bytes = moved.map(|table| table.bytes.unsigned_abs()).sum();
            Some(postgres::sample(old, &source.tables, length).await?.estimate(bytes))
        }
        None => None,
    };
    Ok(Assessment { findings: judge_postgres(&source, target.as_ref()), estimate })
}

/// The same for MySQL and MariaDB.
///
/// # Errors
/// A server that can't be reached or asked.
pub async fn of_mysql(old: &MySqlPool, new: Option<&MySqlPool>, sample: Option<Duration>) -> VerifyResult<Assessment> {
    let source = mysql::facts(old, "source").await?;
    let target = match new {
        Some(new) => Some(mysql::facts(new, "target").await?),
        None => None,
    };
    let estimate = match sample {
        Some(length) => {
            let bytes = source.tables.iter().map(|table| table.bytes.unsigned_abs()).sum();
            Some(mysql::sample(old, &source.tables, length).await?.estimate(bytes))
        }
        None => None,
    };
    Ok(Assessment { findings: judge_mysql(&source, target.as_ref()), estimate })
}
