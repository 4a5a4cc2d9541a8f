//! `migrate abandon`

use super::exit::{Exit, Hint};
use super::finish::is_finished;
use super::globals::Globals;
use super::hold::Hold;
use super::interrupt::Interrupt;
use super::open::{self, Opened, Recorded};
use super::plan::Format;
use super::{confirm, ending, run};
use crate::aws::data::pointer::SecretPointer;
use crate::aws::data::{DataProps, as_far_as_there, may_run};
use crate::database::end::{GivenUp, answer, give_up};
use crate::database::engine::Gate;
use crate::database::{Engine, Side};
use crate::engine::{CloudError, planner};
use crate::phases::cutover::SWITCH;
use crate::phases::rds::{self, COMPLETE, DATA};
use crate::state::lock::author;
use crate::state::{Lease, Ledger, State};
use crate::view::note;
use crate::view::style::{GREEN, YELLOW, paint};
use anyhow::{Context, anyhow};
use serde::{Deserialize, Serialize};

/// Give a move of data up: everything of it goes from the legacy database (streams, slots, publications, users, gates), which is checked, and
/// from the new one where that answers, whose copy is deleted. The city that was built stays, and a later `apply` copies anew.
#[derive(clap::Args)]
#[command(
    after_help = "Refused while the new side serves: `migrate rollback` comes first.\n\nExamples:\n  migrate abandon malmo\n  migrate abandon malmo --new-side-is-lost=malmo     what was written there and hasn't come back is lost"
)]
pub struct Args {
    /// The city.
    city: String,
    /// Don't ask.
    #[arg(short, long)]
    yes: bool,
    /// The new database served and is gone for good: open the legacy one for writes, without what it hadn't received. Say the city's name.
    #[arg(long, value_name = "CITY", require_equals = true, conflicts_with = "old_side_is_lost")]
    new_side_is_lost: Option<String>,
    /// The legacy database is gone for good: forget the move without asking it anything. Say the city's name.
    #[arg(long, value_name = "CITY", require_equals = true)]
    old_side_is_lost: Option<String>,
    #[command(flatten)]
    hold: Hold,
    /// How to print what it came to.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// What it came to, for programs.
#[derive(Serialize)]
struct Report<'a> {
    city: &'a str,
    abandoned: bool,
    /// What was on the legacy database and isn't any more.
    removed: &'a [String],
    /// Why nothing was removed on the new database; `null`: it was.
    new_side: Option<&'a str>,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let opened = open::one(globals, &args.city).await?;
    for named in [&args.new_side_is_lost, &args.old_side_is_lost].into_iter().flatten() {
        if *named != args.city {
            return Err(anyhow!("{named} isn't {}: nothing was changed", args.city));
        }
    }
    let interrupt = Interrupt::listen()?;
    let hold = args.hold;
    let work = async |_: &Lease| locked(globals, &opened, &args, &interrupt).await;
    run::under_lock(globals, &opened, "abandon", hold, &interrupt, work).await
}

async fn locked(globals: &Globals, city: &Opened, args: &Args, interrupt: &Interrupt) -> anyhow::Result<Exit> {
    let (name, prefix) = (&city.city.name, globals.prefix());
    // What is in the databases is what counts: a state that is lost is no reason to leave it there.
    let recorded =
        city.recorded().await.map_err(|error| note(&format!("{error:#}; going by what is in the databases")));
    let recorded = recorded.ok();
    let state = recorded.as_ref().map_or_else(|| city.home().empty(), |recorded| recorded.state.clone());
    if is_finished(&state) {
        return Err(anyhow!("the move of {name} is finished: there is nothing to give up"));
    }
    let props = props(city, &state).await?;
    let (databases, new) = as_far_as_there(&city.aws, &props).await?;
    let new = if props.host.get().is_some() { new } else { Some(format!("RDS has no instance {name}")) };
    // That it can't be reached from here doesn't mean that it doesn't serve.
    if args.new_side_is_lost.is_some() && may_run(&city.aws).await? {
        let error = anyhow!("RDS has {name} and it may be running, so it isn't lost");
        return Err(error.context(Hint(format!(
            "{prefix} rollback {name}; or stop or delete it in RDS first, so that it never serves beside the legacy database; nothing was changed"
        ))));
    }
    if args.old_side_is_lost.is_some() {
        is_lost(&*databases, Side::Old).await?;
    }
    if args.old_side_is_lost.is_none() {
        let hint = |what: String| Hint(format!("{what}; nothing was changed"));
        let gate = answer(&*databases, Side::Old).await.map_err(|why| {
            anyhow!("the legacy database of {name} doesn't answer: {why}").context(hint(format!(
                "run it from where it can be reached (docs/database.md), or, if it is gone for good: {prefix} abandon {name} --old-side-is-lost={name}"
            )))
        })?;
        let serves = !matches!(gate, Gate::Given | Gate::Waiting) && !planner::serves(&city.cloud, &state);
        if !serves && args.new_side_is_lost.is_none() {
            return Err(anyhow!("{name} is served by its new side, or users are still led there").context(hint(format!(
                "{prefix} rollback {name} gives it back first; if the new database is gone for good: {prefix} abandon {name} --new-side-is-lost={name}"
            ))));
        }
    }
    if !args.yes && !interrupt.or(confirm::ask(&question(args), name)).await?? {
        return Ok(Exit::Error);
    }
    let done = match args.old_side_is_lost {
        Some(_) => Ok(GivenUp { new, ..GivenUp::default() }),
        None => all_of_it(city, &props, &*databases, new, args.new_side_is_lost.is_some()).await,
    };
    let again = || Hint(format!("what is done is done; go on with: {prefix} abandon {name}"));
    let done = done.with_context(|| format!("giving up the move of {name}")).map_err(|error| error.context(again()))?;
    let mut left = state;
    if let Some(Recorded { state, etag }) = recorded.filter(|recorded| recorded.etag.is_some()) {
        let ledger = Ledger::new(city.store.clone(), state, etag, &author());
        ledger.commit(forget).await.context("recording it")?;
        left = ledger.read(State::clone);
    }
    report(args, name, prefix, &done, planner::serves(&city.cloud, &left));
    Ok(Exit::Done)
}

/// The databases: the old one as it was recorded, or else as the file has it; the new one where RDS has it.
async fn props(city: &Opened, state: &State) -> anyhow::Result<DataProps> {
    let recorded = state.resources.get(&DATA.into()).map(|record| DataProps::deserialize(&record.props)).transpose()?;
    let props = recorded.unwrap_or_else(|| rds::data(&city.blueprint(&state.lookups)));
    Ok(props.as_it_is(&city.aws).await?)
}

/// Fails if the side answers.
async fn is_lost(databases: &dyn Engine, side: Side) -> anyhow::Result<()> {
    match answer(databases, side).await {
        Ok(_) => Err(anyhow!("the {} database answers, so it isn't lost: nothing was changed", side.name())),
        Err(why) => {
            note(&format!("the {} database doesn't answer: {why}", side.name()));
            Ok(())
        }
    }
}

fn question(args: &Args) -> String {
    let city = &args.city;
    if args.old_side_is_lost.is_some() {
        return format!(
            "This forgets the move of {city}; whatever of it is on the legacy database stays there. Do it?"
        );
    }
    let lost = match args.new_side_is_lost {
        Some(_) => "What was written on the new side and hasn't arrived on the legacy one is lost. ",
        None => "",
    };
    format!("{lost}This removes the move of {city} from both databases, and deletes the new one's copy. Give it up?")
}

async fn all_of_it(
    city: &Opened,
    props: &DataProps,
    databases: &dyn Engine,
    new: Option<String>,
    lost: bool,
) -> Result<GivenUp, CloudError> {
    if lost {
        databases.reopen(Side::Old).await?;
    }
    let new = if lost { Some("it is lost".to_owned()) } else { new };
    let done = give_up(databases, new, true).await?;
    let pointer = SecretPointer { aws: &city.aws, props };
    pointer.lead_back().await?;
    pointer.forget().await?;
    Ok(done)
}

/// What is recorded of the move. The city itself stays.
fn forget(state: &mut State) {
    for address in [DATA, COMPLETE, SWITCH] {
        state.resources.remove(&address.into());
        state.procedures.remove(&address.into());
    }
}

fn report(args: &Args, name: &str, prefix: &str, done: &GivenUp, leads: bool) {
    let done_so = match args.old_side_is_lost {
        Some(_) => "forgotten: nobody was asked, neither the legacy database nor the new one",
        None => "given up: nothing of it is on the legacy database",
    };
    note(&format!("{} the move of {name} is {done_so}", paint(GREEN, "done:")));
    done.removed.iter().for_each(|what| note(&format!("  removed: {what}")));
    if let Some(why) = done.new.as_ref().filter(|_| args.old_side_is_lost.is_none()) {
        note(&format!("  {} nothing was removed on the new database: {why}", paint(YELLOW, "left:")));
    }
    let next = if leads { "rollback" } else { "apply" };
    let does =
        if leads { "leads users back to the legacy side" } else { "copies anew; `destroy` takes down what was built" };
    note(&format!("  next: {prefix} {next} {name}  {does}"));
    if args.output == Format::Json {
        let GivenUp { removed, new } = done;
        ending::json(&Report { city: name, abandoned: true, removed, new_side: new.as_deref() });
    }
}
