//! Who takes writes: tried on both sides all the time, one after the other. Whatever a gate says, this is what a user would see.

use super::line::{Address, Line};
use migrate::database::Side;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long one attempt may take: a server that doesn't answer takes no writes.
const ATTEMPT: Duration = Duration::from_millis(500);

/// A prober at work.
pub struct Prober {
    stop: Arc<AtomicBool>,
    /// How often each side took a write.
    taken: Arc<[AtomicU64; 2]>,
    task: tokio::task::JoinHandle<Probed>,
}

/// What it has seen.
#[derive(Debug, Default, Clone)]
pub struct Probed {
    /// Who took writes, in the order of time. Attempts follow each other: were there a moment at which both serve, the sides would alternate.
    pub turns: Vec<Side>,
    /// The longest time in which neither took any.
    pub neither: Duration,
    pub attempts: u32,
}

impl Prober {
    /// `sides`: old and new; the new one may not exist yet.
    pub fn start(sides: impl Fn() -> [Option<Address>; 2] + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let taken = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let (stopped, counts) = (stop.clone(), taken.clone());
        let task = tokio::spawn(async move {
            let mut probed = Probed::default();
            let mut lines = [None, None];
            let mut known = [None, None];
            let mut last: Option<Instant> = None;
            let mut looked = Instant::now();
            while !stopped.load(Ordering::SeqCst) {
                for (index, side) in [Side::Old, Side::New].into_iter().enumerate() {
                    if known[index].is_none() && (index == 0 || looked.elapsed() > Duration::from_millis(300)) {
                        looked = Instant::now();
                        known = tokio::task::block_in_place(&sides);
                    }
                    let Some(address) = &known[index] else { continue };
                    let begun = Instant::now();
                    probed.attempts += 1;
                    if !takes(&mut lines[index], address).await {
                        continue;
                    }
                    counts[index].fetch_add(1, Ordering::SeqCst);
                    if let Some(last) = last.replace(begun) {
                        probed.neither = probed.neither.max(last.elapsed());
                    }
                    if probed.turns.last() != Some(&side) {
                        probed.turns.push(side);
                    }
                }
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
            // A silence that goes on counts too.
            if let Some(last) = last {
                probed.neither = probed.neither.max(last.elapsed());
            }
            probed
        });
        Self { stop, taken, task }
    }

    /// Waits until a side takes a write, and says which; `None`: none did for so long.
    pub async fn somebody_serves(&self, patience: Duration) -> Option<Side> {
        let taken = || [0, 1].map(|side: usize| self.taken[side].load(Ordering::SeqCst));
        let (before, begun) = (taken(), Instant::now());
        while begun.elapsed() < patience {
            match taken() {
                now if now[0] > before[0] => return Some(Side::Old),
                now if now[1] > before[1] => return Some(Side::New),
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
        None
    }

    pub async fn stop(self) -> Probed {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap()
    }
}

/// Writes and takes it back.
async fn takes(slot: &mut Option<Line>, address: &Address) -> bool {
    if slot.is_none() {
        *slot = Line::open(address).await.ok();
        if slot.is_none() {
            // Logins are dear: a side that lets nobody in isn't kept busy refusing.
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }
    let attempt = async {
        let Some(line) = slot else { return false };
        let written = match line.run("BEGIN").await {
            Ok(()) => line.run("UPDATE load_probe SET n = n + 1").await.is_ok(),
            Err(_) => false,
        };
        // What can't be taken back goes with its session.
        if line.run("ROLLBACK").await.is_err() {
            *slot = None;
            return false;
        }
        written
    };
    match tokio::time::timeout(ATTEMPT, attempt).await {
        Ok(taken) => taken,
        Err(_) => {
            *slot = None;
            false
        }
    }
}
