//! `migrate finish`

use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::hold::Hold;
use super::interrupt::Interrupt;
use super::open::{self, Opened};
use super::plan::Format;
use super::{confirm, ending, run};
use crate::aws::data::engine;
use crate::aws::data::switch::{SwitchOutputs, SwitchProps};
use crate::database::follow::finish;
use crate::engine::{Address, CloudError};
use crate::phases::cutover::SWITCH;
use crate::state::lock::author;
use crate::state::{Lease, Ledger, State};
use crate::view::style::{GREEN, paint};
use crate::view::{note, out};
use anyhow::{Context, anyhow};
use jiff::Timestamp;
use serde::Deserialize;

/// End a move of data: the legacy database no longer follows, and nothing of the move is left on either side (streams, slots,
/// publications, users, gates). From then on there is no way back.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  migrate finish malmo")]
pub struct Args {
    /// The city.
    city: String,
    /// Don't ask.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    hold: Hold,
    /// How to print what it came to.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let opened = open::one(globals, &args.city).await?;
    let interrupt = Interrupt::listen()?;
    let hold = args.hold;
    let work = async |_: &Lease| locked(globals, &opened, &args, &interrupt).await;
    run::under_lock(globals, &opened, "finish", hold, &interrupt, work).await
}

async fn locked(globals: &Globals, city: &Opened, args: &Args, interrupt: &Interrupt) -> anyhow::Result<Exit> {
    let name = &city.city.name;
    let recorded = city.recorded().await?;
    let address = Address::from(SWITCH);
    let record = recorded.state.resources.get(&address).filter(|record| !record.outputs.is_null());
    let Some(record) = record else {
        let hint = Hint(format!("`{} apply {name}` moves it", globals.prefix()));
        return Err(anyhow!("the data of {name} hasn't moved: there is nothing to finish").context(hint));
    };
    let props = SwitchProps::deserialize(&record.props)?;
    let mut outputs = SwitchOutputs::deserialize(&record.outputs)?;
    if let Some(at) = outputs.finished_at {
        note(&format!("{name} was finished at {at:.0}"));
        report(city, &recorded.state, args.output);
        return Ok(Exit::Done);
    }
    let question = format!("After this there is no way back for {name}. Finish it?");
    if !args.yes && !interrupt.or(confirm::ask(&question, name)).await?? {
        return Ok(Exit::Error);
    }
    let databases = engine(&city.aws, &props.data).await?;
    let done = finish(&*databases).await.map_err(CloudError::from);
    let again = || Hint(format!("what is done is done; go on with: {} finish {name}", globals.prefix()));
    done.with_context(|| format!("finishing {name}")).map_err(|error| error.context(again()))?;
    outputs.finished_at = Some(Timestamp::now());
    let outputs = serde_json::to_value(outputs)?;
    let ledger = Ledger::new(city.store.clone(), recorded.state, recorded.etag, &author());
    let keep = |state: &mut State| {
        if let Some(record) = state.resources.get_mut(&address) {
            record.outputs = outputs;
        }
    };
    ledger.commit(keep).await.context("recording it")?;
    note(&format!("{} {name} is finished: nothing of the move is left in its databases", paint(GREEN, "done:")));
    ledger.read(|state| report(city, state, args.output));
    Ok(Exit::Done)
}

fn report(city: &Opened, state: &State, format: Format) {
    match (ending::moved(city, state), format) {
        (data, Format::Json) => ending::json(&data),
        (Some(data), _) => out(&data.text()),
        (None, _) => {}
    }
}
