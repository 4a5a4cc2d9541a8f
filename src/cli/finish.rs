//! `migrate finish`

use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::hold::Hold;
use super::interrupt::Interrupt;
use super::open::{self, Opened, Recorded};
use super::plan::Format;
use super::{carry, confirm, ending, run, verdict};
use crate::aws::data::complete::CompleteOutputs;
use crate::aws::data::pointer::SecretPointer;
use crate::aws::data::switch::{SwitchOutputs, SwitchProps};
use crate::aws::data::{DataProps, engine};
use crate::database::end::{finish, finish_alone};
use crate::engine::plan::{Goal, Plan};
use crate::engine::{Address, CloudResult};
use crate::phases::Lookups;
use crate::phases::cutover::SWITCH;
use crate::phases::rds::{COMPLETE, DATA};
use crate::state::lock::author;
use crate::state::{Lease, Ledger, State};
use crate::view::style::{GREEN, paint};
use crate::view::{note, out};
use anyhow::{Context, anyhow};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// End a move: the legacy database no longer follows and takes no writes, nothing of the move is left on either side (streams, slots,
/// publications, users, gates), and nothing of the city leads to today's servers any more. From then on there is no way back.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  migrate finish malmo")]
pub struct Args {
    /// The city.
    city: String,
    /// Don't ask.
    #[arg(short, long)]
    yes: bool,
    /// The legacy database is gone for good: end the move without it. Say the city's name.
    #[arg(long, value_name = "CITY", require_equals = true)]
    old_side_is_lost: Option<String>,
    #[command(flatten)]
    hold: Hold,
    /// How to print what it came to.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    // What the file asks for since isn't part of the end.
    let opened = open::one(globals, &args.city).await?.by_applied_file().await?;
    if let Some(named) = args.old_side_is_lost.as_ref().filter(|named| **named != args.city) {
        return Err(anyhow!("{named} isn't {}: nothing was changed", args.city));
    }
    let interrupt = Interrupt::listen()?;
    let hold = args.hold;
    let work = async |lease: &Lease| locked(globals, &opened, &args, lease, &interrupt).await;
    run::under_lock(globals, &opened, "finish", hold, &interrupt, work).await
}

async fn locked(
    globals: &Globals,
    city: &Opened,
    args: &Args,
    lease: &Lease,
    interrupt: &Interrupt,
) -> anyhow::Result<Exit> {
    let name = &city.city.name;
    let recorded = city.recorded().await?;
    let switched = recorded.state.resources.get(&SWITCH.into()).filter(|record| !record.outputs.is_null());
    let Some(record) = switched else {
        let hint = match recorded.state.resources.contains_key(&DATA.into()) {
            true => format!("`{0} apply {name}` moves it, `{0} abandon {name}` gives the move up", globals.prefix()),
            false => format!("`{} apply {name}` moves it", globals.prefix()),
        };
        return Err(anyhow!("the data of {name} hasn't moved: there is nothing to finish").context(Hint(hint)));
    };
    let props = SwitchProps::deserialize(&record.props)?.data;
    if let Some(at) = finished_at(&recorded.state) {
        note(&format!("the move of {name} was finished at {at:.0}"));
    } else {
        let question = format!(
            "After this there is no way back for {name}: its legacy database takes no writes, and nothing leads to its servers. Finish it?"
        );
        if !args.yes && !interrupt.or(confirm::ask(&question, name)).await?? {
            return Ok(Exit::Error);
        }
        let again = || Hint(format!("what is done is done; go on with: {} finish {name}", globals.prefix()));
        let done = end(city, &props, args.old_side_is_lost.is_some()).await;
        done.with_context(|| format!("finishing {name}")).map_err(|error| error.context(again()))?;
        let ledger = Ledger::new(city.store.clone(), recorded.state, recorded.etag, &author());
        ledger.commit(keep).await.context("recording it")?;
        note(&format!(
            "{} the move of {name} is finished: nothing of it is left in its databases",
            paint(GREEN, "done:")
        ));
    }
    let exit = let_go(city, lease, interrupt).await?;
    report(city, &city.recorded().await?.state, args.output);
    Ok(exit)
}

/// The databases' part.
async fn end(city: &Opened, props: &DataProps, alone: bool) -> CloudResult<()> {
    let databases = engine(&city.aws, props).await?;
    match alone {
        true => finish_alone(&*databases).await?,
        false => finish(&*databases).await?,
    }
    SecretPointer { aws: &city.aws, props }.forget().await
}

/// What is recorded of it: the switch remains, as the record of the end, with what was copied ahead of it.
fn keep(state: &mut State) {
    state.lookups.finished = true;
    state.resources.remove(&DATA.into());
    let copied = state.resources.remove(&COMPLETE.into());
    let copied = copied.and_then(|record| CompleteOutputs::deserialize(&record.outputs).ok());
    let Some(record) = state.resources.get_mut(&SWITCH.into()) else { return };
    if let Ok(outputs) = SwitchOutputs::deserialize(&record.outputs) {
        let outputs = SwitchOutputs { finished_at: Some(Timestamp::now()), copied, ..outputs };
        // Serialising plain structures can't fail.
        record.outputs = serde_json::to_value(outputs).unwrap_or_default();
    }
}

/// Takes away what of the city leads to today's servers. Cut off, the next run or the next apply goes on.
async fn let_go(city: &Opened, lease: &Lease, interrupt: &Interrupt) -> anyhow::Result<Exit> {
    let Recorded { state, etag } = city.recorded().await?;
    let mut plan = city.plan(&state, Goal::City).await?;
    leave_the_rest(city, &mut plan);
    if plan.is_empty() {
        return Ok(Exit::Done);
    }
    let ledger = Ledger::new(city.store.clone(), state, etag, &author());
    ledger.commit(|state| state.lookups = plan.lookups.clone()).await.context("recording the beginning")?;
    let (outcome, took) = carry::out(city, &plan, &ledger, lease, interrupt, None).await;
    if outcome.failures.is_empty() && outcome.left.is_empty() {
        note(&format!("{} nothing of {} leads to its legacy servers", paint(GREEN, "done:"), city.city.name));
        return Ok(Exit::Done);
    }
    Ok(verdict::tell(city, &plan, false, &outcome, took, None, interrupt.signal()))
}

/// Keeps of a plan what follows from the end of the move, and nothing that somebody may have wanted beside it.
fn leave_the_rest(city: &Opened, plan: &mut Plan) {
    let wanted = |finished| -> BTreeMap<Address, _> {
        let all = city.wanted(&Lookups { finished, ..plan.lookups.clone() });
        all.into_iter().map(|one| (one.address.clone(), (one.dependencies(), one.props))).collect()
    };
    let (before, after) = (wanted(false), wanted(true));
    plan.changes.retain(|change| before.get(&change.address) != after.get(&change.address));
}

/// When the way back was taken away.
pub fn finished_at(state: &State) -> Option<Timestamp> {
    let record = state.resources.get(&SWITCH.into())?;
    SwitchOutputs::deserialize(&record.outputs).ok()?.finished_at
}

/// Whether today's servers are no longer needed. That stays so until nothing of the city is left.
pub fn is_finished(state: &State) -> bool {
    !state.resources.is_empty() && (state.lookups.finished || finished_at(state).is_some())
}

fn report(city: &Opened, state: &State, format: Format) {
    match (ending::moved(city, state), format) {
        (data, Format::Json) => ending::json(&data),
        (Some(data), _) => out(&data.text()),
        (None, _) => {}
    }
}
