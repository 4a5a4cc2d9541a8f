//! Compares the two sides: rows counted and hashed inside the databases, several tables at once.

use super::connect::Place;
use super::tables;
use crate::database::DatabaseResult;
use crate::database::engine::Compared;
use crate::database::error::doing;
use futures_util::stream::{self, StreamExt, TryStreamExt};

/// Tables at once.
const AT_ONCE: usize = 3;

/// How often a table is compared while it is written.
const ATTEMPTS: u32 = 3;

/// Every table, whole, while the old side is written: one that differs may only be a moment behind, so it is compared again, and if it
/// changes all the while the freeze will tell.
pub async fn live(old: &Place, new: &Place) -> DatabaseResult<Compared> {
    let mut compared = all(old, new).await?;
    for _ in 1..ATTEMPTS {
        if compared.differences.is_empty() {
            break;
        }
        compared = all(old, new).await?;
    }
    compared.differences.clear();
    Ok(compared)
}

/// Every table, whole.
pub async fn all(old: &Place, new: &Place) -> DatabaseResult<Compared> {
    let tables = tables::all(&old.pool).await?;
    let pairs = stream::iter(tables.into_iter().map(|table| both(old, new, table.name)));
    let pairs: Vec<_> = pairs.buffer_unordered(AT_ONCE).try_collect().await?;
    let mut compared = Compared { tables: pairs.len() as u64, ..Compared::default() };
    for (name, old, new) in pairs {
        compared.rows += old.0.unsigned_abs();
        if old != new {
            compared.differences.push(format!(
                "{name}: {} rows on the old side, {} on the new one, or of another content",
                old.0, new.0
            ));
        }
    }
    Ok(compared)
}

async fn both(old: &Place, new: &Place, table: String) -> DatabaseResult<(String, Digest, Digest)> {
    let (old, new) = futures_util::future::try_join(digest(old, &table), digest(new, &table)).await?;
    Ok((table, old, new))
}

type Digest = (i64, String);

/// Rows, and the sum of their hashes: the same in any order.
async fn digest(place: &Place, table: &str) -> DatabaseResult<Digest> {
    let sql = format!("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {table} t");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&place.pool).await.map_err(doing(format!("comparing {table}")))
}
