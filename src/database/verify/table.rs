//! The vocabulary of a comparison: a table, its keys, a piece of it, and sums.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The values of a row's key, each as the database prints it; for a table without a key, the row's hash.
pub type Key = Vec<String>;

/// A table whose rows are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The schema; in MySQL the database.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns and their types.
    pub columns: Vec<(String, String)>,
    /// The columns of its key and their types; empty: it has none.
    pub key: Vec<(String, String)>,
    /// True if both servers are sure to sort the key alike, so that ranges of it hold the same rows.
    pub ordered: bool,
    /// How many rows the server believes it has.
    pub rows: u64,
    /// Its size on disk, without indexes.
    pub bytes: u64,
}

impl Table {
    /// `schema.name`.
    pub fn id(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// True if it is read in ranges of its key: a table that isn't is read in one go.
    pub fn ranges(&self) -> bool {
        self.ordered && !self.key.is_empty()
    }
}

/// Some rows of a table: a range of its key, and of that the buckets which are asked for.
///
/// Buckets are by the hash of the key, so both sides put a row into the same one. They cost nothing while summing, and where a range
/// differs only the rows of the buckets that differ are listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// The keys above this one; `None`: from the first.
    pub after: Option<Key>,
    /// The keys up to this one, itself included; `None`: to the last.
    pub through: Option<Key>,
    /// How many buckets there are: a power of two.
    pub of: u32,
    /// The buckets that are asked for; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<u32>,
}

impl Piece {
    /// The range in words.
    pub fn range(&self) -> String {
        let side = |key: &Option<Key>, open: &str| key.as_ref().map_or(open.to_owned(), |key| key.join(", "));
        match (&self.after, &self.through) {
            (None, None) => "all rows".to_owned(),
            (after, through) => format!("keys above {} up to {}", side(after, "the start"), side(through, "the end")),
        }
    }
}

/// The sum of some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// How many.
    pub rows: u64,
    /// The sum of their hashes, in decimal.
    pub sum: String,
}

/// Sums by bucket; a bucket without rows isn't in it.
pub type Sums = BTreeMap<u32, Sum>;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its hash.
    pub hash: String,
    /// How often it is there: more than once only in a table without a key.
    pub times: u64,
}

/// Rows by key.
pub type Rows = BTreeMap<Key, Row>;
