//! `migrate state unlock`

use crate::cli::exit::{Exit, Hint};
use crate::cli::globals::Globals;
use crate::cli::open::Opened;
use crate::state::fence::fence;
use crate::state::lock::{self, Holder, author};
use crate::state::recorded::{self, Found};
use crate::state::{State, Status, Store, StoreError, layout};
use crate::view::{note, out};
use anyhow::Context;
use std::sync::Arc;

/// Say who holds a city's lock and what breaking it would break; with --force, break it.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  migrate state unlock malmo              who holds it, and what is half done\n  migrate state unlock malmo --force      break it; a lease that has run out needs no force"
)]
pub struct Args {
    /// The city.
    city: String,
    /// Break the lock although its lease has not run out.
    #[arg(long)]
    force: bool,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let city = super::open::one(globals, &args.city).await?;
    let name = &args.city;
    let (holder, etag) = match lock::look(&*city.store, name).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            out(&format!("{name} is not locked\n"));
            return Ok(Exit::Done);
        }
        Err(error @ StoreError::Damaged { .. }) => return damaged(&city, error, args.force).await,
        Err(error) => return Err(error).with_context(|| format!("looking at the lock of {name}")),
    };
    out(&describe(name, &holder));
    if let Found::State(state, _) = recorded::look(&*city.store, city.home()).await? {
        out(&in_flight(&state));
    }
    if !args.force && !holder.expired() {
        note(&format!(
            "breaking it would stop that process at its next write and its next call: what it is doing then stays half done \
             until the next `{} {} {name}` goes on with it. If it should be broken all the same, say --force",
            city.prefix, holder.doing
        ));
        return Ok(Exit::Error);
    }
    breaking(&city, &etag).await
}

fn describe(city: &str, holder: &Holder) -> String {
    let lease = match holder.expired() {
        true => format!("its lease ran out at {:.0}: the next apply takes over by itself", holder.expires),
        false => format!("its lease runs until {:.0}, and is renewed while that process lives", holder.expires),
    };
    format!(
        "{city} is locked by {} on {} (process {}), which began `{}` at {:.0}; {lease}\n",
        holder.who, holder.host, holder.pid, holder.doing, holder.since
    )
}

/// What the holder has begun and not finished.
fn in_flight(state: &State) -> String {
    let busy = state.resources.iter().filter(|(_, record)| record.status != Status::Ready);
    let busy: Vec<String> = busy
        .map(|(address, record)| {
            let since = record.intent.as_ref().map(|intent| format!(" since {:.0}", intent.at)).unwrap_or_default();
            format!("  {address} is {}{since}\n", format!("{:?}", record.status).to_lowercase())
        })
        .collect();
    let last = format!(
        "the state was last written at {:.0} (serial {}) by {}",
        state.written_at, state.serial, state.written_by
    );
    match busy.len() {
        0 => format!("{last}; nothing in it is half done\n"),
        count => format!("{last}; half done are {count}:\n{}", busy.concat()),
    }
}

async fn breaking(city: &Opened, etag: &str) -> anyhow::Result<Exit> {
    let name = &city.city.name;
    city.store.delete(&layout::lock(name), etag).await.context("breaking the lock")?;
    let store = city.store.clone() as Arc<dyn Store>;
    fence(&store, city.home(), &author()).await.context("shutting out its holder")?;
    out("the lock is broken\n");
    Ok(Exit::Done)
}

/// Nobody can tell whose a damaged lock is, not even its holder's next renewal: it goes only by force.
async fn damaged(city: &Opened, error: StoreError, force: bool) -> anyhow::Result<Exit> {
    let key = layout::lock(&city.city.name);
    match city.store.get(&key).await? {
        Some(object) if force => breaking(city, &object.etag).await,
        _ => {
            let hint = format!("`{} state unlock {} --force` removes it", city.prefix, city.city.name);
            Err(anyhow::Error::from(error).context(Hint(hint)))
        }
    }
}
