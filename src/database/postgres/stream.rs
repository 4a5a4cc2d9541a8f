//! The two streams: publications and slots on one side, a subscription on the other. Only that of the side that serves runs.

use super::connect::{Place, server_conninfo};
use super::control::{Names, replication_login};
use super::sql::{code, column, ident, literal, one, run};
use super::{slots, tables};
use crate::database::error::doing;
use crate::database::verify::Marks;
use crate::database::{DatabaseResult, Network, Side};
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;

/// How often a server is asked to connect to the other one, and the pause between.
const ATTEMPTS: u32 = 12;
const PAUSE: Duration = Duration::from_millis(250);

/// What of a table is published.
const ROWS: &str = "insert, update, delete, truncate";

/// Everything that both ends need.
pub struct Ends<'a> {
    /// The side that publishes.
    pub from: &'a Place,
    /// The side that subscribes.
    pub to: &'a Place,
    /// Which one publishes.
    pub side: Side,
    /// The names of it all.
    pub names: &'a Names,
    /// How the servers reach each other.
    pub network: &'a Network,
}

impl Ends<'_> {
    pub(super) fn name(&self) -> String {
        self.names.stream(self.side)
    }

    fn marks(&self) -> String {
        format!("migrate.from_{}", self.side.name())
    }

    pub(super) fn what(&self, doing: &str) -> String {
        format!("{doing} the stream from the {} side", self.side.name())
    }

    pub(super) async fn slot(&self) -> DatabaseResult<Option<Slot>> {
        let sql = "SELECT coalesce(wal_status, 'lost') = 'lost' AS lost, \
                   pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint AS lag \
                   FROM pg_replication_slots WHERE slot_name = $1";
        let row: Option<(bool, Option<i64>)> = sqlx::query_as(sql)
            .bind(self.name())
            .fetch_optional(&self.from.pool)
            .await
            .map_err(doing(self.what("looking for the slot of")))?;
        Ok(row.map(|(lost, lag)| Slot { lost, lag }))
    }

    pub(super) async fn subscription(&self) -> DatabaseResult<Option<bool>> {
        let sql = "SELECT subenabled FROM pg_subscription WHERE subname = $1 \
                   AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
        sqlx::query_scalar(sql)
            .bind(self.name())
            .fetch_optional(&self.to.pool)
            .await
            .map_err(doing(self.what("looking for")))
    }

    /// Publishes all tables and the marks; of the tables nothing yet, unless `rows`.
    pub async fn publish(&self, rows: bool) -> DatabaseResult<()> {
        let what = self.what("publishing");
        let tables = tables::all_identified(&self.from.pool).await?;
        let list: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        let there: Vec<String> = column(&self.from.pool, &what, "SELECT pubname::text FROM pg_publication").await?;
        let (data, marks) = (ident(&self.names.data()), ident(&self.names.marks()));
        let published = format!("publish = '{}'", if rows { ROWS } else { "" });
        let mut sql = match there.contains(&self.names.data()) {
            true => format!("ALTER PUBLICATION {data} SET ({published});"),
            false => format!("CREATE PUBLICATION {data} FOR TABLE {} WITH ({published});", list.join(", ")),
        };
        if !there.contains(&self.names.marks()) {
            sql += &format!("CREATE PUBLICATION {marks} FOR TABLE {} WITH (publish = 'insert');", self.marks());
        }
        run(&self.from.pool, &what, sql).await
    }

    pub(super) async fn version(&self) -> DatabaseResult<i32> {
        one(&self.to.pool, "asking for the version", "SELECT current_setting('server_version_num')::int").await
    }

    /// The statement that makes the subscription. It holds the replication user's password, and servers that log changes of the schema
    /// log it, unless the session may switch that off.
    async fn subscribe(&self, options: &str) -> DatabaseResult<()> {
        let what = self.what("subscribing to");
        let login = replication_login(self.from, self.names).await?;
        // Changes that came by the other stream stay out of this one, where the version can tell them apart.
        let origin = if self.version().await? >= 160_000 { ", origin = none" } else { "" };
        let sql = format!(
            "CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {}, {} WITH (slot_name = {}, {options}{origin})",
            ident(&self.name()),
            server_conninfo(&self.from.access.server, &login, self.network),
            ident(&self.names.data()),
            ident(&self.names.marks()),
            literal(&self.name()),
        );
        let mut connection = self.to.pool.acquire().await.map_err(doing(what.clone()))?;
        for quieter in [
            "SET log_statement = 'none'",
            "SET log_min_duration_statement = -1",
            "SET log_min_error_statement = 'panic'",
        ] {
            // Who may not, can't: docs/database.md says what then remains in the log.
            let _ = sqlx::query(quieter).execute(&mut *connection).await;
        }
        let mut attempt = 0;
        let done = loop {
            let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.as_str())).execute(&mut *connection).await;
            attempt += 1;
            // The right to replicate, just given by a role, may take a moment to count.
            match done {
                Err(error) if attempt < ATTEMPTS && code(&error).starts_with("08") => tokio::time::sleep(PAUSE).await,
                done => break done,
            }
        };
        let _ = sqlx::query("RESET ALL").execute(&mut *connection).await;
        done.map(drop).map_err(doing(what))
    }

    /// Begins to copy and to follow.
    pub async fn begin(&self) -> DatabaseResult<()> {
        if self.subscription().await?.is_some() {
            return Ok(());
        }
        // A subscription whose making was cut off leaves a slot.
        self.drop_slot().await?;
        tables::none_has_rows(&self.to.pool).await?;
        self.subscribe("copy_data = true").await
    }

    /// The subscription, switched off, and a slot for it; both as they must be to be switched on. What is written until [`Self::arm`] will never be sent.
    pub async fn prepare(&self) -> DatabaseResult<()> {
        self.publish(false).await?;
        // One of an earlier attempt reaches back to where rows were published.
        self.rest().await?;
        let sql = format!("SELECT pg_create_logical_replication_slot({}, 'pgoutput')", literal(&self.name()));
        run(&self.from.pool, &self.what("making the slot of"), sql).await?;
        match self.subscription().await? {
            // Kept from an earlier turn.
            Some(_) => {
                let sql =
                    format!("ALTER SUBSCRIPTION {} SET (slot_name = {})", ident(&self.name()), literal(&self.name()));
                run(&self.to.pool, &self.what("holding"), sql).await?;
            }
            None => self.subscribe("create_slot = false, enabled = false, copy_data = false").await?,
        }
        Ok(())
    }

    /// The stream begins here: what was written before is never sent. It isn't the slot alone that says so: where it was moved to is on disk only
    /// after the next checkpoint, and a server that crashes before that sends from where it was made. What it then reads again was written while
    /// nothing was published.
    pub async fn arm(&self) -> DatabaseResult<()> {
        let what = self.what("setting the beginning of");
        let publish = format!("ALTER PUBLICATION {} SET (publish = '{ROWS}')", ident(&self.names.data()));
        run(&self.from.pool, &what, format!("SET LOCAL synchronous_commit = on; {publish}")).await?;
        // Over it all, so that nothing has to be read again as a rule.
        let sql = format!("SELECT pg_replication_slot_advance({}, pg_current_wal_flush_lsn())", literal(&self.name()));
        run(&self.from.pool, &what, sql).await
    }

    /// Marks that have done their service.
    pub async fn sweep(&self) -> DatabaseResult<()> {
        let sql = format!("DELETE FROM {} WHERE handover IS NULL", self.marks());
        run(&self.from.pool, "removing old marks", sql.clone()).await?;
        run(&self.to.pool, "removing old marks", sql).await
    }

    /// Switches the subscription off and removes its slot, so that nothing is held back on the side that it came from. The
    /// subscription itself stays for the next turn: making one anew would take another password.
    pub async fn rest(&self) -> DatabaseResult<()> {
        if self.subscription().await?.is_some() {
            let name = ident(&self.name());
            let sql = format!("ALTER SUBSCRIPTION {name} DISABLE; ALTER SUBSCRIPTION {name} SET (slot_name = NONE)");
            run(&self.to.pool, &self.what("ending"), sql).await?;
        }
        self.drop_slot().await
    }

    async fn drop_slot(&self) -> DatabaseResult<()> {
        let which = format!("slot_name = {}", literal(&self.name()));
        slots::drop(self.from, &self.what("removing the slot of"), &which).await
    }
}

#[async_trait]
impl Marks for Ends<'_> {
    async fn mark(&self) -> DatabaseResult<String> {
        let id = Uuid::new_v4().to_string();
        let sql = format!("SET LOCAL synchronous_commit = on; INSERT INTO {} (id) VALUES ('{id}')", self.marks());
        run(&self.from.pool, &self.what("marking"), sql).await?;
        Ok(id)
    }

    /// A subscription applies transactions in the order of their commits.
    async fn arrived(&self, mark: &str) -> DatabaseResult<bool> {
        let sql = format!("SELECT EXISTS (SELECT FROM {} WHERE id = '{mark}')", self.marks());
        one(&self.to.pool, &self.what("following"), sql).await
    }
}

/// A slot on the side that publishes.
pub(super) struct Slot {
    /// The log that it needed is gone.
    pub lost: bool,
    /// Bytes of log that weren't confirmed.
    pub lag: Option<i64>,
}
