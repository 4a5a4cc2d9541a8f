//! Where a database server is, how it is reached from here, and as whom.

use super::Secret;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A server as the city file or RDS names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host name or address: what the certificate must be for.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database on it.
    pub database: String,
}

/// A user and a password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// A server and a login to it.
#[derive(Clone, Debug)]
pub struct Access {
    /// The server.
    pub server: Server,
    /// As whom.
    pub login: Login,
}

/// How connections are secured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// The certificate must be for the server's name and signed by one in this file, or by one that the system trusts.
    Verify(Option<PathBuf>),
    /// None: for servers that are reached through a tunnel which is itself encrypted.
    Off,
}

/// `host:port` to the `host:port` that leads there: tunnels, and servers of the sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes(BTreeMap<String, (String, u16)>);

impl Routes {
    /// Reads `a:5432=127.0.0.1:15432,b:5432=…`.
    ///
    /// # Errors
    /// The part that can't be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut routes = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let read = || {
                let (from, to) = part.split_once('=')?;
                let (host, port) = to.rsplit_once(':')?;
                from.rsplit_once(':')?.1.parse::<u16>().ok()?;
                Some((from.to_owned(), (host.to_owned(), port.parse().ok()?)))
            };
            let (from, to) =
                read().ok_or_else(|| format!("`{part}` is no route: write it like db:5432=127.0.0.1:15432"))?;
            routes.0.insert(from, to);
        }
        Ok(routes)
    }

    /// Adds one.
    pub fn insert(&mut self, from: &str, host: &str, port: u16) {
        self.0.insert(from.to_owned(), (host.to_owned(), port));
    }

    /// Whether every server is reached by its own address.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where to connect for `server`; `None`: straight to it.
    pub fn to(&self, server: &Server) -> Option<(&str, u16)> {
        self.0.get(&format!("{}:{}", server.host, server.port)).map(|(host, port)| (host.as_str(), *port))
    }
}

/// How the servers are reached: what the environment says.
#[derive(Clone, Debug)]
pub struct Network {
    /// From here.
    pub routes: Routes,
    /// From one server to the other; in the sandbox only, elsewhere empty.
    pub between: Routes,
    /// From here. Between the servers TLS is required too, but RDS can't be given a certificate to verify the other side by.
    pub tls: Tls,
}

impl Network {
    /// From `MIGRATE_DATABASE_ROUTES`, `MIGRATE_DATABASE_CA` and `MIGRATE_DATABASE_TLS`.
    ///
    /// # Errors
    /// The variable that can't be read, and why.
    pub fn from_env() -> Result<Self, String> {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let routes = |name: &str| match variable(name) {
            Some(text) => Routes::parse(&text).map_err(|why| format!("{name}: {why}")),
            None => Ok(Routes::default()),
        };
        let tls = match variable("MIGRATE_DATABASE_TLS").as_deref() {
            None | Some("verify") => Tls::Verify(variable("MIGRATE_DATABASE_CA").map(PathBuf::from)),
            Some("off") => Tls::Off,
            Some(other) => return Err(format!("MIGRATE_DATABASE_TLS: `{other}` is neither `verify` nor `off`")),
        };
        Ok(Self {
            routes: routes("MIGRATE_DATABASE_ROUTES")?,
            between: routes("MIGRATE_DATABASE_ROUTES_BETWEEN")?,
            tls,
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_and_mistakes_named() {
        let routes = Routes::parse("db:5432=127.0.0.1:15432, ::1:1=h:2,").unwrap();
        let server = |host: &str, port| Server { host: host.into(), port, database: "bikes".into() };
        assert_eq!(routes.to(&server("db", 5432)), Some(("127.0.0.1", 15432)));
        assert_eq!(routes.to(&server("::1", 1)), Some(("h", 2)));
        assert_eq!(routes.to(&server("db", 5433)), None);
        for wrong in ["db=h:1", "db:1=h", "db:1", "db:x=h:1", "db:1=h:99999"] {
            assert!(Routes::parse(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
