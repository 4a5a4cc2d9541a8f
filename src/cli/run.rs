//! What `apply` and `destroy` share: the lock, the question, the run, the verdict.

use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::interrupt::Interrupt;
use super::open::{Opened, Recorded};
use super::{confirm, facts};
use crate::engine::cloud::Cloud;
use crate::engine::estimate::estimate;
use crate::engine::executor::{Executor, Outcome};
use crate::engine::plan::{Goal, Plan};
use crate::engine::planner;
use crate::engine::wait::Ended;
use crate::state::lock::{Holder, LockError, user};
use crate::state::{Lease, Ledger};
use crate::view::progress::Progress;
use crate::view::report::PlanReport;
use crate::view::style::{GREEN, RED, YELLOW, paint};
use crate::view::values::duration;
use crate::view::{note, out, plan_text};
use anyhow::{Context, anyhow};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a run is to go.
pub struct Options {
    /// Don't ask.
    pub yes: bool,
    /// The last phase.
    pub until: Option<String>,
    /// Names of what holds data and may be deleted.
    pub delete_database: Vec<String>,
    /// A saved plan to carry out instead of a new one.
    pub saved: Option<Plan>,
}

/// Takes the city's lock, plans, asks, carries the plan out, and gives the lock back.
pub async fn run(globals: &Globals, city: &Opened, goal: Goal, options: Options) -> anyhow::Result<Exit> {
    city.check_account().await?;
    let doing = if goal == Goal::City { "apply" } else { "destroy" };
    let lease = match Lease::take(city.store.clone(), &city.city.name, Holder::me(doing)).await {
        Ok(lease) => lease,
        Err(error @ LockError::Held(_)) => {
            let hint = format!(
                "wait for it; if that process is gone, its lease runs out by itself ({} state unlock {} says more)",
                globals.prefix(),
                city.city.name
            );
            return Err(anyhow::Error::from(error)
                .context(format!("{} is locked", city.city.name))
                .context(Hint(hint)));
        }
        Err(error) => return Err(error).context(format!("taking the lock of {}", city.city.name)),
    };
    let result = locked(globals, city, goal, options, &lease).await;
    let released = lease.release().await;
    let exit = result?;
    released.context("giving the lock back")?;
    Ok(exit)
}

async fn locked(globals: &Globals, city: &Opened, goal: Goal, options: Options, lease: &Lease) -> anyhow::Result<Exit> {
    let Recorded { state, etag, .. } = city.recorded().await?;
    let mut plan = match options.saved {
        None => city.plan(&state, goal).await?,
        Some(saved) => unmoved(city, saved, &state).await?,
    };
    if let Some(until) = &options.until {
        plan.keep_until(until);
    }
    let report = PlanReport::new(&plan, &city.cloud, facts::of(&city.city), Vec::new());
    out(&plan_text::render(&report));
    guard_data(&report, city, &options.delete_database)?;
    if plan.is_empty() {
        return Ok(Exit::Done);
    }
    if !options.yes && !confirm::ask(&format!("Do this to {}?", city.city.name), &city.city.name)? {
        return Ok(Exit::Error);
    }
    let interrupt = Interrupt::listen(lease.lost())?;
    let author =
        format!("{}@{} migrate/{}", user(), gethostname::gethostname().to_string_lossy(), env!("CARGO_PKG_VERSION"));
    let ledger = Ledger::new(city.store.clone(), state, etag, &author);
    // The first write makes the state's tag a new one: a holder from before that only slept can write nothing any more.
    ledger.commit(|state| state.lookups = plan.lookups.clone()).await.context("recording the beginning")?;
    let expected =
        Duration::from_secs(u64::from(estimate(&plan, &city.cloud).total.typical)).div_f64(city.aws.time_scale);
    let progress = Arc::new(Progress::new(&plan, expected));
    let begun = Instant::now();
    let outcome = {
        let ticking = progress.tick();
        let run = Executor {
            plan: &plan,
            cloud: &city.cloud,
            ledger: &ledger,
            observer: &*progress,
            pace: city.pace,
            stop: interrupt.stop(),
        };
        let outcome = run.run().await;
        ticking.abort();
        outcome
    };
    progress.finish();
    Ok(verdict(globals, city, goal, &plan, &outcome, begun.elapsed(), interrupt.signal()))
}

/// The saved plan, if state and world are still what it was made from.
async fn unmoved(city: &Opened, plan: Plan, state: &crate::state::State) -> anyhow::Result<Plan> {
    let again = || Hint(format!("make it again: migrate plan {} --out FILE", city.city.name));
    if plan.city != city.city.name || plan.account != state.account || plan.region != state.region {
        return Err(
            anyhow!("the plan is for {} in {} of account {}", plan.city, plan.region, plan.account).context(again())
        );
    }
    let lineage = (state.serial > 0).then_some(state.lineage);
    if plan.base.lineage != lineage || plan.base.serial != state.serial {
        let error = anyhow!(
            "the state has moved on: the plan was made from serial {}, now it is {}",
            plan.base.serial,
            state.serial
        );
        return Err(error.context(again()));
    }
    let moved = planner::moved(&city.cloud, &plan.seen).await?;
    if moved.is_empty() {
        return Ok(plan);
    }
    let names: Vec<_> = moved.iter().map(ToString::to_string).collect();
    Err(anyhow!("the world has moved on since the plan was made: {}", names.join(", ")).context(again()))
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

fn verdict(
    globals: &Globals,
    city: &Opened,
    goal: Goal,
    plan: &Plan,
    outcome: &Outcome,
    took: Duration,
    signal: Option<u8>,
) -> Exit {
    let name = &city.city.name;
    let verb = if goal == Goal::City { "apply" } else { "destroy" };
    for failure in &outcome.failures {
        note(&format!("{} {} ({}): {}", paint(RED, "failed:"), failure.address, failure.kind, failure.why));
        if let Ended::Failed(error) = &failure.why {
            note(&format!(
                "        call {}, code {}",
                error.call,
                if error.code.is_empty() { "none (no answer)" } else { &error.code }
            ));
        }
    }
    let seconds = u32::try_from(took.as_secs()).unwrap_or(u32::MAX);
    let done = format!("{} of {} changes done in {}", outcome.done.len(), plan.steps(), duration(seconds));
    let go_on = format!("everything is recorded; go on with: {} {verb} {name}", globals.prefix());
    if outcome.failures.is_empty() && outcome.left.is_empty() {
        let what = if goal == Goal::City { "stands" } else { "is gone" };
        note(&format!("{} {name} {what}: {done}", paint(GREEN, "done:")));
        return Exit::Done;
    }
    let label = if outcome.failures.is_empty() { paint(YELLOW, "stopped:") } else { paint(RED, "not finished:") };
    note(&format!("{label} {done}, {} left; {go_on}", outcome.left.len() + outcome.failures.len()));
    match signal {
        Some(number) => Exit::Signal(number),
        None => Exit::Error,
    }
}

/// The kinds that the plan's cloud knows: here so that a plan of another version is refused before anything is touched.
pub fn check_kinds(plan: &Plan, cloud: &dyn Cloud) -> anyhow::Result<()> {
    match plan.changes.iter().find(|change| cloud.info(&change.kind).is_none()) {
        Some(change) => Err(anyhow!("{} is of kind {}, which this version doesn't know", change.address, change.kind)),
        None => Ok(()),
    }
}
