//! One case: what goes wrong where, and what is demanded of the engine then.

use super::town::Town;
use super::world::{Aim, End, Fixture, Verdict, World};
use crate::engine::executor::Outcome;
use crate::engine::memory::Dice;
use crate::engine::memory::script::Fault;
use crate::engine::wait::Ended;
use std::collections::BTreeMap;
use std::fmt;

/// Every fault.
pub const FAULTS: [Fault; 16] = [
    Fault::Throttled,
    Fault::Internal,
    Fault::Unavailable,
    Fault::Reset,
    Fault::TimedOut,
    Fault::Hung,
    Fault::Lost,
    Fault::Half,
    Fault::Hidden,
    Fault::NotYet,
    Fault::Denied,
    Fault::HalfDenied,
    Fault::Quota,
    Fault::DiesBefore,
    Fault::DiesAfter,
    Fault::Sleeps,
];

/// What happens when, to which city.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Which of the towns.
    pub town: usize,
    /// What the operator is after.
    pub aim: Aim,
    /// Of everything that is left to chance.
    pub seed: u64,
    /// By the number of the moment.
    pub faults: BTreeMap<usize, Fault>,
}

/// How a case ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// What really happened: a fault at a moment that never came, or that can't have it, didn't.
    pub happened: Vec<(String, Fault)>,
    /// True if no process ended in an error.
    pub survived: bool,
    /// What is wrong.
    pub verdict: Verdict,
    /// What was demanded and isn't so.
    pub wrong: Option<String>,
}

/// Where every case begins: with nothing, and with a city that stands.
pub struct Ground {
    /// The town.
    pub town: Town,
    /// As it stands.
    pub standing: Fixture,
}

impl Case {
    /// Several faults at random moments.
    pub fn storm(seed: u64) -> Self {
        let dice = Dice(seed);
        let aim = [Aim::Build, Aim::Build, Aim::Change, Aim::Destroy][dice.throw(1, 4) as usize];
        let moments = if aim == Aim::Change { 40 } else { 500 };
        let count = 1 + dice.throw(2, 6);
        let faults = (0..count)
            .map(|n| {
                let fault = FAULTS[dice.throw(10 + 2 * n, 15) as usize]; // all but being suspended
                (dice.throw(11 + 2 * n, moments) as usize, fault)
            })
            .collect();
        Self { town: dice.throw(3, 3) as usize, aim, seed, faults }
    }

    /// The world before anything went wrong.
    async fn world<'a>(&self, ground: &'a Ground) -> World<'a> {
        let late = !self.faults.values().any(|fault| *fault == Fault::Sleeps);
        let empty = Fixture::default();
        let fixture = if self.aim == Aim::Build { &empty } else { &ground.standing };
        World::new(&ground.town, self.aim, self.seed, late, fixture).await
    }

    /// The moments of a run in which nothing goes wrong.
    pub async fn moments(&self, ground: &Ground) -> Vec<String> {
        let world = self.world(ground).await;
        world.finish().await.unwrap();
        world.script.moments()
    }

    /// Plays it.
    pub async fn play(&self, ground: &Ground) -> Ending {
        let world = self.world(ground).await;
        for (moment, fault) in &self.faults {
            world.script.at(*moment, *fault);
        }
        let first = world.run().await;
        let happened = world.script.happened();
        let mut wrong = demanded(&happened, &first).err();
        let survived = match &first {
            End::Done(outcome, _) => outcome.failures.is_empty() && outcome.left.is_empty(),
            End::Killed => true,
            End::Refused(_) => false,
        };
        if let Err(why) = world.finish().await {
            wrong.get_or_insert(why);
        }
        let verdict = world.judge().await;
        Ending { happened: world.script.happened(), survived, verdict, wrong }
    }
}

/// What the first process owes, whatever happened to it.
fn demanded(happened: &[(String, Fault)], end: &End) -> Result<(), String> {
    let End::Done(outcome, steps) = end else { return Ok(()) };
    let told = outcome.done.len() + outcome.failures.len() + outcome.left.len();
    if told != *steps {
        return Err(format!("{told} of {steps} steps are accounted for"));
    }
    let harmless = |(moment, fault): &(String, Fault)| !fault.is_final() && !moment.starts_with("write");
    if happened.iter().all(harmless) && !outcome.failures.is_empty() {
        return Err(format!("not survived: {}", clear(outcome)?));
    }
    if outcome.failures.len() > happened.len() && !happened.iter().any(|(moment, _)| moment.starts_with("write")) {
        return Err(format!("{} errors for {} faults", outcome.failures.len(), happened.len()));
    }
    clear(outcome).map(drop)
}

/// Every error says which call failed, and with which code.
fn clear(outcome: &Outcome) -> Result<String, String> {
    let mut texts = Vec::new();
    for failure in &outcome.failures {
        let text = failure.why.to_string();
        let says = match &failure.why {
            Ended::Failed(error) => text.contains(&error.call) && text.contains(&error.code) && !error.call.is_empty(),
            _ => !text.is_empty(),
        };
        if !says {
            return Err(format!("an error that doesn't say enough: {text}"));
        }
        texts.push(format!("{}: {text}", failure.address));
    }
    Ok(texts.join("; "))
}

impl Ending {
    /// True if everything is as it must be.
    pub fn good(&self) -> bool {
        let Verdict { duplicates, orphans, untrue } = &self.verdict;
        self.wrong.is_none() && duplicates.is_empty() && orphans.is_empty() && untrue.is_empty()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let town = ["malmo", "drammen", "antwerp"][self.town];
        write!(f, "{town} {:?} seed {}", self.aim, self.seed)?;
        self.faults.iter().try_for_each(|(moment, fault)| write!(f, " {moment}:{fault:?}"))
    }
}
