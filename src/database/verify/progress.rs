//! How far a comparison is and what it has found: a value that the caller keeps, so that a pass which was cut off goes on.

use super::{Key, Piece};
use crate::database::engine::Compared;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a pass is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// By table (`schema.name`).
    pub tables: BTreeMap<String, TableProgress>,
    /// What can't be compared: a table that is on one side only, columns that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlike: Vec<String>,
}

impl Progress {
    /// Rows compared.
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }

    /// How far it is, for people.
    pub fn how_far(&self) -> String {
        let done = self.tables.values().filter(|table| table.done).count();
        format!("{done} of {} tables, {} rows", self.tables.len(), self.rows())
    }

    /// The tables whose rows differ.
    pub fn mismatches(&self) -> impl Iterator<Item = (&str, &Mismatch)> {
        self.tables.iter().filter_map(|(id, table)| Some((id.as_str(), table.mismatch.as_ref()?)))
    }

    /// Keys that changed faster than they could be compared; a pass under a freeze has none.
    pub fn unsettled(&self) -> usize {
        self.tables.values().map(|table| table.unsettled.len()).sum()
    }

    /// True if everything was compared, is equal and settled.
    pub fn equal(&self) -> bool {
        self.unlike.is_empty()
            && self.tables.values().all(|table| table.done && table.mismatch.is_none() && table.unsettled.is_empty())
    }

    /// What differs, one line a table, for people.
    pub fn differences(&self) -> Vec<String> {
        let tables = self.mismatches().map(|(id, mismatch)| format!("{id}: {mismatch}"));
        self.unlike.iter().cloned().chain(tables).collect()
    }

    /// What was found so far, while the source is written to.
    pub fn compared(&self) -> Compared {
        Compared { tables: self.tables.len() as u64, rows: self.rows(), differences: self.differences() }
    }

    /// What was found under a freeze: what couldn't be compared differs.
    pub fn settled(&self) -> Compared {
        let mut compared = self.compared();
        if self.unsettled() > 0 {
            compared.differences.push(format!("{} rows couldn't be compared", self.unsettled()));
        }
        compared
    }
}

/// How far one table is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableProgress {
    /// Rows compared so far.
    pub rows: u64,
    /// Everything up to this key is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Key>,
    /// How many rows a piece had at last: what took about the time that a piece should take.
    #[serde(default)]
    pub size: u64,
    /// Whether all of it is compared.
    pub done: bool,
    /// What differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// Keys that changed faster than they could be compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsettled: Vec<Key>,
}

/// What differs in a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mismatch {
    /// How many rows differ; where `pieces` isn't empty, at least so many.
    pub rows: u64,
    /// The first of them.
    pub first: Vec<Difference>,
    /// Pieces that differ and whose rows weren't listed, since enough had been named already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Piece>,
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its key; in a table without a key, the row's hash.
    pub key: Key,
    /// How.
    pub how: How,
}

/// How a row differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The source has it, the target hasn't.
    Missing,
    /// The target has it, the source hasn't.
    Extra,
    /// Both have it, with other values.
    Different,
}

impl How {
    fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
        }
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let least = if self.pieces.is_empty() { "" } else { "at least " };
        write!(f, "{least}{} {}", self.rows, if self.rows == 1 { "row differs" } else { "rows differ" })?;
        for (position, difference) in self.first.iter().enumerate() {
            let comma = if position == 0 { ":" } else { "," };
            write!(f, "{comma} {} {}", difference.key.join("/"), difference.how.name())?;
        }
        if self.rows > self.first.len() as u64 {
            write!(f, " …")?;
        }
        if let [first, ..] = self.pieces.as_slice() {
            write!(f, "; also among {}", first.range())?;
            let more = self.pieces.len() - 1;
            if more > 0 {
                write!(f, " and {more} more ranges")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_is_told_in_figures() {
        let table = |rows, done| TableProgress { rows, done, ..TableProgress::default() };
        let tables = [("a", table(60_000, true)), ("b", table(2_000, false)), ("c", table(0, false))];
        let tables = tables.map(|(id, table)| (id.to_owned(), table)).into();
        assert_eq!(Progress { tables, unlike: Vec::new() }.how_far(), "1 of 3 tables, 62000 rows");
    }
}
