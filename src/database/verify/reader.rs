//! What an engine must be able to tell about one side.

use super::{Key, Piece, Rows, Sums, Table, VerifyResult};
use async_trait::async_trait;

/// Reads one side. Nothing here writes or waits.
#[async_trait]
pub trait Reader: Send + Sync {
    /// The tables whose rows replication carries, biggest first.
    async fn tables(&self) -> VerifyResult<Vec<Table>>;
    /// The key that is `rows` rows after `after`, in the key's order; `None`: there are fewer.
    async fn cut(&self, table: &Table, after: Option<&Key>, rows: u64) -> VerifyResult<Option<Key>>;
    /// The sums of a piece.
    async fn sums(&self, table: &Table, piece: &Piece) -> VerifyResult<Sums>;
    /// The rows of a piece, by key.
    async fn rows(&self, table: &Table, piece: &Piece) -> VerifyResult<Rows>;
    /// The rows that have these keys.
    async fn lookup(&self, table: &Table, keys: &[Key]) -> VerifyResult<Rows>;
}

/// Waits for the target while the source is being written to.
#[async_trait]
pub trait Barrier: Send + Sync {
    /// Returns when the target has applied everything that was committed on the source before the call.
    async fn applied(&self) -> VerifyResult<()>;
}
