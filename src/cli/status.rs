//! `migrate status`

use super::ending;
use super::exit::Exit;
use super::globals::Globals;
use super::open;
use super::plan::Format;
use crate::engine::cloud::{Readiness, Stray};
use crate::engine::plan::{Goal, Plan};
use crate::phases::PHASES;
use crate::state::State;
use crate::view::moved::Moved;
use crate::view::plan_text::described;
use crate::view::report::{Drift, sign};
use crate::view::style::{CYAN, GREEN, YELLOW, paint};
use crate::view::{note, out};
use serde::Serialize;

/// Show how far a city is: phases, resources, what drifted, the health of services and targets, where the records point.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  migrate status malmo\n  migrate status malmo --output json")]
pub struct Args {
    /// The city.
    city: String,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

#[derive(Serialize)]
struct Report {
    city: String,
    serial: u64,
    phases: Vec<PhaseStatus>,
    drifted: Vec<String>,
    not_ready: Vec<String>,
    strays: Vec<Stray>,
    live: Vec<(String, String)>,
    data: Option<Moved>,
}

#[derive(Serialize)]
struct PhaseStatus {
    phase: String,
    there: usize,
    wanted: usize,
    completed_at: Option<jiff::Timestamp>,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let opened = open::one(globals, &args.city).await?;
    let recorded = opened.recorded().await?;
    if recorded.etag.is_none() {
        note(&format!(
            "nothing is recorded of {}: `{} plan {}` shows what would be built",
            args.city,
            globals.prefix(),
            args.city
        ));
    }
    let mut plan = opened.plan(&recorded.state, Goal::City).await?;
    plan.strays = opened.strays(&recorded.state, &plan).await?;
    let live = crate::aws::live::facts(&opened.aws, &recorded.state).await?;
    let report = report(&recorded.state, &plan, live, ending::moved(&opened, &recorded.state));
    match args.output {
        Format::Json => out(&format!("{}\n", serde_json::to_string_pretty(&report)?)),
        _ => out(&text(&report, &plan)),
    }
    Ok(Exit::Done)
}

fn report(state: &State, plan: &Plan, live: Vec<(String, String)>, data: Option<Moved>) -> Report {
    let addresses: Vec<_> = plan.known.keys().chain(plan.changes.iter().map(|c| &c.address)).collect();
    let missing = |phase: &str| plan.changes.iter().filter(|c| c.address.phase() == phase && c.prior.is_null()).count();
    let phases = PHASES.iter().map(|phase| {
        let wanted = addresses.iter().filter(|a| a.phase() == phase.name).count();
        PhaseStatus {
            phase: phase.name.into(),
            there: wanted - missing(phase.name),
            wanted,
            completed_at: state.phases.get(phase.name).map(|record| record.completed_at),
        }
    });
    let not_ready = plan.changes.iter().filter_map(|change| match change.readiness.as_ref()? {
        Readiness::Ready => None,
        Readiness::Pending(doing) => Some(format!("{}: {doing}", change.address)),
        Readiness::Failed(why) => Some(format!("{}: failed, {why}", change.address)),
    });
    Report {
        city: state.city.clone(),
        serial: state.serial,
        phases: phases.collect(),
        drifted: plan.changes.iter().filter_map(Drift::of).map(|drift| drift.address.to_string()).collect(),
        not_ready: not_ready.collect(),
        strays: plan.strays.clone(),
        live,
        data,
    }
}

fn text(report: &Report, plan: &Plan) -> String {
    let mut lines = vec![format!("{}  state {}", report.city, report.serial)];
    for phase in &report.phases {
        let when = phase.completed_at.map(|at| format!("completed {at:.0}")).unwrap_or_default();
        let style = if phase.there == phase.wanted { GREEN } else { YELLOW };
        lines.push(format!(
            "  {:<16}{}  {when}",
            phase.phase,
            paint(style, format!("{:>3} of {:<3}", phase.there, phase.wanted))
        ));
    }
    let width = report.live.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    lines.extend(report.live.iter().map(|(name, fact)| format!("  {name:<width$}  {fact}")));
    for change in &plan.changes {
        let drift = if Drift::of(change).is_some() { paint(CYAN, "  drifted") } else { String::new() };
        if !change.prior.is_null() {
            lines.push(format!("  {:>3} {}{drift}", sign(change.action), change.address));
        }
    }
    lines.extend(plan.strays.iter().map(|stray| format!("  {} {}", paint(YELLOW, "stray:"), described(stray, plan))));
    lines.extend(report.data.iter().map(|data| data.text().trim_end().to_owned()));
    lines.extend(report.not_ready.iter().map(|line| format!("  {} {line}", paint(YELLOW, "not ready:"))));
    lines.join("\n") + "\n"
}
