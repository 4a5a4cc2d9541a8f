//! A local AWS for `migrate --sandbox`: no account, no credentials, the whole migration on loopback.
//!
//! It is moto with an adapter of ours (`adapter/`, Python, embedded in the binary): [`python`] finds an
//! interpreter, [`venv`] installs moto once into the user's cache, [`files`] writes the adapter beside
//! it, [`process`] starts and stops the server, [`control`] talks to its control address, [`seed`] is
//! what is planted there, [`status`] and [`databases`] are what it tells. Nothing here prints or reads a real
//! credential.
//!
//! All calls block: run them on a blocking thread from asynchronous code.

mod control;
mod databases;
mod error;
mod files;
mod process;
mod python;
mod seed;
mod status;
mod venv;

pub use control::Sandbox;
pub use databases::{DatabaseServer, Databases, Rides, Role, ServerState, Servers};
pub use error::SandboxError;
pub use process::{DEFAULT_MEGABYTES, DEFAULT_RIDES, DEFAULT_SPEED, Start, default_home, interpreter};
pub use seed::{Seed, SeedDatabase, SeedInstances, SeedLegacy};
pub use status::{Calls, CityStatus, DatabaseStatus, InstanceStatus, SandboxStatus, ZoneStatus};
