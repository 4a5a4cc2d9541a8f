//! Compares and acts: desired, recorded and observed resources in, a [`plan::Plan`] out; the executor carries it out.
//!
//! Nothing here knows AWS: everything outside is reached through [`cloud::Cloud`].

pub mod address;
pub mod cloud;
pub mod desired;
pub mod error;
pub mod input;
pub mod kind;

pub use address::Address;
pub use desired::Desired;
pub use error::{CloudError, CloudResult, ErrorClass};
pub use input::Input;
