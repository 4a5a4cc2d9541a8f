//! `migrate import`

use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::hold::Hold;
use super::open;
use super::run::{self, Options};
use crate::engine::adopt::{self, Refusal};
use crate::engine::plan::Goal;
use crate::spec::suggest::nearest;
use crate::view::note;
use crate::view::values::value;

/// Take over what somebody made by hand: it becomes the resource at an address, after a check that it is what the city file wants
/// there. It gets the city's tags and is recorded; nothing else of it is changed.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  migrate import malmo vpc/vpc vpc-0a1b2c3d4e5f67890\n  migrate import malmo ecs/role.task malmo-ecs-task      what has no id goes by its name, or its ARN"
)]
pub struct Args {
    /// The city.
    city: String,
    /// Where it is to stand, as a plan shows it.
    address: String,
    /// Its id; its ARN or name where it has none.
    id: String,
    /// Don't ask.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    hold: Hold,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let opened = open::by_file(globals, &args.city).await?;
    if globals.sandbox {
        super::bootstrap::make(&opened).await?;
    }
    let state = opened.recorded().await?.state;
    let (wanted, lookups) = opened.desired(&state.lookups).await?;
    let addresses: Vec<String> = wanted.iter().map(|one| one.address.to_string()).collect();
    let address = args.address.as_str().into();
    match adopt::plan(&opened.cloud, wanted, &state, lookups.clone(), &address, &args.id).await {
        Ok(plan) => {
            let options = Options { yes: args.yes, hold: args.hold, only: Some(plan), ..Options::default() };
            run::run(globals, &opened, Goal::City, options).await
        }
        Err(refusal) => Err(told(globals, &args, refusal, &addresses)),
    }
}

/// The refusal with what to do about it.
fn told(globals: &Globals, args: &Args, refusal: Refusal, addresses: &[String]) -> anyhow::Error {
    let (city, prefix) = (&args.city, globals.prefix());
    let hint = match &refusal {
        Refusal::NoAddress(_) => match nearest(&args.address, addresses.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}? `{prefix} plan {city}` shows all of them"),
            None => format!("`{prefix} plan {city}` shows all of them"),
        },
        Refusal::NoId(..) => format!("`{prefix} plan {city}` says whether it is there already"),
        Refusal::Taken(address, _) => format!(
            "if {} is to take its place, delete that one first; `{prefix} state list {city}` shows what is recorded at {address}",
            args.id
        ),
        Refusal::Absent { .. } => {
            format!("check the id and the region; `{prefix} plan {city}` shows the name that is wanted there")
        }
        Refusal::Differs { fields, .. } => {
            for field in fields {
                note(&format!("  {}: is {}, wanted {}", field.path, value(&field.old), value(&field.new)));
            }
            "change the city file if it is meant to be like that, or let migrate make its own; nothing was changed"
                .into()
        }
        Refusal::Cloud(_) => return refusal.into(),
    };
    anyhow::Error::from(refusal).context(Hint(hint))
}
