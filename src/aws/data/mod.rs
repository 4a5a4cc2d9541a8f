//! The city's data as resources: what is copied, what is complete, who serves. Their calls go to the databases, not to AWS.

pub mod complete;
pub mod copy;
mod pair;
pub mod pointer;
mod secret;
pub mod switch;

pub use pair::{DataProps, as_far_as_there, engine, may_run, old_alone};
