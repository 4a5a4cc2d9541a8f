//! The two ends of a move: finished, with the new side serving, or given up, with the old one serving. Nothing of it is left then.

use super::engine::Gate;
use super::{DatabaseError, DatabaseResult, Engine, Side};
use std::time::Duration;

/// How long a new side may take to say that it is there.
const ANSWERS: Duration = Duration::from_secs(20);

/// Ends a move: there is no way back any more.
///
/// # Errors
/// While the new side doesn't serve, or what a server said.
pub async fn finish(engine: &dyn Engine) -> DatabaseResult<()> {
    let (old, new) = (engine.gate(Side::Old).await?, engine.gate(Side::New).await?);
    let finished = old == Gate::None && new == Gate::None;
    if !finished && (!new.serves() || !matches!(old, Gate::Given | Gate::Waiting | Gate::None)) {
        return Err(DatabaseError::Refused("the new side doesn't serve yet: there is nothing to finish".into()));
    }
    engine.tidy(Side::Old).await?;
    engine.tidy(Side::New).await
}

/// The same where the old side is gone for good: nobody is asked there.
///
/// # Errors
/// If the old side answers, the new one doesn't serve, or what it said.
pub async fn finish_alone(engine: &dyn Engine) -> DatabaseResult<()> {
    if answer(engine, Side::Old).await.is_ok() {
        return Err(DatabaseError::Refused("the old side answers, so it isn't lost".into()));
    }
    if !engine.gate(Side::New).await?.serves() {
        return Err(DatabaseError::Refused("the new side doesn't serve: there is nothing to finish".into()));
    }
    engine.tidy(Side::New).await
}

/// What giving a move up came to.
#[derive(Debug, Default)]
pub struct GivenUp {
    /// What was on the old side, in words. Nothing of it is there any more.
    pub removed: Vec<String>,
    /// Why nothing was removed on the new side; `None`: it was.
    pub new: Option<String>,
}

/// Gives a move up: the old side goes on as if there had been none. Whatever the new side is like; where it answers (`new` says why nobody is
/// to ask), it is tidied too, and emptied if `empty`.
///
/// # Errors
/// While the new side serves, or what the old one said.
pub async fn give_up(engine: &dyn Engine, new: Option<String>, empty: bool) -> DatabaseResult<GivenUp> {
    let new = match new {
        Some(why) => Err(why),
        None => answer(engine, Side::New).await,
    };
    match engine.gate(Side::Old).await? {
        Gate::Given | Gate::Waiting => return Err(serves()),
        // An end that was cut off: the old side is tidied already.
        Gate::None if new == Ok(Gate::Open) => return Err(serves()),
        Gate::Frozen(_) => engine.thaw(Side::Old).await?,
        _ => {}
    }
    let removed = engine.remains(Side::Old).await?;
    // The side that follows goes first: what is removed on the other one is no news to it then.
    let tidied = async {
        new?;
        let tidied = async {
            engine.tidy(Side::New).await?;
            if empty { engine.empty().await } else { Ok(()) }
        };
        tidied.await.map_err(|error| error.to_string())
    };
    let new = tidied.await.err();
    engine.tidy(Side::Old).await?;
    let left = engine.remains(Side::Old).await?;
    if left.is_empty() {
        return Ok(GivenUp { removed, new });
    }
    Err(DatabaseError::Refused(format!("this is still on the old side: {}", left.join(", "))))
}

fn serves() -> DatabaseError {
    DatabaseError::Refused("the new database serves".into())
}

/// What a side's gate says, if it answers in time; otherwise why not.
///
/// # Errors
/// Why it doesn't answer.
pub async fn answer(engine: &dyn Engine, side: Side) -> Result<Gate, String> {
    match tokio::time::timeout(ANSWERS, engine.gate(side)).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", ANSWERS.as_secs())),
    }
}
