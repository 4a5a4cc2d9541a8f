//! How far a stream is, and what is wrong with it.

use super::stream::Ends;
use super::tables;
use crate::database::DatabaseResult;
use crate::database::engine::Following;
use crate::database::error::doing;
use crate::engine::wait::until;
use std::time::Duration;

/// A subscription whose worker failed so often, and doesn't run, gets nowhere: whatever a cut line or a restart costs is one failure.
const FAILURES: i64 = 5;
/// How long it must get nowhere. The failures of all turns are counted, so one more may be the fifth: PostgreSQL starts a worker anew after
/// 5 s (`wal_retrieve_retry_interval`), and one that has run for 2 s counts as running.
const DOUBT: Duration = Duration::from_secs(10);

impl Ends<'_> {
    /// How far it is.
    pub async fn following(&self) -> DatabaseResult<Following> {
        let what = self.what("following");
        let counts = "SELECT count(*) FILTER (WHERE srsubstate = 'r')::bigint, count(*)::bigint FROM pg_subscription_rel r \
                      JOIN pg_subscription s ON s.oid = r.srsubid WHERE s.subname = $1";
        let (tables, of): (i64, i64) =
            sqlx::query_as(counts).bind(self.name()).fetch_one(&self.to.pool).await.map_err(doing(what.clone()))?;
        let slot = self.slot().await?;
        let enabled = self.subscription().await?;
        let name = self.name();
        let trouble = match (&slot, enabled) {
            (Some(slot), _) if slot.lost => Some(format!(
                "the slot {name} was given up: the log that it needed grew over max_slot_wal_keep_size. To copy anew: on the {0} side \
                 ALTER SUBSCRIPTION {name} DISABLE; ALTER SUBSCRIPTION {name} SET (slot_name = NONE); DROP SUBSCRIPTION {name}; TRUNCATE \
                 its tables; then the same command again",
                self.side.other().name()
            )),
            (_, None) => Some(format!("the subscription {} is gone", self.name())),
            (_, Some(false)) => {
                Some(format!("the subscription {} is switched off: an error stopped it, or somebody did", self.name()))
            }
            (None, _) => Some(format!("the slot {} is gone", self.name())),
            _ => self.failures().await?.map(|failures| {
                format!(
                    "the subscription {name} failed {failures} times and gets nowhere: the log of the {} server says why (a row that is \
                     there already, a column that is missing, a full disk)",
                    self.side.other().name()
                )
            }),
        };
        Ok(Following {
            tables: tables.unsigned_abs(),
            of: of.unsigned_abs(),
            bytes: tables::bytes(&self.to.pool).await?,
            total: tables::bytes(&self.from.pool).await?,
            lag: slot.map_or(0, |slot| slot.lag.unwrap_or(0).unsigned_abs()),
            trouble,
        })
    }

    /// How often its workers have failed, if that is often and it gets nowhere. PostgreSQL counts from version 15 on.
    async fn failures(&self) -> DatabaseResult<Option<i64>> {
        if self.version().await? < 150_000 {
            return Ok(None);
        }
        let recovers = until(Duration::from_millis(200), || async { Ok(self.failing().await?.is_none()) });
        match tokio::time::timeout(DOUBT, recovers).await {
            Ok(recovered) => recovered.map(|()| None),
            Err(_) => self.failing().await,
        }
    }

    /// How often its workers have failed, if that is often and they don't run for long.
    async fn failing(&self) -> DatabaseResult<Option<i64>> {
        // One that was started a moment ago may be about to fail again.
        let runs = |which: &str| {
            format!(
                "EXISTS (SELECT FROM pg_stat_subscription s LEFT JOIN pg_stat_activity a USING (pid) WHERE s.subid = e.subid \
                 AND s.pid IS NOT NULL AND s.relid IS {which} AND coalesce(a.backend_start < now() - interval '2 s', true))"
            )
        };
        let sql = format!(
            "SELECT CASE WHEN e.apply_error_count >= {FAILURES} AND NOT {} THEN e.apply_error_count \
             WHEN e.sync_error_count >= {FAILURES} AND NOT {} AND EXISTS \
             (SELECT FROM pg_subscription_rel r WHERE r.srsubid = e.subid AND r.srsubstate NOT IN ('r', 's')) THEN e.sync_error_count END \
             FROM pg_stat_subscription_stats e WHERE e.subname = $1",
            runs("NULL"),
            runs("NOT NULL")
        );
        let failures: Option<Option<i64>> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(self.name())
            .fetch_optional(&self.to.pool)
            .await
            .map_err(doing(self.what("counting failures of")))?;
        Ok(failures.flatten())
    }
}
