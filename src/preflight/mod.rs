//! What is looked at before the first change: all of it at once, each finding with its mend. A failure stops `apply`; `plan` shows it.
//!
//! A check is one file: it reads its facts and judges them, and the judging is a pure function. [`CHECKS`] is the list of all. They
//! run only for what the plan would do ([`check::Check::concerns`]), so a plan without changes asks nothing here.

pub mod account;
pub mod bucket;
pub mod caa;
pub mod check;
pub mod data;
pub mod database;
pub mod delegation;
pub mod finding;
pub mod images;
pub mod instance_types;
pub mod legacy;
pub mod linked_roles;
pub mod network;
pub mod permissions;
pub mod quotas;
pub mod reach;
pub mod records;
pub mod resolver;
pub mod run;
mod simulate;
mod usage;
pub mod way_back;

pub use check::{Check, Subject};
pub use finding::{Finding, Level};
pub use run::run;

/// Every check, in the order in which findings are shown. A new one is its file and one line here.
pub static CHECKS: &[&dyn Check] = &[
    &account::Account,
    &bucket::StateBucket,
    &permissions::Permissions,
    &linked_roles::LinkedRoles,
    &quotas::Quotas,
    &instance_types::InstanceTypes,
    &database::Database,
    &data::Data,
    &images::Images,
    &delegation::Delegation,
    &caa::Caa,
    &legacy::Legacy,
    &network::Network,
    &records::Records,
    &reach::Reach,
    &way_back::WayBack,
];
