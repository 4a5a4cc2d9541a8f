//! Connections to PostgreSQL: from here by the driver, from the tools by libpq, and from one server to the other.

use super::sql::literal;
use crate::database::error::doing;
use crate::database::tunnel::Tunnel;
use crate::database::{Access, DatabaseResult, Login, Network, Server, Tls};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use std::time::Duration;

/// What our sessions call themselves.
pub const APPLICATION: &str = "migrate";

/// How many connections to each side.
const CONNECTIONS: u32 = 6;

/// One side's server.
pub struct Place {
    /// Where it is and as whom.
    pub access: Access,
    /// Connections, made when they are needed.
    pub pool: PgPool,
    options: PgConnectOptions,
    _tunnel: Option<Tunnel>,
}

impl Place {
    /// Makes no connection yet.
    pub fn new(access: Access, network: &Network) -> DatabaseResult<Self> {
        let server = &access.server;
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&server.host)
            .port(server.port)
            .database(&server.database)
            .username(&access.login.user)
            .password(access.login.password.reveal())
            .application_name(APPLICATION)
            // Some statements hold a password.
            .disable_statement_logging();
        options = match &network.tls {
            Tls::Off => options.ssl_mode(PgSslMode::Disable),
            Tls::Verify(None) => options.ssl_mode(PgSslMode::VerifyFull),
            Tls::Verify(Some(file)) => options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(file),
        };
        let tunnel = match network.routes.to(server) {
            None => None,
            Some((host, port)) => Some(Tunnel::open(&format!(".s.PGSQL.{}", server.port), host, port)?),
        };
        if let Some(tunnel) = &tunnel {
            options = options.socket(tunnel.folder());
        }
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(15))
            // Also on a side that takes no writes any more, whose tidying up was cut off.
            .connect_lazy_with(options.clone().options([("default_transaction_read_only", "off")]));
        Ok(Self { access, pool, options, _tunnel: tunnel })
    }

    /// Makes all connections that may be used, so that nobody waits for one while the clock runs.
    pub async fn warm(&self) -> DatabaseResult<()> {
        let all = (0..CONNECTIONS).map(|_| self.pool.acquire());
        let what = format!("connecting to {}", self.access.server.host);
        futures_util::future::try_join_all(all).await.map(drop).map_err(doing(what))
    }

    /// The options for a connection as another user.
    pub fn options_as(&self, login: &Login) -> PgConnectOptions {
        self.options.clone().username(&login.user).password(login.password.reveal())
    }
}

/// What libpq is told so that a tool gets to `access`, but for the password.
pub fn tool_conninfo(access: &Access, network: &Network) -> String {
    let mut parts = reach(&access.server, &access.login.user, network.routes.to(&access.server));
    match &network.tls {
        Tls::Off => parts.push("sslmode=disable".into()),
        Tls::Verify(file) => {
            parts.push("sslmode=verify-full".into());
            let file = file.clone().or_else(system_roots).unwrap_or_else(|| "system".into());
            parts.push(format!("sslrootcert={}", quoted(&file.display().to_string())));
        }
    }
    parts.join(" ")
}

/// What one server is told so that it gets to the other one. Holds the password.
pub fn server_conninfo(server: &Server, login: &Login, network: &Network) -> String {
    let mut parts = reach(server, &login.user, network.between.to(server));
    parts.push(format!("password={}", quoted(login.password.reveal())));
    parts.push(format!("sslmode={}", if network.tls == Tls::Off { "disable" } else { "require" }));
    // A line that was cut without a word is noticed within half a minute.
    parts.push("connect_timeout=10 keepalives_idle=10 keepalives_interval=5 keepalives_count=3".into());
    literal(&parts.join(" "))
}

fn reach(server: &Server, user: &str, route: Option<(&str, u16)>) -> Vec<String> {
    let (host, port) = route.unwrap_or((&server.host, server.port));
    let mut parts = vec![format!("host={}", quoted(&server.host))];
    if route.is_some() {
        match host.parse::<std::net::IpAddr>() {
            // libpq connects to `hostaddr` and verifies the certificate for `host`.
            Ok(address) => parts.push(format!("hostaddr={address}")),
            Err(_) => parts[0] = format!("host={}", quoted(host)),
        }
    }
    parts.push(format!("port={port}"));
    parts.push(format!("user={} dbname={}", quoted(user), quoted(&server.database)));
    parts.push(format!("application_name={APPLICATION}"));
    parts
}

/// A value in a conninfo string.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Before version 16 libpq doesn't know the system's certificates by itself.
fn system_roots() -> Option<std::path::PathBuf> {
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
        .iter()
        .map(std::path::PathBuf::from)
        .find(|path| path.exists())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::database::{Routes, Secret};

    #[test]
    fn a_route_changes_the_address_and_not_the_name_and_no_tool_is_told_the_password() {
        let access = Access {
            server: Server { host: "db.example".into(), port: 5432, database: "o'bikes".into() },
            login: Login { user: "app".into(), password: Secret::new("hunter2") },
        };
        let network = Network {
            routes: Routes::parse("db.example:5432=127.0.0.1:15432").unwrap(),
            between: Routes::default(),
            tls: Tls::Verify(Some("/ca.pem".into())),
        };
        let tool = tool_conninfo(&access, &network);
        assert!(
            tool.starts_with("host='db.example' hostaddr=127.0.0.1 port=15432 user='app' dbname='o\\'bikes'"),
            "{tool}"
        );
        assert!(tool.ends_with("sslmode=verify-full sslrootcert='/ca.pem'") && !tool.contains("hunter2"), "{tool}");
        let server = server_conninfo(&access.server, &access.login, &network);
        assert!(server.contains("port=5432") && server.contains("sslmode=require"), "{server}");
    }
}
