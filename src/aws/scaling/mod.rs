//! Application Auto Scaling.

pub mod policy;
pub mod survey;
pub mod target;
