//! Databases on real servers.

#[allow(dead_code, reason = "the modules beside it use what they need")]
pub mod server;
