//! `migrate destroy`

use super::exit::Exit;
use super::globals::Globals;
use super::hold::Hold;
use super::open::{World, cities};
use super::run::{self, Options};
use crate::engine::plan::Goal;
use anyhow::anyhow;

/// Take a city down again: the traffic back to the legacy side first, then everything in reverse, until nothing is left.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  migrate destroy malmo --delete-database malmo      a final snapshot is kept")]
pub struct Args {
    /// The city.
    city: String,
    /// Don't ask.
    #[arg(short, long)]
    yes: bool,
    /// The database to delete, by its name; a final snapshot is kept. Without it a city with a database isn't touched.
    #[arg(long, value_name = "NAME")]
    delete_database: Vec<String>,
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
        Options { yes: args.yes, until: None, delete_database: args.delete_database, hold: args.hold, saved: None };
    run::run(globals, &opened, Goal::Nothing, options).await
}
