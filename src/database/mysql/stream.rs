//! The two streams: a server that follows the other one's log. Both run at once around a switch: whoever doesn't serve writes nothing, and a
//! server passes over what bears its own number, so nothing goes in a circle.

use super::connect::Place;
use super::control::{Names, replication_login};
use super::dialect::{Position, Source};
use super::sql::{number, one, rows, run_on, text};
use super::tables;
use crate::database::engine::Following;
use crate::database::error::doing;
use crate::database::verify::Marks;
use crate::database::{DatabaseError, DatabaseResult, Network, Tls};
use crate::engine::wait::until;
use async_trait::async_trait;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Executor};
use std::time::Duration;

/// How long a stream may take to begin, and how often it is looked at.
const BEGINS: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_millis(20);

/// Everything that both ends need.
pub struct Ends<'a> {
    /// The side that is followed.
    pub from: &'a Place,
    /// The side that follows.
    pub to: &'a Place,
    /// The names of it all.
    pub names: &'a Names,
    /// How the servers reach each other.
    pub network: &'a Network,
}

/// What the follower says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it is connected: `Yes`, `No`, `Connecting`, `Preparing`.
    pub connected: String,
    /// Whether it applies: `Yes`, `No`.
    pub applies: String,
    /// Why not.
    pub errors: Vec<String>,
    /// Up to where it has applied.
    pub file: String,
    /// The byte there.
    pub at: u64,
}

impl Status {
    /// MySQL's and MariaDB's columns have different names.
    fn of(row: &MySqlRow) -> Self {
        let both = |name: &str| {
            let replica = name.replace("Slave", "Replica").replace("Master", "Source");
            text(row, &[&replica, name])
        };
        let errors = [text(row, &["Last_IO_Error"]), text(row, &["Last_SQL_Error"])];
        Self {
            connected: both("Slave_IO_Running"),
            applies: both("Slave_SQL_Running"),
            errors: errors.into_iter().filter(|error| !error.is_empty()).collect(),
            file: both("Relay_Master_Log_File"),
            at: both("Exec_Master_Log_Pos").parse().unwrap_or(0),
        }
    }

    /// Whether it follows right now.
    pub fn runs(&self) -> bool {
        self.connected == "Yes" && self.applies == "Yes"
    }

    /// What won't go on by itself. A line that is cut is tried again by the server.
    pub fn trouble(&self) -> Option<String> {
        if self.applies != "Yes" || self.connected == "No" {
            let why =
                if self.errors.is_empty() { "somebody has stopped it".to_owned() } else { self.errors.join("; ") };
            return Some(format!("it has stopped: {why}"));
        }
        None
    }
}

impl Ends<'_> {
    fn what(&self, doing: &str) -> String {
        format!("{doing} the stream from the {} side", self.from.side.name())
    }

    /// Where the log of the side that is followed is now.
    pub async fn now(&self) -> DatabaseResult<Position> {
        position(self.from).await
    }

    /// What the follower says; `None`: it follows nobody.
    pub async fn status(&self) -> DatabaseResult<Option<Status>> {
        let found = rows(&self.to.pool, &self.what("looking at"), "SHOW REPLICA STATUS").await?;
        Ok(found.first().map(Status::of))
    }

    /// Begins to follow from `position` on, with a login of its own, and sees that it does.
    pub async fn begin(&self, position: &Position) -> DatabaseResult<()> {
        self.end().await?;
        let tls = self.network.tls != Tls::Off;
        let login = replication_login(self.from, self.names, tls).await?;
        let server = &self.from.access.server;
        let (host, port) = self.network.between.to(server).unwrap_or((&server.host, server.port));
        let source = Source { host, port, user: &login.user, password: login.password.reveal(), tls };
        let dialect = self.to.dialect().await?;
        let what = self.what("beginning");
        let (mut connection, _) = self.to.connect().await?;
        for statement in dialect.follow(&source, position).iter().map(String::as_str).chain([dialect.start()]) {
            run_on(&mut connection, &what, statement).await?;
        }
        let begun = until(EVERY, || async { Ok(self.status().await?.is_some_and(|status| status.runs())) });
        if let Ok(done) = tokio::time::timeout(BEGINS, begun).await {
            return done;
        }
        let why = self.status().await?.map(|status| status.errors.join("; ")).unwrap_or_default();
        let (to, reach) = (self.to.side.name(), format!("{host}:{port}"));
        Err(DatabaseError::Refused(format!("the {to} side doesn't follow {reach} as {}: {why}", login.user)))
    }

    /// Ceases to follow, by the follower alone. The password goes with it.
    pub async fn end(&self) -> DatabaseResult<()> {
        if self.status().await?.is_none() {
            return Ok(());
        }
        let what = self.what("ending");
        let (mut connection, _) = self.to.connect().await?;
        for statement in self.to.dialect().await?.forget() {
            match run_on(&mut connection, &what, statement).await {
                // It has stopped already, or is none.
                Err(DatabaseError::Sql { source, .. }) if matches!(number(&source), 1199 | 1200 | 3082) => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// How far it is.
    pub async fn following(&self) -> DatabaseResult<Following> {
        let status = self.status().await?;
        let trouble = match &status {
            None => Some(format!("the {} side follows nobody any more", self.to.side.name())),
            Some(status) => status.trouble().map(|why| format!("{} {why}", self.what("looking at"))),
        };
        let tables = tables::all(self.to).await?.len() as u64;
        let files = files(self.from).await?;
        Ok(Following {
            tables,
            of: tables::all(self.from).await?.len() as u64,
            bytes: tables::bytes(self.to).await?,
            total: tables::bytes(self.from).await?,
            lag: status.map_or(0, |status| behind(&files, &status.file, status.at)),
            trouble,
        })
    }
}

#[async_trait]
impl Marks for Ends<'_> {
    async fn mark(&self) -> DatabaseResult<String> {
        let table = self.names.table("mark");
        let sql = format!("UPDATE {table} SET id = LAST_INSERT_ID(id + 1) WHERE side = '{}'", self.from.side.name());
        let done = self.from.pool.execute(AssertSqlSafe(sql)).await.map_err(doing(self.what("marking")))?;
        Ok(done.last_insert_id().to_string())
    }

    /// Transactions are applied in the order of their commits.
    async fn arrived(&self, mark: &str) -> DatabaseResult<bool> {
        let table = self.names.table("mark");
        let sql = format!("SELECT id FROM {table} WHERE side = '{}'", self.from.side.name());
        let there: i64 = one(&self.to.pool, &self.what("following"), sql).await?;
        Ok(mark.parse::<i64>().is_ok_and(|mark| there >= mark))
    }
}

/// Where the log of a server is now.
pub async fn position(place: &Place) -> DatabaseResult<Position> {
    let dialect = place.dialect().await?;
    let what = format!("asking for the log {}", place.at());
    let gtid = match dialect.gtid() {
        None => String::new(),
        Some(sql) => one(&place.pool, &what, sql).await?,
    };
    let found = rows(&place.pool, &what, dialect.log_status()).await?;
    let Some(row) = found.first() else {
        return Err(DatabaseError::Refused(format!("the server {} writes no log", place.at())));
    };
    let at = text(row, &["Position"]).parse().unwrap_or(0);
    Ok(Position { file: text(row, &["File"]), at, gtid })
}

/// The files of a server's log, and their bytes.
async fn files(place: &Place) -> DatabaseResult<Vec<(String, u64)>> {
    let found = rows(&place.pool, &format!("listing the log {}", place.at()), "SHOW BINARY LOGS").await?;
    let file = |row| (text(row, &["Log_name"]), text(row, &["File_size"]).parse().unwrap_or(0));
    Ok(found.iter().map(file).collect())
}

/// Whether its log still has this place.
pub async fn keeps(place: &Place, position: &Position) -> DatabaseResult<bool> {
    Ok(files(place).await?.iter().any(|(name, bytes)| *name == position.file && *bytes >= position.at))
}

/// Bytes of `files` that come behind this place.
fn behind(files: &[(String, u64)], file: &str, at: u64) -> u64 {
    let rest = files.iter().skip_while(|(name, _)| name != file);
    rest.map(|(_, size)| size).sum::<u64>().saturating_sub(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_goes_over_the_ends_of_files() {
        let files = [("b.1".to_owned(), 1000), ("b.2".to_owned(), 500), ("b.3".to_owned(), 70)];
        assert_eq!(behind(&files, "b.3", 70), 0);
        assert_eq!(behind(&files, "b.3", 4), 66);
        assert_eq!(behind(&files, "b.1", 900), 670);
        assert_eq!(behind(&files, "gone", 4), 0);
    }

    #[test]
    fn a_cut_line_is_no_trouble_and_a_stopped_follower_is() {
        let status = |connected: &str, applies: &str| Status {
            connected: connected.into(),
            applies: applies.into(),
            ..Status::default()
        };
        assert_eq!(status("Connecting", "Yes").trouble(), None);
        assert!(status("Yes", "Yes").runs() && !status("Connecting", "Yes").runs());
        assert!(status("No", "Yes").trouble().is_some());
        let failed = Status { errors: vec!["Duplicate entry".into()], ..status("Yes", "No") };
        assert!(failed.trouble().is_some_and(|why| why.contains("Duplicate entry")));
    }
}
