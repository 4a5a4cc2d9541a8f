//! `migrate apply`

use super::consent::{Consent, TakeDown};
use super::exit::Exit;
use super::globals::Globals;
use super::hold::Hold;
use super::open::World;
use super::plan::Format;
use super::run::{self, Options};
use super::{bootstrap, saved, standing};
use crate::engine::plan::Goal;
use crate::phases::PHASES;
use anyhow::anyhow;
use clap::builder::PossibleValuesParser;
use std::path::PathBuf;

/// Build or change a city: show the plan, ask, and carry it out, as much at once as the graph allows. What users notice is done in the
/// city's window: outside of it all else is done, and the command ends with 3. Killed anywhere, the same command goes on where it
/// stopped.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  migrate apply malmo\n  migrate apply malmo --yes --until rds\n  migrate apply malmo --yes --now=malmo   at once, whatever its window\n  migrate apply malmo --wait          after whoever is busy with it now\n  migrate apply malmo malmo.plan      exactly the saved plan, or nothing"
)]
pub struct Args {
    /// The city, or a plan saved by `migrate plan --out`.
    city: String,
    /// A plan saved by `migrate plan --out`.
    plan: Option<PathBuf>,
    /// Don't ask.
    #[arg(short, long)]
    yes: bool,
    /// Stop after this phase.
    #[arg(long, value_name = "PHASE", value_parser = phases())]
    until: Option<String>,
    /// Allow that this database is replaced; a final snapshot is kept.
    #[arg(long, value_name = "NAME")]
    delete_database: Vec<String>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    hold: Hold,
    /// How to print what it came to; with `json` the plan goes to standard error.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

fn phases() -> PossibleValuesParser {
    PossibleValuesParser::new(PHASES.iter().map(|phase| phase.name))
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let file = args.plan.clone().or_else(|| Some(PathBuf::from(&args.city)).filter(|path| path.is_file()));
    let saved = file.as_ref().map(|file| saved::load(file)).transpose()?;
    let name = match (&saved, &args.plan) {
        (Some(plan), None) => plan.city.clone(),
        _ => args.city.clone(),
    };
    let mut cities = standing::wanted(globals, std::slice::from_ref(&name)).await?;
    if let (Some(plan), Some(city)) = (&saved, cities.first()) {
        saved::check(plan, city)?;
    }
    let world = World::new(globals, &cities).await?;
    let city = cities.pop().ok_or_else(|| anyhow!("no city {name}"))?;
    let opened = world.open(city).await;
    if globals.sandbox {
        bootstrap::make(&opened).await?;
    }
    let options = Options {
        yes: args.yes,
        until: args.until,
        delete_database: args.delete_database,
        consent: args.consent,
        take_down: TakeDown::default(),
        hold: args.hold,
        saved,
        output: args.output,
        ..Options::default()
    };
    run::run(globals, &opened, Goal::City, options).await
}
