//! The switch: the right to serve goes from one side to the other. The way back is the same with the sides exchanged.
//!
//! The clock of the interruption runs from the freeze until the other side is open. All that can be done before is done before, what
//! can wait is done after. docs/decisions/database.md says why neither a killed conductor nor a cut line can make both sides serve.

use super::engine::{Compared, Gate, Tell};
use super::runbook::Runbook;
use super::{DatabaseError, DatabaseResult, Engine, Side};
use crate::engine::wait::until;
use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a mark may take through the stream before the freeze: what is on its way then is on its way during the freeze.
const IN_STEP: Duration = Duration::from_millis(150);
/// How long to wait for that.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the databases are asked while the clock runs.
const EVERY: Duration = Duration::from_millis(4);
/// How long the stream has to bring the right to serve across before the other side is opened by hand.
const BY_STREAM: Duration = Duration::from_millis(100);

/// The name of the step that compares under the freeze.
pub const COMPARE: &str = "compare";
/// The name of the step that ends the interruption.
pub const OPEN: &str = "open";

/// Where the service finds its database.
#[async_trait]
pub trait Pointer: Send + Sync {
    /// Makes ready all that can be made ready before the clock runs.
    async fn prepare(&self, to: Side) -> DatabaseResult<()>;
    /// Whether the service is led to `to`.
    async fn points(&self, to: Side) -> DatabaseResult<bool>;
    /// Leads the service to `to`.
    async fn point(&self, to: Side) -> DatabaseResult<()>;
}

/// A switch from the side that serves to the other one.
pub struct Switch<'a> {
    /// The databases.
    pub engine: &'a dyn Engine,
    /// Where the service finds its database.
    pub pointer: &'a dyn Pointer,
    /// The side that serves.
    pub from: Side,
    /// The longest interruption.
    pub budget: Duration,
    /// How it went.
    pub course: Mutex<Course>,
}

/// How a switch went.
#[derive(Clone, Debug, Default)]
pub struct Course {
    frozen: Option<Instant>,
    mark: Option<String>,
    /// From the freeze until the other side was open; `None`: it was opened by the stream, while nobody looked.
    pub interruption: Option<Duration>,
    /// What the last comparison found.
    pub compared: Option<Compared>,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Everything that can be done before the clock runs.
    Ready,
    /// Writes are refused.
    Freeze,
    /// What had begun before the freeze has ended.
    Settle,
    /// Everything that was written has arrived.
    Drain,
    /// Sequences go on where they were.
    Counters,
    /// Both sides are equal.
    Compare,
    /// The stream back begins here.
    Arm,
    /// The point of no return.
    HandOver,
    /// The other side takes writes.
    Open,
    /// The service is led there.
    Point,
    /// It works there.
    Smoke,
    /// The stream forward is gone.
    Retire,
}

impl Step {
    const ALL: [Self; 12] = [
        Self::Ready,
        Self::Freeze,
        Self::Settle,
        Self::Drain,
        Self::Counters,
        Self::Compare,
        Self::Arm,
        Self::HandOver,
        Self::Open,
        Self::Point,
        Self::Smoke,
        Self::Retire,
    ];

    /// Whether the clock runs while this is done, and can still be stopped.
    fn timed(self) -> bool {
        matches!(self, Self::Settle | Self::Drain | Self::Counters | Self::Compare | Self::Arm | Self::HandOver)
    }
}

impl<'a> Switch<'a> {
    /// A switch that hasn't begun.
    pub fn new(engine: &'a dyn Engine, pointer: &'a dyn Pointer, from: Side, budget: Duration) -> Self {
        Self { engine, pointer, from, budget, course: Mutex::default() }
    }

    /// How it has gone so far.
    pub fn course(&self) -> Course {
        self.course.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn record(&self, edit: impl FnOnce(&mut Course)) {
        edit(&mut self.course.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The freeze must last for this long yet at the point of no return: opening the other side takes less.
    fn reserve(&self) -> Duration {
        (self.budget / 10).min(Duration::from_millis(500))
    }

    /// What is left of the budget, the reserve taken off.
    fn left(&self) -> Duration {
        let spent = self.course().frozen.map_or(Duration::ZERO, |since| since.elapsed());
        self.budget.saturating_sub(self.reserve()).saturating_sub(spent)
    }

    async fn step(&self, step: Step, tell: Tell<'_>) -> DatabaseResult<()> {
        let (engine, from) = (self.engine, self.from);
        match step {
            Step::Ready => self.ready(tell).await,
            Step::Freeze => {
                self.record(|course| course.frozen = Some(Instant::now()));
                engine.freeze(from, self.budget).await
            }
            Step::Settle => self.settle().await,
            Step::Drain => {
                let mark = engine.mark(from).await?;
                self.record(|course| course.mark = Some(mark.clone()));
                until(EVERY, || engine.applied(from, &mark)).await
            }
            Step::Counters => engine.counters(from).await,
            Step::Compare => {
                let compared = engine.compare_changed(from).await?;
                let differences = compared.differences.join("; ");
                self.record(|course| course.compared = Some(compared));
                if differences.is_empty() { Ok(()) } else { Err(DatabaseError::Refused(differences)) }
            }
            Step::Arm => engine.arm(from).await,
            Step::HandOver => engine.hand_over(from, self.reserve()).await,
            Step::Open => {
                // Nothing can take the turn back any more: users needn't wait for one after the other. If pointing fails, it is a step of its own.
                let point = self.pointer.point(from.other());
                futures_util::future::join(self.open(), point).await.0
            }
            Step::Point => self.pointer.point(from.other()).await,
            Step::Smoke => engine.smoke(from.other(), true).await,
            Step::Retire => engine.retire(from).await,
        }
    }

    /// Leaves nothing for later that could be done now, and begins only when the other side is in step.
    async fn ready(&self, tell: Tell<'_>) -> DatabaseResult<()> {
        let (engine, from) = (self.engine, self.from);
        engine.thaw(from).await?;
        // The right to serve that came by the stream, while nobody was left to say so: without it the gate can't be frozen.
        if engine.gate(from.other()).await? == Gate::Given {
            engine.open(from.other()).await?;
        }
        self.pointer.prepare(from.other()).await?;
        engine.ready(from, tell).await?;
        engine.smoke(from.other(), false).await?;
        match tokio::time::timeout(PATIENCE, until(EVERY, || self.in_step())).await {
            Ok(result) => result,
            Err(_) => {
                let lag = engine.following(from).await?.lag;
                let seconds = PATIENCE.as_secs();
                Err(DatabaseError::Refused(format!(
                    "the {} side is still {lag} bytes behind after {seconds} s: nothing was frozen",
                    from.other().name()
                )))
            }
        }
    }

    /// Transactions from before the freeze get a tenth of the budget to end by themselves.
    async fn settle(&self) -> DatabaseResult<()> {
        let grace = Instant::now() + (self.budget / 10).min(Duration::from_millis(300));
        until(EVERY, || self.engine.quiet(self.from, Instant::now() >= grace)).await
    }

    /// Whether a mark gets through in next to no time.
    async fn in_step(&self) -> DatabaseResult<bool> {
        let (engine, from) = (self.engine, self.from);
        let mark = engine.mark(from).await?;
        let arrives = until(EVERY, || engine.applied(from, &mark));
        tokio::time::timeout(IN_STEP, arrives).await.map_or(Ok(false), |arrived| arrived.map(|()| true))
    }

    /// By the stream, which is what opens it if this process dies now; by hand if the line is cut just now.
    async fn open(&self) -> DatabaseResult<()> {
        let (engine, from) = (self.engine, self.from);
        let by_stream = until(EVERY, || engine.received(from));
        if !matches!(tokio::time::timeout(BY_STREAM, by_stream).await, Ok(Ok(()))) {
            engine.open(from).await?;
        }
        self.record(|course| course.interruption = course.frozen.map(|since| since.elapsed()));
        Ok(())
    }
}

#[async_trait]
impl Runbook for Switch<'_> {
    type Step = Step;

    fn steps(&self) -> Vec<Step> {
        Step::ALL.to_vec()
    }

    fn name(&self, step: Step) -> &'static str {
        match step {
            Step::Ready => "make ready",
            Step::Freeze => "freeze writes",
            Step::Settle => "let transactions end",
            Step::Drain => "apply the last changes",
            Step::Counters => "set sequences",
            Step::Compare => COMPARE,
            Step::Arm => "arm the way back",
            Step::HandOver => "hand over",
            Step::Open => OPEN,
            Step::Point => "point the service",
            Step::Smoke => "smoke test",
            Step::Retire => "end the old stream",
        }
    }

    fn is_final(&self, step: Step) -> bool {
        step == Step::HandOver
    }

    async fn done(&self, step: Step) -> DatabaseResult<bool> {
        let to = self.from.other();
        match step {
            Step::Open => Ok(self.engine.gate(to).await?.serves()),
            Step::Point => self.pointer.points(to).await,
            Step::Smoke | Step::Retire => Ok(false),
            _ => Ok(self.engine.gate(self.from).await? == Gate::Given),
        }
    }

    async fn run(&self, step: Step, tell: Tell<'_>) -> DatabaseResult<()> {
        if !step.timed() {
            return self.step(step, tell).await;
        }
        let left = self.left();
        let overspent = |_| DatabaseError::Overspent { step: self.name(step).into(), after: left };
        tokio::time::timeout(left, self.step(step, tell)).await.map_err(overspent)?
    }

    async fn undo(&self, step: Step) -> DatabaseResult<()> {
        match step {
            Step::Freeze => self.engine.thaw(self.from).await,
            Step::Ready => self.engine.unready(self.from).await,
            _ => Ok(()),
        }
    }
}
