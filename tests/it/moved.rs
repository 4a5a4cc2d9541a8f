//! A city moves with its data: real servers on both sides, and somebody who rides all the while, there and back and to the end.

use super::harness::World;
use serde_json::{Value, json};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Executor};
use std::time::{Duration, Instant};

/// The rides of the sandbox's rider have numbers from here on.
const FIRST: i64 = 1_000_000_000;

/// What the sandbox tells of the legacy server, who knows the rider.
pub fn rides(world: &World) -> Value {
    let status = world.status();
    let servers = status["databases"]["servers"].as_array().unwrap().clone();
    servers.into_iter().find(|server| server["role"] == "legacy").unwrap()["rides"].clone()
}

/// Waits until the rider has written `more` rides, to the side that the secret names.
fn ridden(world: &World, more: u64) -> Value {
    let (before, begun) = (rides(world)["acknowledged"].as_u64().unwrap(), Instant::now());
    loop {
        let now = rides(world);
        if now["acknowledged"].as_u64().unwrap() >= before + more {
            return now;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody can ride: {now}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// The database that the secret leads to.
pub struct Led {
    /// As the secret names it.
    pub address: String,
    /// Where it is really.
    pub host: String,
    pub port: u16,
    pub login: Value,
    ca: String,
}

pub fn led_to(world: &World) -> Led {
    let status = world.status();
    let arn = status["cities"][0]["database"]["password_in"].as_str().unwrap();
    led(world, world.python("login.py", &[arn]))
}

/// The database that a login is for.
pub fn led(world: &World, login: Value) -> Led {
    let status = world.status();
    let (host, port) = (login["host"].as_str().unwrap(), login["port"].as_i64().unwrap());
    let address = format!("{host}:{port}");
    let real = status["databases"]["routes"][&address].as_str().unwrap_or(&address);
    let (host, port) = real.rsplit_once(':').unwrap();
    let ca = status["databases"]["ca"].as_str().unwrap().to_owned();
    Led { host: host.to_owned(), port: port.parse().unwrap(), address, login, ca }
}

impl Led {
    fn of(&self, field: &str) -> &str {
        self.login[field].as_str().unwrap()
    }

    pub fn postgres(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .username(self.of("username"))
            .password(self.of("password"))
            .database(self.of("dbname"))
            .ssl_mode(PgSslMode::VerifyFull)
            .ssl_root_cert(&self.ca)
    }

    pub fn mysql(&self) -> MySqlConnectOptions {
        MySqlConnectOptions::new()
            .host(&self.host)
            .port(self.port)
            .username(self.of("username"))
            .password(self.of("password"))
            .database(self.of("dbname"))
            .ssl_mode(MySqlSslMode::VerifyIdentity)
            .ssl_ca(&self.ca)
    }
}

fn execute(world: &World, statement: &'static str) {
    let options = led_to(world).postgres();
    let run = async { options.connect().await.unwrap().execute(statement).await.unwrap() };
    tokio::runtime::Runtime::new().unwrap().block_on(run);
}

/// Every acknowledged ride is in the database that the secret leads to, once, with its payment. Answers with its address.
pub fn all_there(world: &World) -> String {
    let acknowledged = ridden(world, 3)["acknowledged"].as_i64().unwrap();
    let led = led_to(world);
    let options = led.postgres();
    let look = async {
        let mut connection = options.connect().await.unwrap();
        let counts: (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT count(*), max(trip_id) - $1, (SELECT count(*) FROM payments WHERE trip_id > $1),
               (SELECT count(DISTINCT receipt) FROM payments WHERE trip_id > $1) FROM trips WHERE trip_id > $1",
        )
        .bind(FIRST)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
        counts
    };
    let (trips, last, payments, receipts) = tokio::runtime::Runtime::new().unwrap().block_on(look);
    assert!(trips >= acknowledged, "{acknowledged} rides were acknowledged, {trips} are there");
    assert_eq!((trips, payments, receipts), (last, trips, trips), "none lost or doubled");
    led.address
}

/// The same for MySQL, whose rider leaves the payments to others.
pub fn all_there_in_mysql(world: &World) -> String {
    let acknowledged = ridden(world, 3)["acknowledged"].as_i64().unwrap();
    let led = led_to(world);
    let options = led.mysql();
    let look = async {
        let sql = "SELECT COUNT(*), CAST(MAX(trip_id) - ? AS SIGNED) FROM trips WHERE trip_id > ?";
        let mut connection = options.connect().await.unwrap();
        let counts: (i64, i64) = sqlx::query_as(sql).bind(FIRST).bind(FIRST).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        counts
    };
    let (trips, last) = tokio::runtime::Runtime::new().unwrap().block_on(look);
    assert!(trips >= acknowledged, "{acknowledged} rides were acknowledged, {trips} are there");
    assert_eq!(trips, last, "none lost or doubled");
    led.address
}

/// A move that was reported as what it has to be.
fn moved_well(data: &Value) {
    assert_eq!(data["serves"], "new", "{data}");
    let last = &data["handed_over"];
    assert_eq!(last["differences"], 0, "{data}");
    assert!(last["tables"] == data["copied"]["tables"] && last["rows"].as_u64() > Some(50_000), "{data}");
    assert!(data["copied"]["bytes"].as_u64() > Some(5_000_000), "{data}");
    let (interruption, budget) = (last["interruption_ms"].as_u64().unwrap(), last["budget_ms"].as_u64().unwrap());
    assert!(0 < interruption && interruption < budget, "{data}");
}

/// What is wrong with the live database is told, by `assess` and in the plan, which no `apply` carries out then.
fn assessed(world: &World) {
    let assess = ["assess", "malmo", "--sample", "1", "--output", "json"];
    let well = world.run(&assess).expect(0).json();
    assert!(well["fail"] == 0 && well["ok"].as_u64() > Some(5) && well["new"].is_null(), "{well:#}");
    assert!(well["estimate"]["copy_seconds"].as_f64() > Some(0.0), "{well:#}");
    execute(world, "CREATE TABLE keyless (n int)");
    let bad = world.run(&["assess", "malmo", "--sample", "1"]).expect(1);
    assert!(bad.out.contains("FAIL  source: replica identity") && bad.out.contains("public.keyless"), "{}", bad.out);
    // A plan doesn't wait for a server that is slow to answer: it says so, and another one may see it.
    let unseen = |plan: &str| plan.contains("the live database wasn't looked at from here: no answer within");
    let mut plan = world.run(&["plan", "malmo"]).expect(0).out;
    for _ in 0..10 {
        if unseen(&plan) {
            plan = world.run(&["plan", "malmo"]).expect(0).out;
        }
    }
    assert!(plan.contains("FAIL") && plan.contains("public.keyless"), "{plan}");
    let refused = world.run(&["apply", "malmo", "--yes"]).expect(1);
    let why = "preflight found 1 failures in malmo: nothing was changed";
    assert!(refused.err.contains(why) && refused.out.contains("public.keyless"), "{}{}", refused.out, refused.err);
    assert_eq!(world.run(&["state", "list", "malmo"]).out, "", "nothing was recorded");
    execute(world, "DROP TABLE keyless");
}

#[test]
fn a_city_moves_with_its_data_and_goes_back_and_ends() {
    let world = World::with_databases();
    assessed(&world);
    let ran = world.run(&["apply", "malmo", "--yes", "--output", "json"]).expect(0);
    moved_well(&ran.json()["data"]);
    let new = all_there(&world);
    let waited = rides(&world);
    assert!(waited["turned_away"].as_u64() > Some(0), "the rider noticed nothing, so nothing was shown: {waited}");

    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
    let late = world.run(&["assess", "malmo"]).expect(0);
    assert!(late.err.contains("has moved"), "{}", late.err);
    let status = world.run(&["status", "malmo"]).expect(0);
    for fact in ["the new database serves", "verified", "interruption", "migrate --sandbox rollback malmo"] {
        assert!(status.out.contains(fact), "no `{fact}` in:\n{}", status.out);
    }

    let back = world.run(&["rollback", "malmo", "--yes"]).expect(0);
    for fact in ["the legacy database serves since", "verified", "0 differences", "interruption", "apply malmo"] {
        assert!(back.out.contains(fact), "no `{fact}` in:\n{}", back.out);
    }
    let old = all_there(&world);
    assert_ne!(old, new);
    assert_eq!(world.run(&["status", "malmo", "--output", "json"]).expect(0).json()["data"]["serves"], "old");

    world.run(&["apply", "malmo", "--yes"]).expect(0);
    let finished = world.run(&["finish", "malmo", "--yes", "--output", "json"]).expect(0).json();
    assert!(finished["finished_at"].is_string() && finished["next"] == json!([]), "{finished}");
    assert_eq!(all_there(&world), new);
    let refused = world.run(&["rollback", "malmo", "--yes"]).expect(1);
    assert!(refused.err.contains("was finished"), "{}", refused.err);
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_city_on_mysql_moves_with_its_data_and_goes_back_and_ends() {
    let world = World::with_databases();
    let ran = world.run(&["apply", "drammen", "--yes", "--output", "json"]).expect(0);
    moved_well(&ran.json()["data"]);
    let new = all_there_in_mysql(&world);
    let waited = rides(&world);
    assert!(waited["turned_away"].as_u64() > Some(0), "the rider noticed nothing, so nothing was shown: {waited}");
    world.run(&["rollback", "drammen", "--yes"]).expect(0);
    assert_ne!(all_there_in_mysql(&world), new);
    world.run(&["apply", "drammen", "--yes"]).expect(0);
    world.run(&["finish", "drammen", "--yes"]).expect(0);
    assert_eq!(all_there_in_mysql(&world), new);
    world.run(&["plan", "drammen", "--detailed-exitcode"]).expect(0);
}
