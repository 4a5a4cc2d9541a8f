//! EC2 and VPC.

pub mod subnet;
pub mod survey;
pub mod tag;
pub mod vpc;
