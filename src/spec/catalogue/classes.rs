//! RDS instance classes.

use super::{PerRegion, in_region};
use crate::spec::Engine;

/// An RDS instance class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DatabaseClassData {
    /// Its name.
    pub name: &'static str,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory in GiB.
    pub memory: u32,
    postgres: PerRegion,
    mysql: PerRegion,
}

impl DatabaseClassData {
    /// USD per hour in one zone; Multi-AZ is twice that (D). `None` where no price was found.
    pub fn hourly(&self, engine: Engine, region: &str) -> Option<f64> {
        match engine {
            Engine::Postgres => in_region(self.postgres, region),
            Engine::Mysql => in_region(self.mysql, region),
        }
    }
}

const fn c(name: &'static str, vcpus: u32, memory: u32, postgres: PerRegion, mysql: PerRegion) -> DatabaseClassData {
    DatabaseClassData { name, vcpus, memory, postgres, mysql }
}

/// The class of that name.
pub fn class(name: &str) -> Option<&'static DatabaseClassData> {
    CLASSES.iter().find(|data| data.name == name)
}

/// Name, vCPUs, memory in GiB (D), prices for PostgreSQL and MySQL (see [`super::PRICES_AS_OF`]; db.t4g.micro and small in eu-north-1 are estimates).
#[rustfmt::skip]
pub static CLASSES: &[DatabaseClassData] = &[
    c("db.t3.micro", 2, 1, Some([0.019, 0.02, 0.021]), Some([0.017, 0.018, 0.02])),
    c("db.t3.small", 2, 2, Some([0.037, 0.039, 0.042]), Some([0.034, 0.036, 0.04])),
    c("db.t3.medium", 2, 4, Some([0.074, 0.078, 0.084]), Some([0.068, 0.072, 0.08])),
    c("db.t3.large", 2, 8, Some([0.148, 0.156, 0.168]), Some([0.137, 0.144, 0.16])),
    c("db.t3.xlarge", 4, 16, None, None),
    c("db.t3.2xlarge", 8, 32, None, None),
    c("db.t4g.micro", 2, 1, Some([0.016, 0.017, 0.019]), Some([0.016, 0.017, 0.019])),
    c("db.t4g.small", 2, 2, Some([0.032, 0.035, 0.037]), Some([0.032, 0.035, 0.037])),
    c("db.t4g.medium", 2, 4, None, None),
    c("db.t4g.large", 2, 8, None, None),
    c("db.t4g.xlarge", 4, 16, None, None),
    c("db.t4g.2xlarge", 8, 32, None, None),
    c("db.m5.large", 2, 8, None, None),
    c("db.m5.xlarge", 4, 16, None, None),
    c("db.m5.2xlarge", 8, 32, None, None),
    c("db.m5.4xlarge", 16, 64, None, None),
    c("db.m6i.large", 2, 8, None, None),
    c("db.m6i.xlarge", 4, 16, None, None),
    c("db.m6i.2xlarge", 8, 32, None, None),
    c("db.m6i.4xlarge", 16, 64, None, None),
    c("db.m6g.large", 2, 8, None, None),
    c("db.m6g.xlarge", 4, 16, None, None),
    c("db.m6g.2xlarge", 8, 32, None, None),
    c("db.m6g.4xlarge", 16, 64, None, None),
    c("db.m7g.large", 2, 8, None, None),
    c("db.m7g.xlarge", 4, 16, None, None),
    c("db.m7g.2xlarge", 8, 32, None, None),
    c("db.m7g.4xlarge", 16, 64, None, None),
    c("db.r5.large", 2, 16, None, None),
    c("db.r5.xlarge", 4, 32, None, None),
    c("db.r5.2xlarge", 8, 64, None, None),
    c("db.r5.4xlarge", 16, 128, None, None),
    c("db.r6i.large", 2, 16, None, None),
    c("db.r6i.xlarge", 4, 32, None, None),
    c("db.r6i.2xlarge", 8, 64, None, None),
    c("db.r6i.4xlarge", 16, 128, None, None),
    c("db.r6g.large", 2, 16, None, None),
    c("db.r6g.xlarge", 4, 32, None, None),
    c("db.r6g.2xlarge", 8, 64, None, None),
    c("db.r6g.4xlarge", 16, 128, None, None),
    c("db.r7g.large", 2, 16, None, None),
    c("db.r7g.xlarge", 4, 32, None, None),
    c("db.r7g.2xlarge", 8, 64, None, None),
    c("db.r7g.4xlarge", 16, 128, None, None),
];
