//! PostgreSQL's side of a comparison.

mod method;
mod objects;
mod pgoutput;
mod reader;
mod schema;
mod sequences;
mod slot;
mod sql;
mod tables;
mod watch;

pub use objects::large_objects;
pub use reader::Postgres;
pub use schema::{Fingerprint, fingerprint};
pub use sequences::sequences;
pub use slot::Slot;
pub use watch::{Seen, Watch};
