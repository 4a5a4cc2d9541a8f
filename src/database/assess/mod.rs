//! Whether a live database can be moved, told before anything is touched: facts are read from both servers, verdicts are pure functions over
//! them, and each finding that isn't well bears its mend.

mod assessment;
mod estimate;
mod finding;
mod judge_mysql;
mod judge_postgres;
pub mod mysql;
pub mod postgres;

pub use assessment::{Assessment, of_mysql, of_postgres};
pub use estimate::{Estimate, Sample};
pub use finding::{Finding, Level, worst};
pub use judge_mysql::judge as judge_mysql;
pub use judge_postgres::judge as judge_postgres;
