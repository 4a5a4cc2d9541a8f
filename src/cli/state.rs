//! `migrate state …`

use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::open::{Opened, World, cities};
use super::plan::Format;
use crate::state::{State, Store, layout, lock};
use crate::view::{note, out};
use anyhow::{Context, anyhow};
use serde_json::json;
use tabled::builder::Builder;
use tabled::settings::{Padding, Style};

/// Look at what is recorded, and at who holds the lock.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Print the recorded state of a city as JSON.
    Show {
        /// The city.
        city: String,
        /// The state with this serial, from the history.
        #[arg(long)]
        serial: Option<u64>,
    },
    /// List the recorded resources of a city.
    List {
        /// The city.
        city: String,
        /// How to print it.
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        output: Format,
    },
    /// List the states that were written before.
    History {
        /// The city.
        city: String,
    },
    /// Say who holds a city's lock; with --force, break it.
    Unlock {
        /// The city.
        city: String,
        /// Break the lock although its lease has not run out.
        #[arg(long)]
        force: bool,
    },
}

/// Runs it.
pub async fn run(globals: &Globals, command: Command) -> anyhow::Result<Exit> {
    let (Command::Show { city, .. }
    | Command::List { city, .. }
    | Command::History { city }
    | Command::Unlock { city, .. }) = &command;
    let mut cities = cities(globals, std::slice::from_ref(city))?;
    let world = World::new(globals, &cities).await?;
    let opened = world.open(cities.pop().ok_or_else(|| anyhow!("no city {city}"))?).await;
    match command {
        Command::Show { serial, .. } => show(&opened, serial).await,
        Command::List { output, .. } => list(&opened, output).await,
        Command::History { .. } => history(&opened).await,
        Command::Unlock { force, .. } => unlock(&opened, force).await,
    }
}

async fn current(city: &Opened) -> anyhow::Result<State> {
    let recorded = city.recorded().await?;
    if recorded.etag.is_none() {
        return Err(anyhow!("nothing is recorded of {} in {}", city.city.name, city.store.place()));
    }
    Ok(recorded.state)
}

async fn show(city: &Opened, serial: Option<u64>) -> anyhow::Result<Exit> {
    let state = match serial {
        None => current(city).await?,
        Some(serial) => {
            let key = layout::history(&city.city.name, serial);
            let object = city.store.get(&key).await?.ok_or_else(|| {
                anyhow!("there is no state with serial {serial}")
                    .context(Hint(format!("`migrate state history {}` lists them", city.city.name)))
            })?;
            State::parse(&object.bytes, &city.city.name).with_context(|| format!("{}/{key}", city.store.place()))?
        }
    };
    out(&format!("{}\n", serde_json::to_string_pretty(&state)?));
    Ok(Exit::Done)
}

async fn list(city: &Opened, output: Format) -> anyhow::Result<Exit> {
    let state = current(city).await?;
    if output == Format::Json {
        let rows: Vec<_> = state
            .resources
            .iter()
            .map(|(address, r)| json!({ "address": address, "kind": r.kind, "status": r.status, "outputs": r.outputs }))
            .collect();
        out(&format!("{:#}\n", json!(rows)));
        return Ok(Exit::Done);
    }
    let mut table = Builder::new();
    table.push_record(["ADDRESS", "KIND", "STATUS", "ID"]);
    for (address, record) in &state.resources {
        let id = ["id", "arn", "name", "identifier"]
            .iter()
            .find_map(|key| record.outputs.get(*key)?.as_str())
            .unwrap_or("-");
        table.push_record([
            address.to_string(),
            record.kind.clone(),
            format!("{:?}", record.status).to_lowercase(),
            id.to_owned(),
        ]);
    }
    out(&format!("{}\n", table.build().with(Style::empty()).with(Padding::new(0, 2, 0, 0))));
    Ok(Exit::Done)
}

async fn history(city: &Opened) -> anyhow::Result<Exit> {
    for key in city.store.list(&layout::history_prefix(&city.city.name)).await? {
        let Some(object) = city.store.get(&key).await? else { continue };
        match State::parse(&object.bytes, &city.city.name) {
            Ok(state) => out(&format!(
                "{:>6}  {:.0}  {:>4} resources  {}\n",
                state.serial,
                state.written_at,
                state.resources.len(),
                state.written_by
            )),
            Err(problem) => out(&format!("{key}: {problem}\n")),
        }
    }
    Ok(Exit::Done)
}

async fn unlock(city: &Opened, force: bool) -> anyhow::Result<Exit> {
    let name = &city.city.name;
    let Some((holder, etag)) = lock::look(&*city.store, name).await? else {
        out(&format!("{name} is not locked\n"));
        return Ok(Exit::Done);
    };
    let state = if holder.expired() {
        "its lease has run out: the next apply takes over by itself"
    } else {
        "its lease is running"
    };
    out(&format!(
        "{name} is locked by {} on {} (process {}), which began `{}` at {:.0}; {state}\n",
        holder.who, holder.host, holder.pid, holder.doing, holder.since
    ));
    if !force && !holder.expired() {
        note("to break it, say --force: that process then stops at its next write and finishes nothing");
        return Ok(Exit::Error);
    }
    city.store.delete(&layout::lock(name), &etag).await.context("breaking the lock")?;
    out("the lock is broken\n");
    Ok(Exit::Done)
}
