//! CloudWatch.

pub mod alarm;
pub mod dashboard;
pub mod query;
pub mod survey;
