//! What an operator must say beyond yes, before users of a city that serves notice anything: what may be replaced, how long they may
//! be interrupted, and that the window isn't waited for.

use super::confirm;
use super::exit::Hint;
use super::interrupt::Interrupt;
use super::open::Opened;
use crate::engine::notice::{guarded, seconds};
use crate::engine::plan::Goal;
use crate::spec::form::Seconds;
use crate::view::note;
use crate::view::report::PlanReport;
use anyhow::anyhow;
use std::io::IsTerminal;

/// What may be done to a city that serves.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Consent {
    /// Don't wait for the city's window with what users notice. Asks for the city's name; without a terminal it stands here.
    #[arg(long, value_name = "CITY", num_args = 0..=1, require_equals = true)]
    now: Option<Option<String>>,
    /// Allow that this resource is replaced or deleted although users reach the city through it, by its address.
    #[arg(long, value_name = "ADDRESS")]
    replace: Vec<String>,
    /// Allow that users are interrupted for so long, beyond the budget of the city's file.
    #[arg(long, value_name = "DURATION")]
    accept_interruption: Option<Seconds>,
}

impl Consent {
    /// Refuses what the plan would do to users and nobody has allowed, all of it at once.
    pub fn check(&self, report: &PlanReport<'_>, city: &Opened) -> anyhow::Result<()> {
        let (mut why, mut flags) = (Vec::new(), Vec::new());
        let all = guarded(report.plan, &city.cloud).into_iter().map(|change| change.address.as_str());
        let missing: Vec<&str> = all.filter(|address| !self.replace.iter().any(|named| named == address)).collect();
        if !missing.is_empty() {
            why.push(format!("{} would be replaced or deleted, and users are served by it", missing.join(", ")));
            flags.extend(missing.iter().map(|address| format!("--replace {address}")));
        }
        let (interrupted, budget) = (u64::from(seconds(&report.notices)), city.city.spec.budget.interruption.0);
        let accepted = self.accept_interruption.map_or(budget, |seconds| seconds.0.max(budget));
        // A way back in an emergency is better than none.
        if interrupted > accepted && report.plan.goal != Goal::Legacy {
            why.push(format!("users would be interrupted for up to {interrupted} s, the budget is {budget} s"));
            flags.push(format!("--accept-interruption {interrupted}s"));
        }
        if why.is_empty() {
            return Ok(());
        }
        let error = anyhow!("{}; nothing was changed", why.join("; "));
        Err(error.context(Hint(format!("if that is what you want, add {}", flags.join(" ")))))
    }

    /// Whether the window needn't be waited for. Whoever says so types the city's name, or has written it.
    pub async fn now(&self, city: &Opened, interrupt: &Interrupt) -> anyhow::Result<bool> {
        let name = &city.city.name;
        match &self.now {
            None => Ok(false),
            Some(Some(named)) if named == name => Ok(true),
            Some(Some(named)) => Err(anyhow!("--now={named} doesn't name {name}: nothing was changed")),
            Some(None) if !std::io::stdin().is_terminal() => {
                let error = anyhow!("there is no terminal to ask on whether {name}'s window needn't be waited for");
                Err(error.context(Hint(format!("say --now={name}; nothing was changed"))))
            }
            Some(None) => {
                note("users of the city will notice this now, outside of its window");
                Ok(interrupt.or(confirm::ask("Not wait for the window?", name)).await??)
            }
        }
    }
}
