//! The whole binary against the sandbox, over HTTP. One test binary, for link time.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod adapter;
mod cities;
mod commands;
mod database;
mod drift;
mod ends;
mod files;
mod harness;
mod import;
mod killed;
mod life;
mod living;
mod locks;
mod moved;
mod plans;
mod policy;
mod preflight;
mod process;
mod pull_request;
mod records;
mod saved;
mod signals;
mod states;
mod window;
