//! What is done ahead, while the old side serves and users notice nothing: two runbooks with the copy between them.

use super::engine::{Compared, Gate, Tell};
use super::runbook::Runbook;
use super::{DatabaseError, DatabaseResult, Engine, Side};
use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the lag is looked at.
const EVERY: Duration = Duration::from_millis(250);
/// How long the new side may take to get in step: indexes that were built have held it up.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Begins the copy.
pub struct Begin<'a>(pub &'a dyn Engine);

/// One step of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginStep {
    /// Users for the replication, tables for the gate.
    Prepare,
    /// The users of the service.
    Roles,
    /// Tables and their keys.
    Schema,
    /// Publication and subscription, or what the engine has in their place.
    Follow,
}

#[async_trait]
impl Runbook for Begin<'_> {
    type Step = BeginStep;

    fn steps(&self) -> Vec<BeginStep> {
        vec![BeginStep::Prepare, BeginStep::Roles, BeginStep::Schema, BeginStep::Follow]
    }

    fn name(&self, step: BeginStep) -> &'static str {
        match step {
            BeginStep::Prepare => "prepare both sides",
            BeginStep::Roles => "copy users",
            BeginStep::Schema => "copy the schema",
            BeginStep::Follow => "begin to copy",
        }
    }

    fn undoes(&self) -> bool {
        false
    }

    fn is_final(&self, _: BeginStep) -> bool {
        false
    }

    /// Once the old side has handed over it must not be touched, whatever is recorded.
    async fn done(&self, _: BeginStep) -> DatabaseResult<bool> {
        moved(self.0).await
    }

    async fn run(&self, step: BeginStep, tell: Tell<'_>) -> DatabaseResult<()> {
        match step {
            BeginStep::Prepare => self.0.prepare().await,
            BeginStep::Roles => self.0.roles().await,
            BeginStep::Schema => self.0.schema().await,
            BeginStep::Follow => self.0.follow(tell).await,
        }
    }

    async fn undo(&self, _: BeginStep) -> DatabaseResult<()> {
        Ok(())
    }
}

/// Completes the new side once everything is copied.
pub struct Complete<'a> {
    /// The databases.
    pub engine: &'a dyn Engine,
    /// Bytes that the new side may be behind at most.
    lag: u64,
    /// For how long without a break.
    lag_for: Duration,
    compared: Mutex<Compared>,
}

impl<'a> Complete<'a> {
    /// For a new side that must be at most `lag` bytes behind for `lag_for`.
    pub fn new(engine: &'a dyn Engine, lag: u64, lag_for: Duration) -> Self {
        Self { engine, lag, lag_for, compared: Mutex::default() }
    }

    /// What the comparison found.
    pub fn compared(&self) -> Compared {
        self.compared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Until the new side has been close enough for long enough.
    async fn in_step(&self) -> DatabaseResult<()> {
        let mut since = Instant::now();
        let deadline = Instant::now() + PATIENCE + self.lag_for;
        loop {
            let following = self.engine.following(Side::Old).await?;
            if let Some(trouble) = following.trouble {
                return Err(DatabaseError::Refused(trouble));
            }
            if following.lag > self.lag {
                since = Instant::now();
            }
            if since.elapsed() >= self.lag_for {
                return Ok(());
            }
            if Instant::now() > deadline {
                let (lag, limit) = (following.lag / 1000, self.lag / 1000);
                return Err(DatabaseError::Refused(format!(
                    "the new side doesn't keep in step: it is {lag} kB behind, {limit} kB are allowed (`cutover.lag`)"
                )));
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

/// One step of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompleteStep {
    /// Secondary indexes, foreign keys, triggers.
    Indexes,
    /// Statistics.
    Analyse,
    /// Every table behind its side's gate.
    Gates,
    /// The schema is still the same.
    Schema,
    /// Every row is there.
    Compare,
    /// It is close behind, and stays so.
    InStep,
}

#[async_trait]
impl Runbook for Complete<'_> {
    type Step = CompleteStep;

    fn steps(&self) -> Vec<CompleteStep> {
        use CompleteStep::*;
        vec![Indexes, Analyse, Gates, Schema, Compare, InStep]
    }

    fn name(&self, step: CompleteStep) -> &'static str {
        match step {
            CompleteStep::Indexes => "build indexes",
            CompleteStep::Analyse => "analyse",
            CompleteStep::Gates => "put up the gates",
            CompleteStep::Schema => "compare the schemas",
            CompleteStep::Compare => "compare every row",
            CompleteStep::InStep => "keep in step",
        }
    }

    fn undoes(&self) -> bool {
        false
    }

    fn is_final(&self, _: CompleteStep) -> bool {
        false
    }

    async fn done(&self, _: CompleteStep) -> DatabaseResult<bool> {
        moved(self.engine).await
    }

    async fn run(&self, step: CompleteStep, tell: Tell<'_>) -> DatabaseResult<()> {
        match step {
            CompleteStep::Indexes => self.engine.indexes().await,
            CompleteStep::Analyse => self.engine.analyse().await,
            CompleteStep::Gates => self.engine.gates().await,
            CompleteStep::Schema => self.engine.same_schema().await,
            CompleteStep::Compare => {
                let compared = self.engine.compare_all(tell).await?;
                let differences = compared.differences.join("; ");
                *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = compared;
                if differences.is_empty() { Ok(()) } else { Err(DatabaseError::Refused(differences)) }
            }
            CompleteStep::InStep => self.in_step().await,
        }
    }

    async fn undo(&self, _: CompleteStep) -> DatabaseResult<()> {
        Ok(())
    }
}

/// Whether the old side has handed over.
///
/// # Errors
/// What the server said.
pub async fn moved(engine: &dyn Engine) -> DatabaseResult<bool> {
    Ok(matches!(engine.gate(Side::Old).await?, Gate::Given | Gate::Waiting))
}
