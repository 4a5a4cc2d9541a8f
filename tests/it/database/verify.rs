//! Comparisons of real PostgreSQL databases.

use super::server::Postgres;
use migrate::database::verify::pass::{Options, Pass};
use migrate::database::verify::postgres::{self, Postgres as Side, Slot, Watch, fingerprint};
use migrate::database::verify::{Barrier, How, Progress, Reader, Touched, touched};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ZOO: &str = include_str!("zoo.sql");

/// A server with two databases, `city` and `copy`, both made by `sql`.
async fn two(sql: &str) -> (Postgres, PgPool, PgPool) {
    let server = Postgres::start().await;
    server.execute_in("postgres", "CREATE DATABASE copy").await;
    server.execute(sql).await;
    server.execute_in("copy", sql).await;
    let (source, target) = (server.pool_of("city", 4), server.pool_of("copy", 4));
    (server, source, target)
}

async fn compare(source: &PgPool, target: &PgPool) -> Progress {
    let (source, target) = Side::pair(source.clone(), target.clone()).await.unwrap();
    let mut progress = Progress::default();
    touched::quiet(&source, &target).run(&mut progress, &mut |_| {}).await.unwrap();
    progress
}

/// The rows that differ in a table.
fn differ(progress: &Progress, table: &str) -> Vec<(String, How)> {
    let mismatch = progress.tables[table].mismatch.as_ref();
    mismatch.map_or(Vec::new(), |found| found.first.iter().map(|one| (one.key.join("|"), one.how)).collect())
}

#[tokio::test]
async fn equal_databases_are_equal_whatever_their_settings() {
    let (server, source, _) = two(ZOO).await;
    // Set by the session itself: what the database or the user has would give way to what the driver sets when it connects.
    let target = PgPoolOptions::new().after_connect(|connection, _| {
        let settings =
            "SET \"TimeZone\" = 'Asia/Kathmandu'; SET \"DateStyle\" = 'German'; SET \"IntervalStyle\" = 'sql_standard';
            SET extra_float_digits = -5; SET bytea_output = 'escape'; SET search_path = 'nowhere';
            SET quote_all_identifiers = on; SET statement_timeout = 1000";
        Box::pin(async move { sqlx::raw_sql(settings).execute(connection).await.map(drop) })
    });
    let target = target.connect_lazy_with(server.options("copy"));
    let progress = compare(&source, &target).await;
    assert_eq!(progress.differences(), Vec::<String>::new());
    assert!(progress.equal());
    let rows = |table: &str| progress.tables[table].rows;
    assert_eq!(
        (rows("public.zoo"), rows("public.keyless"), rows("public.parent"), rows("public.child")),
        (503, 300, 1, 1)
    );
    assert_eq!(rows("public.trips_old") + rows("public.trips_new"), 600);
    assert!(!progress.tables.contains_key("public.scratch"), "unlogged tables aren't replicated");
}

#[tokio::test]
async fn every_column_counts_and_rows_are_named_by_their_keys() {
    let (server, source, target) = two(ZOO).await;
    let changes = [
        "price = price + 0.0001",
        "loose = (loose::text || '0')::numeric",
        "lat = lat + 1e-14",
        "small = small + 1e-4",
        "at = at + interval '1 us'",
        "local = local + interval '1 us'",
        "day = day + 1",
        "clock = '12:00:00+03'",
        "took = took + interval '1 us'",
        "extra = extra || '{\"c\": 1}'",
        "raw = '{\"b\": 1, \"a\":2}'",
        "body = body || '\\x00'",
        "tags[2] = 'NULL'",
        "points[3] = '0'",
        "nothing = ''",
        "named = lower(named)",
        "rider = gen_random_uuid()",
        "state = CASE state WHEN 'broken' THEN 'docked' ELSE 'broken' END::state",
        "place.lat = 0",
        "charge = charge + 0.00",
        "fixed = 'y'",
        "address = '10.0.0.2/8'",
        "paid = paid + '0.01'",
        "flag = NOT flag",
        "span = '(,)'",
        "words = ''",
        "document = xmlparse(content '<a>2</a>')",
        "parent = 'child'::regclass",
    ];
    let mut sql: Vec<String> =
        changes.iter().enumerate().map(|(n, change)| format!("UPDATE zoo SET {change} WHERE id = {}", n + 7)).collect();
    sql.push(
        "DELETE FROM zoo WHERE id = 100; INSERT INTO zoo (id) VALUES (900); UPDATE by_name SET n = 0 WHERE name = 'å5'"
            .into(),
    );
    sql.push("DELETE FROM by_two WHERE (city, n) = ('o''dd', 2); INSERT INTO by_two VALUES ('Åre', 0, '')".into());
    sql.push("UPDATE by_flag SET n = 0 WHERE at = '2026-01-01 00:00:07+00'; DELETE FROM child; UPDATE trips_old SET id = 0 WHERE id = 1".into());
    sql.push("DELETE FROM keyless WHERE ctid IN (SELECT ctid FROM keyless WHERE n = 3 LIMIT 2); INSERT INTO keyless VALUES ('new', 1)".into());
    server.execute_in("copy", &sql.join(";")).await;
    let options = Options { names: 100, ..Options::default() };
    let (source, target) = Side::pair(source, target).await.unwrap();
    let mut progress = Progress::default();
    let pass = Pass { source: &source, target: &target, barrier: None, options };
    pass.run(&mut progress, &mut |_| {}).await.unwrap();

    let mut expected: Vec<(String, How)> = (0..changes.len()).map(|n| ((n + 7).to_string(), How::Different)).collect();
    expected.extend([("100".into(), How::Missing), ("900".into(), How::Extra)]);
    expected.sort();
    let mut found = differ(&progress, "public.zoo");
    found.sort();
    assert_eq!(found, expected);
    let one = |key: &str, how| vec![(key.to_owned(), how)];
    assert_eq!(differ(&progress, "public.by_name"), one("å5", How::Different));
    assert_eq!(differ(&progress, "public.by_two"), [one("o'dd|2", How::Missing), one("Åre|0", How::Extra)].concat());
    assert_eq!(differ(&progress, "public.by_flag"), one("false|2026-01-01 00:00:07+00", How::Different));
    assert_eq!(differ(&progress, "public.child").len(), 1);
    assert_eq!(differ(&progress, "public.trips_old").len(), 2);
    let mut keyless: Vec<How> = differ(&progress, "public.keyless").into_iter().map(|(_, how)| how).collect();
    keyless.sort();
    assert_eq!(keyless, [How::Missing, How::Extra]);
    for same in ["public.parent", "public.trips_new", "public.odd \"name\""] {
        assert!(progress.tables[same].mismatch.is_none(), "{same}");
    }
}

#[tokio::test]
async fn what_cannot_be_compared_is_said() {
    let (server, source, target) =
        two("CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY)").await;
    server.execute_in("copy", "DROP TABLE one; ALTER TABLE two ADD more int; CREATE TABLE three (id int)").await;
    let progress = compare(&source, &target).await;
    assert!(!progress.equal());
    let expected = [
        "public.one: the target doesn't have this table",
        "public.two: its columns differ between the two sides",
        "public.three: the source doesn't have this table",
    ];
    assert_eq!(progress.differences(), expected);
}

#[tokio::test]
async fn a_pass_that_was_cut_off_goes_on() {
    let sql = "CREATE TABLE trips (id int PRIMARY KEY, what text);
        INSERT INTO trips SELECT n, 'w' || n FROM generate_series(1, 120000) n; ANALYZE";
    let (server, source, target) = two(sql).await;
    server.execute_in("copy", "UPDATE trips SET what = '' WHERE id IN (5, 119000)").await;
    let (source, target) = Side::pair(source, target).await.unwrap();
    // Pieces of the least size after the first ones.
    let options = Options { aim: Duration::from_micros(1), ..Options::default() };
    let pass = Pass { source: &source, target: &target, barrier: None, options };

    let mut progress = Progress::default();
    let cut = tokio::sync::Notify::new();
    let mut pieces = 0;
    let mut count = |_: &Progress| {
        pieces += 1;
        if pieces == 3 {
            cut.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = cut.notified() => {}
        done = pass.run(&mut progress, &mut count) => panic!("not cut off: {done:?}"),
    }
    let kept = serde_json::to_string(&progress).unwrap();
    let mut progress: Progress = serde_json::from_str(&kept).unwrap();
    let before = progress.rows();
    assert!((20_000..110_000).contains(&before) && !progress.tables["public.trips"].done, "{before} rows");
    let mut first = None;
    pass.run(&mut progress, &mut |now| first = first.or(Some(now.rows()))).await.unwrap();
    assert!(first.unwrap() > before, "it began again");
    assert_eq!(progress.rows(), 120_000);
    let named = [("5".to_owned(), How::Different), ("119000".to_owned(), How::Different)];
    assert_eq!(differ(&progress, "public.trips"), named);
    // Nothing is left to do.
    pass.run(&mut progress, &mut |_| panic!("a piece was read again")).await.unwrap();
}

#[tokio::test]
async fn a_target_that_lacks_most_is_told_in_a_few_lines() {
    let sql = "CREATE TABLE trips (id int PRIMARY KEY); INSERT INTO trips SELECT generate_series(1, 60000); ANALYZE";
    let (server, source, target) = two(sql).await;
    server.execute_in("copy", "DELETE FROM trips WHERE id > 100").await;
    let progress = compare(&source, &target).await;
    let mismatch = progress.tables["public.trips"].mismatch.as_ref().unwrap();
    assert_eq!((mismatch.rows, mismatch.first.len()), (59_900, 20));
    assert!(progress.differences()[0].len() < 600, "{:?}", progress.differences());
}

#[tokio::test]
async fn sequences_large_objects_and_schemas_are_compared() {
    let sql = format!("{ZOO}; CREATE SEQUENCE numbers; SELECT nextval('numbers'); CREATE INDEX by_day ON zoo (day);
        SELECT lo_from_bytea(70001, 'one'), lo_from_bytea(70002, 'two'); CREATE ROLE reader; GRANT SELECT ON zoo TO reader;
        CREATE TRIGGER touch BEFORE UPDATE ON zoo FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()")
        .replace("CREATE ROLE reader;", "DO 'BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN END';");
    let (server, source, target) = two(&sql).await;
    let none = Vec::<String>::new();
    assert_eq!(postgres::sequences(&source, &target).await.unwrap(), none);
    assert_eq!(postgres::large_objects(&source, &target, 5).await.unwrap(), (0, none.clone()));
    let before = fingerprint(&source).await.unwrap();
    let copied = fingerprint(&target).await.unwrap();
    assert_eq!((before.lacking(&copied, true), before.digest()), (none.clone(), copied.digest()));

    let changes = "SELECT nextval('numbers'), nextval('zoo_id_seq'); SELECT lo_put(70001, 0, 'x'), lo_unlink(70002), lo_from_bytea(70003, 'new');
        ALTER TABLE zoo ADD wheels int, ALTER flag SET DEFAULT true, ADD CHECK (id > 0); ALTER TABLE zoo DISABLE TRIGGER touch;
        DROP INDEX by_day; CREATE INDEX by_day ON zoo (day DESC); DROP VIEW busy; GRANT UPDATE ON zoo TO reader;
        CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n + n'; ALTER TYPE state ADD VALUE 'lost'";
    server.execute(changes).await;
    let behind = postgres::sequences(&source, &target).await.unwrap();
    assert_eq!(behind.len(), 2, "{behind:?}");
    assert!(behind.contains(&"public.numbers: at 2 on the source, at 1 on the target".to_owned()), "{behind:?}");
    assert_eq!(postgres::sequences(&target, &source).await.unwrap(), none, "further is no harm");
    let (count, lines) = postgres::large_objects(&source, &target, 2).await.unwrap();
    assert_eq!((count, lines.len()), (3, 2), "{lines:?}");

    let after = fingerprint(&source).await.unwrap();
    assert_ne!(before.digest(), after.digest());
    let mut changed = before.changes(&after);
    changed.sort();
    let expected = [
        "column public.zoo.flag: altered",
        "column public.zoo.wheels: created",
        "constraint public.zoo zoo_id_check: created",
        "function public.twice(integer): altered",
        "grant relation public.zoo to reader: altered",
        "index public.zoo by_day: altered",
        "trigger public.zoo touch: altered",
        "type public.state: altered",
    ];
    changed.retain(|line| !line.contains("busy"));
    assert_eq!(changed, expected);
    let lacks = after.lacking(&copied, true);
    assert!(lacks.contains(&"column public.zoo.wheels: the target doesn't have it".to_owned()), "{lacks:?}");
    let function = |lacks: &[String]| lacks.iter().any(|line| line.starts_with("function"));
    assert!(function(&lacks) && !function(&after.lacking(&copied, false)));
}

/// Two servers, the second of which follows the first, and a writer that changes rows until it is told to stop.
struct Live {
    old: Postgres,
    new: Postgres,
    stop: Arc<AtomicBool>,
    writer: tokio::task::JoinHandle<u64>,
}

impl Live {
    async fn start() -> Self {
        let (old, new) = tokio::join!(Postgres::start(), Postgres::start());
        let sql = "CREATE TABLE trips (id int PRIMARY KEY, at timestamptz, what text); CREATE TABLE riders (name text PRIMARY KEY, n int)";
        old.execute(sql).await;
        new.execute(sql).await;
        let rows = "INSERT INTO trips SELECT n, now(), repeat('x', 50) FROM generate_series(1, 30000) n; ANALYZE;
            INSERT INTO riders SELECT 'r' || n, n FROM generate_series(1, 2000) n; CREATE PUBLICATION everything FOR ALL TABLES";
        old.execute(rows).await;
        let publisher = old.conninfo("city").replace('\'', "''");
        new.execute(&format!("CREATE SUBSCRIPTION moving CONNECTION '{publisher}' PUBLICATION everything")).await;
        let pool = new.pool(1);
        let ready = "SELECT count(*) = 2 FROM pg_subscription_rel WHERE srsubstate = 'r'";
        while !sqlx::query_scalar::<_, bool>(ready).fetch_one(&pool).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let writer = tokio::spawn(write(old.pool(2), stop.clone()));
        Self { old, new, stop, writer }
    }

    /// Stops the writer and waits until all it wrote has arrived: a freeze.
    async fn freeze(&mut self, slot: &Slot) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let writes = (&mut self.writer).await.unwrap();
        slot.applied().await.unwrap();
        writes
    }
}

/// Updates, inserts and deletes as fast as the server takes them; most of it on a few rows.
async fn write(pool: PgPool, stop: Arc<AtomicBool>) -> u64 {
    let mut n = 0_i32;
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let statements = [
            "UPDATE trips SET at = clock_timestamp() WHERE id = 1 + $1 % 5",
            "UPDATE trips SET what = 'changed ' || $1 WHERE id = 1 + ($1::int8 * 7919 % 30000)::int",
            "INSERT INTO trips VALUES (100000 + $1, now(), 'new')",
            "DELETE FROM trips WHERE id = 100000 + $1 - 50",
            "UPDATE riders SET n = n + 1 WHERE name = 'r' || 1 + $1 % 2000",
            "UPDATE riders SET name = 'renamed ' || $1 WHERE name = 'r' || 1 + ($1::int8 * 31 % 2000)::int",
        ];
        let sql = statements[n as usize % statements.len()];
        sqlx::query(sql).bind(n).execute(&pool).await.unwrap();
    }
    n as u64
}

#[tokio::test]
async fn a_live_source_is_compared_and_the_freeze_needs_only_what_was_written() {
    let mut live = Live::start().await;
    let (old, new) = (live.old.pool(5), live.new.pool(5));
    let slot = Slot { source: old.clone(), name: "moving".into(), patience: Duration::from_secs(30) };
    let watch = Watch { source: old.clone(), slot: "watching".into(), publication: "everything".into() };
    watch.begin().await.unwrap();
    watch.begin().await.unwrap();
    let (source, target) = Side::pair(old.clone(), new.clone()).await.unwrap();
    let tables = source.tables().await.unwrap();
    let pass = touched::live(&source, &target, &slot);

    let mut progress = Progress::default();
    pass.run(&mut progress, &mut |_| {}).await.unwrap();
    assert_eq!(progress.differences(), Vec::<String>::new(), "a live source isn't different for being written to");

    // What was written meanwhile, while more is: little is left.
    let mut written = Touched::default();
    watch.drain(&tables, &mut written).await.unwrap();
    let (before, _) = written.counts();
    assert!(before > 0);
    pass.touched(&mut written, &mut progress).await.unwrap();
    assert_eq!(progress.differences(), Vec::<String>::new());
    assert!(written.counts().0 < before.min(50), "{:?} of {before}", written.counts());

    // Two rows go wrong on the target: one that is written to on the source, one that isn't.
    live.new
        .execute("SET session_replication_role = replica; UPDATE trips SET what = 'damaged' WHERE id IN (3, 29000)")
        .await;
    let writes = live.freeze(&slot).await;
    assert!(writes > 100, "{writes} writes");
    live.old.execute("UPDATE trips SET at = at WHERE id = 4; DELETE FROM trips WHERE id = 6; TRUNCATE riders").await;
    slot.applied().await.unwrap();
    live.new
        .execute("DELETE FROM trips WHERE id = 4; INSERT INTO trips VALUES (6); INSERT INTO riders VALUES ('kept', 1)")
        .await;
    watch.drain(&tables, &mut written).await.unwrap();
    let rows = touched::quiet(&source, &target).touched(&mut written, &mut progress).await.unwrap();
    assert!(rows < 30_000, "{rows} rows were compared: the whole table");
    let found = differ(&progress, "public.trips");
    let expected = [("4", How::Missing), ("6", How::Extra)].map(|(key, how)| (key.to_owned(), how));
    assert!(expected.iter().all(|one| found.contains(one)), "{found:?}");
    assert_eq!(differ(&progress, "public.riders"), [("kept".to_owned(), How::Extra)]);
    assert_eq!(progress.unsettled(), 0, "a freeze leaves nothing open");

    // Mended: the same keys are compared again, and nothing is left.
    live.new.execute("DELETE FROM riders; DELETE FROM trips WHERE id = 6").await;
    let row: (i32, String) =
        sqlx::query_as("SELECT id, at::text FROM trips WHERE id = 4").fetch_one(&old).await.unwrap();
    live.new.execute(&format!("INSERT INTO trips VALUES (4, '{}', repeat('x', 50))", row.1)).await;
    let what: String = sqlx::query_scalar("SELECT what FROM trips WHERE id = 4").fetch_one(&old).await.unwrap();
    live.new.execute(&format!("UPDATE trips SET what = '{what}' WHERE id = 4")).await;
    touched::quiet(&source, &target).touched(&mut written, &mut progress).await.unwrap();
    assert!(differ(&progress, "public.riders").is_empty());
    let left: Vec<String> = differ(&progress, "public.trips").into_iter().map(|(key, _)| key).collect();
    assert!(!left.contains(&"4".to_owned()) && !left.contains(&"6".to_owned()), "{left:?}");
    // A whole pass finds the row that nobody wrote to.
    let whole = compare(&old, &new).await;
    assert!(differ(&whole, "public.trips").contains(&("29000".to_owned(), How::Different)), "{whole:?}");

    watch.end().await.unwrap();
    watch.end().await.unwrap();
    let slots: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'watching'")
        .fetch_one(&old)
        .await
        .unwrap();
    assert_eq!(slots, 0);
}

#[tokio::test]
async fn a_watch_lets_go_of_the_log_even_if_nobody_writes_to_its_tables() {
    let (server, source, _) =
        two("CREATE TABLE one (id int PRIMARY KEY); CREATE PUBLICATION everything FOR ALL TABLES").await;
    let watch = Watch { source: source.clone(), slot: "watching".into(), publication: "everything".into() };
    watch.begin().await.unwrap();
    server.execute_in("copy", "INSERT INTO one SELECT generate_series(1, 1000)").await;
    let at: String = sqlx::query_scalar("SELECT pg_current_wal_flush_lsn()::text").fetch_one(&source).await.unwrap();
    let mut written = Touched::default();
    watch.drain(&[], &mut written).await.unwrap();
    assert!(written.is_empty());
    let confirmed: bool =
        sqlx::query_scalar("SELECT confirmed_flush_lsn >= $1::text::pg_lsn FROM pg_replication_slots")
            .bind(at)
            .fetch_one(&source)
            .await
            .unwrap();
    assert!(confirmed);
    // Read, but not let go of: it comes again.
    server.execute("INSERT INTO one VALUES (7)").await;
    let (side, _) = Side::pair(source.clone(), source.clone()).await.unwrap();
    let tables = side.tables().await.unwrap();
    for _ in 0..2 {
        let mut written = Touched::default();
        watch.read(&tables, &mut written).await.unwrap();
        assert_eq!(written.counts(), (1, 0));
    }
    watch.end().await.unwrap();
}
