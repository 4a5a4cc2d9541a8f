//! Route 53.

pub mod bake;
pub mod health_check;
pub mod names;
pub mod pair;
pub mod shift;
pub mod survey;
pub mod validation;
pub mod weighted;
pub mod write;
