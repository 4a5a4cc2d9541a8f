//! What can go wrong with one call to the cloud, by what the caller can do about it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The result of one call.
pub type CloudResult<T> = Result<T, CloudError>;

/// What a failed call means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// It isn't there (any more, or not yet: just after a create it means "wait").
    NotFound,
    /// Something of that name is there already.
    AlreadyExists,
    /// Something else still uses it, or is still changing: the same call succeeds later.
    Dependency,
    /// What was made before hasn't reached every corner of AWS yet: the same call succeeds later.
    Propagating,
    /// Too many calls: the same call succeeds later.
    Throttled,
    /// The credentials may not do it.
    Denied,
    /// A quota of the account is used up.
    Quota,
    /// A server error, a lost connection or a time-out: whether the call had its effect isn't known.
    Unavailable,
    /// The call itself was wrong, or anything else: repeating it changes nothing.
    Other,
}

/// One failed call: which, on what grounds, and what the service said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CloudError {
    /// What the caller can do about it.
    pub class: ErrorClass,
    /// `service:Operation`, such as `ec2:CreateVpc`.
    pub call: String,
    /// The service's error code, such as `VpcLimitExceeded`; empty where no answer came.
    pub code: String,
    /// The service's message.
    pub message: String,
}

impl CloudError {
    /// A mistake of this program, not of the cloud.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { class: ErrorClass::Other, call: "migrate".into(), code: "Internal".into(), message: message.into() }
    }

    /// True where the call failed because the thing isn't there.
    pub fn is_not_found(&self) -> bool {
        self.class == ErrorClass::NotFound
    }
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.call)?;
        if !self.code.is_empty() {
            write!(f, "{}: ", self.code)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for CloudError {}

/// `NotFound` counts as done: for deletes.
pub fn gone_is_fine(result: CloudResult<()>) -> CloudResult<()> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}
