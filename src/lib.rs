//! `migrate` moves a city's live web service to a self-healing architecture on AWS.
//!
//! The main path:
//!
//! ```text
//! cities/malmo.yaml ─ spec ──▶ CitySpec ─ phases ──▶ Vec<Desired> ─┐
//!                                    S3 ─ state ───▶ State ────────┼─ engine::planner ──▶ Plan ─ view ──▶ the operator
//!                                   AWS ─ aws ─────▶ Observed ─────┘                        │
//!                                                       AWS and S3 ◀── engine::executor ────┘
//! ```
//!
//! `cli` has one file a command; `sandbox` is a local AWS. docs/architecture.md follows one request through all of it.

pub mod aws;
pub mod cli;
pub mod database;
pub mod engine;
#[cfg(test)]
mod hostile;
pub mod phases;
pub mod preflight;
pub mod sandbox;
pub mod spec;
pub mod state;
pub mod view;
