//! `migrate` moves a city's live web service to a self-healing architecture on AWS.

pub mod spec;
