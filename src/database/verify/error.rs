//! Why a comparison couldn't be made.

/// The result of a piece of a comparison.
pub type VerifyResult<T> = Result<T, VerifyError>;

/// Why a comparison couldn't be made; that databases differ is no error.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A server refused or couldn't be reached.
    #[error("{what}: {source}")]
    Sql {
        /// What was read, and on which side.
        what: String,
        /// What the driver or the server said.
        #[source]
        source: sqlx::Error,
    },
    /// The answer isn't what such a server gives.
    #[error("{0}")]
    Unexpected(String),
}

/// For `map_err`: says what was being read.
pub(crate) fn reading(what: impl Into<String>) -> impl FnOnce(sqlx::Error) -> VerifyError {
    let what = what.into();
    move |source| VerifyError::Sql { what, source }
}
