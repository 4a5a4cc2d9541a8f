//! Compares the two sides with `verify`: everything while the one that serves is written to, and under the freeze what was written since.

use super::dialect::Position;
use super::log::{self, Keys};
use super::stream::Ends;
use crate::database::engine::{Compared, Tell};
use crate::database::verify::mysql::MySql as Side;
use crate::database::verify::touched::{live, quiet};
use crate::database::verify::{Progress, Reader, Touched};
use crate::database::{DatabaseError, DatabaseResult};

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

fn pair(stream: &Ends<'_>) -> (Side, Side) {
    Side::pair(stream.from.pool.clone(), stream.to.pool.clone())
}

/// Compares every row while the source is written to.
pub async fn all(stream: &Ends<'_>, tell: Tell<'_>) -> DatabaseResult<Compared> {
    let (source, target) = pair(stream);
    let mut progress = Progress::default();
    live(&source, &target, stream).run(&mut progress, &mut |now| tell(now.how_far())).await?;
    Ok(progress.compared())
}

/// The same, and knows from where on what is written has to be looked at again. Refuses if the sides differ.
pub async fn begin(stream: &Ends<'_>, tell: Tell<'_>) -> DatabaseResult<Comparison> {
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
    live(source, target, stream).run(progress, &mut |now| tell(now.how_far())).await?;
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
        Ok(progress.settled())
    }
}
