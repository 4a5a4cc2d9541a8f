//! Connections to MySQL and MariaDB.

use super::dialect::Dialect;
use super::sql::{number, run, run_on};
use crate::database::error::doing;
use crate::database::tunnel::Tunnel;
use crate::database::{Access, DatabaseError, DatabaseResult, Login, Network, Side, Tls};
use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlSslMode};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Executor, MySql, MySqlConnection};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How many connections to each side.
const CONNECTIONS: u32 = 8;
/// What our sessions are set to, whatever the server's defaults are. What MySQL says of a table's size would be a day old otherwise; MariaDB passes
/// over the comment.
const SETTINGS: &str = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', innodb_lock_wait_timeout = 5, lock_wait_timeout = 60
    /*!80000 , information_schema_stats_expiry = 0 */";
/// How long a statement that needs a table for itself may hold up those who work on it.
const LOCK_WAIT: Duration = Duration::from_millis(150);
/// How often it tries, and the pause between.
const LOCK_ATTEMPTS: u32 = 60;
const LOCK_PAUSE: Duration = Duration::from_millis(500);

/// One side's server.
pub struct Place {
    /// Where it is and as whom.
    pub access: Access,
    /// Which side it is.
    pub side: Side,
    /// How it is reached from here, where not by its name.
    pub route: Option<(String, u16)>,
    /// Connections, made when they are needed.
    pub pool: MySqlPool,
    /// The sessions of the pool, so that we don't end our own.
    own: Arc<Mutex<BTreeSet<u64>>>,
    options: MySqlConnectOptions,
    dialect: OnceCell<Dialect>,
    _tunnel: Option<Tunnel>,
}

impl Place {
    /// Makes no connection yet.
    pub fn new(access: Access, side: Side, network: &Network) -> DatabaseResult<Self> {
        let server = &access.server;
        let mut options = MySqlConnectOptions::new()
            .host(&server.host)
            .port(server.port)
            .database(&server.database)
            .username(&access.login.user)
            .password(access.login.password.reveal())
            .pipes_as_concat(false)
            // Some statements hold a password.
            .disable_statement_logging();
        options = match &network.tls {
            Tls::Off => options.ssl_mode(MySqlSslMode::Disabled),
            Tls::Verify(None) => options.ssl_mode(MySqlSslMode::VerifyIdentity),
            Tls::Verify(Some(file)) => options.ssl_mode(MySqlSslMode::VerifyIdentity).ssl_ca(file),
        };
        let route = network.routes.to(server).map(|(host, port)| (host.to_owned(), port));
        let tunnel = match &route {
            None => None,
            Some((host, port)) => Some(Tunnel::open("mysql.sock", host, *port)?),
        };
        if let Some(tunnel) = &tunnel {
            options = options.socket(tunnel.folder().join("mysql.sock"));
        }
        let own = Arc::new(Mutex::new(BTreeSet::new()));
        let sessions = own.clone();
        let pool = MySqlPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(15))
            .after_connect(move |connection, _| {
                let sessions = sessions.clone();
                Box::pin(async move {
                    let thread = set_up(connection).await?;
                    sessions.lock().unwrap_or_else(PoisonError::into_inner).insert(thread);
                    Ok(())
                })
            })
            .connect_lazy_with(options.clone());
        Ok(Self { access, side, route, pool, own, options, dialect: OnceCell::new(), _tunnel: tunnel })
    }

    /// `on the old side`.
    pub fn at(&self) -> String {
        format!("on the {} side", self.side.name())
    }

    /// The name of the database that moves.
    pub fn city(&self) -> &str {
        &self.access.server.database
    }

    /// Makes all connections that may be used, so that nobody waits for one while the clock runs.
    pub async fn warm(&self) -> DatabaseResult<()> {
        let all = (0..CONNECTIONS).map(|_| self.pool.acquire());
        let what = format!("connecting to {}", self.access.server.host);
        futures_util::future::try_join_all(all).await.map(drop).map_err(doing(what))
    }

    /// A connection beside the pool, and its number.
    pub async fn connect(&self) -> DatabaseResult<(MySqlConnection, u64)> {
        let what = || doing(format!("connecting to {}", self.access.server.host));
        let mut connection = self.options.connect().await.map_err(what())?;
        let thread = set_up(&mut connection).await.map_err(what())?;
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(thread);
        Ok((connection, thread))
    }

    /// A connection of the pool, and its number.
    pub async fn acquire(&self) -> DatabaseResult<(PoolConnection<MySql>, u64)> {
        let what = || doing(format!("connecting to {}", self.access.server.host));
        let mut connection = self.pool.acquire().await.map_err(what())?;
        let thread = sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut *connection).await.map_err(what())?;
        Ok((connection, thread))
    }

    /// A connection as another user.
    pub async fn connect_as(&self, login: &Login) -> Result<MySqlConnection, sqlx::Error> {
        self.options.clone().username(&login.user).password(login.password.reveal()).connect().await
    }

    /// How this server is spoken to.
    pub async fn dialect(&self) -> DatabaseResult<Dialect> {
        let ask = async {
            let sql = "SELECT VERSION(), EXISTS (SELECT 1 FROM information_schema.routines WHERE routine_schema = 'mysql' AND routine_name = 'rds_kill')";
            let (version, managed): (String, i64) = sqlx::query_as(sql)
                .fetch_one(&self.pool)
                .await
                .map_err(doing(format!("asking for the version {}", self.at())))?;
            Ok(Dialect::of(&version, managed != 0))
        };
        self.dialect.get_or_try_init(|| ask).await.copied()
    }

    /// Ends sessions. One that is gone already is well ended.
    pub async fn kill(&self, threads: &[u64]) -> DatabaseResult<()> {
        let dialect = self.dialect().await?;
        for &thread in threads {
            match run(&self.pool, &format!("ending session {thread} {}", self.at()), dialect.kill(thread, false)).await
            {
                Err(DatabaseError::Sql { source, .. }) if number(&source) == 1094 => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// Which of these sessions aren't ours.
    pub fn of_others(&self, threads: Vec<u64>) -> Vec<u64> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        threads.into_iter().filter(|thread| !own.contains(thread)).collect()
    }

    /// Runs a statement that needs a table for itself: in vain rather than hold up those who work on it, and again a little later.
    pub async fn politely(
        &self,
        connection: &mut MySqlConnection,
        thread: u64,
        what: &str,
        sql: &str,
    ) -> DatabaseResult<()> {
        let dialect = self.dialect().await?;
        for attempt in 1.. {
            let mut running = std::pin::pin!(run_on(connection, what, sql));
            let done = match tokio::time::timeout(LOCK_WAIT, &mut running).await {
                Ok(done) => done,
                Err(_) => {
                    run(&self.pool, what, dialect.kill(thread, true)).await?;
                    running.await
                }
            };
            match done {
                // It was interrupted, waited for too long, or would have waited for ever.
                Err(DatabaseError::Sql { source, .. })
                    if attempt < LOCK_ATTEMPTS && matches!(number(&source), 1317 | 1205 | 1213 | 1969) =>
                {
                    tokio::time::sleep(LOCK_PAUSE).await;
                }
                done => return done,
            }
        }
        Ok(())
    }
}

async fn set_up(connection: &mut MySqlConnection) -> Result<u64, sqlx::Error> {
    connection.execute(SETTINGS).await?;
    sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut *connection).await
}
