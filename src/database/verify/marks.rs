//! Waiting for a mark: when it has arrived, so has everything that was committed before it.

use super::{Barrier, VerifyError, VerifyResult};
use crate::database::DatabaseResult;
use crate::engine::wait::until;
use async_trait::async_trait;
use std::time::Duration;

/// How long a mark may take while everything is compared.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often it is looked for.
const EVERY: Duration = Duration::from_millis(20);

/// A stream that carries marks, in the order of the commits.
#[async_trait]
pub trait Marks: Send + Sync {
    /// Leaves a mark behind everything that is committed.
    async fn mark(&self) -> DatabaseResult<String>;
    /// Whether the mark has arrived, and so everything before it.
    async fn arrived(&self, mark: &str) -> DatabaseResult<bool>;
}

#[async_trait]
impl<S: Marks> Barrier for S {
    async fn applied(&self) -> VerifyResult<()> {
        let wait = async {
            let mark = self.mark().await?;
            until(EVERY, || self.arrived(&mark)).await
        };
        let late =
            || VerifyError::Unexpected(format!("a mark took longer than {} s through the stream", PATIENCE.as_secs()));
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(arrived) => arrived.map_err(|error| VerifyError::Unexpected(error.to_string())),
            Err(_) => Err(late()),
        }
    }
}
