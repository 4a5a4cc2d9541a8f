//! The `database` section: the RDS instance that is built.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::form::{Clock, DailyWindow, DatabaseClass, DatabaseName, EngineVersion, WeeklyWindow, Weekday};

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    Mysql,
}

impl Engine {
    /// The name that RDS and the city file use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    /// The port that the engine listens on by default.
    pub fn port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Mysql => 3306,
        }
    }
}

/// The database that is built: RDS Multi-AZ, encrypted, protected against deletion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Database {
    /// Its engine; today's if left out. The data moves by the engine's own replication, so it must be today's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The engine's version in quotes: `"16.8"` for PostgreSQL, `"8.0.42"` or `"8.4.5"` for MySQL.
    pub version: EngineVersion,
    /// The RDS instance class.
    pub class: DatabaseClass,
    /// The storage in GiB, of type gp3.
    #[schemars(range(min = 20, max = 65_536))]
    pub storage: u32,
    /// How far the storage may grow by itself, in GiB; twice `storage` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 20, max = 65_536))]
    pub max_storage: Option<u32>,
    /// For how many days backups are kept.
    #[serde(default = "fortnight")]
    #[schemars(range(min = 1, max = 35))]
    pub backup_days: u32,
    /// When the daily backup is taken, UTC.
    #[serde(default = "backup_window")]
    pub backup_window: DailyWindow,
    /// When RDS may maintain the instance, UTC. Must not overlap the backup.
    #[serde(default = "maintenance_window")]
    pub maintenance_window: WeeklyWindow,
    /// The name of the database; today's if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DatabaseName>,
}

impl Database {
    /// How far the storage may grow by itself, in GiB.
    pub fn max_storage(&self) -> u32 {
        self.max_storage.unwrap_or(self.storage.saturating_mul(2).min(65_536))
    }
}

fn fortnight() -> u32 {
    14
}

fn backup_window() -> DailyWindow {
    DailyWindow { start: Clock { minutes: 60 }, end: Clock { minutes: 90 } }
}

fn maintenance_window() -> WeeklyWindow {
    WeeklyWindow { start: (Weekday::Tue, Clock { minutes: 180 }), end: (Weekday::Tue, Clock { minutes: 210 }) }
}
