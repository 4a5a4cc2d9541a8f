//! `migrate` moves a city's live web service to a self-healing architecture on AWS.

pub mod aws;
pub mod engine;
pub mod phases;
pub mod sandbox;
pub mod spec;
pub mod state;
