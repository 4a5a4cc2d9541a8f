//! One connection to a database of either engine, and what an application needs of it.

use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, MySqlConnection, PgConnection, Row};
use std::path::PathBuf;
use std::time::Duration;

/// How long an application waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an accountant does, who reads whole tables.
const LONG_PATIENCE: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Mysql,
}

/// Where a database is, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub engine: Engine,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: String,
    pub ca: PathBuf,
}

/// Why a statement has no result.
#[derive(Debug)]
pub enum Failure {
    /// The server refused it: it has no effect.
    Refused(String),
    /// The connection is gone, or the answer didn't come.
    Broken,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(inner) => inner.code().unwrap_or_default().into_owned(),
            _ => return Self::Broken,
        };
        // PostgreSQL's classes of a connection that ends; MySQL's 70100: it was killed, 08S01: the server goes down.
        let ends = code.starts_with("08") || code.starts_with("57") || code == "70100";
        if ends { Self::Broken } else { Self::Refused(error.to_string()) }
    }
}

enum Link {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

pub struct Line {
    link: Link,
    patience: Duration,
}

async fn within<T>(patience: Duration, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Failure> {
    match tokio::time::timeout(patience, work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Failure::Broken),
    }
}

impl Line {
    /// With the certificate verified.
    pub async fn open(to: &Address) -> Result<Self, Failure> {
        let patience = PATIENCE;
        let link = match to.engine {
            Engine::Postgres => {
                let options = PgConnectOptions::new_without_pgpass()
                    .host(&to.host)
                    .port(to.port)
                    .database(&to.database)
                    .username(&to.user)
                    .password(&to.password)
                    .ssl_mode(PgSslMode::VerifyFull)
                    .ssl_root_cert(&to.ca)
                    .application_name("load")
                    .disable_statement_logging();
                within(patience, options.connect()).await.map(Link::Postgres)
            }
            Engine::Mysql => {
                let options = MySqlConnectOptions::new()
                    .host(&to.host)
                    .port(to.port)
                    .database(&to.database)
                    .username(&to.user)
                    .password(&to.password)
                    .ssl_mode(MySqlSslMode::VerifyIdentity)
                    .ssl_ca(&to.ca)
                    .disable_statement_logging();
                within(patience, options.connect()).await.map(Link::Mysql)
            }
        };
        Ok(Self { link: link?, patience })
    }

    /// For statements that may take minutes.
    pub async fn open_patiently(to: &Address) -> Result<Self, Failure> {
        Ok(Self { patience: LONG_PATIENCE, ..Self::open(to).await? })
    }

    /// Runs statements.
    pub async fn run(&mut self, sql: impl Into<String>) -> Result<(), Failure> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match &mut self.link {
            Link::Postgres(line) => within(self.patience, sql.execute(line)).await.map(drop),
            Link::Mysql(line) => within(self.patience, sql.execute(line)).await.map(drop),
        }
    }

    /// The rows of a query of one text.
    pub async fn texts(&mut self, sql: impl Into<String>) -> Result<Vec<String>, Failure> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match &mut self.link {
            Link::Postgres(line) => {
                let rows = within(self.patience, sql.fetch_all(line)).await?;
                rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
            }
            Link::Mysql(line) => {
                let rows = within(self.patience, sql.fetch_all(line)).await?;
                rows.iter()
                    .map(|row| Ok(String::from_utf8_lossy(&row.try_get::<Vec<u8>, _>(0)?).into_owned()))
                    .collect()
            }
        }
    }
}
