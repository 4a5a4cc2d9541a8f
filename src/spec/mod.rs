//! The city file: YAML in, a checked [`CitySpec`] out. Nothing else reads YAML.

mod capacity;
mod city;
mod database;
pub mod form;
mod legacy;
mod service;
mod suggest;

pub use capacity::{Alarms, Capacity, Cutover};
pub use city::{Budget, City, CitySpec, Nat, Network, Window};
pub use database::{Database, Engine};
pub use legacy::{Instances, Legacy, LegacyDatabase};
pub use service::{Health, Service, Services, Targets};
