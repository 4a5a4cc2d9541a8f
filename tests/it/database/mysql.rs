//! Moves between two real servers of MariaDB, or of MySQL (tests/mysql.sh), with clients that write all the while.

use super::journey::{SEEN, cut_off_at_each_step, now, there_and_back_and_there};
use super::server::{MySqlServer, PASSWORD, mysql};
use super::world::{Client, Here, Service, Watch, Writers, Written, follow, switch, switch_with};
use async_trait::async_trait;
use migrate::database::end::finish;
use migrate::database::engine::Gate;
use migrate::database::mysql::MySql;
use migrate::database::runbook::{Note, Stopped};
use migrate::database::{Access, DatabaseError, Engine, Login, Network, Routes, Secret, Server, Side, Tls};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Executor, MySqlConnection};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const BUDGET: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
CREATE USER app@'%' IDENTIFIED BY 'of the app';
CREATE ROLE reports;
GRANT SELECT, INSERT, UPDATE, DELETE ON city.* TO app@'%';
GRANT reports TO app@'%';
CREATE TABLE stations (id int AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL UNIQUE, capacity int NOT NULL);
CREATE TABLE trips (id bigint AUTO_INCREMENT PRIMARY KEY, station int NOT NULL, number bigint NOT NULL, note json, distance float,
  token varbinary(16), at timestamp(6) NOT NULL DEFAULT current_timestamp(6), far boolean GENERATED ALWAYS AS (distance > 1000) STORED,
  UNIQUE KEY trips_number (number), KEY trips_station (station), FOREIGN KEY (station) REFERENCES stations (id));
CREATE TABLE counts (station int PRIMARY KEY, trips bigint NOT NULL DEFAULT 0, FOREIGN KEY (station) REFERENCES stations (id));
CREATE TABLE keyless (n int NOT NULL, what text);
CREATE VIEW busy AS SELECT station, trips FROM counts;
CREATE VIEW busiest AS SELECT max(trips) AS trips FROM busy;
GRANT SELECT ON city.busy TO reports;
CREATE FUNCTION price(seconds int) RETURNS decimal(8, 2) DETERMINISTIC RETURN round(2 + 0.15 * ceil(seconds / 60), 2);
CREATE TRIGGER count_trip AFTER INSERT ON trips FOR EACH ROW UPDATE counts SET trips = trips + 1 WHERE station = NEW.station;
INSERT INTO stations (name, capacity) SELECT concat('Stasjon ', seq, ' – ''Nord'' \\\\'), 10 + seq FROM seq_1_to_20;
INSERT INTO counts (station) SELECT id FROM stations;
INSERT INTO keyless SELECT seq, concat('line\\n', seq) FROM seq_1_to_10;
INSERT INTO trips (station, number, note, distance, token)
  SELECT 1 + seq % 20, -CAST(seq AS SIGNED), json_object('n', seq, 'text', 'å\\n''x'), seq / 7.0, unhex(left(sha2(seq, 256), 32)) FROM seq_1_to_5000;
";

/// Both servers, and where the service believes its database to be.
pub struct World {
    pub old: MySqlServer,
    pub new: MySqlServer,
    pointer: Arc<Here>,
    tls: Tls,
}

impl World {
    pub async fn new() -> Self {
        let mut settings = vec!["--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1"];
        if !mysql() {
            // As MySQL does by default.
            settings.extend(["--gtid-strict-mode=0", "--slave-parallel-threads=4"]);
        }
        let (old, new) = tokio::join!(MySqlServer::start_with(1, &settings), MySqlServer::start_with(2, &settings));
        old.execute(SCHEMA).await;
        let tls = match (old.ca(), new.ca()) {
            (Some(ca), Some(other)) => {
                let both = [&ca, &other].map(|file| std::fs::read_to_string(file).unwrap()).concat();
                std::fs::write(&ca, both).unwrap();
                Tls::Verify(Some(ca))
            }
            _ => Tls::Off,
        };
        Self { old, new, pointer: Arc::new(Here(Mutex::new(Side::Old))), tls }
    }

    fn server(&self, side: Side) -> &MySqlServer {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// A conductor that knows nothing but where the servers are, like a process that was just started.
    pub fn engine(&self) -> MySql {
        let access = |server: &MySqlServer| Access {
            server: Server { host: "127.0.0.1".into(), port: server.port(), database: "city".into() },
            login: Login { user: "migrate".into(), password: Secret::new(PASSWORD) },
        };
        let service = Login { user: "app".into(), password: Secret::new("of the app") };
        let network = Network { routes: Routes::default(), between: Routes::default(), tls: self.tls.clone() };
        MySql::new(access(&self.old), access(&self.new), service, network).unwrap()
    }

    fn writers(&self, clients: usize) -> Writers {
        let options = [Side::Old, Side::New].map(|side| self.options(side));
        Writers::start_as(App(options), &self.pointer, clients)
    }

    pub fn options(&self, side: Side) -> MySqlConnectOptions {
        self.server(side).options().username("app").password("of the app")
    }

    pub async fn switch(&self, engine: &MySql, from: Side, budget: Duration) -> Result<Option<Duration>, Stopped> {
        switch(engine, &self.pointer, from, budget).await
    }

    pub async fn number(&self, side: Side, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.server(side).connect().await).await.unwrap()
    }

    /// Every acknowledged number is there, once, and was counted by the application's own trigger, once.
    async fn all_on(&self, written: &Written, side: Side) {
        let sql = "SELECT number FROM trips WHERE number > 0";
        let there: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&mut self.server(side).connect().await).await.unwrap();
        written.none_lost(&there, side);
        let wrong =
            "SELECT count(*) FROM counts c WHERE trips <> (SELECT count(*) FROM trips t WHERE t.station = c.station)";
        // Those of before the trigger was there aren't counted twice.
        assert_eq!(self.number(side, wrong).await, 0, "counted wrong on the {} side", side.name());
    }
}

struct App([MySqlConnectOptions; 2]);

#[async_trait]
impl Service for App {
    async fn connect(&self, side: Side) -> Option<Box<dyn Client>> {
        Some(Box::new(self.0[usize::from(side == Side::New)].connect().await.ok()?))
    }
}

#[async_trait]
impl Client for MySqlConnection {
    async fn write(&mut self, number: i64) -> bool {
        // Ignored is the number that is there already, not the gate.
        let sql = "INSERT IGNORE INTO trips (station, number, distance) VALUES (1 + ? % 20, ?, ? / 3)";
        sqlx::query(sql).bind(number).bind(number).bind(number).execute(self).await.is_ok()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_database_moves_there_and_back_and_nothing_is_lost_or_left() {
    let world = World::new().await;
    // Its index takes longer to build than any lock on the old side may be waited for.
    let big = "CREATE TABLE big (n int PRIMARY KEY, what varchar(200), KEY big_what (what));
        INSERT INTO big SELECT seq, concat(sha2(seq, 256), sha2(-seq, 256)) FROM seq_1_to_300000";
    world.old.execute(big).await;
    let engine = world.engine();
    let writers = world.writers(4);
    follow(&engine).await;
    assert!(engine.smoke(Side::New, true).await.is_err(), "the new side takes no writes before its time");
    let watch = Watch::start(world.engine());
    let interruptions = there_and_back_and_there(&engine, &world.pointer, BUDGET).await;
    let written = writers.stop().await;
    watch.stop().await.never_both_and_never_neither_for(BUDGET);
    assert!(interruptions.iter().all(|one| one.is_some_and(|one| one < BUDGET)), "{interruptions:?}");
    world.all_on(&written, Side::New).await;
    finish(&engine).await.unwrap();
    for side in [Side::Old, Side::New] {
        let left = "SELECT (SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'migrate%')
            + (SELECT count(*) FROM information_schema.triggers WHERE trigger_name LIKE 'migrate%')
            + (SELECT count(*) FROM mysql.user WHERE user LIKE 'migrate\\_%')";
        assert_eq!(world.number(side, left).await, 0, "left on the {} side", side.name());
        let followed = world.server(side).connect().await.fetch_all("SHOW REPLICA STATUS").await.unwrap();
        assert!(followed.is_empty(), "the {} side still follows", side.name());
    }
    let mut app = world.options(Side::Old).connect().await.unwrap();
    assert!(app.execute("INSERT INTO keyless (n) VALUES (1)").await.is_err(), "the old side stays closed");
    world.all_on(&written, Side::New).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_at_any_step_one_side_serves_within_the_budget_and_the_next_run_goes_on() {
    let budget = Duration::from_secs(4);
    let world = World::new().await;
    follow(&world.engine()).await;
    let writers = world.writers(3);
    let watch = Watch::start(world.engine());
    let from = cut_off_at_each_step(|| world.engine(), &world.pointer, budget).await;
    let written = writers.stop().await;
    watch.stop().await.never_both_and_never_neither_for(budget + SEEN);
    world.all_on(&written, from).await;
}

/// The first steps, up to where rows begin to be copied.
async fn up_to_the_copy(engine: &MySql) {
    engine.prepare().await.unwrap();
    engine.roles().await.unwrap();
    engine.schema().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_cut_off_goes_on_with_what_is_there() {
    let world = World::new().await;
    let big = "CREATE TABLE big (n int PRIMARY KEY, what varchar(200), other int NOT NULL UNIQUE);
        INSERT INTO big SELECT seq, concat(sha2(seq, 256), sha2(-seq, 256)), seq FROM seq_1_to_300000";
    world.old.execute(big).await;
    let writers = world.writers(2);
    let engine = world.engine();
    up_to_the_copy(&engine).await;
    let there = "SELECT count(*) FROM migrate_city.piece WHERE name = 'big' AND n = 0 AND bytes IS NOT NULL";
    // Held up in a later piece.
    let mut holder = world.new.connect().await;
    holder.execute("BEGIN; INSERT INTO big VALUES (250000, '', -250000)").await.unwrap();
    let some = async {
        while world.number(Side::New, there).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        done = engine.follow(&|_| {}) => panic!("it didn't wait: {done:?}"),
        () = some => {}
    }
    drop(engine);
    holder.execute("ROLLBACK").await.unwrap();
    // As if a small table had been copied too: one of which the log can't tell which rows are written.
    let stale =
        "INSERT INTO keyless VALUES (1, 'stale'); REPLACE INTO migrate_city.piece VALUES ('keyless', 0, NULL, NULL, 9)";
    // What nobody has written on the old side is not read again: this shows it.
    world
        .new
        .execute(&format!("SET SESSION sql_log_bin = 0; {stale}; UPDATE big SET what = 'kept' WHERE n = 10"))
        .await;
    // Two rows change places in a unique index, one of a piece that is there and one of a piece that isn't.
    let meanwhile = "INSERT INTO keyless VALUES (12, 'twelve'); UPDATE big SET what = 'later' WHERE n = 5; DELETE FROM big WHERE n = 6;
        INSERT INTO big VALUES (-1, 'new', -1); UPDATE big SET other = -7 WHERE n = 7; UPDATE big SET other = 7 WHERE n = 300000;
        UPDATE big SET other = 300000 WHERE n = 7; UPDATE big SET n = 400000 WHERE n = 8";
    world.old.execute(meanwhile).await;

    let engine = world.engine();
    up_to_the_copy(&engine).await;
    let said = Mutex::new(Vec::new());
    engine.follow(&|words| said.lock().unwrap().push(words)).await.unwrap();
    let first = said.lock().unwrap().iter().find(|words| words.contains(" tables, ")).cloned().unwrap_or_default();
    assert!(!first.contains(", 0 of about"), "it tells what is there already: {first}");
    for (count, sql) in [
        (1, "SELECT count(*) FROM big WHERE n = 10 AND what = 'kept'"),
        (1, "SELECT count(*) FROM big WHERE n = 5 AND what = 'later'"),
        (0, "SELECT count(*) FROM big WHERE n IN (6, 8)"),
        (4, "SELECT count(*) FROM big WHERE (n, other) IN ((-1, -1), (7, 300000), (300000, 7), (400000, 8))"),
        (300_000, "SELECT count(*) FROM big"),
        (11, "SELECT count(*) FROM keyless WHERE what <> 'stale'"),
        (0, "SELECT count(*) FROM migrate_city.piece"),
    ] {
        assert_eq!(world.number(Side::New, sql).await, count, "{sql}");
    }
    let mend = "SET SESSION sql_log_bin = 0; UPDATE big SET what = concat(sha2(10, 256), sha2(-10, 256)) WHERE n = 10";
    world.new.execute(mend).await;
    follow(&engine).await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    world.all_on(&writers.stop().await, Side::New).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_into_tables_that_have_changed_or_without_its_log_begins_anew() {
    let world = World::new().await;
    let begun = "UPDATE migrate_city.copied SET file = '{}', at = 4; INSERT INTO migrate_city.piece VALUES ('keyless', 0, NULL, NULL, 9)";
    up_to_the_copy(&world.engine()).await;
    let log = world.old.connect().await.fetch_all("SHOW BINARY LOGS").await.unwrap();
    let log: String = sqlx::Row::get(log.last().unwrap(), 0);
    let pieces = "SELECT count(*) FROM migrate_city.piece";
    world.new.execute(&begun.replace("{}", &log)).await;
    up_to_the_copy(&world.engine()).await;
    assert_eq!(world.number(Side::New, pieces).await, 1, "nothing is in the way of going on");
    world.old.execute("ALTER TABLE keyless ADD COLUMN late int").await;
    up_to_the_copy(&world.engine()).await;
    assert_eq!(world.number(Side::New, pieces).await, 0);
    assert_eq!(world.number(Side::New, "SELECT count(late) FROM keyless").await, 0, "the column is there");
    world.new.execute(&begun.replace("{}", "gone.000001")).await;
    up_to_the_copy(&world.engine()).await;
    assert_eq!(world.number(Side::New, pieces).await, 0);
    follow(&world.engine()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_about_to_be_overspent_gives_the_old_side_back() {
    let budget = Duration::from_secs(2);
    let world = World::new().await;
    let engine = world.engine();
    follow(&engine).await;
    let writers = world.writers(3);
    let mut blocker = world.new.connect().await;
    // From just before the freeze nothing is applied on the new side any more.
    let stopped = switch_with(&engine, &world.pointer, Side::Old, budget, |step, note| {
        if step == "freeze writes" && *note == Note::Begun {
            now(blocker.execute("FLUSH TABLES WITH READ LOCK")).unwrap();
        }
    })
    .await
    .unwrap_err();
    assert!(
        matches!(&stopped, Stopped::Back { step: "apply the last changes", why: DatabaseError::Overspent { .. } }),
        "{stopped}"
    );
    assert!(engine.gate(Side::Old).await.unwrap().serves());
    assert_eq!(engine.gate(Side::New).await.unwrap(), Gate::Waiting);
    blocker.execute("UNLOCK TABLES").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    let written = writers.stop().await;
    assert!(written.longest < budget + BUDGET);
    world.all_on(&written, Side::New).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_gets_round_the_gate() {
    let world = World::new().await;
    let engine = world.engine();
    follow(&engine).await;
    // Written but not committed just before the freeze, and a snapshot that doesn't see it.
    let mut open = world.old.connect().await;
    let mut snapshot = world.old.connect().await;
    let mut at = async |step: &str| match step {
        "freeze writes" => {
            open.execute("BEGIN; INSERT INTO trips (station, number) VALUES (1, 777)").await.unwrap();
            snapshot.execute("BEGIN; SELECT count(*) FROM trips").await.unwrap();
        }
        "apply the last changes" => {
            assert!(open.execute("COMMIT").await.is_err(), "its session was ended");
            let late = snapshot.execute("INSERT INTO trips (station, number) VALUES (1, 778)").await;
            assert!(late.is_err(), "what it sees is older than the freeze");
        }
        _ => {}
    };
    let hook = |step: &str, note: &Note| {
        if *note == Note::Begun {
            now(at(step));
        }
    };
    switch_with(&engine, &world.pointer, Side::Old, BUDGET, hook).await.unwrap();
    for statement in [
        "INSERT INTO trips (station, number) VALUES (1, 779)",
        "INSERT IGNORE INTO trips (station, number) VALUES (1, 779)",
        "REPLACE INTO trips (id, station, number) VALUES (1, 1, 779)",
        "INSERT INTO counts VALUES (1, 1) ON DUPLICATE KEY UPDATE trips = 0",
        "UPDATE counts SET trips = 0",
        "DELETE FROM trips",
        "DELETE IGNORE FROM keyless",
        "UPDATE busy SET trips = 0",
    ] {
        for session in [
            "DO 0",
            "SET foreign_key_checks = 0, unique_checks = 0",
            "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
            "SET autocommit = 0",
        ] {
            let mut root = world.old.connect().await;
            root.execute(session).await.unwrap();
            let refused = root.execute(statement).await.unwrap_err();
            let code = refused.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
            assert_eq!(code, "25006", "{statement} after {session}: {refused}");
        }
    }
    for side in [Side::Old, Side::New] {
        assert_eq!(world.number(side, "SELECT count(*) FROM trips WHERE number > 0").await, 0);
    }
    let mut app = world.new.connect().await;
    app.execute("INSERT INTO trips (station, number) VALUES (1, 780)").await.unwrap();
    assert!(world.number(Side::New, "SELECT id FROM trips WHERE number = 780").await > 5001, "the counter went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_was_written_after_its_freeze_ran_out_can_not_be_handed_over() {
    let world = World::new().await;
    let engine = world.engine();
    follow(&engine).await;
    engine.ready(Side::Old, &|_| {}).await.unwrap();
    engine.freeze(Side::Old, Duration::from_secs(2)).await.unwrap();
    assert!(engine.quiet(Side::Old, false).await.unwrap());
    let mut app = world.old.connect().await;
    assert!(app.execute("INSERT INTO trips (station, number) VALUES (1, 1)").await.is_err(), "it is frozen");
    while !engine.gate(Side::Old).await.unwrap().serves() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.execute("BEGIN; INSERT INTO trips (station, number) VALUES (1, 2)").await.unwrap();
    let refused = engine.hand_over(Side::Old, Duration::ZERO).await.unwrap_err();
    assert!(refused.to_string().contains("the freeze has run out"), "{refused}");
    engine.thaw(Side::Old).await.unwrap();
    app.execute("COMMIT").await.unwrap();
    assert!(engine.gate(Side::Old).await.unwrap().serves());
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    assert_eq!(world.number(Side::New, "SELECT count(*) FROM trips WHERE number = 2").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_empties_a_table_during_the_switch_waits_and_the_new_side_keeps_its_rows() {
    let world = World::new().await;
    let engine = world.engine();
    follow(&engine).await;
    let rows = world.number(Side::Old, "SELECT count(*) FROM keyless").await;
    let (mut early, mut late) = (world.old.connect().await, None);
    let mut at = async |step: &str| match step {
        // Before the last changes are applied: it is one of them.
        "let transactions end" => drop(early.execute("TRUNCATE counts").await.unwrap()),
        "hand over" => {
            let mut root = world.old.connect().await;
            late = Some(tokio::spawn(async move { root.execute("TRUNCATE keyless").await.map(drop) }));
        }
        _ => {}
    };
    let hook = |step: &str, note: &Note| {
        if *note == Note::Begun {
            now(at(step));
        }
    };
    switch_with(&engine, &world.pointer, Side::Old, BUDGET, hook).await.unwrap();
    // It waited until all sessions on the old side were ended, or got its turn after that.
    let _ = late.unwrap().await.unwrap();
    assert_eq!(world.number(Side::New, "SELECT count(*) FROM counts").await, 0, "it came with the stream");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.number(Side::New, "SELECT count(*) FROM keyless").await, rows);
}

/// Changes the new side behind the gate's back, as a fault would.
fn behind(statement: &str) -> String {
    let gate = |state: &str| format!("UPDATE migrate_city.gate SET state = '{state}' WHERE side = 'new'");
    format!("SET SESSION sql_log_bin = 0; {}; {statement}; {}", gate("open"), gate("waiting"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_is_named_and_nothing_is_handed_over() {
    let world = World::new().await;
    let engine = world.engine();
    follow(&engine).await;
    let refusal = async |step: &str, why: &str, hook: &mut (dyn FnMut(&str) + Send)| {
        let note = |step: &str, note: &Note| {
            if *note == Note::Begun {
                hook(step);
            }
        };
        let stopped = switch_with(&engine, &world.pointer, Side::Old, BUDGET, note).await.unwrap_err();
        assert!(matches!(&stopped, Stopped::Back { step: at, .. } if *at == step), "{stopped}");
        assert!(stopped.to_string().contains(why), "{stopped}");
        assert_eq!(engine.gate(Side::Old).await.unwrap(), Gate::Open);
        let followed = world.old.connect().await.fetch_all("SHOW REPLICA STATUS").await.unwrap();
        assert!(followed.is_empty(), "the old side still follows the new one");
    };
    // Before anything is frozen: a row, a float's last digit, a column.
    world.new.execute(&behind("UPDATE trips SET distance = distance * (1 + 1e-7) WHERE id = 17")).await;
    refusal("make ready", "city.trips: 1 row differs: 17 different", &mut |_| ()).await;
    world.new.execute(&behind("UPDATE trips SET distance = 17 / 7.0 WHERE id = 17")).await;
    world.new.execute("SET SESSION sql_log_bin = 0; ALTER TABLE trips ADD COLUMN late int").await;
    refusal("make ready", "only on the new side: column trips late int", &mut |_| ()).await;
    world.new.execute("SET SESSION sql_log_bin = 0; ALTER TABLE trips DROP COLUMN late").await;
    // Under the freeze: what was written since, in a table whose key the log tells and in one without.
    for (write, lose, mend, why) in [
        (
            "UPDATE trips SET note = '1' WHERE id = 18",
            "DELETE FROM trips WHERE id = 18",
            "INSERT INTO trips (id, station, number, note, distance, token, at) VALUES (18, 19, -18, '1', 18 / 7.0, unhex(left(sha2(18, 256), 32)), '2026-01-01')",
            "city.trips: 1 row differs: 18 missing",
        ),
        (
            "INSERT INTO keyless VALUES (11, 'eleven')",
            "DELETE FROM keyless WHERE n = 3",
            "INSERT INTO keyless VALUES (3, 'line\n3')",
            "city.keyless: 1 row differs",
        ),
    ] {
        let mut hook = |step: &str| match step {
            "freeze writes" => now(world.old.execute(write)),
            "compare" => now(world.new.execute(&behind(lose))),
            _ => {}
        };
        refusal("compare", why, &mut hook).await;
        // The city's own trigger has counted a trip that comes back, and its moment is another one.
        world.new.execute(&behind(&format!("{mend}; UPDATE counts SET trips = 250"))).await;
        world.old.execute("UPDATE trips SET at = '2026-01-01' WHERE id = 18").await;
    }
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_crash_are_survived() {
    let mut world = World::new().await;
    let engine = world.engine();
    follow(&engine).await;
    for side in [Side::Old, Side::New] {
        let server = match side {
            Side::Old => &mut world.old,
            Side::New => &mut world.new,
        };
        server.kill();
        server.resume().await;
        world.old.execute("INSERT INTO stations (name, capacity) VALUES (uuid(), 1)").await;
    }
    // The new side dies in the middle of the switch.
    let mut new = Some(&mut world.new);
    let pointer = world.pointer.clone();
    let stopped = switch_with(&engine, &pointer, Side::Old, BUDGET, |step, note| {
        if step == "set sequences" && *note == Note::Begun {
            new.take().unwrap().kill();
        }
    })
    .await
    .unwrap_err();
    assert!(matches!(&stopped, Stopped::Back { .. } | Stopped::Half { .. }), "{stopped}");
    assert!(engine.gate(Side::Old).await.unwrap().serves());
    world.new.resume().await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    assert_eq!(world.number(Side::New, "SELECT count(*) FROM stations").await, 22);
}
