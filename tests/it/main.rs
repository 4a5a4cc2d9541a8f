//! The whole binary against the sandbox, over HTTP. One test binary, for link time.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod commands;
mod database;
#[allow(dead_code, reason = "the modules that docs/roadmap.md names use the rest")]
mod harness;
mod saved;
