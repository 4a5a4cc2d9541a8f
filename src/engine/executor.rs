//! Carries a plan out: as much at once as the graph allows, every intent recorded before the call that fulfils it.
//!
//! The only thing that changes anything. It sees the plan, never the city file.

use super::cloud::Cloud;
use super::events::{Event, Observer, What};
use super::graph::{Half, Node, nodes};
use super::plan::{Change, Plan};
use super::wait::{Ended, Pace};
use super::{Address, step};
use crate::state::model::PhaseRecord;
use crate::state::{Ledger, State};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;
use tokio::time::Instant;

/// Everything that a run works with.
pub struct Executor<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// Where.
    pub cloud: &'a dyn Cloud,
    /// Where it is recorded.
    pub ledger: &'a Ledger,
    /// Whom to tell.
    pub observer: &'a dyn Observer,
    /// How fast time passes.
    pub pace: Pace,
    /// Turns true when the operator asks to stop, or the lease is lost.
    pub stop: watch::Receiver<bool>,
    /// What users notice of it, and when that may begin; `None`: at any time.
    pub gate: Option<Gate<'a>>,
}

/// What stands before the changes that users notice. They begin when all others are done, and only if the gate is open then.
pub struct Gate<'a> {
    /// The changes behind it.
    pub behind: BTreeSet<Address>,
    /// Who opens it.
    pub keeper: &'a dyn Keeper,
}

/// Opens a gate, or keeps it closed.
pub trait Keeper: Send + Sync {
    /// Asked once, when nothing but what is behind the gate is left.
    fn opens(&self) -> bool;
}

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was done.
    pub done: Vec<Address>,
    /// What failed.
    pub failures: Vec<Failure>,
    /// What wasn't begun, because something that it needs failed, or because the operator asked to stop.
    pub left: Vec<Address>,
    /// True if the operator asked to stop.
    pub stopped: bool,
    /// True if the gate was closed; what is behind it is left.
    pub held: bool,
}

/// One resource that failed.
#[derive(Debug)]
pub struct Failure {
    /// Which.
    pub address: Address,
    /// Its kind.
    pub kind: String,
    /// Why.
    pub why: Ended,
}

/// Outputs that are known by now.
pub type Outputs = Mutex<BTreeMap<Address, Value>>;

impl Executor<'_> {
    /// Carries the plan out.
    pub async fn run(&self) -> Outcome {
        let nodes = nodes(&self.plan.changes);
        let outputs: Outputs = Mutex::new(self.plan.known.clone());
        let mut waiting: BTreeSet<usize> = (0..nodes.len()).collect();
        let mut done: BTreeSet<usize> = BTreeSet::new();
        let spans = Mutex::new(Spans::new(&self.plan.changes, &nodes));
        let mut running = FuturesUnordered::new();
        let mut outcome = Outcome::default();
        let mut open = self.gate.is_none();
        loop {
            if !*self.stop.borrow() && !outcome.failures.iter().any(|f| matches!(f.why, Ended::Unrecorded(_))) {
                let begins = |i: &usize| nodes[*i].after.is_subset(&done) && (open || !self.behind_gate(&nodes[*i]));
                let ready: Vec<usize> = waiting.iter().copied().filter(begins).collect();
                for index in ready {
                    waiting.remove(&index);
                    running.push(self.node(index, &nodes[index], &outputs, &spans));
                }
            }
            let Some((index, result)) = running.next().await else {
                // What failed may be what users need: they aren't moved then.
                let well = outcome.failures.is_empty() && outcome.left.is_empty() && !*self.stop.borrow();
                if open || !well || waiting.is_empty() {
                    break;
                }
                open = self.gate.as_ref().is_none_or(|gate| gate.keeper.opens());
                outcome.held = !open;
                if open {
                    continue;
                }
                break;
            };
            let change = &self.plan.changes[nodes[index].change];
            match result {
                Ok(()) => {
                    done.insert(index);
                    outcome.done.push(change.address.clone());
                }
                Err(Ended::Stopped) => outcome.left.push(change.address.clone()),
                Err(why) => {
                    outcome.failures.push(Failure { address: change.address.clone(), kind: change.kind.clone(), why })
                }
            }
        }
        outcome.left.extend(waiting.iter().map(|i| self.plan.changes[nodes[*i].change].address.clone()));
        outcome.stopped = *self.stop.borrow();
        outcome
    }

    fn behind_gate(&self, node: &Node) -> bool {
        self.gate.as_ref().is_some_and(|gate| gate.behind.contains(&self.plan.changes[node.change].address))
    }

    /// Everything that a node writes, it writes in here: awaiting the ledger outside, while no node is polled, would wait for ever
    /// for a node that holds it.
    async fn node(
        &self,
        index: usize,
        node: &Node,
        outputs: &Outputs,
        spans: &Mutex<Spans>,
    ) -> (usize, Result<(), Ended>) {
        let change = &self.plan.changes[node.change];
        let begun = Instant::now();
        self.tell(change, node.half, What::Begun);
        let result = match node.half {
            Half::Make => step::make(self, change, outputs).await,
            Half::Remove => step::remove(self, change).await,
        };
        let result = match result {
            Ok(()) => {
                let phase = spans.lock().unwrap_or_else(PoisonError::into_inner).done(change.address.phase());
                self.complete(phase).await
            }
            failed => failed,
        };
        match &result {
            Ok(()) => self.tell(change, node.half, What::Done(begun.elapsed())),
            Err(Ended::Stopped) => {}
            Err(why) => self.tell(change, node.half, What::Failed(why.to_string())),
        }
        (index, result)
    }

    /// Tells the observer.
    pub fn tell(&self, change: &Change, half: Half, what: What) {
        self.observer.event(Event { address: change.address.clone(), action: change.action, half, what });
    }

    async fn complete(&self, phase: Option<(String, u64)>) -> Result<(), Ended> {
        let Some((name, seconds)) = phase else { return Ok(()) };
        let record = PhaseRecord { completed_at: Timestamp::now(), seconds };
        let insert = |state: &mut State| {
            state.phases.insert(name, record);
        };
        Ok(self.ledger.commit(insert).await?)
    }
}

/// The outputs of `address` that are known.
pub fn known(outputs: &Outputs, address: &Address, field: &str) -> Option<Value> {
    let outputs = outputs.lock().unwrap_or_else(PoisonError::into_inner);
    outputs.get(address)?.get(field).filter(|value| !value.is_null()).cloned()
}

/// How many nodes each phase still has, and when the run began.
struct Spans {
    begun: Instant,
    left: BTreeMap<String, usize>,
}

impl Spans {
    fn new(changes: &[Change], nodes: &[Node]) -> Self {
        let mut left = BTreeMap::new();
        for node in nodes {
            *left.entry(changes[node.change].address.phase().to_owned()).or_default() += 1;
        }
        Self { begun: Instant::now(), left }
    }

    /// One node of `phase` is done; the phase's name and the seconds since the run began, if it was the last.
    fn done(&mut self, phase: &str) -> Option<(String, u64)> {
        let left = self.left.get_mut(phase)?;
        *left -= 1;
        (*left == 0).then(|| (phase.to_owned(), self.begun.elapsed().as_secs()))
    }
}
