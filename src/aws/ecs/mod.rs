//! Elastic Container Service.

pub mod capacity_provider;
pub mod cluster;
pub mod container;
pub mod rollout;
pub mod service;
pub mod service_survey;
pub mod survey;
pub mod tag;
pub mod task_definition;
