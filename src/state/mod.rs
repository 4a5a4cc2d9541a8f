//! What is recorded of a city: one versioned object, its history, and the lock that says who may write it.

pub mod differences;
pub mod fence;
pub mod layout;
pub mod lease;
pub mod ledger;
pub mod lock;
pub mod model;
#[cfg(test)]
mod parsers;
pub mod rebuild;
pub mod recorded;
pub mod s3;
pub mod store;
pub mod upgrade;

pub use lease::{Fenced, Lease};
pub use ledger::Ledger;
pub use model::{Deposed, Intent, Record, State, StateProblem, Status, StepRecord};
pub use recorded::Home;
pub use s3::S3Store;
pub use store::{Condition, MemoryStore, Store, StoreError};
