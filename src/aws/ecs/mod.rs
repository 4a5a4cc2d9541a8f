//! Elastic Container Service.

pub mod capacity_provider;
pub mod cluster;
pub mod container;
pub mod survey;
pub mod tag;
pub mod task_definition;
