//! A city under load while its database moves: clients that number what they write and record every answer, a prober that tries to write
//! on both sides all the time, and the accounts afterwards. The same for both engines.

mod accident;
pub mod app;
pub mod client;
pub mod count;
mod faults;
pub mod line;
pub mod probe;
mod show;
pub mod stage;
mod wire;
