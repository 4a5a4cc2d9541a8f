//! Identity and Access Management.

pub mod instance_profile;
pub mod linked;
pub mod policy;
pub mod role;
pub mod survey;
pub mod tag;
