//! `migrate state …`: one file a subcommand. This is one match over them.

mod diff;
mod history;
mod list;
mod rebuild;
mod show;
mod unlock;

use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::open::{self, Opened};
use crate::state::{State, recorded};
use anyhow::{Context, anyhow};

/// Look at what is recorded and at who holds the lock; make a lost state again.
#[derive(clap::Subcommand)]
pub enum Command {
    Show(show::Args),
    List(list::Args),
    History(history::Args),
    Diff(diff::Args),
    Rebuild(rebuild::Args),
    Unlock(unlock::Args),
}

/// Runs it.
pub async fn run(globals: &Globals, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Show(args) => show::run(globals, args).await,
        Command::List(args) => list::run(globals, args).await,
        Command::History(args) => history::run(globals, args).await,
        Command::Diff(args) => diff::run(globals, args).await,
        Command::Rebuild(args) => rebuild::run(globals, args).await,
        Command::Unlock(args) => unlock::run(globals, args).await,
    }
}

/// The state with this serial from the history, or the present one.
async fn state(city: &Opened, serial: Option<u64>) -> anyhow::Result<State> {
    let name = &city.city.name;
    let Some(serial) = serial else {
        let recorded = city.recorded().await?;
        return match recorded.etag {
            Some(_) => Ok(recorded.state),
            None => Err(anyhow!("nothing is recorded of {name} in s3://{}", city.bucket)),
        };
    };
    let found = recorded::before(&*city.store, name, serial).await;
    found.with_context(|| format!("reading the state {serial} of {name}"))?.ok_or_else(|| {
        anyhow!("there is no state of {name} with serial {serial}")
            .context(Hint(format!("`{} state history {name}` lists them", city.prefix)))
    })
}
