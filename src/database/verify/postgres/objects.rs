//! Large objects, which logical replication leaves out.

use crate::database::verify::VerifyResult;
use crate::database::verify::error::reading;
use sqlx::PgPool;
use std::collections::BTreeMap;

/// Large objects that are read at once.
const AT_ONCE: i64 = 200;

/// What differs between the large objects of two sides, by their MD5: at most `names` lines, and how many there are.
///
/// The user must be able to read each of them (its owner, a superuser, or with `lo_compat_privileges`). One above 1 GB can't be read
/// in one go, and the server's error says so.
///
/// # Errors
/// A server that can't be asked, or an object that can't be read.
pub async fn large_objects(source: &PgPool, target: &PgPool, names: usize) -> VerifyResult<(u64, Vec<String>)> {
    let (source, target) = tokio::try_join!(sums(source, "source"), sums(target, "target"))?;
    let differ = |(id, sum): (&u32, &String)| match target.get(id) {
        None => Some(format!("large object {id}: missing on the target")),
        Some(other) if other != sum => Some(format!("large object {id}: different")),
        Some(_) => None,
    };
    let extra = target.keys().filter(|id| !source.contains_key(id));
    let extra = extra.map(|id| format!("large object {id}: the target has it, the source hasn't"));
    let all: Vec<String> = source.iter().filter_map(differ).chain(extra).collect();
    Ok((all.len() as u64, all.into_iter().take(names).collect()))
}

async fn sums(pool: &PgPool, side: &str) -> VerifyResult<BTreeMap<u32, String>> {
    let mut all = BTreeMap::new();
    let mut after = 0_i64;
    let what = || reading(format!("reading the large objects of the {side}"));
    let mut transaction = super::method::patient(pool).await.map_err(what())?;
    loop {
        let some: Vec<(i64, String)> = sqlx::query_as(
            "SELECT o.oid::int8, md5(lo_get(o.oid))
             FROM (SELECT oid FROM pg_largeobject_metadata WHERE oid::int8 > $1 ORDER BY oid LIMIT $2) o ORDER BY 1",
        )
        .bind(after)
        .bind(AT_ONCE)
        .fetch_all(&mut *transaction)
        .await
        .map_err(what())?;
        let Some((last, _)) = some.last() else { return Ok(all) };
        after = *last;
        all.extend(some.into_iter().filter_map(|(id, sum)| Some((u32::try_from(id).ok()?, sum))));
    }
}
