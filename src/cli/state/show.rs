//! `migrate state show`

use crate::cli::exit::Exit;
use crate::cli::globals::Globals;
use crate::view::out;

/// Print the recorded state of a city as JSON.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  migrate state show malmo\n  migrate state show malmo --serial 12")]
pub struct Args {
    /// The city.
    city: String,
    /// The state with this serial, from the history.
    #[arg(long)]
    serial: Option<u64>,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let city = super::open::one(globals, &args.city).await?;
    let state = super::state(&city, args.serial).await?;
    out(&format!("{}\n", serde_json::to_string_pretty(&state)?));
    Ok(Exit::Done)
}
