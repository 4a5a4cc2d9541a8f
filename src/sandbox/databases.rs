//! The database servers of a sandbox: the legacy ones of its cities, and those behind RDS instances.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether databases are real servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Servers {
    /// They are records: nothing listens.
    Off,
    /// They are servers where the engine is installed.
    #[default]
    Auto,
    /// They are servers, or creating one is an error.
    On,
}

impl Servers {
    /// As the adapter's command line has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Auto => "auto",
            Self::On => "on",
        }
    }
}

impl FromStr for Servers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" | "0" => Ok(Self::Off),
            "auto" => Ok(Self::Auto),
            "on" | "1" => Ok(Self::On),
            _ => Err("it is off, auto or on".to_owned()),
        }
    }
}

/// What the sandbox tells about its database servers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Databases {
    /// Whether there are any.
    pub mode: Servers,
    /// Engines that aren't installed, each with how to get it.
    pub missing: BTreeMap<String, String>,
    /// The certificate to verify their TLS with, a PEM file.
    pub ca: Option<PathBuf>,
    /// Where a legacy endpoint of a city file, `HOST:PORT`, really answers.
    pub routes: BTreeMap<String, String>,
    /// The servers.
    pub servers: Vec<DatabaseServer>,
}

/// A real server. The password is in the secret only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatabaseServer {
    /// The city that it belongs to; of an RDS instance its tag `migrate:city`, else its identifier.
    pub city: String,
    /// Which of the city's servers it is.
    pub role: Role,
    /// `postgres` or `mysql`.
    pub engine: String,
    /// The version that really runs, when it does.
    pub version: Option<String>,
    /// How far it is.
    pub state: ServerState,
    /// Why it failed.
    pub error: Option<String>,
    /// Its loopback address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database's name.
    pub name: String,
    /// The user.
    pub user: String,
    /// The ARN of the secret that holds the password; an RDS instance need not have one.
    pub password_in: Option<String>,
    /// Its log.
    pub log: PathBuf,
    /// Who writes to the database of its city, wherever that is; told by the legacy server.
    #[serde(default)]
    pub rides: Option<Rides>,
}

/// Somebody who writes to a city's database all the time, and goes where the city's secret leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rides {
    /// Writes a second.
    pub per_second: f64,
    /// Writes that were acknowledged.
    pub acknowledged: u64,
    /// How often a server refused a write, or was gone. It was then tried again.
    pub turned_away: u64,
    /// The longest that a write took until it was acknowledged.
    pub longest_wait_ms: u64,
    /// `HOST:PORT` of the secret that was used last.
    pub at: Option<String>,
}

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The one that serves the city today.
    Legacy,
    /// That of an RDS instance.
    Rds,
}

/// How far a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerState {
    /// It is being made, filled or started again.
    Starting,
    /// It answers.
    Ready,
    /// It couldn't be started.
    Failed,
    /// It is being removed.
    Stopped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_words_or_digits() {
        assert_eq!("1".parse(), Ok(Servers::On));
        assert_eq!("0".parse(), Ok(Servers::Off));
        for mode in [Servers::Off, Servers::Auto, Servers::On] {
            assert_eq!(mode.name().parse(), Ok(mode));
        }
        assert!("maybe".parse::<Servers>().is_err());
    }
}
