//! MySQL's and MariaDB's side of a comparison.
//!
//! The log of these servers can't be asked by SQL which rows were written, so a last comparison under a freeze is a whole pass.

mod gtid;
mod reader;
mod sql;
mod tables;

pub use gtid::Gtid;
pub use reader::MySql;
pub(in crate::database) use sql::Sql;
