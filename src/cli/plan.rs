//! `migrate plan`

use super::exit::Exit;
use super::globals::Globals;
use super::open::{Opened, World};
use super::{facts, preflight, saved, standing};
use crate::engine::plan::{Goal, Plan};
use crate::preflight::Finding;
use crate::view::report::PlanReport;
use crate::view::{markdown, out, plan_json, plan_text};
use anyhow::anyhow;
use futures_util::future::try_join_all;
use std::path::PathBuf;
use std::time::Duration;

/// Show what would change, how long it takes, and what users notice. Writes nothing anywhere.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  migrate plan malmo\n  migrate plan --all --output markdown\n  migrate plan malmo --out malmo.plan && migrate apply malmo malmo.plan\n  migrate plan malmo --detailed-exitcode      0: no changes, 2: changes, 1: error"
)]
pub struct Args {
    /// The cities.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    cities: Vec<String>,
    /// All cities of the folder.
    #[arg(long)]
    all: bool,
    /// Save the plan for `migrate apply CITY FILE`, which does exactly that or refuses.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
    /// Exit with 2 if there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Plan the deletion of the cities.
    #[arg(long)]
    destroy: bool,
}

/// How to print a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For comments on pull requests.
    Markdown,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let cities = match args.destroy {
        true => standing::cities(globals, &args.cities).await?,
        false => standing::wanted(globals, &args.cities).await?,
    };
    if args.out.is_some() && cities.len() != 1 {
        return Err(anyhow!("--out saves the plan of one city, not of {}", cities.len()));
    }
    let world = World::new(globals, &cities).await?;
    let goal = if args.destroy { Goal::Nothing } else { Goal::City };
    let opened = futures_util::future::join_all(cities.into_iter().map(|city| world.open(city))).await;
    let plans = try_join_all(opened.iter().map(|city| one(city, goal))).await?;
    let reports: Vec<PlanReport<'_>> = opened
        .iter()
        .zip(&plans)
        .map(|(city, (plan, found))| facts::report(city, plan).with_preflight(found.clone()))
        .collect();
    out(&match args.output {
        Format::Text => reports.iter().map(plan_text::render).collect::<Vec<_>>().join("\n"),
        Format::Json => plan_json::render(&reports),
        Format::Markdown => markdown::render(&reports),
    });
    if let (Some(file), Some((plan, _))) = (&args.out, plans.first()) {
        saved::save(plan, file)?;
    }
    let changes = plans.iter().any(|(plan, _)| !plan.is_empty());
    Ok(if changes && args.detailed_exitcode { Exit::Changes } else { Exit::Done })
}

/// How long the live database may take to answer.
const PATIENCE: Duration = Duration::from_secs(4);

async fn one(city: &Opened, goal: Goal) -> anyhow::Result<(Plan, Vec<Finding>)> {
    let recorded = city.recorded().await?;
    if recorded.state.resources.is_empty() {
        // A city that is there proves its account by its own resources; a new one must not be planned in a stranger's.
        city.check_account().await?;
    }
    city.check_living(&recorded.state, goal)?;
    let plan = city.plan(&recorded.state, goal).await?;
    let found = preflight::findings(city, &plan, PATIENCE).await;
    Ok((plan, found))
}
