//! What an operator must say beyond yes, before users of a city that serves notice anything: what may be replaced, how long they may
//! be interrupted, and that the window isn't waited for.

use super::confirm;
use super::exit::Hint;
use super::interrupt::Interrupt;
use super::open::Opened;
use crate::engine::notice::{ends, guarded, seconds};
use crate::engine::plan::{Goal, Plan};
use crate::phases::way_back;
use crate::spec::form::Seconds;
use crate::view::note;
use crate::view::report::PlanReport;
use anyhow::anyhow;
use std::io::IsTerminal;
use std::net::Ipv4Addr;

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
        // What doesn't end is no matter of seconds: it is allowed by its address, or asked on its own.
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
        let question = "Users of the city notice this now, whatever its window. Go on?";
        named("--now", self.now.as_ref(), question, city, interrupt).await
    }
}

/// What becomes of a city that is taken down after its move was finished.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TakeDown {
    /// Take down a city whose move is finished, which nobody serves then. Asks for the city's name; without a terminal it stands here.
    #[arg(long, value_name = "CITY", num_args = 0..=1, require_equals = true)]
    take_down: Option<Option<String>>,
    /// What the names of such a city answer when it is gone, by IPv4 address [default: nothing, the records are deleted].
    #[arg(long, value_name = "ADDRESS")]
    records_to: Vec<Ipv4Addr>,
}

impl TakeDown {
    /// Lets the city's names answer what was said, once it is gone.
    pub fn lead(&self, plan: &mut Plan) -> anyhow::Result<()> {
        if ends(plan) {
            way_back::lead_to(plan, &self.records_to);
        } else if !self.records_to.is_empty() {
            return Err(anyhow!("--records-to is for a city whose move is finished: nothing was changed"));
        }
        Ok(())
    }

    /// Refuses to take a city down that has no legacy side, unless that was said.
    pub async fn check(&self, plan: &Plan, city: &Opened, interrupt: &Interrupt) -> anyhow::Result<bool> {
        if !ends(plan) {
            return Ok(true);
        }
        let name = &city.city.name;
        let then: Vec<String> = self.records_to.iter().map(Ipv4Addr::to_string).collect();
        let then = if then.is_empty() { "nobody".to_owned() } else { then.join(", ") };
        note(&format!(
            "the move of {name} is finished, it has no legacy side: its names lead to {then} when it is gone"
        ));
        if self.take_down.is_none() {
            let error = anyhow!("taking {name} down leaves its users without a service; nothing was changed");
            return Err(error.context(Hint(format!("if that is what you want, add --take-down={name}"))));
        }
        named("--take-down", self.take_down.as_ref(), "Nobody serves its users from then on. Go on?", city, interrupt)
            .await
    }
}

/// Whether a flag that wants the city's name was given and has it, or it was typed.
async fn named(
    flag: &str,
    value: Option<&Option<String>>,
    question: &str,
    city: &Opened,
    interrupt: &Interrupt,
) -> anyhow::Result<bool> {
    let name = &city.city.name;
    match value {
        None => Ok(false),
        Some(Some(named)) if named == name => Ok(true),
        Some(Some(named)) => Err(anyhow!("{flag}={named} doesn't name {name}: nothing was changed")),
        Some(None) if !std::io::stdin().is_terminal() => {
            let error = anyhow!("there is no terminal to ask on: {question}");
            Err(error.context(Hint(format!("say {flag}={name}; nothing was changed"))))
        }
        Some(None) => Ok(interrupt.or(confirm::ask(question, name)).await??),
    }
}
