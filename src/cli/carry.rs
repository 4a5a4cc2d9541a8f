//! Carries a plan out, and shows and records how it goes.

use super::interrupt::Interrupt;
use super::open::Opened;
use super::record;
use crate::engine::estimate::estimate;
use crate::engine::executor::{Executor, Gate, Outcome};
use crate::engine::plan::Plan;
use crate::state::{Fenced, Lease, Ledger};
use crate::view::progress::Progress;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Does it, what is behind the gate when that opens; answers with what it came to, and how long it took.
pub async fn out(
    city: &Opened,
    plan: &Plan,
    ledger: &Ledger,
    lease: &Lease,
    interrupt: &Interrupt,
    gate: Option<Gate<'_>>,
) -> (Outcome, Duration) {
    let typical = Duration::from_secs(estimate(plan, &city.cloud).total.typical.into());
    let progress = Arc::new(Progress::new(plan, typical.div_f64(city.aws.time_scale)));
    let begun = Instant::now();
    let ticking = progress.tick();
    let run = Executor {
        plan,
        cloud: &Fenced { cloud: &city.cloud, lease },
        ledger,
        observer: &*progress,
        pace: city.pace,
        stop: interrupt.stop(),
        gate,
    };
    let entries = city.aws.journal.listen();
    let working = async {
        let outcome = run.run().await;
        city.aws.journal.close();
        outcome
    };
    let (outcome, ()) =
        futures_util::future::join(working, record::procedures(entries, plan, ledger, &*progress)).await;
    ticking.abort();
    progress.finish();
    (outcome, begun.elapsed())
}
