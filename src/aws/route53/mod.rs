//! Route 53.

pub mod alias;
pub mod bake;
pub mod health_check;
pub mod names;
pub mod pair;
pub mod proof;
pub mod records;
pub mod shift;
pub mod sight;
pub mod survey;
pub mod validation;
pub mod weighted;
pub mod write;
