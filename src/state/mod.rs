//! What is recorded of a city: one versioned object, its history, and the lock that says who may write it.

pub mod layout;
pub mod ledger;
pub mod lock;
pub mod model;
pub mod s3;
pub mod store;

pub use ledger::Ledger;
pub use lock::Lease;
pub use model::{Deposed, Intent, Record, State, Status};
pub use s3::S3Store;
pub use store::{Condition, MemoryStore, Store, StoreError};
