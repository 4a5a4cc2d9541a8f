//! The schema: read from the old side as the server tells it, made on the new one.

use super::connect::Place;
use super::control::Names;
use super::copy::{Record, Stands};
use super::dialect::Position;
use super::roles::may_define;
use super::sql::{column, ident, literal, one, rows, run_on, text};
use super::{stream, tables};
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult};

/// What is made of what the server tells.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    /// `TABLE trips`.
    what: String,
    /// The statement that makes it.
    sql: String,
    /// The SQL mode that it is made in.
    mode: String,
    /// For events: the time zone.
    zone: String,
}

/// Makes tables, views and routines on the new side. What an attempt that was cut off has left there is made anew, unless its rows can be gone on
/// with; what isn't ours is refused.
pub async fn copy(old: &Place, new: &Place, names: &Names) -> DatabaseResult<()> {
    let what = "copying the schema";
    let record = Record::new(new, names);
    match record.stands().await? {
        Some(Stands::Done(_)) => return Ok(()),
        Some(Stands::Since(position)) if goes_on(old, new, &position).await? => return Ok(()),
        Some(_) => record.forget().await?,
        None => {
            let full = tables::all(new).await?;
            if !full.is_empty() {
                return Err(DatabaseError::Refused(format!(
                    "the new side holds tables that didn't come by this move, {}: drop them, or the database",
                    full.join(", ")
                )));
            }
            record.begin().await?;
        }
    }
    let locale: String = one(
        &old.pool,
        what,
        "SELECT CONVERT(CONCAT('CHARACTER SET ', default_character_set_name, ' COLLATE ', default_collation_name) USING utf8mb4)
         FROM information_schema.schemata WHERE schema_name = DATABASE()",
    )
    .await?;
    let strip = !may_define(new).await?;
    let (mut connection, _) = new.connect().await?;
    run_on(
        &mut connection,
        what,
        format!("SET SESSION foreign_key_checks = 0; ALTER DATABASE {} {locale}", ident(new.city())),
    )
    .await?;
    for (kind, name) in objects(new).await? {
        run_on(&mut connection, what, format!("DROP {kind} IF EXISTS {}", ident(&name))).await?;
    }
    let mut wanted = Vec::new();
    for (kind, name) in objects(old).await? {
        let mut object = read(old, &kind, &name).await?;
        if kind == "TABLE" {
            object.sql = bare(&object.sql).0;
        }
        wanted.push(object);
    }
    make(new, wanted, strip).await
}

/// Whether rows can be copied into the tables that are there: they are as the old side's, and its log goes back far enough.
async fn goes_on(old: &Place, new: &Place, since: &Position) -> DatabaseResult<bool> {
    Ok(stream::keeps(old, since).await? && tables::same_columns(old, new).await?)
}

/// Adds the indexes that the tables were made without: built at once they take a fraction of the time that rows one by one would.
pub async fn indexes(old: &Place, new: &Place) -> DatabaseResult<()> {
    let sql = "SELECT DISTINCT CONVERT(CONCAT(table_name, '\n', index_name) USING utf8mb4) FROM information_schema.statistics WHERE table_schema = DATABASE()";
    let there: Vec<String> = column(&new.pool, "listing the indexes of the new side", sql).await?;
    let (mut connection, _) = new.connect().await?;
    for table in tables::all(old).await? {
        let (_, indexes) = bare(&read(old, "TABLE", &table).await?.sql);
        let missing = indexes.iter().filter(|(name, _)| !there.contains(&format!("{table}\n{name}")));
        let missing: Vec<String> = missing.map(|(_, definition)| format!("ADD {definition}")).collect();
        if !missing.is_empty() {
            let sql = format!("ALTER TABLE {} {}", ident(&table), missing.join(", "));
            // Nobody works there yet, and the stream waits for no more than the end of it.
            run_on(&mut connection, &format!("building indexes of {table} on the new side"), sql).await?;
        }
    }
    Ok(())
}

/// A table's statement without the indexes that can be built afterwards, and these: name, definition. Left in are unique ones, those that a foreign
/// key may rest on, and those of a counter's column.
fn bare(sql: &str) -> (String, Vec<(String, String)>) {
    let lines: Vec<&str> = sql.lines().collect();
    let column = |line: &str| line.split('`').nth(1).unwrap_or_default().to_owned();
    let counters = lines
        .iter()
        .filter(|line| line.starts_with("  `") && line.contains(" AUTO_INCREMENT"))
        .map(|line| column(line));
    let referring = lines.iter().filter_map(|line| line.split_once(" FOREIGN KEY (").map(|(_, rest)| column(rest)));
    let needed: Vec<String> = counters.chain(referring).collect();
    let (mut kept, mut indexes): (Vec<String>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    for line in lines {
        // `  KEY `name` (`first`…`: the third text between backticks is the first column.
        let parts: Vec<&str> = line.split('`').collect();
        match parts[..] {
            ["  KEY ", name, " (", first, ..] if !name.is_empty() && !needed.iter().any(|one| one == first) => {
                indexes.push((name.to_owned(), line.trim().trim_end_matches(',').to_owned()));
            }
            _ => kept.push(line.to_owned()),
        }
    }
    // What comes last before the closing bracket has no comma.
    if let Some(close) = kept.iter().rposition(|line| line.starts_with(')'))
        && let Some(last) = close.checked_sub(1)
    {
        kept[last] = kept[last].trim_end_matches(',').to_owned();
    }
    (kept.join("\n"), indexes)
}

/// Makes what would get in the way of the copy: the city's triggers.
pub async fn triggers(old: &Place, new: &Place) -> DatabaseResult<()> {
    let there = tables::triggers(new, false).await?;
    let mut wanted = Vec::new();
    for name in tables::triggers(old, false).await?.into_iter().filter(|name| !there.contains(name)) {
        wanted.push(read(old, "TRIGGER", &name).await?);
    }
    let strip = !may_define(new).await?;
    make(new, wanted, strip).await
}

/// Everything but triggers: kind and name, tables first.
async fn objects(place: &Place) -> DatabaseResult<Vec<(String, String)>> {
    let sql = "SELECT kind, name FROM (
           SELECT 1 AS place, 'TABLE' AS kind, CONVERT(table_name USING utf8mb4) AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
           UNION ALL SELECT 2, CONVERT(routine_type USING utf8mb4), CONVERT(routine_name USING utf8mb4) FROM information_schema.routines WHERE routine_schema = DATABASE()
           UNION ALL SELECT 3, 'VIEW', CONVERT(table_name USING utf8mb4) FROM information_schema.views WHERE table_schema = DATABASE()
           UNION ALL SELECT 4, 'EVENT', CONVERT(event_name USING utf8mb4) FROM information_schema.events WHERE event_schema = DATABASE()) o ORDER BY place, name";
    sqlx::query_as(sql).fetch_all(&place.pool).await.map_err(doing(format!("listing the schema {}", place.at())))
}

async fn read(place: &Place, kind: &str, name: &str) -> DatabaseResult<Object> {
    let what = format!("{kind} {name}");
    let found =
        rows(&place.pool, &format!("reading {what} {}", place.at()), format!("SHOW CREATE {kind} {}", ident(name)))
            .await?;
    let row = found.first().ok_or_else(|| DatabaseError::Refused(format!("{what} is gone {}", place.at())))?;
    let names = [
        "Create Table",
        "Create View",
        "Create Function",
        "Create Procedure",
        "Create Event",
        "SQL Original Statement",
    ];
    let sql = text(row, &names);
    if sql.is_empty() {
        return Err(DatabaseError::Refused(format!(
            "{what} {}: its text can't be read, which needs the right to see it",
            place.at()
        )));
    }
    Ok(Object { what, sql, mode: text(row, &["sql_mode"]), zone: text(row, &["time_zone"]) })
}

/// Makes them, in as many rounds as it takes: views are made of views.
async fn make(place: &Place, mut wanted: Vec<Object>, strip: bool) -> DatabaseResult<()> {
    let (mut connection, thread) = place.connect().await?;
    run_on(&mut connection, "making the schema", "SET SESSION foreign_key_checks = 0").await?;
    while !wanted.is_empty() {
        let before = wanted.len();
        let mut failed = None;
        let mut later = Vec::new();
        for object in wanted {
            let zone = if object.zone.is_empty() { "+00:00" } else { &object.zone };
            let mode = format!("SET SESSION sql_mode = {}, time_zone = {}", literal(&object.mode), literal(zone));
            let what = format!("making {} on the new side", object.what);
            run_on(&mut connection, &what, mode).await?;
            let sql = if strip { without_definer(&object.sql) } else { object.sql.clone() };
            if let Err(error) = place.politely(&mut connection, thread, &what, &sql).await {
                failed = Some(error);
                later.push(object);
            }
        }
        wanted = later;
        if let Some(error) = failed.filter(|_| wanted.len() == before) {
            return Err(error);
        }
    }
    Ok(())
}

/// A statement without the user in whose name what it makes acts: then that is whoever makes it. RDS's master user may make nothing in the
/// name of others before 8.0.36.
fn without_definer(sql: &str) -> String {
    let kinds = [" VIEW ", " TRIGGER ", " FUNCTION ", " PROCEDURE ", " EVENT "];
    let head = kinds.iter().filter_map(|kind| sql.find(kind)).min().map_or("", |end| &sql[..end]);
    let Some(start) = head.find("DEFINER=`") else { return sql.to_owned() };
    // `user`@`host`: four backticks, doubled ones within.
    let mut quotes = 0;
    let rest = sql[start..].char_indices().find(|(_, letter)| {
        quotes += usize::from(*letter == '`');
        quotes >= 4 && *letter == ' '
    });
    let end = rest.map_or(sql.len(), |(at, _)| start + at + 1);
    format!("{}{}", &sql[..start], &sql[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_indexes_that_nothing_rests_on_come_later() {
        let table = "CREATE TABLE `trips` (\n  `id` bigint(20) NOT NULL AUTO_INCREMENT,\n  `bike` int(11) NOT NULL COMMENT 'a  KEY `x` (`y`)',\n  \
                     `at` datetime DEFAULT NULL,\n  `what` varchar(9) DEFAULT NULL,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `one` (`at`,`bike`),\n  \
                     KEY `bike` (`bike`),\n  CONSTRAINT `b` FOREIGN KEY (`bike`) REFERENCES `bikes` (`id`),\n  KEY `at` (`at`,`what`(4) DESC),\n  \
                     KEY `what` (`what`) USING BTREE\n) ENGINE=InnoDB AUTO_INCREMENT=7 COMMENT='x'";
        let (made, later) = bare(table);
        let names: Vec<&str> = later.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["at", "what"]);
        assert_eq!(later[0].1, "KEY `at` (`at`,`what`(4) DESC)");
        assert!(
            made.contains("REFERENCES `bikes` (`id`)\n) ENGINE") && made.contains("KEY `bike` (`bike`),"),
            "{made}"
        );
        let plain = "CREATE TABLE `t` (\n  `n` int NOT NULL,\n  PRIMARY KEY (`n`)\n) ENGINE=InnoDB";
        assert_eq!(bare(plain), (plain.to_owned(), Vec::new()));
        let counted = "CREATE TABLE `t` (\n  `n` int NOT NULL AUTO_INCREMENT,\n  KEY `n` (`n`)\n) ENGINE=InnoDB";
        assert_eq!(bare(counted).1, []);
    }

    #[test]
    fn only_the_definer_is_left_out() {
        let view = "CREATE ALGORITHM=UNDEFINED DEFINER=`bi``kes`@`%` SQL SECURITY DEFINER VIEW `v` AS select 'DEFINER=`x`@`y`' AS `a`";
        let without = "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 'DEFINER=`x`@`y`' AS `a`";
        assert_eq!(without_definer(view), without);
        assert_eq!(without_definer(without), without);
        let table = "CREATE TABLE `t` (`a` int COMMENT 'a VIEW of DEFINER=`x`@`y` ')";
        assert_eq!(without_definer(table), table);
    }
}
