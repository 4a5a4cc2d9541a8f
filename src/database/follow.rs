//! What is done ahead, while the old side serves and users notice nothing: two runbooks with the copy between them.

use super::engine::Compared;
use super::runbook::Runbook;
use super::{DatabaseError, DatabaseResult, Engine, Side};
use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};

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

    fn is_final(&self, _: BeginStep) -> bool {
        false
    }

    async fn done(&self, _: BeginStep) -> DatabaseResult<bool> {
        Ok(false)
    }

    async fn run(&self, step: BeginStep) -> DatabaseResult<()> {
        match step {
            BeginStep::Prepare => self.0.prepare().await,
            BeginStep::Roles => self.0.roles().await,
            BeginStep::Schema => self.0.schema().await,
            BeginStep::Follow => self.0.follow().await,
        }
    }

    /// Nothing is taken back: none of it disturbs the old side, and the next run goes on from it.
    async fn undo(&self, _: BeginStep) -> DatabaseResult<()> {
        Ok(())
    }
}

/// Completes the new side once everything is copied.
pub struct Complete<'a> {
    /// The databases.
    pub engine: &'a dyn Engine,
    /// What the comparison found.
    pub compared: Mutex<Option<Compared>>,
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
}

#[async_trait]
impl Runbook for Complete<'_> {
    type Step = CompleteStep;

    fn steps(&self) -> Vec<CompleteStep> {
        use CompleteStep::*;
        vec![Indexes, Analyse, Gates, Schema, Compare]
    }

    fn name(&self, step: CompleteStep) -> &'static str {
        match step {
            CompleteStep::Indexes => "build indexes",
            CompleteStep::Analyse => "analyse",
            CompleteStep::Gates => "put up the gates",
            CompleteStep::Schema => "compare the schemas",
            CompleteStep::Compare => "compare every row",
        }
    }

    fn is_final(&self, _: CompleteStep) -> bool {
        false
    }

    async fn done(&self, _: CompleteStep) -> DatabaseResult<bool> {
        Ok(false)
    }

    async fn run(&self, step: CompleteStep) -> DatabaseResult<()> {
        match step {
            CompleteStep::Indexes => self.engine.indexes().await,
            CompleteStep::Analyse => self.engine.analyse().await,
            CompleteStep::Gates => self.engine.gates().await,
            CompleteStep::Schema => self.engine.same_schema().await,
            CompleteStep::Compare => {
                let compared = self.engine.compare_all().await?;
                let differences = compared.differences.join("; ");
                *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = Some(compared);
                if differences.is_empty() { Ok(()) } else { Err(DatabaseError::Refused(differences)) }
            }
        }
    }

    async fn undo(&self, _: CompleteStep) -> DatabaseResult<()> {
        Ok(())
    }
}

/// The end of a move: nothing of it is left, and there is no way back any more.
///
/// # Errors
/// While the new side doesn't serve, or what a server said.
pub async fn finish(engine: &dyn Engine) -> DatabaseResult<()> {
    use super::engine::Gate;
    let (old, new) = (engine.gate(Side::Old).await?, engine.gate(Side::New).await?);
    let finished = old == Gate::None && new == Gate::None;
    if !finished && (!new.serves() || !matches!(old, Gate::Given | Gate::Waiting | Gate::None)) {
        return Err(DatabaseError::Refused("the new side doesn't serve yet: there is nothing to finish".into()));
    }
    engine.tidy(Side::Old).await?;
    engine.tidy(Side::New).await
}
