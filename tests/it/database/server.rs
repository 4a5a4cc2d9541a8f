//! Throw-away database servers on free loopback ports: a PostgreSQL cluster, a MariaDB server. Each ends with its value, and with the
//! test process, however that ends.

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, MySqlConnection, MySqlPool, PgConnection, PgPool};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The password of every user that these servers begin with.
pub const PASSWORD: &str = "a password of tests";

/// A program that runs in the foreground until it is stopped, until its [`Guarded`] is dropped or until this process has died.
struct Guarded {
    child: Child,
}

impl Guarded {
    /// Starts it as `user` if this is root. The shell between holds the other end of a pipe: the end of this process closes it.
    fn start(user: &str, program: &Path, args: &[String], log: &Path) -> Self {
        // One that doesn't stop is killed: no test waits for it for ever.
        let script = r#""$@" & server=$!; read -r _; kill -INT $server; kill -TERM $server
            { sleep 30; kill -KILL $server; } 2>/dev/null & wait $server; kill $!"#;
        let log = std::fs::File::create(log).unwrap();
        let child = as_user(user, "sh")
            .args(["-c", script, "sh"])
            .arg(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A command that runs as `user` where this is root: neither server starts as root.
fn as_user(user: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
    if !rustix::process::getuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={user}"), format!("--regid={user}"), "--init-groups".to_owned(), "--".to_owned()]);
    command.arg(program).current_dir("/");
    command
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}\n{err}");
}

fn folder(user: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    give(user, folder.path());
    folder
}

/// In memory where the system offers that: such a server can be durable and doesn't wait for a disk that others use too.
fn memory(user: &str) -> TempDir {
    let Ok(folder) = TempDir::new_in("/dev/shm") else { return folder(user) };
    give(user, folder.path());
    folder
}

fn give(user: &str, path: &Path) {
    if rustix::process::getuid().is_root() {
        run(Command::new("chown").args(["-R", user]).arg(path));
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Waits until something listens there; fails with the end of the log.
async fn listening(port: u16, log: &Path) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let told = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(begun.elapsed() < Duration::from_secs(60), "no server on port {port}\n{}", told());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `program` in the newest folder of PostgreSQL's programs, or else on PATH.
pub fn postgres_program(program: &str) -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = folders.map(|entry| entry.path().join("bin").join(program)).collect();
    found.retain(|path| path.exists());
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(program))
}

/// A PostgreSQL cluster: `wal_level=logical`, superuser `postgres`, database `city`, passwords asked for over TCP.
pub struct Postgres {
    /// `None` while it is stopped.
    server: Option<Guarded>,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Starts one and creates the database `city` in it.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one with these settings in postgresql.conf beside the usual ones.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let folder = folder("postgres");
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        run(as_user("postgres", postgres_program("initdb"))
            .args([
                "--no-sync",
                "--username=postgres",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
            ])
            .args(["--locale=C.UTF-8", "--pwfile"])
            .arg(&password)
            .arg("--pgdata")
            .arg(folder.path().join("data")));
        let mut this = Self { server: None, port: free_port(), folder };
        let sockets = this.folder.path().display().to_string();
        let port = this.port.to_string();
        let usual = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            ("unix_socket_directories", &sockets),
            ("fsync", "off"),
            ("shared_buffers", "64MB"),
            ("wal_level", "logical"),
            ("max_wal_senders", "10"),
            ("max_replication_slots", "10"),
            ("wal_receiver_status_interval", "1s"),
        ];
        this.set(&usual);
        this.set(settings);
        this.resume().await;
        sqlx::raw_sql("CREATE DATABASE city").execute(&mut this.connect("postgres").await).await.unwrap();
        this
    }

    /// Starts one that speaks TLS (clients that ask for it get it); its CA is at [`Self::ca`], the certificate is for `localhost`,
    /// 127.0.0.1 and `name`.
    pub async fn start_with_tls(name: &str, settings: &[(&str, &str)]) -> Self {
        let mut this = Self::start_with(settings).await;
        certificate(this.folder.path(), name);
        give("postgres", this.folder.path());
        let path = |file: &str| this.folder.path().join(file).display().to_string();
        let (cert, key) = (path("server.crt"), path("server.key"));
        this.set(&[("ssl", "on"), ("ssl_cert_file", &cert), ("ssl_key_file", &key)]);
        this.stop();
        this.resume().await;
        this
    }

    /// The CA's certificate, for a server with TLS.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Adds settings to postgresql.conf; the next start reads them.
    pub fn set(&self, settings: &[(&str, &str)]) {
        let path = self.folder.path().join("data/postgresql.conf");
        let mut text = std::fs::read_to_string(&path).unwrap();
        for (name, value) in settings {
            text.push_str(&format!("{name} = '{value}'\n"));
        }
        std::fs::write(path, text).unwrap();
    }

    fn pid(&self) -> String {
        let file = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }

    /// From now on new sessions and workers can't write beyond so many bytes of a file, as if the disk were full there: PostgreSQL takes it for
    /// that. `None`: as much as they like.
    pub fn largest_file(&self, bytes: Option<u64>) {
        let bytes = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        run(as_user("postgres", "prlimit").args(["--pid", &self.pid(), &format!("--fsize={bytes}:")]));
    }

    /// Stops it at once: sessions die.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Kills it as a power cut does, then waits for the end.
    pub fn kill(&mut self) {
        run(Command::new("kill").args(["-QUIT", &self.pid()]));
        self.server = None;
    }

    /// Starts it after [`Self::stop`] or [`Self::kill`], on the port that it had.
    pub async fn resume(&mut self) {
        let data = self.folder.path().join("data").display().to_string();
        let log = self.log();
        self.server = Some(Guarded::start("postgres", &postgres_program("postgres"), &["-D".to_owned(), data], &log));
        let port = self.port.to_string();
        let begun = Instant::now();
        let mut ready = Command::new(postgres_program("pg_isready"));
        ready.args(["-q", "-h", "127.0.0.1", "-p", &port]);
        while !ready.status().unwrap().success() {
            let told = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL doesn't start\n{}", told());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The server's log since its last start.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How to reach a database of it as `postgres`.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("postgres")
            .password(PASSWORD)
            .database(database)
            .ssl_mode(PgSslMode::Prefer)
            .disable_statement_logging()
    }

    /// The same for another server: the string that CREATE SUBSCRIPTION takes.
    pub fn conninfo(&self, database: &str) -> String {
        format!("host=127.0.0.1 port={} user=postgres password='{PASSWORD}' dbname={database}", self.port)
    }

    /// A connection to a database of it as `postgres`.
    pub async fn connect(&self, database: &str) -> PgConnection {
        self.options(database).connect().await.unwrap()
    }

    /// Up to `size` connections to the database `city`, as `postgres`.
    pub fn pool(&self, size: u32) -> PgPool {
        self.pool_of("city", size)
    }

    /// The same to another database.
    pub fn pool_of(&self, database: &str, size: u32) -> PgPool {
        PgPoolOptions::new().max_connections(size).connect_lazy_with(self.options(database))
    }

    /// Runs statements in the database `city`.
    #[track_caller]
    pub fn execute(&self, sql: &str) -> impl Future<Output = ()> {
        self.execute_in("city", sql)
    }

    /// Runs statements in another database.
    #[track_caller]
    pub fn execute_in(&self, database: &str, sql: &str) -> impl Future<Output = ()> {
        let (options, sql) = (self.options(database), sql.to_owned());
        async move {
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
    }
}

/// A server of MariaDB, or of MySQL where the environment asks for that ([`mysql`]): ROW binlog, GTID, user `migrate` with every right,
/// database `city`.
pub struct MySqlServer {
    server: Option<Guarded>,
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
}

/// Whether `mysqld` on PATH is to be tested instead of MariaDB: tests/mysql.sh.
pub fn mysql() -> bool {
    std::env::var_os("MIGRATE_TEST_MYSQL").is_some()
}

impl MySqlServer {
    /// Starts one; `id` is its server id, which differs between servers that replicate.
    pub async fn start(id: u32) -> Self {
        Self::start_with(id, &[]).await
    }

    /// Starts one with these settings of the server's command line beside the usual ones: `--name=value`.
    pub async fn start_with(id: u32, settings: &[&str]) -> Self {
        let folder = memory("mysql");
        // Of its own: a server that starts removes the temporary tables of all others from the folder that they share.
        let temporary = folder.path().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        give("mysql", &temporary);
        let path = |name: &str| folder.path().join(name).display().to_string();
        let places = [format!("--datadir={}", path("data")), format!("--tmpdir={}", path("tmp"))];
        if mysql() {
            run(as_user("mysql", "mysqld").args(["--no-defaults", "--initialize-insecure"]).args(&places));
        } else {
            let install =
                ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
            run(as_user("mysql", "mariadb-install-db").args(install).args(&places));
        }
        let first = folder.path().join("first.sql");
        let sql = [
            format!("CREATE USER IF NOT EXISTS migrate@'%' IDENTIFIED BY '{PASSWORD}'"),
            "GRANT ALL ON *.* TO migrate@'%' WITH GRANT OPTION".to_owned(),
            "CREATE DATABASE IF NOT EXISTS city CHARACTER SET utf8mb4".to_owned(),
        ];
        // Not written to the binlog: each server begins with these, and a replica need not repeat them.
        std::fs::write(&first, format!("SET sql_log_bin = 0;\n{};\n", sql.join(";\n"))).unwrap();
        let port = free_port();
        let mut all = vec![
            "--no-defaults".to_owned(),
            format!("--socket={}", path("socket")),
            format!("--pid-file={}", path("pid")),
            format!("--init-file={}", first.display()),
            format!("--server-id={id}"),
            format!("--port={port}"),
        ];
        all.extend(places);
        let usual = [
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--log-bin=binlog",
            "--binlog-format=ROW",
            "--log-slave-updates",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M",
        ];
        let own: &[&str] = match mysql() {
            false => &["--gtid-strict-mode=1"],
            true => &[
                "--gtid-mode=ON",
                "--enforce-gtid-consistency",
                "--mysqlx=OFF",
                "--secure-file-priv=NULL",
                "--cte-max-recursion-depth=1000000",
            ],
        };
        all.extend(usual.iter().chain(own).chain(settings).map(|setting| (*setting).to_owned()));
        if mysql() {
            certificate(folder.path(), "localhost");
            give("mysql", folder.path());
            let files = [("ca", "ca.crt"), ("cert", "server.crt"), ("key", "server.key")];
            all.extend(files.map(|(name, file)| format!("--ssl-{name}={}", path(file))));
        }
        let mut this = Self { server: None, folder, port, settings: all };
        this.resume().await;
        this
    }

    /// Verifies its certificate; `None`: it has none.
    pub fn ca(&self) -> Option<PathBuf> {
        mysql().then(|| self.folder.path().join("ca.crt"))
    }

    /// Stops it: sessions die.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Kills it as a power cut does, then waits for the end.
    pub fn kill(&mut self) {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).unwrap();
        run(Command::new("kill").args(["-KILL", pid.trim()]));
        self.server = None;
    }

    /// Starts it after [`Self::stop`] or [`Self::kill`], on the port that it had.
    pub async fn resume(&mut self) {
        let log = self.log();
        let program = if mysql() { "mysqld" } else { "mariadbd" };
        self.server = Some(Guarded::start("mysql", Path::new(program), &self.settings, &log));
        listening(self.port, &log).await;
    }

    /// The server's log since its last start.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How to reach the database `city` as `migrate`.
    pub fn options(&self) -> MySqlConnectOptions {
        MySqlConnectOptions::new()
            .host("127.0.0.1")
            .port(self.port)
            .username("migrate")
            .password(PASSWORD)
            .database("city")
            .disable_statement_logging()
    }

    /// A connection to the database `city`.
    pub async fn connect(&self) -> MySqlConnection {
        self.options().connect().await.unwrap()
    }

    /// Up to `size` connections to the database `city`.
    pub fn pool(&self, size: u32) -> MySqlPool {
        sqlx::mysql::MySqlPoolOptions::new().max_connections(size).connect_lazy_with(self.options())
    }

    /// Runs statements in the database `city`.
    #[track_caller]
    pub fn execute(&self, sql: &str) -> impl Future<Output = ()> {
        let (options, sql) = (self.options(), if mysql() { with_numbers(sql) } else { sql.to_owned() });
        async move {
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
    }
}

/// MariaDB's tables of numbers, `seq_1_to_N`, in the words of MySQL.
fn with_numbers(sql: &str) -> String {
    let mut parts = sql.split("seq_1_to_");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (to, rest) = part.split_at(part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len()));
        let numbers = format!(
            "WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < {to}) SELECT seq FROM n"
        );
        written += &format!("({numbers}) numbers{rest}");
    }
    written
}

/// Writes ca.crt, server.crt and server.key: a CA of its own that signs a certificate for `name` and the loopback.
fn certificate(folder: &Path, name: &str) {
    let names = format!("subjectAltName=DNS:{name},DNS:localhost,IP:127.0.0.1\n");
    std::fs::write(folder.join("names"), names).unwrap();
    let openssl = |args: &str| run(Command::new("openssl").args(args.split(' ')).current_dir(folder));
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=tests"));
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN={name}"));
    openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt");
}

#[tokio::test]
async fn servers_start_stop_and_start_again() {
    let mut postgres = Postgres::start_with_tls("city.example.org", &[]).await;
    let version: String =
        sqlx::query_scalar("SHOW wal_level").fetch_one(&mut postgres.connect("city").await).await.unwrap();
    assert_eq!(version, "logical");
    let strict =
        postgres.options("city").host("localhost").ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(postgres.ca());
    strict.connect().await.unwrap();
    postgres.kill();
    assert!(postgres.options("city").connect().await.is_err());
    postgres.resume().await;
    postgres.connect("city").await;

    let mut maria = MySqlServer::start(1).await;
    maria.execute("CREATE TABLE kept (id int PRIMARY KEY)").await;
    maria.stop();
    maria.resume().await;
    maria.execute("INSERT INTO kept VALUES (1)").await;
}
