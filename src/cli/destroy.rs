//! `migrate destroy`

use super::consent::{Consent, TakeDown};
use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::hold::Hold;
use super::open::{self, Opened};
use super::run::{self, Options};
use crate::engine::adopt;
use crate::engine::plan::{Goal, Plan};
use anyhow::anyhow;

/// Take a city down again: the database and its users back to the legacy side first, then everything in reverse, until nothing is left.
/// After `migrate finish` there is no legacy side: nobody serves the city's users then.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  migrate destroy malmo --delete-database malmo      a final snapshot is kept\n  migrate destroy malmo --stray subnet-0a1b2c3d      only what a plan calls a stray"
)]
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
    consent: Consent,
    #[command(flatten)]
    take_down: TakeDown,
    #[command(flatten)]
    hold: Hold,
    /// Delete only this stray, by the id that `plan` and `status` tell; the city itself is left as it is.
    #[arg(long, value_name = "ID")]
    stray: Vec<String>,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let opened = open::one(globals, &args.city).await?;
    let mut options = Options {
        yes: args.yes,
        delete_database: args.delete_database,
        consent: args.consent,
        take_down: args.take_down,
        hold: args.hold,
        ..Options::default()
    };
    if args.stray.is_empty() {
        return run::run(globals, &opened, Goal::Nothing, options).await;
    }
    options.only = Some(strays(globals, &opened, &args.stray).await?);
    run::run(globals, &opened, Goal::City, options).await
}

/// The plan that deletes these strays and nothing else.
async fn strays(globals: &Globals, city: &Opened, ids: &[String]) -> anyhow::Result<Plan> {
    let state = city.recorded().await?.state;
    let plan = city.plan(&state, Goal::City).await?;
    let (all, wanted) = (city.strays(&state, &plan).await?, city.wanted(&plan.lookups));
    let (name, prefix) = (&city.city.name, globals.prefix());
    let mut changes = Vec::new();
    for id in ids {
        let stray = all.iter().find(|stray| stray.id == *id).ok_or_else(|| {
            anyhow!("{id} is no stray of {name}").context(Hint(format!("`{prefix} status {name}` lists them")))
        })?;
        let change = adopt::removal(&city.cloud, &wanted, &state, stray).await?;
        changes.push(change.ok_or_else(|| {
            let error = anyhow!("{id} ({}) can't be deleted from here: no address of {name} is like it", stray.kind);
            error.context(Hint("delete it in AWS; nothing was changed".into()))
        })?);
    }
    Ok(adopt::only(&state, plan.lookups, Goal::City, changes))
}
