//! The schema, by `pg_dump`: tables and their keys before the copy, everything else after it.

use super::connect::Place;
use super::sql::{column, run};
use super::tables;
use super::tools::tool;
use crate::database::folder::Folder;
use crate::database::{DatabaseError, DatabaseResult, Network};

/// Both ends of a dump.
pub struct Copying<'a> {
    /// Where it is read.
    pub old: &'a Place,
    /// Where it is written.
    pub new: &'a Place,
    /// How they are reached.
    pub network: &'a Network,
}

/// Which part of the schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Types, functions, tables, views, and what tells rows apart: without that updates can't be applied.
    Tables,
    /// Indexes, foreign keys, triggers.
    Rest,
}

impl Copying<'_> {
    /// Makes that part on the new side; what is there already stays.
    pub async fn restore(&self, part: Part) -> DatabaseResult<()> {
        if part == Part::Rest {
            self.no_new_tables().await?;
        }
        let folder = Folder::new()?;
        let archive = folder.path().join("schema").display().to_string();
        let dump = [
            "--schema-only",
            "--format=custom",
            "--no-publications",
            "--no-subscriptions",
            "--exclude-schema=migrate",
            "--file",
            &archive,
        ];
        tool("pg_dump", self.old, self.network, &folder, &dump).await?.ok("pg_dump")?;
        let contents = async |section: &str| list(&archive, section).await;
        let (before, after) = (contents("--section=pre-data").await?, contents("--section=post-data").await?);
        let identities = identities(self.old).await?;
        let key = |line: &&str| {
            object(line).starts_with("CONSTRAINT ") || identities.iter().any(|name| object(line).contains(name))
        };
        let wanted: Vec<&str> = match part {
            Part::Tables => before.lines().chain(after.lines().filter(key)).collect(),
            Part::Rest => after.lines().collect(),
        };
        let wanted: Vec<&str> = wanted.into_iter().filter(|line| moves(line)).collect();
        let file = folder.path().join("list");
        std::fs::write(&file, wanted.join("\n") + "\n").map_err(|e| DatabaseError::Refused(e.to_string()))?;
        let chosen = format!("--use-list={}", file.display());
        let done = tool("pg_restore", self.new, self.network, &folder, &[&chosen, &archive]).await?;
        match unexpected(&done.complaints) {
            None => Ok(()),
            Some(message) => Err(DatabaseError::Tool { tool: "pg_restore".into(), message }),
        }
    }

    /// Refuses tables that were made on the old side since the copy began: nothing follows them.
    async fn no_new_tables(&self) -> DatabaseResult<()> {
        let (old, new) =
            futures_util::future::try_join(tables::all(&self.old.pool), tables::all(&self.new.pool)).await?;
        let only = old.iter().filter(|table| new.iter().all(|other| other.name != table.name));
        let only: Vec<&str> = only.map(|table| table.name.as_str()).collect();
        if only.is_empty() {
            return Ok(());
        }
        let names = only.join(", ");
        Err(DatabaseError::Refused(format!(
            "the schema was changed since it was copied: only on the old side: {names}; drop it, and make it again after the move"
        )))
    }

    /// Fills what is computed from tables, and counts for the query planner.
    pub async fn analyse(&self) -> DatabaseResult<()> {
        let what = "filling materialised views on the new side";
        let empty = "SELECT format('REFRESH MATERIALIZED VIEW %I.%I', schemaname, matviewname) FROM pg_matviews WHERE NOT ispopulated";
        for refresh in column::<String>(&self.new.pool, what, empty).await? {
            run(&self.new.pool, what, refresh).await?;
        }
        run(&self.new.pool, "analysing the new side", "ANALYZE").await
    }

    /// Refuses if the sides differ.
    pub async fn same(&self) -> DatabaseResult<()> {
        let (old, new) =
            futures_util::future::try_join(tables::fingerprint(&self.old.pool), tables::fingerprint(&self.new.pool))
                .await?;
        let only = |these: &[String], those: &[String], side: &str| -> Vec<String> {
            let missing = these.iter().filter(|line| !those.contains(line));
            missing.take(3).map(|line| format!("only on the {side} side: {line}")).collect()
        };
        let mut differences = only(&old, &new, "old");
        differences.extend(only(&new, &old, "new"));
        if differences.is_empty() {
            return Ok(());
        }
        Err(DatabaseError::Refused(format!(
            "the schema was changed since it was copied: {}; make the same change on the other side, or take it back",
            differences.join("; ")
        )))
    }
}

/// The table of contents of an archive.
async fn list(archive: &str, section: &str) -> DatabaseResult<String> {
    super::tools::offline("pg_restore", &["--list", section, archive]).await?.ok("pg_restore")
}

/// What a line of the contents is about: `TABLE public stations app`.
fn object(line: &str) -> &str {
    line.splitn(4, ' ').nth(3).unwrap_or_default()
}

/// Whether it belongs to the city: not our gate, and not what only a superuser may make, which RDS has none of.
fn moves(line: &str) -> bool {
    let object = object(line);
    !line.starts_with(';')
        && !object.is_empty()
        && !object.contains(" migrate gate")
        && !object.starts_with("EVENT TRIGGER")
        && !object.starts_with("COMMENT - EXTENSION")
}

/// Names of unique indexes that serve as replica identity and are no constraint.
async fn identities(old: &Place) -> DatabaseResult<Vec<String>> {
    let sql = "SELECT format('INDEX %s %s ', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
               JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indisreplident";
    column(&old.pool, "reading the schema", sql).await
}

/// The first complaint that isn't about something being there already, as after a first attempt that was cut off.
fn unexpected(complaints: &str) -> Option<String> {
    let harmless = |line: &str| {
        line.contains("already exists")
            || line.contains("multiple primary keys for table")
            || line.contains("already attached")
    };
    let mut errors = complaints.lines().filter(|line| line.contains("error:") && !line.contains("errors ignored"));
    errors.find(|line| !harmless(line)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_attempt_may_meet_its_first_one_and_nothing_else() {
        let there = "pg_restore: error: could not execute query: ERROR:  relation \"stations\" already exists\nCommand was: CREATE TABLE";
        assert_eq!(unexpected(there), None);
        let denied =
            format!("{there}\npg_restore: error: could not execute query: ERROR:  permission denied for schema public");
        assert!(unexpected(&denied).is_some_and(|line| line.contains("permission denied")));
    }

    #[test]
    fn what_only_a_superuser_makes_stays() {
        assert!(moves("215; 1259 16391 TABLE public stations app"));
        for line in [
            "; Archive",
            "",
            "9; 0 0 COMMENT - EXTENSION plpgsql",
            "9; 1 2 EVENT TRIGGER - audit app",
            "9; 2620 1 TRIGGER public t  migrate gate app",
        ] {
            assert!(!moves(line), "{line}");
        }
    }
}
