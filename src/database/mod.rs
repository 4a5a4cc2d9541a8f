//! The data moves: a live database to RDS, by the database's own replication. `migrate` conducts; docs/database.md tells the runbook.

pub mod access;
pub mod assess;
pub mod end;
pub mod engine;
pub mod error;
mod folder;
pub mod follow;
pub mod mysql;
pub mod postgres;
pub mod runbook;
pub mod secret;
pub mod switch;
mod tunnel;
pub mod verify;

pub use access::{Access, Login, Network, Routes, Server, Tls};
pub use engine::{Engine, Side};
pub use error::{DatabaseError, DatabaseResult};
pub use secret::Secret;
