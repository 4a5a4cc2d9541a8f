//! Rows on their way: read in one session and written in another at the same time.
//!
//! Not by `mysqldump`: it writes a FLOAT with six digits, so that what arrives is another number, and it is one stream. Here nothing is
//! on disk or in an argument list either.

use crate::database::DatabaseResult;
use crate::database::error::doing;
use crate::database::mysql::sql::{ident, run_on};
use crate::database::verify::mysql::is_binary;
use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlConnection, Row};
use tokio::sync::mpsc;

/// A statement has so many bytes at most, where a row allows it.
const STATEMENT: usize = 512 * 1024;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Number,
    Bytes,
    Text,
}

fn form(kind: &str) -> Form {
    match kind {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "year" | "float" | "double" => {
            Form::Number
        }
        kind if is_binary(kind) => Form::Bytes,
        _ => Form::Text,
    }
}

/// Which rows.
pub struct Which<'a> {
    /// Of this table.
    pub table: &'a str,
    /// Its columns that are written, and their types.
    pub columns: &'a [(String, String)],
    /// The condition.
    pub condition: &'a str,
}

/// Reads and writes at the same time. Answers how many bytes of statements there were, and tells `written` of each.
pub async fn carry(
    reader: &mut MySqlConnection,
    writer: &mut MySqlConnection,
    Which { table, columns, condition }: Which<'_>,
    written: &(dyn Fn(usize) + Send + Sync),
) -> DatabaseResult<u64> {
    let names: Vec<String> = columns.iter().map(|(name, _)| ident(name)).collect();
    // A FLOAT as the DOUBLE that it is exactly: as itself it is told with six digits.
    let value =
        |(name, kind): &(String, String)| if kind == "float" { format!("{} * 1e0", ident(name)) } else { ident(name) };
    let values: Vec<String> = columns.iter().map(value).collect();
    let select = format!("SELECT {} FROM {} WHERE {condition}", values.join(", "), ident(table));
    let insert = format!("INSERT INTO {} ({}) VALUES ", ident(table), names.join(", "));
    let forms: Vec<Form> = columns.iter().map(|(_, kind)| form(kind)).collect();
    let (sender, mut receiver) = mpsc::channel::<String>(2);
    let reading = async move {
        let failed = || doing(format!("reading {table} of the old side"));
        let mut found = sqlx::raw_sql(AssertSqlSafe(select)).fetch(reader);
        let mut statement = String::new();
        while let Some(row) = found.try_next().await.map_err(failed())? {
            statement.push_str(if statement.is_empty() { &insert } else { "," });
            tuple(&mut statement, &row, &forms).map_err(failed())?;
            if statement.len() >= STATEMENT && sender.send(std::mem::take(&mut statement)).await.is_err() {
                return Ok(());
            }
        }
        if !statement.is_empty() {
            // That nobody listens any more, the other half tells.
            let _ = sender.send(statement).await;
        }
        Ok(())
    };
    let writing = async move {
        let mut all = 0;
        while let Some(statement) = receiver.recv().await {
            let bytes = statement.len();
            run_on(writer, &format!("writing {table} of the new side"), statement).await?;
            all += bytes as u64;
            written(bytes);
        }
        Ok(all)
    };
    futures_util::future::try_join(reading, writing).await.map(|((), all)| all)
}

fn tuple(statement: &mut String, row: &MySqlRow, forms: &[Form]) -> Result<(), sqlx::Error> {
    for (n, form) in forms.iter().enumerate() {
        statement.push(if n == 0 { '(' } else { ',' });
        match row.try_get_unchecked::<Option<&[u8]>, _>(n)? {
            None => statement.push_str("NULL"),
            Some(bytes) => value(statement, bytes, *form)?,
        }
    }
    statement.push(')');
    Ok(())
}

/// A value of the text protocol as it stands in a statement.
fn value(statement: &mut String, bytes: &[u8], form: Form) -> Result<(), sqlx::Error> {
    use std::fmt::Write;
    if form == Form::Bytes {
        statement.push_str("X'");
        for byte in bytes {
            let _ = write!(statement, "{byte:02X}");
        }
        statement.push('\'');
        return Ok(());
    }
    let text = std::str::from_utf8(bytes).map_err(|error| sqlx::Error::Decode(error.into()))?;
    match form {
        Form::Number => statement.push_str(text),
        Form::Bytes | Form::Text => {
            statement.push('\'');
            for letter in text.chars() {
                match letter {
                    '\'' => statement.push_str("''"),
                    '\\' => statement.push_str("\\\\"),
                    '\0' => statement.push_str("\\0"),
                    other => statement.push(other),
                }
            }
            statement.push('\'');
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_so_that_they_arrive() {
        let written = |bytes: &[u8], kind: &str| {
            let mut text = String::new();
            value(&mut text, bytes, form(kind)).unwrap();
            text
        };
        assert_eq!(written(b"-3.50", "decimal"), "-3.50");
        assert_eq!(written(b"o'\\\0\n", "varchar"), "'o''\\\\\\0\n'");
        assert_eq!(written(&[0, 0xff, 0x27], "varbinary"), "X'00FF27'");
        assert_eq!(written(&[], "blob"), "X''");
        assert!(value(&mut String::new(), &[0xff], Form::Text).is_err());
    }
}
