//! Reads one side of a comparison.

use super::method::Method;
use super::{sql::Sql, tables};
use crate::database::verify::error::reading;
use crate::database::verify::{Key, Piece, Reader, Row, Rows, Sum, Sums, Table, VerifyError, VerifyResult};
use async_trait::async_trait;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{AssertSqlSafe, PgPool, Postgres as Engine};

/// One side, PostgreSQL.
#[derive(Clone, Debug)]
pub struct Postgres {
    pool: PgPool,
    method: Method,
    side: &'static str,
}

impl Postgres {
    /// The two sides of a comparison. Their users must be able to read every table.
    ///
    /// # Errors
    /// A server that can't be asked.
    pub async fn pair(source: PgPool, target: PgPool) -> VerifyResult<(Self, Self)> {
        let method = Method::agree(&source, &target).await?;
        Ok((Self { pool: source, method, side: "source" }, Self { pool: target, method, side: "target" }))
    }

    async fn fetch<T>(
        &self,
        table: &Table,
        sql: String,
        bind: impl FnOnce(Bound<'_, T>) -> Bound<'_, T>,
    ) -> VerifyResult<Vec<T>>
    where
        T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
    {
        let mut transaction = self.method.begin(&self.pool, self.side).await?;
        let query = bind(sqlx::query_as(AssertSqlSafe(sql)));
        let rows = query.fetch_all(&mut *transaction).await;
        rows.map_err(reading(format!("reading {} of the {}", table.id(), self.side)))
    }

    fn sql<'a>(&self, table: &'a Table) -> Sql<'a> {
        Sql { table, method: self.method }
    }
}

type Bound<'q, T> = QueryAs<'q, Engine, T, PgArguments>;

/// Binds the bounds of a piece and its buckets.
fn bind_piece<'q, T>(mut query: Bound<'q, T>, piece: &Piece) -> Bound<'q, T>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
{
    for value in piece.after.iter().chain(&piece.through).flatten() {
        query = query.bind(value.clone());
    }
    if piece.buckets.is_empty() {
        return query;
    }
    query.bind(piece.buckets.iter().map(|bucket| i64::from(*bucket)).collect::<Vec<_>>())
}

#[async_trait]
impl Reader for Postgres {
    async fn tables(&self) -> VerifyResult<Vec<Table>> {
        tables::tables(self.method, &self.pool, self.side).await
    }

    async fn cut(&self, table: &Table, after: Option<&Key>, rows: u64) -> VerifyResult<Option<Key>> {
        let offset = i64::try_from(rows.saturating_sub(1)).unwrap_or(i64::MAX);
        let found: Vec<(Key,)> = self
            .fetch(table, self.sql(table).cut(after.is_some()), |mut query| {
                for value in after.into_iter().flatten() {
                    query = query.bind(value.clone());
                }
                query.bind(offset)
            })
            .await?;
        Ok(found.into_iter().next().map(|(key,)| key))
    }

    async fn sums(&self, table: &Table, piece: &Piece) -> VerifyResult<Sums> {
        let rows: Vec<(i64, i64, String)> =
            self.fetch(table, self.sql(table).sums(piece), |query| bind_piece(query, piece)).await?;
        let bucket = |bucket: i64| {
            u32::try_from(bucket).map_err(|_| VerifyError::Unexpected(format!("bucket {bucket} of {}", table.id())))
        };
        rows.into_iter().map(|(n, rows, sum)| Ok((bucket(n)?, Sum { rows: rows.unsigned_abs(), sum }))).collect()
    }

    async fn rows(&self, table: &Table, piece: &Piece) -> VerifyResult<Rows> {
        let rows: Vec<(Key, String, i64)> =
            self.fetch(table, self.sql(table).rows(piece), |query| bind_piece(query, piece)).await?;
        Ok(rows.into_iter().map(|(key, hash, times)| (key, Row { hash, times: times.unsigned_abs() })).collect())
    }

    async fn lookup(&self, table: &Table, keys: &[Key]) -> VerifyResult<Rows> {
        let columns = table.key.len().max(1);
        if let Some(key) = keys.iter().find(|key| key.len() != columns) {
            let what = format!("{}: a key with {} values where {columns} are needed", table.id(), key.len());
            return Err(VerifyError::Unexpected(what));
        }
        let rows: Vec<(i64, String, i64)> = self
            .fetch(table, self.sql(table).lookup(), |mut query| {
                for column in 0..columns {
                    query = query.bind(keys.iter().map(|key| key[column].clone()).collect::<Vec<_>>());
                }
                query
            })
            .await?;
        // By the keys as they were asked for: the log prints some values differently from a query (`t`, `true`).
        let named = rows.into_iter().filter_map(|(n, hash, times)| {
            let place = usize::try_from(n).ok()?.checked_sub(1)?;
            Some((keys.get(place)?.clone(), Row { hash, times: times.unsigned_abs() }))
        });
        Ok(named.collect())
    }
}
