//! Relational Database Service.

pub mod instance;
pub mod observed;
pub mod parameter_group;
pub mod subnet_group;
pub mod survey;
pub mod tag;
pub mod version;
