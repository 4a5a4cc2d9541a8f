//! Simple Notification Service.

pub mod subscription;
pub mod survey;
pub mod topic;
