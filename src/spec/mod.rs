//! The city file: YAML in, a checked [`CitySpec`] out. Nothing else reads YAML.
//!
//! [`load`] reads a folder of files. Each becomes a tree that knows its places (`tree`), is held against the JSON Schema of
//! [`CitySpec`] (`structure`), and then its meaning is checked (`check`). All mistakes come out at once as [`Problems`].

mod capacity;
pub mod catalogue;
mod check;
mod city;
pub mod cost;
mod database;
mod finding;
pub mod form;
pub mod init;
mod legacy;
pub mod living;
mod load;
mod parse;
mod problem;
pub mod recovery;
pub mod reference;
mod schema;
mod service;
mod structure;
pub mod subnets;
pub(crate) mod suggest;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tree;
pub mod window;

pub use capacity::{Alarms, Capacity, Cutover};
pub use check::window_too_short;
pub use city::{Budget, City, CitySpec, Nat, Network, Window};
pub use database::{Database, Engine};
pub use finding::Finding;
pub use legacy::{Instances, Legacy, LegacyDatabase};
pub use load::{check_name, from_text, is_there, load, locate};
pub use problem::{Problem, Problems};
pub use schema::schema;
pub use service::{Health, Service, Services, Targets};
