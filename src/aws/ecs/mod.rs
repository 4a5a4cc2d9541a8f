//! Elastic Container Service.

pub mod rollout;
pub mod service;
pub mod service_survey;
