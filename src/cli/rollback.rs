//! `migrate rollback`

use super::exit::Exit;
use super::globals::Globals;
use super::hold::Hold;
use super::open::{World, cities};
use super::run::{self, Options};
use crate::engine::plan::Goal;
use anyhow::anyhow;

/// Give a city back to its legacy side: the traffic first, then the right to write, with every row that was written on the new side. All
/// that was built stays, so `migrate apply` moves the city again. Possible until `migrate finish`.
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
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let mut cities = cities(globals, std::slice::from_ref(&args.city))?;
    let world = World::new(globals, &cities).await?;
    let city = cities.pop().ok_or_else(|| anyhow!("no city {}", args.city))?;
    let opened = world.open(city).await;
    let options =
        Options { yes: args.yes, until: None, delete_database: Vec::new(), hold: args.hold, saved: None, only: None };
    run::run(globals, &opened, Goal::Legacy, options).await
}
