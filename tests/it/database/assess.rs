//! What is said of real databases before they are moved.

use super::server::{MySqlServer, PASSWORD, Postgres, mysql as on_mysql};
use migrate::database::assess::{Finding, Level, judge_mysql, judge_postgres, mysql, postgres, worst};
use sqlx::ConnectOptions;
use std::time::Duration;

/// The findings that aren't well, as `level place`, sorted.
fn bad(found: &[Finding]) -> Vec<String> {
    let bad = found.iter().filter(|finding| finding.level > Level::Ok);
    let mut bad: Vec<String> = bad.map(|finding| format!("{:?} {}", finding.level, finding.place)).collect();
    bad.sort();
    bad
}

#[tokio::test]
async fn a_postgresql_that_is_ready_and_one_that_is_not() {
    let (old, new) = tokio::join!(
        Postgres::start_with_tls("old", &[("max_slot_wal_keep_size", "20GB")]),
        Postgres::start_with_tls("new", &[])
    );
    old.execute("CREATE TABLE trips (id int PRIMARY KEY, what text); INSERT INTO trips SELECT n, repeat('x', 200) FROM generate_series(1, 20000) n; ANALYZE")
        .await;
    let (source, target) = (old.pool(2), new.pool(2));
    let facts = postgres::facts(&source, "source").await.unwrap();
    let there = postgres::facts(&target, "target").await.unwrap();
    let found = judge_postgres(&facts, Some(&there));
    assert_eq!(bad(&found), Vec::<String>::new(), "{found:#?}");

    // The rate of a writer that makes about a hundred rows a second. A server's counters may lag behind, more so on a busy machine: then
    // it is measured again.
    let pool = old.pool(1);
    let writer = tokio::spawn(async move {
        loop {
            sqlx::query("UPDATE trips SET what = repeat('y', 200) WHERE id <= 10").execute(&pool).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let sample = async || postgres::sample(&source, &facts.tables, Duration::from_millis(2500)).await.unwrap();
    let mut seen = sample().await;
    for _ in 0..5 {
        if seen.writes <= 5.0 {
            seen = sample().await;
        }
    }
    let sample = seen;
    writer.abort();
    assert!(sample.bytes > 1_000_000, "{sample:?}");
    assert!(sample.writes > 5.0 && sample.writes < 400.0 && sample.log > 0.0, "{sample:?}");
    let estimate = sample.estimate(facts.tables[0].bytes.unsigned_abs());
    assert!(estimate.copy > Duration::ZERO && estimate.interruption > Duration::ZERO, "{estimate:?}");

    old.execute(
        "CREATE TABLE log (what text); CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY); SELECT lo_from_bytea(0, 'x');
         CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER audit BEFORE UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION audit(); ALTER TABLE trips ENABLE ALWAYS TRIGGER audit;
         CREATE MATERIALIZED VIEW busy AS SELECT id FROM trips; CREATE ROLE weak LOGIN PASSWORD 'weak'; GRANT SELECT ON trips TO weak;
         CREATE TABLE part (id int PRIMARY KEY) PARTITION BY RANGE (id)",
    )
    .await;
    old.execute("SELECT pg_create_logical_replication_slot('forgotten', 'pgoutput')").await;
    let facts = postgres::facts(&source, "source").await.unwrap();
    let expected = [
        "Fail source: large objects",
        "Fail source: replica identity",
        "Warn source: materialized views",
        "Warn source: partitions",
        "Warn source: slot forgotten",
        "Warn source: triggers",
        "Warn source: unlogged tables",
    ];
    assert_eq!(bad(&judge_postgres(&facts, None)), expected);

    let weak =
        sqlx::postgres::PgPoolOptions::new().connect_lazy_with(old.options("city").username("weak").password("weak"));
    let found = judge_postgres(&postgres::facts(&weak, "source").await.unwrap(), None);
    let rights: Vec<&str> = found
        .iter()
        .filter(|finding| finding.place == "source: user weak")
        .map(|finding| finding.what.as_str())
        .collect();
    let expected = ["replicate", "create a publication", "end sessions", "own: public.log", "read public.log"];
    assert_eq!(rights.len(), expected.len(), "{rights:#?}");
    assert!(expected.iter().zip(&rights).all(|(part, what)| what.contains(part)), "{rights:#?}");

    let replica = Postgres::start_with(&[("wal_level", "replica"), ("max_replication_slots", "2")]).await;
    let found = judge_postgres(&postgres::facts(&replica.pool(1), "source").await.unwrap(), None);
    assert!(bad(&found).iter().any(|line| line == "Fail source: wal_level"), "{found:#?}");
    assert!(bad(&found).iter().any(|line| line == "Fail source: max_replication_slots"), "{found:#?}");
}

#[tokio::test]
async fn a_mysql_that_is_ready_and_one_that_is_not() {
    // As they are to be: the tests' servers are quicker than safe otherwise.
    let mut safe = vec!["--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1"];
    if !on_mysql() {
        safe.push("--gtid-strict-mode=OFF");
    }
    let small = [&safe[..], &["--max-allowed-packet=2M"]].concat();
    // MariaDB's servers here have no certificate.
    let with_tls = |which: &[&'static str], expected: &[&'static str]| {
        let all = expected.iter().chain(which.iter().filter(|_| !on_mysql())).copied();
        let mut all: Vec<&str> = all.collect();
        all.sort_unstable();
        all
    };
    let (old, new) = tokio::join!(MySqlServer::start_with(1, &safe), MySqlServer::start_with(2, &small));
    old.execute("CREATE TABLE trips (id int PRIMARY KEY, what text); INSERT INTO trips SELECT seq, REPEAT('x', 200) FROM seq_1_to_20000").await;
    let source = old.pool(2);
    let facts = mysql::facts(&source, "source").await.unwrap();
    let there = mysql::facts(&new.pool(1), "target").await.unwrap();
    // The target takes smaller rows.
    let expected = with_tls(&["Warn source: TLS", "Warn target: TLS"], &["Fail max_allowed_packet"]);
    let found = judge_mysql(&facts, Some(&there));
    assert_eq!(bad(&found), expected, "{found:#?}");
    let sample = mysql::sample(&source, &facts.tables, Duration::from_millis(500)).await.unwrap();
    assert!(sample.bytes > 1_000_000 && sample.round_trip > Duration::ZERO, "{sample:?}");

    old.execute(&format!(
        "CREATE TABLE log (what text) ENGINE = MyISAM; CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM log;
         CREATE DATABASE wiki; SET GLOBAL sync_binlog = 0;
         CREATE DEFINER = gone@'%' VIEW busy AS SELECT id FROM trips; CREATE USER weak@'%' IDENTIFIED BY '{PASSWORD}'; GRANT SELECT ON city.* TO weak@'%'"
    ))
    .await;
    old.execute("XA START 'left'; INSERT INTO trips VALUES (0, ''); XA END 'left'; XA PREPARE 'left'").await;
    let facts = mysql::facts(&source, "source").await.unwrap();
    let expected = [
        "Fail source: databases",
        "Fail source: prepared transactions",
        "Fail source: storage engines",
        "Fail source: sync_binlog",
        "Warn definers",
        "Warn source: events",
        "Warn source: primary keys",
    ];
    assert_eq!(bad(&judge_mysql(&facts, None)), with_tls(&["Warn source: TLS"], &expected));

    // What the move itself keeps is no other database, whatever is left of the city's name in its own.
    old.execute("CREATE DATABASE city_two; CREATE DATABASE migrate_citytwo").await;
    let two = sqlx::mysql::MySqlPoolOptions::new().connect_lazy_with(old.options().database("city_two"));
    assert_eq!(mysql::facts(&two, "source").await.unwrap().other_databases, ["city", "wiki"]);

    let weak = sqlx::mysql::MySqlPoolOptions::new()
        .connect_lazy_with(old.options().username("weak").disable_statement_logging());
    let found = judge_mysql(&mysql::facts(&weak, "source").await.unwrap(), None);
    let rights = found.iter().find(|finding| finding.place.starts_with("source: user weak")).unwrap();
    assert!(
        rights.level == Level::Fail && rights.what.contains("TRIGGER") && !rights.what.contains("SELECT"),
        "{rights:?}"
    );
    assert_eq!(worst(&found), Level::Fail);
}
