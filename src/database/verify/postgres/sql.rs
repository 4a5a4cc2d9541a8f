//! The statements of a comparison, as text. Values are bound, never written into them.

use super::method::Method;
use crate::database::verify::{Piece, Table};

/// An identifier in quotes.
pub(super) fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// What the statements of one table are made of.
pub(super) struct Sql<'a> {
    pub table: &'a Table,
    pub method: Method,
}

impl Sql<'_> {
    /// The table alone, without those that inherit from it.
    fn from(&self) -> String {
        format!("ONLY {}.{} t", name(&self.table.schema), name(&self.table.name))
    }

    /// The hash of a row.
    fn hash(&self) -> String {
        let columns: Vec<String> = self.table.columns.iter().map(|(column, kind)| self.value(column, kind)).collect();
        self.method.hash.of(&format!("ROW({})::text", columns.join(", ")), 0)
    }

    fn value(&self, column: &str, kind: &str) -> String {
        let column = format!("t.{}", name(column));
        let send = match kind {
            "real" => "float4send",
            "double precision" => "float8send",
            _ => return column,
        };
        if !self.method.float_bytes {
            return column;
        }
        // Not every NaN has the same bytes.
        format!("CASE WHEN {column} = 'NaN' THEN 'NaN' ELSE encode({send}({column}), 'hex') END")
    }

    /// The bucket of a row: by its key, or without one by the row.
    fn bucket(&self, of: u32) -> String {
        let mask = of.saturating_sub(1);
        if self.table.key.is_empty() {
            return format!("({} & {mask})", self.hash());
        }
        let columns: Vec<String> = self.table.key.iter().map(|(column, _)| format!("t.{}", name(column))).collect();
        let text = match columns.as_slice() {
            [one] => format!("{one}::text"),
            many => format!("ROW({})::text", many.join(", ")),
        };
        format!("({} & {mask})", self.method.hash.of(&text, 1))
    }

    fn key(&self) -> String {
        let columns: Vec<String> = self.table.key.iter().map(|(column, _)| format!("t.{}", name(column))).collect();
        columns.join(", ")
    }

    fn key_text(&self) -> String {
        let columns: Vec<String> =
            self.table.key.iter().map(|(column, _)| format!("t.{}::text", name(column))).collect();
        format!("ARRAY[{}]", columns.join(", "))
    }

    /// The key's values as parameters from `$first` on.
    fn parameters(&self, first: usize) -> String {
        let kinds = self.table.key.iter().enumerate();
        let all: Vec<String> = kinds.map(|(n, (_, kind))| format!("${}::text::{kind}", first + n)).collect();
        all.join(", ")
    }

    /// `WHERE` for the piece's range; its bounds are the first parameters.
    fn range(&self, after: bool, through: bool) -> String {
        let mut parts = Vec::new();
        if after {
            parts.push(format!("({}) > ({})", self.key(), self.parameters(1)));
        }
        if through {
            let first = if after { self.table.key.len() + 1 } else { 1 };
            parts.push(format!("({}) <= ({})", self.key(), self.parameters(first)));
        }
        if parts.is_empty() { "true".to_owned() } else { parts.join(" AND ") }
    }

    /// The range of a piece and, as the parameter after its bounds, its buckets.
    fn piece(&self, piece: &Piece) -> String {
        let (after, through) = (piece.after.is_some(), piece.through.is_some());
        let range = self.range(after, through);
        if piece.buckets.is_empty() {
            return range;
        }
        let next = self.table.key.len() * (usize::from(after) + usize::from(through)) + 1;
        format!("{range} AND {} = ANY(${next}::int8[])", self.bucket(piece.of))
    }

    /// Bucket, rows, sum.
    pub fn sums(&self, piece: &Piece) -> String {
        format!(
            "SELECT {} AS bucket, count(*), sum({})::text FROM {} WHERE {} GROUP BY 1",
            self.bucket(piece.of),
            self.hash(),
            self.from(),
            self.piece(piece)
        )
    }

    /// Key, hash, how often.
    pub fn rows(&self, piece: &Piece) -> String {
        let (hash, from, piece) = (self.hash(), self.from(), self.piece(piece));
        if self.table.key.is_empty() {
            format!("SELECT ARRAY[({hash})::text], ({hash})::text, count(*) FROM {from} WHERE {piece} GROUP BY 1, 2")
        } else {
            format!("SELECT {}, ({hash})::text, 1::int8 FROM {from} WHERE {piece}", self.key_text())
        }
    }

    /// Place among the keys asked for (from 1), hash, how often. One parameter a key column: an array of its values.
    pub fn lookup(&self) -> String {
        let (hash, from) = (self.hash(), self.from());
        if self.table.key.is_empty() {
            return format!(
                "SELECT q.n, q.h, count(*) FROM unnest($1::text[]) WITH ORDINALITY q(h, n)
                 JOIN (SELECT ({hash})::text AS h FROM {from}) r ON r.h = q.h GROUP BY 1, 2"
            );
        }
        let arrays: Vec<String> = (1..=self.table.key.len()).map(|n| format!("${n}::text[]")).collect();
        let names: Vec<String> = (0..self.table.key.len()).map(|n| format!("k{n}")).collect();
        let equal = self.table.key.iter().enumerate();
        let equal: Vec<String> =
            equal.map(|(n, (column, kind))| format!("t.{} = q.k{n}::{kind}", name(column))).collect();
        format!(
            "SELECT q.n, ({hash})::text, 1::int8 FROM unnest({}) WITH ORDINALITY q({}, n) JOIN {from} ON {}",
            arrays.join(", "),
            names.join(", "),
            equal.join(" AND ")
        )
    }

    /// The key that is so many rows further; the last parameter is how many, less one.
    pub fn cut(&self, after: bool) -> String {
        let next = if after { self.table.key.len() + 1 } else { 1 };
        let (key, text) = (self.key(), self.key_text());
        format!(
            "SELECT {text} FROM {} WHERE {} ORDER BY {key} OFFSET ${next} LIMIT 1",
            self.from(),
            self.range(after, false)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::verify::postgres::method::Hash;

    fn table() -> Table {
        let pair = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
        Table {
            schema: "public".into(),
            name: "od\"d".into(),
            columns: vec![pair("a", "integer"), pair("b", "uuid"), pair("c", "double precision")],
            key: vec![pair("a", "integer"), pair("b", "uuid")],
            ordered: true,
            rows: 0,
            bytes: 0,
        }
    }

    #[test]
    fn bounds_come_first_then_buckets() {
        let table = table();
        let sql = Sql { table: &table, method: Method { hash: Hash::Own, float_bytes: false } };
        let key = || Some(vec!["1".to_owned(), "2".to_owned()]);
        let piece = Piece { after: key(), through: key(), of: 16, buckets: vec![3] };
        insta::assert_snapshot!(sql.sums(&piece));
        insta::assert_snapshot!(sql.lookup());
        insta::assert_snapshot!(sql.cut(true));
    }

    #[test]
    fn floats_are_hashed_by_their_bytes_between_old_and_new_servers() {
        let table = table();
        let sql = |float_bytes| Sql { table: &table, method: Method { hash: Hash::Md5, float_bytes } }.hash();
        assert!(sql(true).contains("float8send"));
        assert!(!sql(false).contains("float8send"));
    }
}
