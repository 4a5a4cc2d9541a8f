//! CloudWatch Logs.

pub mod group;
pub mod survey;
