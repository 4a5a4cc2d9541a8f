//! Compares the two sides with `verify`: everything while the one that serves is written to, and under the freeze what was written since.

use super::dialect::Position;
use super::log::{self, Keys};
use super::stream::Ends;
use crate::database::engine::Compared;
use crate::database::verify::mysql::MySql as Side;
use crate::database::verify::touched::{live, quiet};
use crate::database::verify::{Barrier, Progress, Reader, Touched, VerifyError, VerifyResult};
use crate::database::{DatabaseError, DatabaseResult};
use crate::engine::wait::until;
use async_trait::async_trait;
use std::time::Duration;

/// How long a mark may take while everything is compared.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often it is looked for.
const EVERY: Duration = Duration::from_millis(20);

/// A comparison that is to be completed under the freeze.
pub struct Comparison {
    source: Side,
    target: Side,
    keys: Keys,
    progress: Progress,
    touched: Touched,
    /// The log is read up to here.
    read: Position,
    /// Whether somebody may have changed the schema meanwhile.
    pub schema: bool,
}

#[async_trait]
impl Barrier for Ends<'_> {
    async fn applied(&self) -> VerifyResult<()> {
        let wait = async {
            let mark = self.mark().await?;
            until(EVERY, || Ends::applied(self, &mark)).await
        };
        let late =
            || VerifyError::Unexpected(format!("a mark took longer than {} s through the stream", PATIENCE.as_secs()));
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(arrived) => arrived.map_err(|error| VerifyError::Unexpected(error.to_string())),
            Err(_) => Err(late()),
        }
    }
}

fn pair(stream: &Ends<'_>) -> (Side, Side) {
    Side::pair(stream.from.pool.clone(), stream.to.pool.clone())
}

/// Compares every row while the source is written to.
pub async fn all(stream: &Ends<'_>) -> DatabaseResult<Compared> {
    let (source, target) = pair(stream);
    let mut progress = Progress::default();
    live(&source, &target, stream).run(&mut progress, &mut |_| {}).await?;
    Ok(compared(&progress))
}

/// The same, and knows from where on what is written has to be looked at again. Refuses if the sides differ.
pub async fn begin(stream: &Ends<'_>) -> DatabaseResult<Comparison> {
    let (source, target) = pair(stream);
    let read = stream.now().await?;
    let keys = Keys::of(stream.from, &source.tables().await?).await?;
    let mut comparison = Comparison {
        source,
        target,
        keys,
        progress: Progress::default(),
        touched: Touched::default(),
        read,
        schema: false,
    };
    let Comparison { source, target, progress, .. } = &mut comparison;
    live(source, target, stream).run(progress, &mut |_| {}).await?;
    let until = stream.now().await?;
    comparison.drain(stream).await?;
    comparison.read = until;
    let Comparison { source, target, progress, touched, .. } = &mut comparison;
    live(source, target, stream).touched(touched, progress).await?;
    let differences = progress.differences();
    if !differences.is_empty() {
        return Err(DatabaseError::Refused(differences.join("; ")));
    }
    Ok(comparison)
}

impl Comparison {
    async fn drain(&mut self, stream: &Ends<'_>) -> DatabaseResult<()> {
        self.schema |= log::read(stream.from, stream.network, &self.read, &self.keys, &mut self.touched).await?;
        Ok(())
    }

    /// Completes it while nothing is written: exact.
    pub async fn complete(&mut self, stream: &Ends<'_>) -> DatabaseResult<Compared> {
        self.drain(stream).await?;
        let Self { source, target, progress, touched, .. } = self;
        quiet(source, target).touched(touched, progress).await?;
        let mut compared = compared(progress);
        if progress.unsettled() > 0 {
            compared.differences.push(format!("{} rows couldn't be compared", progress.unsettled()));
        }
        Ok(compared)
    }
}

fn compared(progress: &Progress) -> Compared {
    Compared { tables: progress.tables.len() as u64, rows: progress.rows(), differences: progress.differences() }
}
