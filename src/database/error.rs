//! What can go wrong while a database moves, by what can be done about it.

use super::verify::VerifyError;
use crate::engine::{CloudError, ErrorClass};
use std::time::Duration;

/// The result of one piece of work on the databases.
pub type DatabaseResult<T> = Result<T, DatabaseError>;

/// Why something failed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A server refused or couldn't be reached.
    #[error("{what}: {source}")]
    Sql {
        /// What was being done, and on which side.
        what: String,
        /// What the driver or the server said.
        #[source]
        source: sqlx::Error,
    },
    /// Secrets Manager refused or couldn't be reached.
    #[error(transparent)]
    Aws(CloudError),
    /// A tool such as `pg_dump` failed.
    #[error("{tool}: {message}")]
    Tool {
        /// Which.
        tool: String,
        /// Its last words.
        message: String,
    },
    /// The databases aren't in a state in which this could be done safely: somebody has to act.
    #[error("{0}")]
    Refused(String),
    /// The budget of the interruption was about to be overspent: the side that served before serves again.
    #[error("{step} was not done within the {} ms that the budget leaves", .after.as_millis())]
    Overspent {
        /// What was under way.
        step: String,
        /// How long it could have taken.
        after: Duration,
    },
}

impl DatabaseError {
    /// True where the same may succeed later: a lost connection, a server that starts, a lock that is held.
    pub fn passes(&self) -> bool {
        match self {
            Self::Sql { source, .. } => passes(source),
            Self::Aws(error) => matches!(error.class, ErrorClass::Unavailable | ErrorClass::Throttled),
            Self::Overspent { .. } => true,
            Self::Tool { .. } | Self::Refused(_) => false,
        }
    }
}

fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // 08: connection; 40: serialisation, deadlock; 53: resources; 55P03: lock not available; 57: shutting down, starting.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "40", "53", "57P"].iter().any(|class| code.starts_with(class)) || code == "55P03"
        }),
        _ => false,
    }
}

/// For `map_err`: says what was being done.
pub fn doing(what: impl Into<String>) -> impl FnOnce(sqlx::Error) -> DatabaseError {
    let what = what.into();
    move |source| DatabaseError::Sql { what, source }
}

impl From<VerifyError> for DatabaseError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Sql { what, source } => Self::Sql { what, source },
            VerifyError::Unexpected(why) => Self::Refused(why),
        }
    }
}

impl From<DatabaseError> for CloudError {
    fn from(error: DatabaseError) -> Self {
        if let DatabaseError::Aws(error) = error {
            return error;
        }
        let code = match &error {
            DatabaseError::Sql { source: sqlx::Error::Database(inner), .. } => inner.code().unwrap_or_default().into(),
            DatabaseError::Sql { .. } | DatabaseError::Aws(_) => String::new(),
            DatabaseError::Tool { .. } => "Tool".into(),
            DatabaseError::Refused(_) => "Refused".into(),
            DatabaseError::Overspent { .. } => "Overspent".into(),
        };
        let class = match &error {
            // Not repeated by itself: users have felt it, so whether it is tried again tonight is the operator's to say.
            DatabaseError::Overspent { .. } => ErrorClass::Other,
            error if error.passes() => ErrorClass::Unavailable,
            _ => ErrorClass::Other,
        };
        Self { class, call: "database".into(), code, message: error.to_string() }
    }
}
