//! The statements of a comparison, as text. Keys are written into them as hexadecimal or as checked numbers, never as they are.

use crate::database::verify::{Key, Piece, Table, VerifyError, VerifyResult};

/// An identifier in backticks.
pub(super) fn name(text: &str) -> String {
    format!("`{}`", text.replace('`', "``"))
}

/// How a type is read and written.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Digits.
    Number,
    /// Bytes: in hexadecimal.
    Bytes,
    /// A number of 4 bytes whose text has only 6 digits: read as one of 8 bytes.
    Float,
    /// Anything else: as UTF-8.
    Text,
}

/// Whether values of a type are bytes, in no character set.
pub(in crate::database) fn is_binary(data_type: &str) -> bool {
    matches!(
        data_type,
        "binary"
            | "varbinary"
            | "tinyblob"
            | "blob"
            | "mediumblob"
            | "longblob"
            | "bit"
            | "geometry"
            | "point"
            | "linestring"
            | "polygon"
            | "multipoint"
            | "multilinestring"
            | "multipolygon"
            | "geometrycollection"
            | "geomcollection"
            | "vector"
    )
}

fn form(kind: &str) -> Form {
    match kind.split([' ', '(']).next().unwrap_or(kind) {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "year" => Form::Number,
        kind if is_binary(kind) => Form::Bytes,
        "float" => Form::Float,
        _ => Form::Text,
    }
}

/// The text of a value, in UTF-8.
fn text(column: &str, kind: &str) -> String {
    let column = name(column);
    match form(kind) {
        Form::Bytes => format!("HEX({column})"),
        Form::Float => format!("CONVERT(({column} * 1e0) USING utf8mb4)"),
        Form::Number | Form::Text => format!("CONVERT({column} USING utf8mb4)"),
    }
}

/// A value that was read with [`text`], as it is written in a statement.
fn literal(value: &str, kind: &str) -> VerifyResult<String> {
    let hex = || value.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
    match form(kind) {
        Form::Number if value.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte)) => {
            Ok(value.to_owned())
        }
        Form::Bytes if value.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(format!("X'{value}'")),
        Form::Text => Ok(format!("_utf8mb4 X'{}'", hex())),
        _ => Err(VerifyError::Unexpected(format!("a key of type {kind} that reads `{value}`"))),
    }
}

/// What the statements of one table are made of.
pub(in crate::database) struct Sql<'a>(pub &'a Table);

impl Sql<'_> {
    fn from(&self) -> String {
        format!("{}.{}", name(&self.0.schema), name(&self.0.name))
    }

    /// The hash of a row: 64 bits of SHA-256 (MySQL 9.6 has no MD5 any more). The text is quoted, so values can't run into each other; NULL stays without quotes.
    fn hash(&self) -> String {
        let value = |(column, kind): &(String, String)| format!("CAST(QUOTE({}) AS BINARY)", text(column, kind));
        let values: Vec<String> = self.0.columns.iter().map(value).collect();
        format!("CAST(CONV(LEFT(SHA2(CONCAT_WS(',', {}), 256), 16), 16, 10) AS UNSIGNED)", values.join(", "))
    }

    fn bucket(&self, of: u32) -> String {
        let mask = of.saturating_sub(1);
        if self.0.key.is_empty() {
            return format!("({} & {mask})", self.hash());
        }
        let value = |(column, kind): &(String, String)| format!("CAST({} AS BINARY)", text(column, kind));
        let values: Vec<String> = self.0.key.iter().map(value).collect();
        format!("(CAST(CONV(LEFT(SHA2(CONCAT_WS(',', {}), 256), 8), 16, 10) AS UNSIGNED) & {mask})", values.join(", "))
    }

    /// The key's values as text, one column each.
    fn key_text(&self) -> String {
        let values: Vec<String> = self.0.key.iter().map(|(column, kind)| text(column, kind)).collect();
        values.join(", ")
    }

    /// Rows whose key is beyond this one; spelt out, since the server uses no index for `(a, b) > (1, 2)`.
    fn beyond(&self, key: &Key, sign: &str, or_equal: bool) -> VerifyResult<String> {
        let values =
            self.0.key.iter().zip(key).map(|((column, kind), value)| Ok((name(column), literal(value, kind)?)));
        let values: Vec<(String, String)> = values.collect::<VerifyResult<_>>()?;
        let last = values.len().saturating_sub(1);
        let part = |n: usize| {
            let same = values[..n].iter().map(|(column, value)| format!("{column} = {value}"));
            let (column, value) = &values[n];
            let equal = if or_equal && n == last { "=" } else { "" };
            let parts: Vec<String> = same.chain([format!("{column} {sign}{equal} {value}")]).collect();
            format!("({})", parts.join(" AND "))
        };
        let parts: Vec<String> = (0..values.len()).map(part).collect();
        Ok(format!("({})", parts.join(" OR ")))
    }

    /// The condition that is true of a piece's rows.
    pub fn piece(&self, piece: &Piece) -> VerifyResult<String> {
        let mut parts = Vec::new();
        if let Some(after) = &piece.after {
            parts.push(self.beyond(after, ">", false)?);
        }
        if let Some(through) = &piece.through {
            parts.push(self.beyond(through, "<", true)?);
        }
        if !piece.buckets.is_empty() {
            let buckets: Vec<String> = piece.buckets.iter().map(u32::to_string).collect();
            parts.push(format!("{} IN ({})", self.bucket(piece.of), buckets.join(", ")));
        }
        Ok(if parts.is_empty() { "TRUE".to_owned() } else { parts.join(" AND ") })
    }

    /// Bucket, rows, sum, rows without a hash.
    pub fn sums(&self, piece: &Piece) -> VerifyResult<String> {
        let (bucket, hash, from, piece) = (self.bucket(piece.of), self.hash(), self.from(), self.piece(piece)?);
        Ok(format!(
            "SELECT CAST(b AS UNSIGNED), COUNT(*), CONVERT(SUM(h) USING utf8mb4), COUNT(*) - COUNT(h)
             FROM (SELECT {bucket} AS b, {hash} AS h FROM {from} WHERE {piece}) AS hashed GROUP BY b"
        ))
    }

    /// Hash, how often, then the key's columns.
    pub fn rows(&self, piece: &Piece) -> VerifyResult<String> {
        self.list(&self.piece(piece)?)
    }

    /// The same of the rows with these keys.
    pub fn lookup(&self, keys: &[Key]) -> VerifyResult<String> {
        if self.0.key.is_empty() {
            let hashes = keys.iter().flatten().map(|hash| literal(hash, "bigint")).collect::<VerifyResult<Vec<_>>>()?;
            return self.list(&format!("{} IN ({})", self.hash(), hashes.join(", ")));
        }
        self.list(&self.any_of(keys)?)
    }

    /// The condition that is true of the rows with these keys, in a table that has one.
    pub fn any_of(&self, keys: &[Key]) -> VerifyResult<String> {
        let columns: Vec<String> = self.0.key.iter().map(|(column, _)| name(column)).collect();
        let row = |key: &Key| {
            let values = self.0.key.iter().zip(key).map(|((_, kind), value)| literal(value, kind));
            Ok(format!("({})", values.collect::<VerifyResult<Vec<_>>>()?.join(", ")))
        };
        let keys = keys.iter().map(row).collect::<VerifyResult<Vec<_>>>()?;
        Ok(format!("({}) IN ({})", columns.join(", "), keys.join(", ")))
    }

    fn list(&self, which: &str) -> VerifyResult<String> {
        let (hash, from) = (self.hash(), self.from());
        Ok(if self.0.key.is_empty() {
            format!("SELECT CONVERT({hash} USING utf8mb4) AS h, COUNT(*) FROM {from} WHERE {which} GROUP BY h")
        } else {
            format!("SELECT CONVERT({hash} USING utf8mb4), 1, {} FROM {from} WHERE {which}", self.key_text())
        })
    }

    /// The key that is so many rows further.
    pub fn cut(&self, after: Option<&Key>, rows: u64) -> VerifyResult<String> {
        let which = after.map_or(Ok("TRUE".to_owned()), |key| self.beyond(key, ">", false))?;
        let columns: Vec<String> = self.0.key.iter().map(|(column, _)| name(column)).collect();
        let (text, from, skip) = (self.key_text(), self.from(), rows.saturating_sub(1));
        Ok(format!("SELECT {text} FROM {from} WHERE {which} ORDER BY {} LIMIT 1 OFFSET {skip}", columns.join(", ")))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn no_key_can_become_a_statement() {
        assert_eq!(literal("-12.5", "decimal").unwrap(), "-12.5");
        assert_eq!(literal("a'b", "varchar utf8mb4_bin").unwrap(), "_utf8mb4 X'612762'");
        assert_eq!(literal("00FF", "binary").unwrap(), "X'00FF'");
        assert!(literal("1 OR 1", "bigint").is_err());
        assert!(literal("0'", "varbinary").is_err());
        assert_eq!(name("a`b"), "`a``b`");
    }

    #[test]
    fn a_key_of_two_columns_is_spelt_out() {
        let pair = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
        let table = Table {
            schema: "city".into(),
            name: "t".into(),
            columns: vec![pair("a", "int")],
            key: vec![pair("a", "int"), pair("b", "bigint")],
            ordered: true,
            rows: 0,
            bytes: 0,
        };
        let key = vec!["1".to_owned(), "2".to_owned()];
        let sql = Sql(&table);
        assert_eq!(sql.beyond(&key, ">", false).unwrap(), "((`a` > 1) OR (`a` = 1 AND `b` > 2))");
        assert_eq!(sql.beyond(&key, "<", true).unwrap(), "((`a` < 1) OR (`a` = 1 AND `b` <= 2))");
    }
}
