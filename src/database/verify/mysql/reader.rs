//! Reads one side of a comparison.

use super::{sql::Sql, tables};
use crate::database::verify::error::reading;
use crate::database::verify::{Key, Piece, Reader, Row, Rows, Sum, Sums, Table, VerifyError, VerifyResult};
use async_trait::async_trait;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlPool, Row as _};

/// One side, MySQL or MariaDB: the database that the pool's connections name.
#[derive(Clone, Debug)]
pub struct MySql {
    pool: MySqlPool,
    side: &'static str,
}

impl MySql {
    /// The two sides of a comparison. Sessions of these pools keep the settings that a comparison needs (time zone, SQL mode), so
    /// the pools should be made for it. Their users must be able to read every table.
    pub fn pair(source: MySqlPool, target: MySqlPool) -> (Self, Self) {
        (Self { pool: source, side: "source" }, Self { pool: target, side: "target" })
    }

    async fn fetch(&self, table: &Table, sql: String) -> VerifyResult<Vec<MySqlRow>> {
        let what = || reading(format!("reading {} of the {}", table.id(), self.side));
        let mut connection = self.pool.acquire().await.map_err(what())?;
        // One read-only transaction, that is one view of the data; the mode keeps trailing blanks and backslashes as they are.
        sqlx::raw_sql("SET SESSION time_zone = '+00:00', sql_mode = ''")
            .execute(&mut *connection)
            .await
            .map_err(what())?;
        let mut transaction =
            sqlx::Connection::begin_with(&mut *connection, "START TRANSACTION READ ONLY").await.map_err(what())?;
        sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut *transaction).await.map_err(what())
    }

    /// Rows by key, of a statement that answers with hash, times and the key.
    async fn list(&self, table: &Table, sql: String) -> VerifyResult<Rows> {
        let rows = self.fetch(table, sql).await?;
        let one = |row: &MySqlRow| -> Result<(Key, Row), sqlx::Error> {
            let hash: String = row.try_get(0)?;
            let times = row.try_get::<i64, _>(1)?.unsigned_abs();
            let key = (0..table.key.len()).map(|n| row.try_get(2 + n)).collect::<Result<Key, _>>()?;
            Ok((if key.is_empty() { vec![hash.clone()] } else { key }, Row { hash, times }))
        };
        rows.iter().map(one).collect::<Result<_, _>>().map_err(reading(format!("rows of {}", table.id())))
    }
}

#[async_trait]
impl Reader for MySql {
    async fn tables(&self) -> VerifyResult<Vec<Table>> {
        tables::tables(&self.pool, self.side).await
    }

    async fn cut(&self, table: &Table, after: Option<&Key>, rows: u64) -> VerifyResult<Option<Key>> {
        let found = self.fetch(table, Sql(table).cut(after, rows)?).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let key = (0..table.key.len()).map(|n| row.try_get(n)).collect::<Result<Key, _>>();
        key.map(Some).map_err(reading(format!("a key of {}", table.id())))
    }

    async fn sums(&self, table: &Table, piece: &Piece) -> VerifyResult<Sums> {
        let rows = self.fetch(table, Sql(table).sums(piece)?).await?;
        let one = |row: &MySqlRow| -> Result<(u64, Sum, i64), sqlx::Error> {
            let rows = row.try_get::<i64, _>(1)?.unsigned_abs();
            let sum: Option<String> = row.try_get(2)?;
            Ok((row.try_get(0)?, Sum { rows, sum: sum.unwrap_or_default() }, row.try_get(3)?))
        };
        let mut sums = Sums::new();
        for row in &rows {
            let (bucket, sum, without) = one(row).map_err(reading(format!("sums of {}", table.id())))?;
            if without > 0 {
                let (id, side) = (table.id(), self.side);
                return Err(VerifyError::Unexpected(format!(
                    "{id}: {without} rows of the {side} are longer than its max_allowed_packet and can't be compared: raise it"
                )));
            }
            let bucket = u32::try_from(bucket).map_err(|_| VerifyError::Unexpected(format!("bucket {bucket}")))?;
            sums.insert(bucket, sum);
        }
        Ok(sums)
    }

    async fn rows(&self, table: &Table, piece: &Piece) -> VerifyResult<Rows> {
        self.list(table, Sql(table).rows(piece)?).await
    }

    async fn lookup(&self, table: &Table, keys: &[Key]) -> VerifyResult<Rows> {
        if keys.is_empty() {
            return Ok(Rows::new());
        }
        self.list(table, Sql(table).lookup(keys)?).await
    }
}
