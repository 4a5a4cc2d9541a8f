//! What a database engine must be able to do so that its data can be moved: the seam between the runbooks and PostgreSQL or MySQL.
//!
//! Every method may be called again after it was cut off anywhere, and then goes on or finds its work done. None of them waits for
//! more than its own statements: the runbooks do. What decides who serves stands in the databases themselves, never here.

use super::DatabaseResult;
use super::assess::Assessment;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// What served before the move.
    Old,
    /// RDS.
    New,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }

    /// `old`, `new`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

/// What one side's gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// There is none: the side was never prepared, or is finished with.
    None,
    /// It serves.
    Open,
    /// Writes are refused for so long yet; then it serves again by itself.
    Frozen(Duration),
    /// Writes are refused until the other side has handed over.
    Waiting,
    /// It has handed over, and writes are refused.
    Given,
}

impl Gate {
    /// Whether users can write.
    pub fn serves(self) -> bool {
        matches!(self, Self::None | Self::Open) || self == Self::Frozen(Duration::ZERO)
    }
}

/// How far the copy is, and how far behind it follows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Following {
    /// Tables that are copied and follow.
    pub tables: u64,
    /// All tables.
    pub of: u64,
    /// Bytes on the new side.
    pub bytes: u64,
    /// Bytes on the old side.
    pub total: u64,
    /// Bytes of log that the new side hasn't applied.
    pub lag: u64,
    /// What holds it up and needs somebody: a stopped subscription, a lost slot, in the server's words.
    pub trouble: Option<String>,
}

impl Following {
    /// Whether everything is copied.
    pub fn copied(&self) -> bool {
        self.of > 0 && self.tables == self.of
    }
}

/// Bytes a second, and how many seconds are left, after so many of `total` bytes in so many seconds.
pub fn pace(bytes: u64, total: u64, seconds: u64) -> (u64, u64) {
    let rate = bytes / seconds.max(1);
    (rate, total.saturating_sub(bytes).checked_div(rate).unwrap_or(0))
}

/// What the last comparison found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Tables that were compared.
    pub tables: u64,
    /// Rows that were compared.
    pub rows: u64,
    /// What differs, in words; empty: nothing.
    pub differences: Vec<String>,
}

/// Gets told how far a step is, in words, as often as its engine knows. Must not block.
pub type Tell<'a> = &'a (dyn Fn(String) + Send + Sync);

/// A move between two servers of one engine.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Whether it can be moved. Only reads; `both`: the new side too, which need not be there yet. With `sample` the old side is measured
    /// for so long.
    async fn assess(&self, both: bool, sample: Option<Duration>) -> DatabaseResult<Assessment>;

    // Ahead: while the old side serves. In this order.

    /// Makes what the move itself needs on both sides: users for the replication, tables for the gate and for marks.
    /// The old side's gate is open, the new side's waits.
    async fn prepare(&self) -> DatabaseResult<()>;
    /// Users, their passwords where they can be read, their grants.
    async fn roles(&self) -> DatabaseResult<()>;
    /// Tables with their keys; everything that would slow the copy down comes with `indexes`.
    async fn schema(&self) -> DatabaseResult<()>;
    /// Begins to copy and to follow. Returns at once where the server copies by itself.
    async fn follow(&self, tell: Tell<'_>) -> DatabaseResult<()>;
    /// How far the stream that leaves `from` is.
    async fn following(&self, from: Side) -> DatabaseResult<Following>;
    /// Secondary indexes, foreign keys, triggers.
    async fn indexes(&self) -> DatabaseResult<()>;
    /// Statistics for the query planner.
    async fn analyse(&self) -> DatabaseResult<()>;
    /// Puts every table of both sides behind its side's gate.
    async fn gates(&self) -> DatabaseResult<()>;
    /// Refuses if the schemas differ: somebody has changed one of them since it was copied.
    async fn same_schema(&self) -> DatabaseResult<()>;
    /// Compares everything while the old side serves.
    async fn compare_all(&self, tell: Tell<'_>) -> DatabaseResult<Compared>;

    // The switch, from the side that serves to the other one.

    /// What each side's gate says: old, new.
    async fn gate(&self, side: Side) -> DatabaseResult<Gate>;
    /// Before the clock runs: prepares the stream back so that it only has to be switched on, compares everything so that the freeze
    /// needs only what is written from now on, and refuses what would hold the switch up or make it unsafe.
    async fn ready(&self, from: Side, tell: Tell<'_>) -> DatabaseResult<()>;
    /// Refuses all writes from now on, for `length` at most by the server's own clock.
    async fn freeze(&self, from: Side, length: Duration) -> DatabaseResult<()>;
    /// Ends what began to write before the freeze; asked again and again, true when nothing is left that could still commit a write.
    /// `now`: sessions that haven't ended by themselves are ended.
    async fn quiet(&self, from: Side, now: bool) -> DatabaseResult<bool>;
    /// Leaves a mark in the stream after everything that was written; answers with it.
    async fn mark(&self, from: Side) -> DatabaseResult<String>;
    /// Whether the other side has applied everything up to this mark.
    async fn applied(&self, from: Side, mark: &str) -> DatabaseResult<bool>;
    /// Sequences and identity values of the other side on to this one's, and a margin.
    async fn counters(&self, from: Side) -> DatabaseResult<()>;
    /// Compares what has changed since `ready`, while nothing is written.
    async fn compare_changed(&self, from: Side) -> DatabaseResult<Compared>;
    /// The stream back begins exactly here.
    async fn arm(&self, from: Side) -> DatabaseResult<()>;
    /// The point of no return, in one transaction of `from`: the freeze becomes permanent, the right to serve leaves in the stream,
    /// the stream forward ends and the one back begins. Only if the freeze lasts for `margin` yet.
    async fn hand_over(&self, from: Side, margin: Duration) -> DatabaseResult<()>;
    /// Whether the other side has received the right to serve by the stream.
    async fn received(&self, from: Side) -> DatabaseResult<bool>;
    /// Opens the other side, after `from` has handed over. The stream does the same if nobody is left to call this.
    async fn open(&self, from: Side) -> DatabaseResult<()>;
    /// Ends a freeze early, unless the side has handed over: then it changes nothing there.
    async fn thaw(&self, from: Side) -> DatabaseResult<()>;
    /// Lets go of what `ready` holds for a switch that isn't going on.
    async fn unready(&self, _from: Side) -> DatabaseResult<()> {
        Ok(())
    }
    /// After the clock: takes the stream forward down, so that it holds nothing back on the side that has handed over.
    async fn retire(&self, from: Side) -> DatabaseResult<()>;
    /// Reads and, where `write`, writes on `side` as the service's own user would.
    async fn smoke(&self, side: Side, write: bool) -> DatabaseResult<()>;

    // The end.

    /// Removes everything that the move has put on `side`: streams, gate, users. Asks nothing of the other side, which may be gone. If `side`
    /// has handed over, it takes no writes afterwards either.
    async fn tidy(&self, side: Side) -> DatabaseResult<()>;
    /// What of the move is on `side`, in words.
    async fn remains(&self, side: Side) -> DatabaseResult<Vec<String>>;
    /// Lets users write on `side` again though it has handed over: only if the other side is gone for good.
    async fn reopen(&self, side: Side) -> DatabaseResult<()>;
    /// Empties the new side's database, which nobody uses, so that it can be copied to anew.
    async fn empty(&self) -> DatabaseResult<()>;
}
