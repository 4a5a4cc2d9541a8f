//! Waiting until the target has applied what the source has committed.

use crate::database::verify::error::reading;
use crate::database::verify::{Barrier, VerifyError, VerifyResult};
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, MySqlPool};
use std::time::Duration;

/// Replication with GTIDs, MySQL's or MariaDB's.
#[derive(Clone, Debug)]
pub struct Gtid {
    /// The source.
    pub source: MySqlPool,
    /// The target.
    pub target: MySqlPool,
    /// How long the target may take.
    pub patience: Duration,
}

#[async_trait]
impl Barrier for Gtid {
    /// MySQL shows a row to others a moment before its GTID counts as executed; whoever compares looks more than once.
    async fn applied(&self) -> VerifyResult<()> {
        let asking = || reading("asking the source for its position");
        let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(&self.source).await.map_err(asking())?;
        let (position, wait) = if version.contains("MariaDB") {
            ("SELECT CONVERT(@@GLOBAL.gtid_binlog_pos USING utf8mb4)", "SELECT MASTER_GTID_WAIT(?, ?)")
        } else {
            ("SELECT CONVERT(@@GLOBAL.gtid_executed USING utf8mb4)", "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)")
        };
        let position: String = sqlx::query_scalar(position).fetch_one(&self.source).await.map_err(asking())?;
        let answer: Option<i64> = sqlx::query_scalar(AssertSqlSafe(wait.to_owned()))
            .bind(&position)
            .bind(self.patience.as_secs())
            .fetch_one(&self.target)
            .await
            .map_err(reading("waiting for the target"))?;
        if answer == Some(0) {
            return Ok(());
        }
        let seconds = self.patience.as_secs();
        Err(VerifyError::Unexpected(format!("the target hasn't applied {position} within {seconds} s")))
    }
}
