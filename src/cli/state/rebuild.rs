//! `migrate state rebuild`

use crate::aws::lookup;
use crate::cli::exit::{Exit, Hint};
use crate::cli::globals::Globals;
use crate::cli::interrupt::Interrupt;
use crate::cli::open::Opened;
use crate::cli::{hold, run};
use crate::phases::Lookups;
use crate::state::lock::author;
use crate::state::rebuild::{Rebuilt, rebuild};
use crate::state::recorded::{self, Found};
use crate::state::store::Object;
use crate::state::{Condition, Ledger, State, StateProblem, Store, layout};
use crate::view::{note, out};
use anyhow::{Context, anyhow};
use jiff::Timestamp;

/// Make a lost or damaged state again, from the tags and names of what is there. Changes nothing at AWS but the state; what it replaces
/// is kept beside it.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  migrate state rebuild malmo      then: migrate plan malmo, which shows no changes if all is as it was"
)]
pub struct Args {
    /// The city.
    city: String,
    /// Make it again although there is one that can be used.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    hold: hold::Hold,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let city = super::open::one(globals, &args.city).await?;
    let interrupt = Interrupt::listen()?;
    let work = async |_: &_| locked(&city, args.force, &interrupt).await;
    run::under_lock(globals, &city, "state rebuild", args.hold, &interrupt, work).await
}

async fn locked(city: &Opened, force: bool, interrupt: &Interrupt) -> anyhow::Result<Exit> {
    let name = &city.city.name;
    let found = recorded::look(&*city.store, city.home()).await?;
    let (sound, replaced) = match found {
        Found::State(state, _) if !force => return Err(needless(city, &state)),
        Found::Unusable(problem @ StateProblem::FromTheFuture(_), _) => {
            let hint = Hint("use the newer `migrate` that wrote it; nothing was changed".into());
            return Err(anyhow::Error::from(problem).context(hint));
        }
        Found::State(state, _) => {
            let object = city.store.get(&layout::state(name)).await?;
            (Some(*state), object)
        }
        Found::Unusable(problem, object) => {
            note(&format!("what is recorded of {name} can't be used: {problem}"));
            (None, Some(object))
        }
        Found::NoBucket | Found::Nothing | Found::Gone(_) => (None, None),
    };
    let (base, last) = interrupt.or(base(city, sound)).await??;
    let looking = async {
        let again = async |base: State, known: &Lookups| {
            let (desired, lookups) = city.desired(known).await?;
            Ok::<_, anyhow::Error>(rebuild(&city.cloud, &desired, base, &lookups).await?)
        };
        match again(base.clone(), &base.lookups).await {
            Err(error) if error.downcast_ref().is_some_and(lookup::zone_is_gone) => {
                let known = lookup::without_zone(&base.lookups);
                again(base, &known).await
            }
            looked => looked,
        }
    };
    let rebuilt = interrupt.or(looking).await?.with_context(|| format!("looking for what is there of {name}"))?;
    let (state, total) = write(city, &rebuilt, last, replaced).await?;
    tell(city, &rebuilt, state, total);
    Ok(Exit::Done)
}

fn needless(city: &Opened, state: &State) -> anyhow::Error {
    let (name, prefix) = (&city.city.name, city.prefix);
    let error = anyhow!("the state of {name} can be used (serial {}): there is nothing to rebuild", state.serial);
    error.context(Hint(format!("`{prefix} plan {name}` shows what differs; --force makes it again all the same")))
}

/// The last state that can be read, and the highest serial that was ever written. From it come the lineage, and the images that
/// tags meant then.
async fn base(city: &Opened, sound: Option<State>) -> anyhow::Result<(State, u64)> {
    let (name, home) = (&city.city.name, city.home());
    let serials = recorded::serials(&*city.store, name).await?;
    let last = serials.last().copied().unwrap_or(0).max(sound.as_ref().map_or(0, |state| state.serial));
    if let Some(state) = sound {
        return Ok((state, last));
    }
    for serial in serials.into_iter().rev() {
        match recorded::before(&*city.store, name, serial).await {
            Ok(Some(state)) if state.account == home.account && state.region == home.region => {
                note(&format!("beginning from the state {serial} of {:.0} in the history", state.written_at));
                return Ok((state, last));
            }
            Ok(_) => {}
            Err(error) => note(&format!("the state {serial} in the history is no help: {error}")),
        }
    }
    Ok((home.empty(), last))
}

/// Writes it, after what it replaces was put aside. Answers with its serial and how many resources it has.
async fn write(city: &Opened, rebuilt: &Rebuilt, last: u64, replaced: Option<Object>) -> anyhow::Result<(u64, usize)> {
    let name = &city.city.name;
    let etag = match replaced {
        None => None,
        Some(object) => {
            let key = layout::aside(name, Timestamp::now());
            city.store.put(&key, object.bytes, &Condition::Absent).await.context("keeping what was there")?;
            note(&format!("what was there is kept in s3://{}/{key}", city.bucket));
            Some(object.etag)
        }
    };
    let mut state = State { serial: last, ..rebuilt.state.clone() };
    state.file.get_or_insert_with(|| city.city.text.clone());
    let ledger = Ledger::new(city.store.clone(), state, etag, &author());
    ledger.commit(|_| ()).await.context("writing the state")?;
    Ok(ledger.read(|state| (state.serial, state.resources.len())))
}

fn tell(city: &Opened, rebuilt: &Rebuilt, serial: u64, total: usize) {
    let name = &city.city.name;
    out(&format!("{name}: {total} resources recorded, serial {serial}\n"));
    for (addresses, what) in [(&rebuilt.missing, "not found"), (&rebuilt.different, "not as the city file wants it")] {
        for address in addresses {
            out(&format!("  {what}: {address}\n"));
        }
    }
    note(&format!("`{} plan {name}` shows what is left to do", city.prefix));
}
