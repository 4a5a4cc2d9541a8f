//! Compares and acts: desired, recorded and observed resources in, a [`plan::Plan`] out; the executor carries it out.
//!
//! Nothing here knows AWS: everything outside is reached through [`cloud::Cloud`].

pub mod address;
pub mod adopt;
#[cfg(test)]
mod campaign;
pub mod cloud;
mod create;
pub mod desired;
pub mod diff;
pub mod error;
pub mod estimate;
pub mod events;
pub mod executor;
pub mod graph;
pub mod input;
pub mod journal;
pub mod kind;
pub mod memory;
pub mod notice;
pub mod plan;
pub mod planner;
pub mod rates;
mod repeat;
#[cfg(test)]
mod scenarios;
mod step;
pub mod wait;

pub use address::Address;
pub use desired::Desired;
pub use error::{CloudError, CloudResult, ErrorClass};
pub use input::Input;
