//! What can go wrong with the sandbox, and what to do then.

use std::path::PathBuf;

/// An error of the sandbox; its text reads after "failed to …: ".
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// No Python on the PATH.
    #[error("no Python was found (tried {tried})")]
    PythonMissing {
        /// The commands that were tried.
        tried: String,
    },
    /// The only Python there is is too old.
    #[error("{command} is Python {found}, at least {wanted} is needed")]
    PythonTooOld {
        /// The command that was tried.
        command: String,
        /// Its version.
        found: String,
        /// The oldest version that will do.
        wanted: String,
    },
    /// Python is there, but can't make virtual environments.
    #[error("{command} can't make virtual environments: its module `{module}` is missing")]
    VenvMissing {
        /// The command that was tried.
        command: String,
        /// The module.
        module: String,
    },
    /// The packages couldn't be installed.
    #[error("{step} failed: {output}")]
    Install {
        /// What was being done.
        step: String,
        /// The last lines of its output.
        output: String,
    },
    /// The server ended before it answered.
    #[error("the sandbox didn't start; {log} ends with: {output}")]
    Start {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        output: String,
    },
    /// A sandbox of another version of the binary is running.
    #[error("a sandbox of another version is running at {endpoint}")]
    OtherVersion {
        /// Where it answers.
        endpoint: String,
    },
    /// The sandbox that runs has no database servers.
    #[error("the sandbox that is running at {endpoint} was started without database servers")]
    WithoutDatabases {
        /// Where it answers.
        endpoint: String,
    },
    /// A database server couldn't be started.
    #[error("the {engine} server of {city} failed: {message}")]
    Database {
        /// The city.
        city: String,
        /// Its engine.
        engine: String,
        /// Why.
        message: String,
    },
    /// The server refused a request at its control address.
    #[error("the sandbox refused {request}: {message}")]
    Refused {
        /// Method and path.
        request: String,
        /// What it said.
        message: String,
    },
    /// The server doesn't answer.
    #[error("the sandbox doesn't answer {request}: {source}")]
    Unreachable {
        /// Method and path.
        request: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// A file or folder couldn't be used.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no home directory to keep the cache in.
    #[error("this user has no home directory for the sandbox's cache")]
    NoHome,
}

impl SandboxError {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::PythonMissing { .. } | Self::PythonTooOld { .. } => Some(
                "install Python 3.10 or newer (Debian, Ubuntu: apt install python3 python3-venv; \
                 macOS: brew install python), or name one in MIGRATE_SANDBOX_PYTHON",
            ),
            Self::VenvMissing { .. } => Some(
                "install the module (Debian, Ubuntu: apt install python3-venv), or name another Python in MIGRATE_SANDBOX_PYTHON",
            ),
            Self::Install { .. } => Some(
                "the sandbox's packages come from PyPI once; check the network or pip's configuration and try again",
            ),
            Self::OtherVersion { .. } | Self::Unreachable { .. } | Self::WithoutDatabases { .. } => {
                Some("stop it with `migrate sandbox stop`; what it holds is lost")
            }
            Self::Database { .. } => {
                Some("`migrate sandbox stop` and try again; MIGRATE_SANDBOX_DATABASES=off makes databases mere records")
            }
            Self::NoHome => Some("set MIGRATE_SANDBOX_HOME and XDG_CACHE_HOME to folders of yours"),
            Self::Start { .. } | Self::Refused { .. } | Self::Io { .. } => None,
        }
    }

    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
