//! How far a comparison is, kept in the database that it is of: a process that is killed loses little of what may have taken hours.
//!
//! There and not in the state: it names rows by their keys, and those are the city's data.

use super::connect::Place;
use super::sql::{literal, run};
use crate::database::engine::Tell;
use crate::database::error::doing;
use crate::database::verify::Progress;
use crate::database::verify::pass::Pass;
use crate::database::{DatabaseError, DatabaseResult};
use std::time::Duration;
use tokio::sync::watch;

/// How often at most it is written.
const EVERY: Duration = Duration::from_secs(2);

/// The kept progress of one comparison.
pub struct Kept<'a> {
    /// Where it is kept.
    pub place: &'a Place,
    /// Of which comparison.
    pub name: String,
}

impl Kept<'_> {
    /// What an earlier process has kept.
    pub async fn get(&self) -> DatabaseResult<Option<Progress>> {
        let row: Option<String> = sqlx::query_scalar("SELECT progress::text FROM migrate.compared WHERE what = $1")
            .bind(&self.name)
            .fetch_optional(&self.place.pool)
            .await
            .map_err(doing("reading how far a comparison was"))?;
        // What another version has kept in another form is compared anew.
        Ok(row.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn keep(&self, progress: &Progress) -> DatabaseResult<()> {
        let text = serde_json::to_string(progress).map_err(|error| DatabaseError::Refused(error.to_string()))?;
        sqlx::query(
            "INSERT INTO migrate.compared (what, progress) VALUES ($1, $2::jsonb)
             ON CONFLICT (what) DO UPDATE SET progress = EXCLUDED.progress",
        )
        .bind(&self.name)
        .bind(text)
        .execute(&self.place.pool)
        .await
        .map_err(doing("recording how far a comparison is"))
        .map(drop)
    }

    /// Nothing is kept any more.
    pub async fn forget(&self) -> DatabaseResult<()> {
        let sql = format!("DELETE FROM migrate.compared WHERE what = {}", literal(&self.name));
        run(&self.place.pool, "forgetting how far a comparison was", sql).await
    }

    /// Runs a pass to its end, and keeps how far it is meanwhile.
    pub async fn during(&self, pass: &Pass<'_>, progress: &mut Progress, tell: Tell<'_>) -> DatabaseResult<()> {
        let (sender, mut latest) = watch::channel(Progress::default());
        let keeping = async {
            while latest.changed().await.is_ok() {
                let now = latest.borrow_and_update().clone();
                self.keep(&now).await?;
                tokio::time::sleep(EVERY).await;
            }
            std::future::pending().await
        };
        let mut observe = |now: &Progress| {
            tell(now.how_far());
            sender.send_replace(now.clone());
        };
        let running = async { pass.run(progress, &mut observe).await.map_err(DatabaseError::from) };
        tokio::select! {
            done = running => done?,
            stopped = keeping => return stopped,
        }
        self.forget().await
    }
}
