//! `migrate state show`

use crate::cli::exit::Exit;
use crate::cli::globals::Globals;
use crate::view::out;
use anyhow::anyhow;

/// Print the recorded state of a city as JSON.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  migrate state show malmo\n  migrate state show malmo --serial 12\n  migrate state show malmo --file > cities/malmo.yaml      the city file as it was applied"
)]
pub struct Args {
    /// The city.
    city: String,
    /// The state with this serial, from the history.
    #[arg(long)]
    serial: Option<u64>,
    /// Print the city file as it was applied, and nothing else.
    #[arg(long)]
    file: bool,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let city = super::open::one(globals, &args.city).await?;
    let state = super::state(&city, args.serial).await?;
    if args.file {
        let text = state.file.ok_or_else(|| {
            anyhow!("the state {} of {} keeps no city file: an older `migrate` wrote it", state.serial, args.city)
        })?;
        out(&text);
        return Ok(Exit::Done);
    }
    out(&format!("{}\n", serde_json::to_string_pretty(&state)?));
    Ok(Exit::Done)
}
