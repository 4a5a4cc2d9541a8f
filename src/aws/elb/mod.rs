//! Elastic Load Balancing v2.

pub mod action;
pub mod attributes;
mod foreign;
pub mod health;
pub mod listener;
pub mod load_balancer;
pub mod neighbours;
pub mod rule;
pub mod rule_order;
pub mod survey;
pub mod tag;
pub mod target_check;
pub mod target_group;
pub mod targets;
