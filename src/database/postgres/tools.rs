//! PostgreSQL's own programs. The password goes by a file that only this user can read, never by argument or environment.

use super::connect::{Place, tool_conninfo};
use crate::database::folder::Folder;
use crate::database::{DatabaseError, DatabaseResult, Network};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use tokio::process::Command;

/// The newest one that is installed: a tool of an older version than the server refuses to work.
fn program(name: &str) -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = folders
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(name))))
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort();
    found.pop().map_or_else(|| PathBuf::from(name), |(_, path)| path)
}

/// Runs one of them against `place`; answers with what it printed and what it complained of.
pub async fn tool(
    name: &str,
    place: &Place,
    network: &Network,
    folder: &Folder,
    arguments: &[&str],
) -> DatabaseResult<Finished> {
    let failed = |message: String| DatabaseError::Tool { tool: name.into(), message };
    let passfile = folder.path().join("pgpass");
    let escaped = place.access.login.password.reveal().replace('\\', "\\\\").replace(':', "\\:");
    let mut open = std::fs::OpenOptions::new();
    let file = open.write(true).create(true).truncate(true).mode(0o600).open(&passfile);
    file.and_then(|mut file| writeln!(file, "*:*:*:*:{escaped}")).map_err(|e| failed(e.to_string()))?;
    let output = Command::new(program(name))
        .args(arguments)
        .arg(format!("--dbname={}", tool_conninfo(&place.access, network)))
        .env("PGPASSFILE", &passfile)
        .env("LC_ALL", "C")
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| failed(format!("{e}: is the package postgresql-client installed?")))?;
    Ok(Finished::from(output))
}

/// Runs one of them on a file.
pub async fn offline(name: &str, arguments: &[&str]) -> DatabaseResult<Finished> {
    let output = Command::new(program(name)).args(arguments).env("LC_ALL", "C").kill_on_drop(true).output().await;
    let failed = |e: std::io::Error| DatabaseError::Tool { tool: name.into(), message: e.to_string() };
    output.map(Finished::from).map_err(failed)
}

/// What a tool left.
pub struct Finished {
    /// Whether it says that it succeeded.
    pub success: bool,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub complaints: String,
}

impl Finished {
    /// Its output, if it succeeded.
    pub fn ok(self, name: &str) -> DatabaseResult<String> {
        if self.success {
            return Ok(self.out);
        }
        Err(DatabaseError::Tool { tool: name.into(), message: self.complaints.trim().into() })
    }
}

impl From<std::process::Output> for Finished {
    fn from(output: std::process::Output) -> Self {
        Self {
            success: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            complaints: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
