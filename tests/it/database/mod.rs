//! Databases on real servers.

mod assess;
mod ends;
mod journey;
mod load;
mod moves;
mod mysql;
#[allow(dead_code, reason = "the modules beside it use what they need")]
pub mod server;
mod troubles;
mod verify;
mod verify_mysql;
mod world;
