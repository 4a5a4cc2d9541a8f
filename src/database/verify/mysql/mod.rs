//! MySQL's and MariaDB's side of a comparison.

mod reader;
mod sql;
mod tables;

pub use reader::MySql;
pub(in crate::database) use sql::{Sql, is_binary};
