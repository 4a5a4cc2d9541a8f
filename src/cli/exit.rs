//! How the process ends, and what it says when that is an error.

use crate::engine::{CloudError, ErrorClass};
use crate::state::StoreError;
use crate::view::note;
use crate::view::style::{BOLD, RED, paint};
use std::process::ExitCode;

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: an error that was already told.
    Error,
    /// 2: there are changes (`plan --detailed-exitcode`).
    Changes,
    /// 3: what users notice waits for the city's window; all else is done.
    Window,
    /// 130 or 143: stopped by that signal (2 or 15).
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Error => Self::FAILURE,
            Exit::Changes => Self::from(2),
            Exit::Window => Self::from(3),
            Exit::Signal(number) => Self::from(128 + number),
        }
    }
}

/// An error with what to do about it.
#[derive(Debug)]
pub struct Hint(pub String);

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Tells an error: what, why, and what to do next.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let hint = hint(error);
    // The hint was put on last, so it comes first in the chain.
    let first = usize::from(hint.as_ref() == Some(&error.to_string()));
    for (place, cause) in error.chain().skip(first).enumerate() {
        let label = if place == 0 { paint(RED, "error:") } else { "  because:".into() };
        note(&format!("{label} {cause}"));
    }
    if let Some(hint) = hint {
        note(&format!("  {} {hint}", paint(BOLD, "hint:")));
    }
    Exit::Error.into()
}

/// What a failed call to AWS, or to the state in S3, means for the caller.
fn class(cause: &(dyn std::error::Error + 'static)) -> Option<ErrorClass> {
    let of_store = || match cause.downcast_ref()? {
        StoreError::Call { cause, .. } => Some(cause.class),
        _ => None,
    };
    cause.downcast_ref::<CloudError>().map(|error| error.class).or_else(of_store)
}

fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(Hint(text)) = error.downcast_ref() {
        return Some(text.clone());
    }
    if let Some(StoreError::NoBucket { .. }) = error.chain().find_map(|cause| cause.downcast_ref()) {
        return Some(
            "`migrate bootstrap CITY` makes the bucket for the states; --state-bucket names another one".into(),
        );
    }
    match error.chain().find_map(class)? {
        ErrorClass::Denied => Some(
            "check AWS_PROFILE and the permissions of its role; `aws sts get-caller-identity` shows who you are".into(),
        ),
        ErrorClass::Unavailable => Some("check the network, AWS_REGION and AWS_ENDPOINT_URL".into()),
        _ => None,
    }
}
