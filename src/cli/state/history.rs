//! `migrate state history`

use crate::cli::exit::Exit;
use crate::cli::globals::Globals;
use crate::state::recorded::{before, serials};
use crate::view::out;
use futures_util::{StreamExt, stream};

/// How many states are read at once.
const AT_ONCE: usize = 16;

/// List the states that were written before, oldest first.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  migrate state history malmo      then: migrate state diff malmo 11 12")]
pub struct Args {
    /// The city.
    city: String,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let city = super::open::one(globals, &args.city).await?;
    let (store, name) = (&*city.store, &args.city);
    let serials = serials(store, name).await?;
    let read = serials.into_iter().map(|serial| async move { (serial, before(store, name, serial).await) });
    let mut states = stream::iter(read).buffered(AT_ONCE);
    while let Some((serial, state)) = states.next().await {
        match state {
            Ok(Some(state)) => out(&format!(
                "{serial:>6}  {:.0}  {:>4} resources  {}\n",
                state.written_at,
                state.resources.len(),
                state.written_by
            )),
            Ok(None) => {}
            Err(error) => out(&format!("{serial:>6}  {error}\n")),
        }
    }
    Ok(Exit::Done)
}
