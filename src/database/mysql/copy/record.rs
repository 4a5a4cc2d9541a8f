//! Where a copy stands. Kept on the new side, and written in one transaction with the rows, so that a run that was killed goes on.

use crate::database::error::doing;
use crate::database::mysql::connect::Place;
use crate::database::mysql::control::Names;
use crate::database::mysql::dialect::Position;
use crate::database::mysql::sql::{literal, run};
use crate::database::verify::{Key, Piece};
use crate::database::{DatabaseError, DatabaseResult};
use sqlx::AssertSqlSafe;

/// The tables in which it is kept.
pub struct Record<'a> {
    new: &'a Place,
    copied: String,
    pieces: String,
}

/// How far a copy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Tables are being made, or stand empty.
    Empty,
    /// Rows are being copied. Every piece is as it was at this place of the old side's log, or later.
    Since(Position),
    /// All is as it was at this place.
    Done(Position),
}

/// A piece of a table's rows: those of a range of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The table.
    pub table: String,
    /// Its place among the table's pieces, in the key's order.
    pub n: u32,
    /// The keys above this one; `None`: from the first.
    pub after: Option<Key>,
    /// The keys up to this one, itself included; `None`: to the last.
    pub through: Option<Key>,
    /// Bytes that were written, when it was; `None`: it wasn't.
    pub bytes: Option<u64>,
}

impl Part {
    /// The range of its keys.
    pub fn piece(&self) -> Piece {
        Piece { after: self.after.clone(), through: self.through.clone(), ..Piece::default() }
    }
}

impl<'a> Record<'a> {
    /// On this side, by these names.
    pub fn new(new: &'a Place, names: &Names) -> Self {
        Self { new, copied: names.table("copied"), pieces: names.table("piece") }
    }

    /// What is recorded; `None`: nothing was made by this move yet.
    pub async fn stands(&self) -> DatabaseResult<Option<Stands>> {
        let sql =
            format!("SELECT CONVERT(file USING utf8mb4), at, CONVERT(gtid USING utf8mb4), done FROM {}", self.copied);
        let found: Option<(String, i64, String, bool)> = sqlx::query_as(AssertSqlSafe(sql))
            .fetch_optional(&self.new.pool)
            .await
            .map_err(doing("looking for an earlier copy on the new side"))?;
        Ok(found.map(|(file, at, gtid, done)| {
            let position = Position { file, at: at.unsigned_abs(), gtid };
            match done {
                true => Stands::Done(position),
                false if position.file.is_empty() => Stands::Empty,
                false => Stands::Since(position),
            }
        }))
    }

    /// From now on the tables there are this move's.
    pub async fn begin(&self) -> DatabaseResult<()> {
        self.run(format!("INSERT INTO {} VALUES (1, '', 0, '', false)", self.copied)).await
    }

    /// Nothing of it counts any more.
    pub async fn forget(&self) -> DatabaseResult<()> {
        self.run(format!(
            "UPDATE {} SET file = '', at = 0, gtid = '', done = false; DELETE FROM {}",
            self.copied, self.pieces
        ))
        .await
    }

    /// Rows are copied as of this place or later.
    pub async fn since(&self, position: &Position) -> DatabaseResult<()> {
        self.place(position, false).await
    }

    /// All rows are there, as of this place.
    pub async fn done(&self, position: &Position) -> DatabaseResult<()> {
        self.place(position, true).await?;
        self.run(format!("DELETE FROM {}", self.pieces)).await
    }

    async fn place(&self, Position { file, at, gtid }: &Position, done: bool) -> DatabaseResult<()> {
        let (file, gtid) = (literal(file), literal(gtid));
        self.run(format!("UPDATE {} SET file = {file}, at = {at}, gtid = {gtid}, done = {done}", self.copied)).await
    }

    /// The pieces that were begun, in order.
    pub async fn parts(&self) -> DatabaseResult<Vec<Part>> {
        let sql = format!(
            "SELECT CONVERT(name USING utf8mb4), n, CONVERT(above USING utf8mb4), CONVERT(through USING utf8mb4), bytes FROM {} ORDER BY name, n",
            self.pieces
        );
        type Row = (String, i64, Option<String>, Option<String>, Option<i64>);
        let found: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
            .fetch_all(&self.new.pool)
            .await
            .map_err(doing("looking for pieces that were copied"))?;
        let key = |text: Option<String>| {
            let key = text.map(|text| serde_json::from_str::<Key>(&text)).transpose();
            key.map_err(|error| DatabaseError::Refused(format!("a key in {} on the new side: {error}", self.pieces)))
        };
        let part = |(table, n, after, through, bytes): Row| {
            let (after, through) = (key(after)?, key(through)?);
            let n = u32::try_from(n).unwrap_or(u32::MAX);
            Ok(Part { table, n, after, through, bytes: bytes.map(i64::unsigned_abs) })
        };
        found.into_iter().map(part).collect()
    }

    /// A piece is begun.
    pub async fn cut(&self, part: &Part) -> DatabaseResult<()> {
        let key = |key: &Option<Key>| match key {
            Some(key) => literal(&serde_json::json!(key).to_string()),
            None => "NULL".to_owned(),
        };
        let (name, after, through) = (literal(&part.table), key(&part.after), key(&part.through));
        self.run(format!("INSERT INTO {} VALUES ({name}, {}, {after}, {through}, NULL)", self.pieces, part.n)).await
    }

    /// The statement that says that a piece is there: for the transaction that brings its rows.
    pub fn copied(&self, part: &Part, bytes: u64) -> String {
        format!("UPDATE {} SET bytes = {bytes} WHERE name = {} AND n = {}", self.pieces, literal(&part.table), part.n)
    }

    /// No piece of this table counts any more.
    pub async fn forget_table(&self, table: &str) -> DatabaseResult<()> {
        self.run(format!("DELETE FROM {} WHERE name = {}", self.pieces, literal(table))).await
    }

    async fn run(&self, sql: String) -> DatabaseResult<()> {
        run(&self.new.pool, "recording how far the copy is", sql).await
    }
}
