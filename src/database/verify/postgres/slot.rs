//! Waiting until the target has applied what the source has committed.

use crate::database::verify::error::reading;
use crate::database::verify::{Barrier, VerifyError, VerifyResult};
use async_trait::async_trait;
use sqlx::PgPool;
use std::time::{Duration, Instant};

/// The replication slot through which the target follows.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The source.
    pub source: PgPool,
    /// The slot's name: the subscription's, unless it was given another.
    pub name: String,
    /// How long the target may take.
    pub patience: Duration,
}

#[async_trait]
impl Barrier for Slot {
    /// The position is where the source's log ends after the read: whatever the read saw was committed before that.
    async fn applied(&self) -> VerifyResult<()> {
        let what = || reading("asking the source for its position");
        let position: String = sqlx::query_scalar("SELECT pg_current_wal_insert_lsn()::text")
            .fetch_one(&self.source)
            .await
            .map_err(what())?;
        let begun = Instant::now();
        loop {
            // An idle source reports the position only up to what is flushed: this has it flushed.
            let applied: Option<bool> = sqlx::query_scalar(
                "SELECT r.replay_lsn >= $2::text::pg_lsn FROM pg_replication_slots s
                 LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid WHERE s.slot_name = $1",
            )
            .bind(&self.name)
            .bind(&position)
            .fetch_optional(&self.source)
            .await
            .map_err(what())?
            .ok_or_else(|| VerifyError::Unexpected(format!("the source has no replication slot `{}`", self.name)))?;
            if applied == Some(true) {
                return Ok(());
            }
            if begun.elapsed() > self.patience {
                let late = self.patience.as_secs();
                let why = if applied.is_none() { "it isn't connected" } else { "it lags" };
                return Err(VerifyError::Unexpected(format!(
                    "the target hasn't applied {position} within {late} s: {why} (slot `{}`)",
                    self.name
                )));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
