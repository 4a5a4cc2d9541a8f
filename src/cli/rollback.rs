//! `migrate rollback`

use super::exit::{Exit, Hint};
use super::finish::finished_at;
use super::globals::Globals;
use super::hold::Hold;
use super::open;
use super::plan::Format;
use super::run::{self, Options};
use crate::engine::plan::Goal;
use anyhow::anyhow;

/// Give a city back to its legacy side: the right to write, with every row that was written on the new side, then the traffic. All
/// that was built stays as it is, so `migrate apply` moves the city again. Possible until `migrate finish`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  migrate rollback malmo")]
pub struct Args {
    /// The city.
    city: String,
    /// Don't ask.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    hold: Hold,
    /// How to print what it came to; with `json` the plan goes to standard error.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let opened = open::one(globals, &args.city).await?;
    if let Some(at) = finished_at(&opened.recorded().await?.state) {
        let error = anyhow!("the move of {} was finished at {at:.0}: its legacy database no longer follows", args.city);
        return Err(error.context(Hint("there is no way back; nothing was changed".into())));
    }
    let options = Options { yes: args.yes, hold: args.hold, output: args.output, ..Options::default() };
    run::run(globals, &opened.by_applied_file().await?, Goal::Legacy, options).await
}
