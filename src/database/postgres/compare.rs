//! Compares the two sides with `verify`: everything while the one that serves is written to, and under the freeze what was written since.

use super::kept::Kept;
use super::sql::one;
use super::stream::Ends;
use crate::database::engine::{Compared, Tell};
use crate::database::verify::postgres::{Postgres as Side, Watch, large_objects, sequences};
use crate::database::verify::touched::{live, quiet};
use crate::database::verify::{Progress, Reader, Table, Touched};
use crate::database::{DatabaseError, DatabaseResult};

/// So many large objects are named.
const NAMES: usize = 5;

/// A comparison that is to be completed under the freeze.
pub struct Comparison {
    source: Side,
    target: Side,
    tables: Vec<Table>,
    progress: Progress,
    touched: Touched,
    /// Whether there are any: nobody has to wait for none.
    large_objects: bool,
}

fn watch(stream: &Ends<'_>) -> Watch {
    Watch { source: stream.from.pool.clone(), slot: stream.names.watch(), publication: stream.names.data() }
}

/// Compares every row while the source is written to. Goes on where an earlier pass was cut off.
pub async fn all(stream: &Ends<'_>, tell: Tell<'_>) -> DatabaseResult<Compared> {
    let (source, target) = Side::pair(stream.from.pool.clone(), stream.to.pool.clone()).await?;
    let kept = Kept { place: stream.to, name: "all".into() };
    let mut progress = kept.get().await?.unwrap_or_default();
    kept.during(&live(&source, &target, stream), &mut progress, tell).await?;
    let (_, differ) = objects(stream).await?;
    let mut compared = progress.compared();
    compared.differences.extend(differ);
    Ok(compared)
}

/// The same, and watches what is written meanwhile, so that little is left for the freeze. Refuses if the sides differ.
pub async fn begin(stream: &Ends<'_>, tell: Tell<'_>) -> DatabaseResult<Comparison> {
    let watch = watch(stream);
    let kept = Kept { place: stream.to, name: watch.slot.clone() };
    // What an attempt has kept counts as long as its watch has seen all that was written since.
    let before = if watch.exists().await? { kept.get().await? } else { None };
    if before.is_none() {
        watch.end().await?;
        kept.forget().await?;
        watch.begin().await?;
    }
    let (source, target) = Side::pair(stream.from.pool.clone(), stream.to.pool.clone()).await?;
    let tables = source.tables().await?;
    let (mut progress, mut touched) = (before.unwrap_or_default(), Touched::default());
    let pass = live(&source, &target, stream);
    kept.during(&pass, &mut progress, tell).await?;
    watch.drain(&tables, &mut touched).await?;
    pass.touched(&mut touched, &mut progress).await?;
    let (large_objects, differ) = objects(stream).await?;
    let differences = [progress.differences(), differ.into_iter().collect()].concat();
    if !differences.is_empty() {
        return Err(DatabaseError::Refused(differences.join("; ")));
    }
    Ok(Comparison { source, target, tables, progress, touched, large_objects })
}

/// Completes it while nothing is written and the sequences are set: exact.
pub async fn complete(stream: &Ends<'_>, comparison: &mut Comparison) -> DatabaseResult<Compared> {
    let Comparison { source, target, tables, progress, touched, large_objects } = comparison;
    let rows = async {
        watch(stream).drain(tables, touched).await?;
        quiet(source, target).touched(touched, progress).await.map_err(DatabaseError::from)
    };
    let counters = async { sequences(&stream.from.pool, &stream.to.pool).await.map_err(DatabaseError::from) };
    let objects = async { if *large_objects { objects(stream).await.map(|found| found.1) } else { Ok(None) } };
    let (_, counters, objects) = tokio::try_join!(rows, counters, objects)?;
    let mut compared = progress.settled();
    compared.differences.extend(counters.into_iter().chain(objects));
    Ok(compared)
}

/// Whether there are large objects, and how they differ: replication leaves them out, so somebody has to carry them.
async fn objects(stream: &Ends<'_>) -> DatabaseResult<(bool, Option<String>)> {
    const ANY: &str = "SELECT EXISTS (SELECT FROM pg_largeobject_metadata)";
    if !one::<bool>(&stream.from.pool, "looking for large objects", ANY).await? {
        return Ok((false, None));
    }
    let (count, first) = large_objects(&stream.from.pool, &stream.to.pool, NAMES).await?;
    let first = first.join(", ");
    let differ = format!("{count} large objects differ, which replication leaves out ({first}): copy them by pg_dump");
    Ok((true, (count > 0).then_some(differ)))
}

/// Lets go of the log that the watch holds back. What was compared so far doesn't count then.
pub async fn end(stream: &Ends<'_>) -> DatabaseResult<()> {
    Ok(watch(stream).end().await?)
}
