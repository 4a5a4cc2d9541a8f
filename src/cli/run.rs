//! What `apply` and `destroy` share: the lock, the plan, the question, the run.

use super::consent::{Consent, TakeDown};
use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::interrupt::{Interrupt, Stopped};
use super::open::{Opened, Recorded};
use super::plan::Format;
use super::window::Window;
use super::{carry, confirm, ending, facts, hold, preflight, saved, verdict};
use crate::engine::executor::Gate;
use crate::engine::plan::{Base, Goal, Plan};
use crate::preflight::run::failures;
use crate::state::lock::author;
use crate::state::{Lease, Ledger, State};
use crate::view::report::PlanReport;
use crate::view::{note, out, plan_text};
use anyhow::{Context, anyhow};
use std::time::Duration;

/// How long the live database may take to answer, before anything is begun.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a run is to go.
#[derive(Default)]
pub struct Options {
    /// Don't ask.
    pub yes: bool,
    /// The last phase.
    pub until: Option<String>,
    /// Names of what holds data and may be deleted.
    pub delete_database: Vec<String>,
    /// What may be done to a city that serves.
    pub consent: Consent,
    /// What becomes of a city that nobody serves then.
    pub take_down: TakeDown,
    /// How to take the lock.
    pub hold: hold::Hold,
    /// A saved plan: what is done must be that.
    pub saved: Option<Plan>,
    /// A plan to carry out instead of one of the whole city, made from the state as it is recorded now.
    pub only: Option<Plan>,
    /// How to print what it came to.
    pub output: Format,
}

/// Takes the city's lock, plans, asks, carries the plan out, and gives the lock back.
pub async fn run(globals: &Globals, city: &Opened, goal: Goal, options: Options) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen()?;
    let work = async |lease: &Lease| locked(city, goal, &options, lease, &interrupt).await;
    under_lock(globals, city, goal.command(), options.hold, &interrupt, work).await
}

/// Does `work` while the city's lock is held for `doing`. Stopped by a signal before anything was begun, it ends with that signal's code.
pub async fn under_lock(
    globals: &Globals,
    city: &Opened,
    doing: &str,
    args: hold::Hold,
    interrupt: &Interrupt,
    work: impl AsyncFnOnce(&Lease) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    let result = async {
        interrupt.or(city.check_account()).await??;
        interrupt.or(city.check_versioned()).await??;
        let lease = hold::take(globals, city, doing, args, interrupt).await?;
        interrupt.also(lease.lost());
        let result = work(&lease).await;
        let released = lease.release().await;
        let exit = result?;
        released.context("giving the lock back")?;
        anyhow::Ok(exit)
    };
    match result.await {
        Err(error) if error.is::<Stopped>() => {
            note("nothing was changed");
            Ok(interrupt.signal().map_or(Exit::Error, Exit::Signal))
        }
        other => other,
    }
}

async fn locked(
    city: &Opened,
    goal: Goal,
    options: &Options,
    lease: &Lease,
    interrupt: &Interrupt,
) -> anyhow::Result<Exit> {
    let Recorded { state, etag, .. } = interrupt.or(city.recorded()).await??;
    if options.only.is_none() {
        city.check_living(&state, goal)?;
    }
    let mut plan = match &options.only {
        Some(only) if only.base == Base::of(&state) => only.clone(),
        Some(_) => return Err(anyhow!("the state has moved on meanwhile: nothing was changed, say it again")),
        None => interrupt.or(city.plan(&state, goal)).await??,
    };
    if let Some(saved) = &options.saved {
        saved::unmoved(saved, &plan, &state)?;
    }
    if let Some(until) = &options.until {
        plan.keep_until(until);
    }
    options.take_down.lead(&mut plan)?;
    let found = interrupt.or(preflight::findings(city, &plan, PATIENCE)).await?;
    let failures = failures(&found);
    let report = facts::report(city, &plan).with_preflight(found);
    match options.output {
        Format::Json => note(&plan_text::render(&report)),
        _ => out(&plan_text::render(&report)),
    }
    guard_data(&report, city, &options.delete_database)?;
    if plan.is_empty() {
        ending::print(city, &plan, None, &state, Duration::ZERO, options.output);
        return Ok(Exit::Done);
    }
    if failures > 0 {
        let error = anyhow!("preflight found {failures} failures in {}: nothing was changed", city.city.name);
        return Err(error.context(Hint("mend what is marked FAIL above, each line says how".into())));
    }
    options.consent.check(&report, city)?;
    if !options.take_down.check(&plan, city, interrupt).await? {
        return Ok(Exit::Error);
    }
    let now = options.consent.now(city, interrupt).await?;
    let window = Window::new(city, &plan, &report.in_window, now);
    let behind = report.in_window.clone();
    let waits = window.closed().filter(|_| !behind.is_empty());
    // Taking a city down is one thing: half of it is no use to anybody.
    if let Some(why) = waits.as_ref().filter(|_| plan.goal == Goal::Nothing || behind.len() == distinct(&plan)) {
        return Ok(verdict::waits(city, &plan, &behind, why));
    }
    if let Some(why) = &waits {
        note(&format!("{} of {} changes wait for the city's window: {why}", behind.len(), distinct(&plan)));
    }
    let question = format!("Do this to {}?", city.city.name);
    if !options.yes && !interrupt.or(confirm::ask(&question, &city.city.name)).await?? {
        return Ok(Exit::Error);
    }
    let ledger = Ledger::new(city.store.clone(), state, etag, &author());
    let begin = |state: &mut State| {
        state.lookups = plan.lookups.clone();
        city.keep_file(state, goal, options.only.is_some());
    };
    ledger.commit(begin).await.context("recording the beginning")?;
    let gate = (!behind.is_empty()).then_some(Gate { behind, keeper: &window });
    let (outcome, took) = carry::out(city, &plan, &ledger, lease, interrupt, gate).await;
    let whole = options.until.is_none() && options.only.is_none();
    let held = outcome.held.then(|| window.closed().unwrap_or_default());
    let exit = verdict::tell(city, &plan, whole, &outcome, took, held, interrupt.signal());
    ledger.read(|state| ending::print(city, &plan, Some(&outcome), state, took, options.output));
    Ok(exit)
}

/// How many resources the plan changes.
fn distinct(plan: &Plan) -> usize {
    plan.changes.iter().map(|change| &change.address).collect::<std::collections::BTreeSet<_>>().len()
}

/// Refuses to delete what holds data unless it is named.
fn guard_data(report: &PlanReport<'_>, city: &Opened, named: &[String]) -> anyhow::Result<()> {
    let at_risk = report.plan.changes.iter().filter(|change| report.data_at_risk.contains(&change.address));
    let identifiers: Vec<&str> =
        at_risk.map(|change| change.prior["identifier"].as_str().unwrap_or(change.address.as_str())).collect();
    let identifiers: Vec<&str> = identifiers.into_iter().filter(|id| !named.iter().any(|name| name == id)).collect();
    if identifiers.is_empty() {
        return Ok(());
    }
    let flags: Vec<_> = identifiers.iter().map(|name| format!("--delete-database {name}")).collect();
    let error =
        anyhow!("the database {} of {} would be deleted; nothing was changed", identifiers.join(", "), city.city.name);
    Err(error.context(Hint(format!("if that is what you want, say {} (a final snapshot is kept)", flags.join(" ")))))
}
