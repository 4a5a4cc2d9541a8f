//! What MySQL and MariaDB, a server of one's own and one on RDS, say differently: statements as text, so that those of MySQL on RDS can be
//! tested where none runs.

use super::sql::literal;

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Oracle's.
    MySql,
    /// MariaDB's.
    MariaDb,
}

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Whose.
    pub family: Family,
    /// On RDS, where procedures stand in for the statements of an administrator.
    pub managed: bool,
    /// Major and minor version.
    pub version: (u32, u32),
}

/// A place in a server's log: from here on it is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The log's file.
    pub file: String,
    /// The byte in it.
    pub at: u64,
    /// MariaDB's name of the same place; empty for MySQL.
    pub gtid: String,
}

/// The server that is followed, and as whom.
#[derive(Debug)]
pub struct Source<'a> {
    /// Host as the follower reaches it.
    pub host: &'a str,
    /// Port as the follower reaches it.
    pub port: u16,
    /// The user.
    pub user: &'a str,
    /// The password.
    pub password: &'a str,
    /// Whether TLS is required.
    pub tls: bool,
}

impl Dialect {
    /// The dialect of a server that calls itself `version` (`8.4.5`, `10.11.14-MariaDB`).
    pub fn of(version: &str, managed: bool) -> Self {
        let family = if version.contains("MariaDB") { Family::MariaDb } else { Family::MySql };
        let mut parts = version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
        Self { family, managed, version: (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) }
    }

    fn mysql_since(self, version: (u32, u32)) -> bool {
        self.family == Family::MySql && self.version >= version
    }

    /// An expression that only this server answers like this, as ASCII. MySQL's survives a change of `server_id`; MariaDB has none.
    pub fn identity(self) -> &'static str {
        match self.family {
            Family::MySql => "CONVERT(@@GLOBAL.server_uuid USING ascii)",
            Family::MariaDb => "CONVERT(@@GLOBAL.server_id USING ascii)",
        }
    }

    /// Where its log is now: file, position, databases it is limited to, databases it leaves out.
    pub fn log_status(self) -> &'static str {
        if self.mysql_since((8, 4)) { "SHOW BINARY LOG STATUS" } else { "SHOW MASTER STATUS" }
    }

    /// The same as a GTID; `None`: the file and position are what counts.
    ///
    /// MySQL follows by file and position, GTIDs or not: with auto-position a replica asks for all that it hasn't executed, and RDS for MySQL
    /// has no way to tell it what came with a copy (`rds_gtid_purged` is Aurora's). What it has executed it skips by GTID all the same.
    pub fn gtid(self) -> Option<&'static str> {
        match self.family {
            Family::MySql => None,
            Family::MariaDb => Some("SELECT CONVERT(@@GLOBAL.gtid_binlog_pos USING utf8mb4)"),
        }
    }

    /// Follows `source` from `position` on, once it is started.
    pub fn follow(self, source: &Source<'_>, position: &Position) -> Vec<String> {
        let (host, user, password) = (literal(source.host), literal(source.user), literal(source.password));
        let (port, tls) = (source.port, u8::from(source.tls));
        let (file, at, gtid) = (literal(&position.file), position.at, literal(&position.gtid));
        match (self.family, self.managed) {
            (Family::MySql, true) => {
                let word = self.word();
                vec![format!(
                    "CALL mysql.rds_set_external_{word}({host}, {port}, {user}, {password}, {file}, {at}, {tls})"
                )]
            }
            (Family::MySql, false) => vec![format!(
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST = {host}, SOURCE_PORT = {port}, SOURCE_USER = {user}, SOURCE_PASSWORD = {password}, \
                 SOURCE_LOG_FILE = {file}, SOURCE_LOG_POS = {at}, SOURCE_AUTO_POSITION = 0, SOURCE_SSL = {tls}, GET_SOURCE_PUBLIC_KEY = 1, \
                 SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 864000, SOURCE_HEARTBEAT_PERIOD = 5"
            )],
            (Family::MariaDb, true) => vec![
                format!("CALL mysql.rds_set_gtid_slave_pos({gtid})"),
                format!(
                    "CALL mysql.rds_set_external_master_with_auto_position({host}, {port}, {user}, {password}, {tls}, 0)"
                ),
            ],
            (Family::MariaDb, false) => vec![
                format!("SET GLOBAL gtid_slave_pos = {gtid}"),
                format!(
                    "CHANGE MASTER TO MASTER_HOST = {host}, MASTER_PORT = {port}, MASTER_USER = {user}, MASTER_PASSWORD = {password}, \
                     MASTER_USE_GTID = slave_pos, MASTER_SSL = {tls}, MASTER_SSL_VERIFY_SERVER_CERT = 0, MASTER_CONNECT_RETRY = 1, \
                     MASTER_HEARTBEAT_PERIOD = 5"
                ),
            ],
        }
    }

    /// RDS renamed its procedures with MySQL 8.4.
    fn word(self) -> &'static str {
        if self.mysql_since((8, 4)) { "source" } else { "master" }
    }

    /// Begins to follow.
    pub fn start(self) -> &'static str {
        if self.managed { "CALL mysql.rds_start_replication" } else { "START REPLICA" }
    }

    /// Ceases to follow, and forgets whom.
    pub fn forget(self) -> Vec<String> {
        match self.managed {
            true => {
                vec!["CALL mysql.rds_stop_replication".into(), format!("CALL mysql.rds_reset_external_{}", self.word())]
            }
            false => vec!["STOP REPLICA".into(), "RESET REPLICA ALL".into()],
        }
    }

    /// Ends a session, or only what it is doing.
    pub fn kill(self, thread: u64, only_its_query: bool) -> String {
        match (self.managed, only_its_query) {
            (true, false) => format!("CALL mysql.rds_kill({thread})"),
            (true, true) => format!("CALL mysql.rds_kill_query({thread})"),
            (false, false) => format!("KILL {thread}"),
            (false, true) => format!("KILL QUERY {thread}"),
        }
    }

    /// Takes no writes from now on, or takes them again. MariaDB forgets the first with its next start.
    pub fn read_only(self, on: bool) -> &'static str {
        match (self.family, on) {
            (Family::MySql, true) => "SET PERSIST read_only = ON",
            (Family::MySql, false) => "SET PERSIST read_only = OFF",
            (Family::MariaDb, true) => "SET GLOBAL read_only = ON",
            (Family::MariaDb, false) => "SET GLOBAL read_only = OFF",
        }
    }

    /// For how many hours RDS keeps its log; `None`: as long as it needs it itself, which isn't long enough for others.
    pub fn keep_log(self, hours: Option<u32>) -> Option<String> {
        let hours = hours.map_or("NULL".to_owned(), |hours| hours.to_string());
        self.managed.then(|| format!("CALL mysql.rds_set_configuration('binlog retention hours', {hours})"))
    }

    /// The sessions that hold a lock which `thread` waits for.
    pub fn blockers(self, thread: u64) -> String {
        match self.family {
            Family::MySql => format!(
                "SELECT DISTINCT CAST(b.PROCESSLIST_ID AS UNSIGNED) FROM performance_schema.data_lock_waits w
                 JOIN performance_schema.threads b ON b.THREAD_ID = w.BLOCKING_THREAD_ID
                 JOIN performance_schema.threads r ON r.THREAD_ID = w.REQUESTING_THREAD_ID
                 WHERE r.PROCESSLIST_ID = {thread} AND b.PROCESSLIST_ID IS NOT NULL"
            ),
            Family::MariaDb => format!(
                "SELECT DISTINCT CAST(b.trx_mysql_thread_id AS UNSIGNED) FROM information_schema.innodb_lock_waits w
                 JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id
                 JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id
                 WHERE r.trx_mysql_thread_id = {thread} AND b.trx_mysql_thread_id > 0"
            ),
        }
    }

    /// How a password stands in CREATE USER, so that no log has it: MySQL writes the statement anew before it logs it, MariaDB is given
    /// the `hash` that it stores.
    pub fn identified(self, password: &str, hash: &str) -> String {
        match self.family {
            Family::MySql => format!("IDENTIFIED BY {}", literal(password)),
            Family::MariaDb => format!("IDENTIFIED BY PASSWORD {}", literal(hash)),
        }
    }

    /// Where there is a hash to be asked for.
    pub fn hash(self) -> Option<&'static str> {
        (self.family == Family::MariaDb).then_some("SELECT CONVERT(PASSWORD(?) USING utf8mb4)")
    }

    /// The program that reads a log.
    pub fn log_reader(self) -> (&'static str, &'static str) {
        match self.family {
            Family::MySql => ("mysqlbinlog", "mysql-client"),
            Family::MariaDb => ("mariadb-binlog", "mariadb-server"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source<'static> {
        Source { host: "10.0.0.1", port: 3306, user: "m_old", password: "o'pw", tls: true }
    }

    fn place() -> Position {
        Position { file: "binlog.000007".into(), at: 157, gtid: "0-1-9".into() }
    }

    #[test]
    fn mysql_on_rds_is_told_by_procedures_whose_names_changed_with_8_4() {
        let (new, old) = (Dialect::of("8.4.5", true), Dialect::of("8.0.42", true));
        let call = "('10.0.0.1', 3306, 'm_old', 'o''pw', 'binlog.000007', 157, 1)";
        assert_eq!(new.follow(&source(), &place()), [format!("CALL mysql.rds_set_external_source{call}")]);
        assert_eq!(old.follow(&source(), &place()), [format!("CALL mysql.rds_set_external_master{call}")]);
        assert_eq!(new.forget()[1], "CALL mysql.rds_reset_external_source");
        assert_eq!(old.forget()[1], "CALL mysql.rds_reset_external_master");
        assert_eq!((new.log_status(), old.log_status()), ("SHOW BINARY LOG STATUS", "SHOW MASTER STATUS"));
        assert_eq!(new.kill(7, false), "CALL mysql.rds_kill(7)");
        let keep = "CALL mysql.rds_set_configuration('binlog retention hours', ";
        assert_eq!(new.keep_log(Some(168)), Some(format!("{keep}168)")));
        assert_eq!(new.keep_log(None), Some(format!("{keep}NULL)")));
    }

    #[test]
    fn a_mysql_of_ones_own_follows_from_a_position_and_not_from_the_beginning_of_history() {
        let own = Dialect::of("8.0.42", false);
        let [sql] = &own.follow(&source(), &place())[..] else { unreachable!("one statement") };
        assert!(sql.starts_with("CHANGE REPLICATION SOURCE TO SOURCE_HOST = '10.0.0.1'"), "{sql}");
        for part in
            ["SOURCE_LOG_FILE = 'binlog.000007'", "SOURCE_LOG_POS = 157", "SOURCE_AUTO_POSITION = 0", "SOURCE_SSL = 1"]
        {
            assert!(sql.contains(part), "{sql}");
        }
        assert_eq!(own.forget(), ["STOP REPLICA", "RESET REPLICA ALL"]);
        assert_eq!((own.kill(7, true), own.keep_log(Some(1)), own.gtid()), ("KILL QUERY 7".into(), None, None));
    }

    #[test]
    fn mariadb_follows_by_gtid() {
        let (own, managed) = (Dialect::of("10.11.14-MariaDB-log", false), Dialect::of("10.11.14-MariaDB", true));
        assert_eq!(own.follow(&source(), &place())[0], "SET GLOBAL gtid_slave_pos = '0-1-9'");
        assert!(own.follow(&source(), &place())[1].contains("MASTER_USE_GTID = slave_pos, MASTER_SSL = 1"));
        assert_eq!(managed.follow(&source(), &place())[0], "CALL mysql.rds_set_gtid_slave_pos('0-1-9')");
        assert_eq!(own.version, (10, 11));
    }

    #[test]
    fn no_log_gets_a_password() {
        let hashed = Dialect::of("10.11.14-MariaDB", false).identified("secret", "*AB");
        assert_eq!(hashed, "IDENTIFIED BY PASSWORD '*AB'");
    }
}
