//! Which rows were written, read from the server's own log by its own program: exact, and the servers do nothing more for it than for
//! one more follower. Triggers that note keys would write every row twice, on both sides.

use super::connect::Place;
use super::dialect::{Family, Position};
use super::sql::ident;
use crate::database::error::doing;
use crate::database::folder::Folder;
use crate::database::verify::{Key, Table, Touched};
use crate::database::{DatabaseError, DatabaseResult, Network, Tls};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

/// A column of a key: its place in the table, and how its value is told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    ordinal: usize,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Signed,
    Unsigned,
    Decimal,
    Date,
    Moment,
    /// In UTF-8, or at least in ASCII where a value has nothing else.
    Text {
        utf8: bool,
    },
    /// Padded to so many bytes.
    Bytes(usize),
    /// Told in another way than the server tells it: its table is compared as a whole.
    Other,
}

/// What the log's lines mean: the keys of the tables that move.
pub struct Keys(BTreeMap<String, (String, Vec<Part>)>);

impl Keys {
    /// Of these tables, which are compared by these keys.
    pub async fn of(place: &Place, compared: &[Table]) -> DatabaseResult<Self> {
        let sql = "SELECT CONVERT(CONCAT(table_name, '\\n', column_name) USING utf8mb4), CAST(ordinal_position AS UNSIGNED), CONVERT(data_type USING utf8mb4),
            CONVERT(column_type USING utf8mb4), CONVERT(COALESCE(collation_name, '') USING utf8mb4) FROM information_schema.columns WHERE table_schema = DATABASE()";
        let rows: Vec<(String, u64, String, String, String)> =
            sqlx::query_as(sql).fetch_all(&place.pool).await.map_err(doing("reading the keys"))?;
        let mut all = BTreeMap::new();
        for table in compared {
            let part = |(column, _): &(String, String)| {
                let name = format!("{}\n{column}", table.name);
                let found = rows.iter().find(|row| row.0 == name)?;
                Some(Part { ordinal: usize::try_from(found.1).ok()?, form: form(&found.2, &found.3, &found.4) })
            };
            let parts: Vec<Part> = table.key.iter().map_while(part).collect();
            let parts = if parts.len() == table.key.len() { parts } else { Vec::new() };
            all.insert(format!("{}.{}", ident(&table.schema), ident(&table.name)), (table.id(), parts));
        }
        Ok(Self(all))
    }
}

fn form(data: &str, column: &str, collation: &str) -> Form {
    match data {
        _ if column.contains("zerofill") => Form::Other,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" if column.contains("unsigned") => Form::Unsigned,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Form::Signed,
        "decimal" | "year" => Form::Decimal,
        "date" => Form::Date,
        "datetime" => Form::Moment,
        "char" | "varchar" if ["utf16", "utf32", "ucs2"].iter().all(|wide| !collation.starts_with(wide)) => {
            Form::Text { utf8: collation.starts_with("utf8") || collation.starts_with("ascii") }
        }
        "varbinary" => Form::Bytes(0),
        "binary" => Form::Bytes(column.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(1)),
        _ => Form::Other,
    }
}

/// A value as the server tells it; `None`: that can't be said for sure.
fn value(told: &[u8], form: Form) -> Option<String> {
    let plain = || std::str::from_utf8(told).ok().map(str::trim);
    match form {
        Form::Other => None,
        // -1 (4294967295): without knowing the sign.
        Form::Signed => plain()?.split(' ').next().map(str::to_owned),
        Form::Unsigned => match plain()?.split_once(" (") {
            None => plain().map(str::to_owned),
            Some((_, unsigned)) => unsigned.strip_suffix(')').map(str::to_owned),
        },
        Form::Decimal => plain().map(str::to_owned),
        Form::Date => String::from_utf8(unquoted(told)?).ok().map(|date| date.replace(':', "-")),
        Form::Moment => String::from_utf8(unquoted(told)?).ok(),
        Form::Text { utf8 } => {
            // A backslash is told as it is by some and as \x5c by others.
            let text = unquoted(told).filter(|_| !told.contains(&b'\\'))?;
            String::from_utf8(text).ok().filter(|text| utf8 || text.is_ascii())
        }
        Form::Bytes(width) => {
            let mut bytes = unquoted(told)?;
            bytes.resize(bytes.len().max(width), 0);
            Some(bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}")))
        }
    }
}

/// What stands between the quotes, `\x0a` read as what it means. Dates stand without quotes in some versions.
fn unquoted(told: &[u8]) -> Option<Vec<u8>> {
    let told = told.strip_suffix(b" ").unwrap_or(told);
    let Some(inner) = told.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'")) else {
        return (!told.contains(&b'\'')).then(|| told.to_vec());
    };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&first, after)) = rest.split_first() {
        let code = after.strip_prefix(b"x").and_then(|hex| std::str::from_utf8(hex.get(..2)?).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    Some(bytes)
}

/// Values by their place in the table; `None`: one that can't be said for sure.
type Values = BTreeMap<usize, Option<String>>;

/// Reads the lines of the log one after the other.
struct Lines<'a> {
    keys: &'a Keys,
    touched: &'a mut Touched,
    /// The table whose row is being told, and the values of its key so far.
    row: Option<(&'a str, &'a [Part], Values)>,
    whole: BTreeSet<String>,
    /// Whether a statement was among it that may have changed the schema.
    schema: bool,
}

impl<'a> Lines<'a> {
    fn new(keys: &'a Keys, touched: &'a mut Touched) -> Self {
        Self { keys, touched, row: None, whole: BTreeSet::new(), schema: false }
    }

    fn line(&mut self, line: &[u8]) {
        let Some(row) = line.strip_prefix(b"### ") else {
            self.end_of_row();
            self.row = None;
            self.statement(line);
            return;
        };
        if let Some(value) = row.strip_prefix(b"  @") {
            self.value(value);
            return;
        }
        // The row as it was, and then as it is: both keys count.
        self.end_of_row();
        let table = [&b"INSERT INTO "[..], b"UPDATE ", b"DELETE FROM "].iter().find_map(|verb| row.strip_prefix(*verb));
        if let Some(table) = table {
            let known = std::str::from_utf8(table).ok().and_then(|name| self.keys.0.get(name.trim()));
            self.row = known.map(|(id, parts)| (id.as_str(), parts.as_slice(), Values::new()));
        }
    }

    fn value(&mut self, told: &[u8]) {
        let Some((_, parts, values)) = &mut self.row else { return };
        let Some(equals) = told.iter().position(|byte| *byte == b'=') else { return };
        let ordinal = std::str::from_utf8(&told[..equals]).ok().and_then(|text| text.parse().ok());
        if let Some(part) = parts.iter().find(|part| Some(part.ordinal) == ordinal) {
            values.insert(part.ordinal, value(&told[equals + 1..], part.form));
        }
    }

    fn end_of_row(&mut self) {
        let Some((id, parts, values)) = &mut self.row else { return };
        if values.is_empty() && !parts.is_empty() {
            return;
        }
        let key: Option<Key> = parts.iter().map(|part| values.get(&part.ordinal).cloned().flatten()).collect();
        match key.filter(|key| !key.is_empty()) {
            Some(key) => self.touched.add(id, key),
            None => drop(self.whole.insert((*id).to_owned())),
        }
        values.clear();
    }

    /// What isn't told row by row may have changed any of them.
    fn statement(&mut self, line: &[u8]) {
        let word: String = line.iter().take(9).map(|byte| byte.to_ascii_lowercase() as char).collect();
        self.schema |= ["create ", "alter ", "drop ", "rename "].iter().any(|verb| word.starts_with(verb));
        if ["truncate ", "alter ", "drop ", "rename ", "load "].iter().any(|verb| word.starts_with(verb)) {
            self.whole.extend(self.keys.0.values().map(|(id, _)| id.clone()));
        }
    }

    fn end(mut self) -> bool {
        self.end_of_row();
        for table in &self.whole {
            self.touched.add_whole(table);
        }
        self.schema
    }
}

/// Adds to `touched` what was written from `since` on; answers whether the schema may have been changed.
pub async fn read(
    place: &Place,
    network: &Network,
    since: &Position,
    keys: &Keys,
    touched: &mut Touched,
) -> DatabaseResult<bool> {
    let dialect = place.dialect().await?;
    let (program, package) = dialect.log_reader();
    let failed = |message: String| DatabaseError::Tool { tool: program.into(), message };
    let folder = Folder::new()?;
    let options = folder.path().join("options");
    let mut open = std::fs::OpenOptions::new();
    let file = open.write(true).create(true).truncate(true).mode(0o600).open(&options);
    let written = file.and_then(|mut file| file.write_all(reach(place, network, dialect.family).as_bytes()));
    written.map_err(|e| failed(e.to_string()))?;
    let mut child = Command::new(program)
        .arg(format!("--defaults-file={}", options.display()))
        .args(["--read-from-remote-server", "--verbose", "--base64-output=DECODE-ROWS", "--to-last-log"])
        .arg(format!("--start-position={}", since.at))
        .arg(&since.file)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| failed(format!("{e}: is the package {package} installed?")))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let told = async {
        let mut lines = Lines::new(keys, touched);
        if let Some(out) = out {
            let mut out = BufReader::with_capacity(1 << 16, out).split(b'\n');
            while let Some(line) = out.next_segment().await? {
                lines.line(&line);
            }
        }
        Ok::<_, std::io::Error>(lines.end())
    };
    let complaints = async {
        let mut text = String::new();
        if let Some(mut err) = err {
            err.read_to_string(&mut text).await?;
        }
        Ok(text)
    };
    let (schema, complaints) =
        futures_util::future::try_join(told, complaints).await.map_err(|e| failed(e.to_string()))?;
    let status = child.wait().await.map_err(|e| failed(e.to_string()))?;
    if status.success() { Ok(schema) } else { Err(failed(complaints.trim().to_owned())) }
}

/// The options by which the program gets to `place`. Only this user can read the file.
fn reach(place: &Place, network: &Network, family: Family) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let access = &place.access;
    let (host, port) =
        place.route.as_ref().map_or((access.server.host.as_str(), access.server.port), |(host, port)| (host, *port));
    let login = &access.login;
    let mut lines = vec![
        "[client]".to_owned(),
        format!("host={}", quoted(host)),
        format!("port={port}"),
        "protocol=tcp".into(),
        format!("user={}", quoted(&login.user)),
        format!("password={}", quoted(login.password.reveal())),
    ];
    if family == Family::MariaDb {
        // What came from the other side has numbers of its own, between ours.
        lines.push("loose-gtid-strict-mode=0".into());
    }
    // By a route the name is another one than the certificate's: then only who has signed it is looked at.
    let direct = place.route.is_none();
    match (&network.tls, family) {
        (Tls::Off, Family::MySql) => lines.push("ssl-mode=DISABLED".into()),
        (Tls::Off, Family::MariaDb) => lines.push("skip-ssl".into()),
        (Tls::Verify(file), family) => {
            let roots = file.clone().unwrap_or_else(|| "/etc/ssl/certs/ca-certificates.crt".into());
            lines.push(format!("ssl-ca={}", quoted(&roots.display().to_string())));
            lines.push(match (family, direct) {
                (Family::MySql, true) => "ssl-mode=VERIFY_IDENTITY".into(),
                (Family::MySql, false) => "ssl-mode=VERIFY_CA".into(),
                (Family::MariaDb, true) => "ssl-verify-server-cert".into(),
                (Family::MariaDb, false) => "ssl".into(),
            });
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::verify::touched::Writes;

    fn keys() -> Keys {
        let of = |table: &str, parts: &[(usize, Form)]| {
            let parts = parts.iter().map(|(ordinal, form)| Part { ordinal: *ordinal, form: *form }).collect();
            (format!("`city`.`{table}`"), (format!("city.{table}"), parts))
        };
        let text = Form::Text { utf8: true };
        Keys(
            [of("trips", &[(1, Form::Signed)]), of("two", &[(2, text), (1, Form::Unsigned)]), of("keyless", &[])]
                .into(),
        )
    }

    fn read(log: &str) -> (Touched, bool) {
        let (keys, mut touched) = (keys(), Touched::default());
        let mut lines = Lines::new(&keys, &mut touched);
        log.split('\n').for_each(|line| lines.line(line.as_bytes()));
        let schema = lines.end();
        (touched, schema)
    }

    fn touched(log: &str) -> Touched {
        read(log).0
    }

    fn schema(log: &str) -> bool {
        read(log).1
    }

    fn keyed(table: &str, keys: &[&[&str]]) -> Touched {
        let mut touched = Touched::default();
        keys.iter().for_each(|key| touched.add(table, key.iter().map(|part| (*part).to_owned()).collect()));
        touched
    }

    #[test]
    fn both_keys_of_a_row_count() {
        let log = "# at 4\n#Q> UPDATE trips\n### UPDATE `city`.`trips`\n### WHERE\n###   @1=7\n###   @2='x'\n### SET\n###   @1=-8 (4294967288)\n###   @2='y'\n\
                   ### INSERT INTO `city`.`trips`\n### SET\n###   @1=9\n###   @2=NULL\n# Number of rows: 2";
        assert_eq!(touched(log), keyed("city.trips", &[&["7"], &["-8"], &["9"]]));
        let log = "### DELETE FROM `city`.`two`\n### WHERE\n###   @1=-1 (18446744073709551615)\n###   @2='o'dd'\n### DELETE FROM `other`.`trips`\n### WHERE\n###   @1=1";
        assert_eq!(touched(log), keyed("city.two", &[&["o'dd", "18446744073709551615"]]));
    }

    #[test]
    fn what_can_not_be_named_is_the_whole_table() {
        let whole = |log: &str| {
            let all = touched(log).tables;
            all.into_iter().filter(|(_, writes)| *writes == Writes::Whole).map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!(whole("### INSERT INTO `city`.`keyless`\n### SET\n###   @1=1"), ["city.keyless"]);
        assert_eq!(whole("### INSERT INTO `city`.`two`\n### SET\n###   @1=1\n###   @2='a\\x5cb'"), ["city.two"]);
        assert!(
            !schema("TRUNCATE trips")
                && schema("CREATE TABLE late (id int)")
                && schema("ALTER TABLE trips ADD late int")
        );
        assert_eq!(whole("TRUNCATE trips"), ["city.keyless", "city.trips", "city.two"]);
        assert_eq!(whole("#Q> truncate trips\nBEGIN\nCOMMIT/*!*/;"), Vec::<String>::new());
    }

    #[test]
    fn values_read_as_the_server_tells_them() {
        let read = |told: &str, form| value(told.as_bytes(), form);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("'2024:02:03'", Form::Date), some("2024-02-03"));
        assert_eq!(read("'2024-02-03 04:05:06.000009'", Form::Moment), some("2024-02-03 04:05:06.000009"));
        assert_eq!(read("'a\\x00\\xff'", Form::Bytes(4)), some("6100FF00"));
        assert_eq!(read("'å'", Form::Text { utf8: true }), some("å"));
        assert_eq!(read("'å'", Form::Text { utf8: false }), None);
        assert_eq!(read("1704067200.123", Form::Other), None);
        assert_eq!(
            (form("int", "int(10) unsigned", ""), form("binary", "binary(16)", "")),
            (Form::Unsigned, Form::Bytes(16))
        );
        assert_eq!(form("varchar", "varchar(9)", "utf16_general_ci"), Form::Other);
    }
}
