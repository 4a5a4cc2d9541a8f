//! A city, its account and its store; processes that work on it, die, are suspended; and the judgement afterwards.

use super::store::FaultyStore;
use super::town::{REAL, Town};
use crate::engine::events::Silent;
use crate::engine::executor::{Executor, Outcome};
use crate::engine::memory::script::{Fault, Life, Script};
use crate::engine::memory::{Account, MemoryCloud};
use crate::engine::plan::{Goal, Plan};
use crate::engine::rates::Rates;
use crate::engine::wait::Pace;
use crate::engine::{Desired, planner};
use crate::state::{Condition, Ledger, MemoryStore, State, Status, Store, layout};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// What an operator is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// An apply where nothing is.
    Build,
    /// An apply of an edited file.
    Change,
    /// A destroy.
    Destroy,
}

/// An account and a state to begin with.
#[derive(Clone, Default)]
pub struct Fixture {
    account: Account,
    state: Option<Vec<u8>>,
}

/// Everything that a city's processes meet.
pub struct World<'a> {
    town: &'a Town,
    aim: Aim,
    seed: u64,
    /// What goes wrong.
    pub script: Arc<Script>,
    /// The cloud.
    pub cloud: MemoryCloud,
    store: Arc<FaultyStore>,
}

/// How a process ended.
#[derive(Debug)]
pub enum End {
    /// By itself.
    Done(Box<Outcome>, usize),
    /// Before it began: it couldn't read, or not write.
    Refused(String),
    /// It was killed.
    Killed,
}

/// What is wrong in the end.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Things that are there twice.
    pub duplicates: Vec<String>,
    /// Things that nobody asked for, or that no record knows.
    pub orphans: Vec<String>,
    /// What the state says and isn't so.
    pub untrue: Vec<String>,
}

impl<'a> World<'a> {
    /// A world as `fixture` has it.
    pub async fn new(town: &'a Town, aim: Aim, seed: u64, late: bool, fixture: &Fixture) -> Self {
        let script = Arc::new(Script::new(seed, late));
        let mut cloud = MemoryCloud::new(REAL, &town.name, script.clone());
        cloud.rates = Some(Arc::new(Rates::new(1.0)));
        cloud.account = Arc::new(Mutex::new(fixture.account.clone()));
        let inner = MemoryStore::default();
        if let Some(bytes) = &fixture.state {
            inner.put(&layout::state(&town.name), bytes.clone(), &Condition::Absent).await.unwrap();
        }
        Self { town, aim, seed, cloud, store: Arc::new(FaultyStore { inner, script: script.clone() }), script }
    }

    /// What is there long afterwards, to begin another world with.
    pub async fn fixture(&self) -> Fixture {
        let mut account = self.cloud.account().clone();
        account.long_afterwards();
        let object = self.store.inner.get(&layout::state(&self.town.name)).await.unwrap();
        Fixture { account, state: object.map(|object| object.bytes) }
    }

    fn wanted(&self) -> &'a [Desired] {
        match self.aim {
            Aim::Build => &self.town.built,
            Aim::Change => &self.town.changed,
            Aim::Destroy => &[],
        }
    }

    async fn state(&self) -> (State, Option<String>) {
        match self.store.get(&layout::state(&self.town.name)).await.unwrap() {
            Some(object) => (State::parse(&object.bytes, &self.town.name).unwrap(), Some(object.etag)),
            None => {
                let lineage = Uuid::from_u128(self.seed.into());
                (State { lineage, ..State::new(&self.town.name, "123456789012", "eu-north-1") }, None)
            }
        }
    }

    async fn plan(&self, state: &State) -> Result<Plan, String> {
        let goal = if self.aim == Aim::Destroy { Goal::Nothing } else { Goal::City };
        let plan = planner::plan(&self.cloud, self.wanted().to_vec(), state, goal, state.lookups.clone()).await;
        plan.map_err(|error| error.to_string())
    }

    /// What `migrate apply` or `migrate destroy` does, once it has the lock.
    async fn process(&self) -> End {
        let (state, etag) = self.state().await;
        let plan = match self.plan(&state).await {
            Ok(plan) => plan,
            Err(why) => return End::Refused(why),
        };
        if plan.is_empty() {
            return End::Done(Box::default(), 0);
        }
        let ledger = Ledger::new(self.store.clone(), state, etag, "campaign");
        if let Err(error) = ledger.commit(|state| state.lookups = plan.lookups.clone()).await {
            return End::Refused(error.to_string());
        }
        let (cloud, (_tell, stop)) = (&self.cloud, watch::channel(false));
        let run =
            Executor { plan: &plan, cloud, ledger: &ledger, observer: &Silent, pace: Pace::REAL, stop, gate: None };
        End::Done(Box::new(run.run().await), plan.steps())
    }

    /// A process until it ends; one that is suspended sleeps while its successors finish, then goes on.
    pub async fn run(&self) -> End {
        let process = self.process();
        tokio::pin!(process);
        let life = tokio::select! {
            biased;
            life = self.script.stopped() => life,
            end = &mut process => return end,
        };
        self.script.revive();
        if life == Life::Dead {
            return End::Killed;
        }
        tokio::time::sleep(Duration::from_secs(61)).await;
        let successor = Box::pin(self.finish()).await;
        process.await;
        match successor {
            Ok(()) => End::Killed,
            Err(why) => End::Refused(why),
        }
    }

    /// Process after process, an operator's pause between them, until one has nothing more to do: at most five that die or fail, and
    /// then one that nothing happens to.
    pub async fn finish(&self) -> Result<(), String> {
        for round in 0..7 {
            if round == 5 {
                self.script.calm();
            }
            tokio::time::sleep(Duration::from_secs(self.script.dice.throw(3_000_000 + round, 40))).await;
            match self.run().await {
                End::Done(outcome, _) if outcome.failures.is_empty() && outcome.left.is_empty() => return Ok(()),
                End::Done(outcome, _) if round > 5 => {
                    return Err(format!("it doesn't finish: {:?}, left {:?}", outcome.failures, outcome.left));
                }
                End::Refused(why) if round > 5 => return Err(format!("it doesn't begin: {why}")),
                _ => {}
            }
        }
        Err("it doesn't finish".into())
    }

    /// Compares what is there with what is wanted and what is recorded, once everything shows.
    pub async fn judge(&self) -> Verdict {
        self.script.calm();
        tokio::time::sleep(Duration::from_secs(400)).await;
        let (state, _) = self.state().await;
        let mut verdict = Verdict::default();
        let mut there: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
        for (number, thing) in self.cloud.account().things() {
            there.entry(thing.address.clone()).or_default().push(thing.outputs(number));
        }
        for (address, things) in &there {
            let record = state.resources.get(&address.as_str().into());
            if things.len() > 1 {
                verdict.duplicates.push(format!("{address} {} times", things.len()));
            } else if record.is_none() || !self.wanted().iter().any(|want| want.address.as_str() == address) {
                verdict.orphans.push(address.clone());
            }
        }
        for (address, record) in &state.resources {
            let there = there.get(address.as_str()).is_some_and(|things| things.contains(&record.outputs));
            if !there || record.status != Status::Ready || record.intent.is_some() {
                verdict.untrue.push(format!("{address} {:?} {}", record.status, record.outputs));
            }
        }
        verdict.untrue.extend(state.deposed.iter().map(|old| format!("{} is still deposed", old.address)));
        match self.plan(&state).await {
            Ok(plan) => {
                let left = plan.changes.iter();
                verdict.untrue.extend(left.map(|c| format!("{} would be {:?}", c.address, c.action)));
            }
            Err(why) => verdict.untrue.push(why),
        }
        // Two processes don't know of each other: one that wakes up beside its successor has calls whose turn came while it slept.
        let alone = !self.script.happened().iter().any(|(_, fault)| *fault == Fault::Sleeps);
        if alone && self.cloud.account().turned_away > 0 {
            verdict.untrue.push("calls were turned away although the client keeps to the rates".into());
        }
        verdict
    }
}
