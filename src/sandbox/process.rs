//! Starts and stops the server, which outlives the command that started it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use etcetera::BaseStrategy;
use serde::Deserialize;

use super::control::Sandbox;
use super::databases::Servers;
use super::error::SandboxError;
use super::status::SandboxStatus;
use super::{files, venv};

/// AWS's seconds per real second, unless told otherwise: RDS takes 15 s instead of 15 minutes.
pub const DEFAULT_SPEED: f64 = 60.0;

/// Rides a second that are written to a city's database.
pub const DEFAULT_RIDES: u32 = 10;

/// The size of a city's legacy database, megabytes.
pub const DEFAULT_MEGABYTES: u32 = 20;

/// How to start a sandbox.
#[derive(Debug, Clone)]
pub struct Start {
    /// Where its endpoint, log and lock are kept: one sandbox a home.
    pub home: PathBuf,
    /// AWS's seconds per real second.
    pub speed: f64,
    /// Whether its databases are real servers.
    pub databases: Servers,
    /// The size of a city's legacy database, megabytes.
    pub megabytes: u32,
}

/// What the server writes when it answers.
#[derive(Debug, Deserialize)]
struct Endpoint {
    endpoint: String,
    pid: u32,
}

/// The home of the user's sandbox: `MIGRATE_SANDBOX_HOME`, else a folder in the user's cache.
///
/// # Errors
/// When the user has no home directory.
pub fn default_home() -> Result<PathBuf, SandboxError> {
    match std::env::var_os("MIGRATE_SANDBOX_HOME").filter(|home| !home.is_empty()) {
        Some(home) => Ok(PathBuf::from(home)),
        None => Ok(cache()?.join("home")),
    }
}

/// The interpreter of the sandbox's virtual environment, which has boto3; the environment is made if need be.
///
/// # Errors
/// When Python or its packages can't be had.
pub fn interpreter() -> Result<PathBuf, SandboxError> {
    venv::prepare(&cache()?, &mut |_| ())
}

fn cache() -> Result<PathBuf, SandboxError> {
    let base = etcetera::choose_base_strategy().map_err(|_| SandboxError::NoHome)?;
    Ok(base.cache_dir().join("migrate").join("sandbox"))
}

impl Sandbox {
    /// The sandbox that runs in `home`, if one does and answers as the process that it says it is.
    ///
    /// # Errors
    /// When the home can't be read.
    pub fn running(home: &Path) -> Result<Option<Self>, SandboxError> {
        Ok(answering(home)?.map(|(sandbox, _)| sandbox))
    }

    /// The sandbox that runs in the home, else a new one, when it answers.
    ///
    /// # Errors
    /// When Python or its packages can't be had, the server doesn't start, or one of another version
    /// of this binary, or without the database servers that are asked for, is running.
    pub fn start(start: &Start, progress: &mut dyn FnMut(&str)) -> Result<Self, SandboxError> {
        let home = &start.home;
        fs::create_dir_all(home).map_err(SandboxError::io(home))?;
        let lock_path = home.join("start.lock");
        let lock = File::create(&lock_path).map_err(SandboxError::io(&lock_path))?;
        lock.lock().map_err(SandboxError::io(&lock_path))?;
        if let Some((sandbox, status)) = answering(home)? {
            let endpoint = sandbox.endpoint().to_owned();
            return if status.version != files::version() {
                Err(SandboxError::OtherVersion { endpoint })
            } else if start.databases == Servers::On && status.databases.mode == Servers::Off {
                Err(SandboxError::WithoutDatabases { endpoint })
            } else {
                Ok(sandbox)
            };
        }
        let cache = cache()?;
        let python = venv::prepare(&cache, progress)?;
        let package = files::write(&cache)?;
        progress("starting the sandbox");
        launch(start, &python, &package)?;
        let log = home.join("log");
        answering(home)?.map(|(sandbox, _)| sandbox).ok_or_else(|| failed(&log))
    }

    /// Ends the server and waits until its process is gone; what it holds is lost.
    ///
    /// # Errors
    /// When its lock can't be read.
    pub fn stop(self) -> Result<(), SandboxError> {
        // The process may be gone before its answer is out: the lock tells.
        drop(self.post("stop", &serde_json::json!({})));
        let path = self.home().join("lock");
        let lock = File::create(&path).map_err(SandboxError::io(&path))?;
        lock.lock().map_err(SandboxError::io(&path))
    }
}

/// The sandbox of the home and its status, if the process that wrote the endpoint still answers there.
fn answering(home: &Path) -> Result<Option<(Sandbox, SandboxStatus)>, SandboxError> {
    let path = home.join("endpoint.json");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SandboxError::Io { path, source: error }),
    };
    let Ok(written) = serde_json::from_slice::<Endpoint>(&text) else { return Ok(None) };
    let sandbox = Sandbox::at(home, written.endpoint);
    let status = sandbox.status().ok().filter(|status| status.pid == written.pid);
    Ok(status.map(|status| (sandbox, status)))
}

/// Runs the adapter with `--detach`: its first process ends when the server is ready or has failed, so
/// nothing is left to be waited for.
fn launch(start: &Start, python: &Path, package: &Path) -> Result<(), SandboxError> {
    let path = start.home.join("log");
    let log = File::create(&path).map_err(SandboxError::io(&path))?;
    let mut command = Command::new(python);
    command
        .args(["-B", "-m", "adapter", "--detach", "--port", "0", "--name", &files::version()])
        .args(["--speed", &start.speed.to_string(), "--megabytes", &start.megabytes.to_string()])
        .args(["--databases", start.databases.name(), "--home"])
        .arg(&start.home)
        .current_dir(package)
        .env("PYTHONPATH", package)
        .env("PYTHONNOUSERSITE", "1")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(SandboxError::io(&path))?)
        .stderr(log);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    let status = command.status().map_err(SandboxError::io(python))?;
    if status.success() { Ok(()) } else { Err(failed(&path)) }
}

fn failed(log: &Path) -> SandboxError {
    let text = fs::read_to_string(log).unwrap_or_default();
    SandboxError::Start { log: log.to_owned(), output: venv::last_lines(&text) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails where it can't go on")]
mod tests {
    use super::*;

    #[test]
    fn a_home_without_a_sandbox_is_not_running() {
        let home = tempfile::tempdir().unwrap();
        assert!(Sandbox::running(home.path()).unwrap().is_none());
        fs::write(home.path().join("endpoint.json"), "half writ").unwrap();
        assert!(Sandbox::running(home.path()).unwrap().is_none());
    }

    #[test]
    fn an_endpoint_that_nobody_answers_is_not_running() {
        let home = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let stale = format!(r#"{{"endpoint":"http://{free}","pid":1,"version":"x"}}"#);
        fs::write(home.path().join("endpoint.json"), stale).unwrap();
        assert!(Sandbox::running(home.path()).unwrap().is_none());
    }

    /// Installs moto from PyPI the first time: a minute or less.
    #[test]
    fn starts_once_seeds_resets_and_stops() {
        let home = tempfile::tempdir().unwrap();
        let start =
            Start { home: home.path().to_owned(), speed: 600.0, databases: Servers::Off, megabytes: DEFAULT_MEGABYTES };
        let sandbox = Sandbox::start(&start, &mut |_| {}).unwrap();
        let again = Sandbox::start(&start, &mut |_| {}).unwrap();
        assert_eq!(sandbox.endpoint(), again.endpoint());
        assert_eq!(sandbox.status().unwrap().version, files::version());

        let with = Start { databases: Servers::On, ..start };
        let refused = Sandbox::start(&with, &mut |_| {}).unwrap_err();
        assert!(matches!(refused, SandboxError::WithoutDatabases { .. }), "{refused}");

        let seed = crate::sandbox::seed::tests::malmo();
        let city = sandbox.seed(&seed).unwrap();
        assert_eq!(city.addresses, seed.legacy.addresses);
        assert_eq!(city.instances[0].private, "10.40.1.10");
        assert_eq!(sandbox.seed(&seed).unwrap(), city);
        let status = sandbox.status().unwrap();
        assert_eq!(status.cities, [city]);
        assert_eq!(status.calls.total, 0);
        assert!((status.speed - 600.0).abs() < f64::EPSILON);

        let refused = sandbox.fault(&serde_json::json!({ "kind": "nonsense" })).unwrap_err();
        assert!(refused.to_string().contains("kind must be one of"), "{refused}");
        sandbox.fault(&serde_json::json!({ "kind": "throttle", "service": "ec2" })).unwrap();
        assert_eq!(sandbox.status().unwrap().rules.len(), 1);
        sandbox.clear_faults().unwrap();
        sandbox.reset().unwrap();
        assert!(sandbox.status().unwrap().cities.is_empty());
        assert!(sandbox.calls().unwrap().is_empty());

        let key = ("AWS_ACCESS_KEY_ID".to_owned(), "SANDBOX123456789012".to_owned());
        assert!(sandbox.exports("123456789012", "eu-north-1").contains(&key));
        again.stop().unwrap();
        assert!(Sandbox::running(home.path()).unwrap().is_none());
    }
}
