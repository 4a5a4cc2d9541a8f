//! Whether two databases hold the same, answered inside the databases: only sums leave them, and the keys of what differs.
//!
//! - [`pass`] compares everything, several pieces at once, and can be cut off and go on: [`Progress`] is what the caller keeps.
//!   Under a freeze its answer is exact. On a live source it needs a [`Barrier`]: what differs is looked at again, key by key, until it
//!   is proven equal, proven different, or known to change faster than it can be read.
//! - [`touched`] compares again only the rows that were written since: their keys come from the database's own log, so the last
//!   verification under a freeze costs what was written lately, not the size of the database.
//!
//! A row's sum is a 64-bit hash of its canonical text; a piece's sum is the sum of its rows', so their order doesn't matter and a row
//! that is there twice shows. Two rows that differ go unnoticed once in 2^64: this guards against loss and damage, not against forgery.

mod error;
mod marks;
pub mod mysql;
mod narrow;
pub mod pass;
pub mod postgres;
mod progress;
mod reader;
mod settle;
mod table;
pub mod touched;

pub use error::{VerifyError, VerifyResult};
pub use marks::Marks;
pub use progress::{Difference, How, Mismatch, Progress, TableProgress};
pub use reader::{Barrier, Reader};
pub use table::{Key, Piece, Row, Rows, Sum, Sums, Table};
pub use touched::Touched;
