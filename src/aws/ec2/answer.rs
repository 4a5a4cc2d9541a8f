//! What EC2's answers leave to the caller: an id that the model calls optional, and failures inside a successful answer.

use crate::aws::error::classify;
use crate::engine::{CloudError, CloudResult};
use aws_sdk_ec2::types::UnsuccessfulItem;

/// The id in the answer of `call`.
pub fn id(found: Option<&str>, call: &str) -> CloudResult<String> {
    found.map(str::to_owned).ok_or_else(|| CloudError::internal(format!("{call} answered without an id")))
}

/// The first failure in an answer of `call` (`service:Operation`) that came with status 200.
pub fn complete(failures: &[UnsuccessfulItem], call: &str) -> CloudResult<()> {
    let Some(error) = failures.first().and_then(UnsuccessfulItem::error) else {
        return Ok(());
    };
    let (code, message) = (error.code().unwrap_or_default(), error.message().unwrap_or("no message"));
    Err(CloudError { class: classify(code, message), call: call.into(), code: code.into(), message: message.into() })
}
