//! Comparisons of real databases, of MariaDB or of MySQL (tests/mysql.sh).

use super::server::{MySqlServer, PASSWORD, mysql};
use async_trait::async_trait;
use migrate::database::verify::mysql::MySql;
use migrate::database::verify::{Barrier, How, Marks, Progress, touched};
use migrate::database::{DatabaseError, DatabaseResult};
use sqlx::MySqlPool;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const ZOO: &str = include_str!("zoo_mysql.sql");

/// A stream whose marks are the server's own numbers of transactions.
struct Numbered {
    from: MySqlPool,
    to: MySqlPool,
}

#[async_trait]
impl Marks for Numbered {
    async fn mark(&self) -> DatabaseResult<String> {
        let sql = match mysql() {
            false => "SELECT CONVERT(@@GLOBAL.gtid_binlog_pos USING utf8mb4)",
            true => "SELECT CONVERT(@@GLOBAL.gtid_executed USING utf8mb4)",
        };
        let failed = |source| DatabaseError::Sql { what: "marking".into(), source };
        sqlx::query_scalar(sql).fetch_one(&self.from).await.map_err(failed)
    }

    async fn arrived(&self, mark: &str) -> DatabaseResult<bool> {
        let sql = match mysql() {
            false => "SELECT MASTER_GTID_WAIT(?, 0) = 0",
            true => "SELECT GTID_SUBSET(?, @@GLOBAL.gtid_executed)",
        };
        let failed = |source| DatabaseError::Sql { what: "looking for the mark".into(), source };
        let arrived: i64 = sqlx::query_scalar(sql).bind(mark).fetch_one(&self.to).await.map_err(failed)?;
        Ok(arrived == 1)
    }
}

/// The rows that differ in a table.
fn differ(progress: &Progress, table: &str) -> Vec<(String, How)> {
    let mismatch = progress.tables[&format!("city.{table}")].mismatch.as_ref();
    mismatch.map_or(Vec::new(), |found| found.first.iter().map(|one| (one.key.join("|"), one.how)).collect())
}

#[tokio::test]
async fn a_replica_is_compared_live_and_frozen_and_each_change_is_named() {
    let (old, new) = tokio::join!(
        MySqlServer::start_with(1, &["--character-set-server=utf8mb4"]),
        MySqlServer::start_with(
            2,
            &[
                "--character-set-server=latin1",
                "--default-time-zone=+05:45",
                "--sql-mode=ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH"
            ]
        )
    );
    let from = [
        "host = '127.0.0.1'",
        &format!("port = {}", old.port()),
        "user = 'migrate'",
        &format!("password = '{PASSWORD}'"),
    ];
    let from = |word: &str| from.map(|part| format!("{word}_{part}")).join(", ");
    let follow = match mysql() {
        false => {
            format!("SET GLOBAL gtid_slave_pos = ''; CHANGE MASTER TO {}, master_use_gtid = slave_pos", from("master"))
        }
        true => format!("CHANGE REPLICATION SOURCE TO {}, source_ssl = 1, source_auto_position = 1", from("source")),
    };
    new.execute(&format!("{follow}; START REPLICA")).await;
    old.execute(ZOO).await;
    let stream = Numbered { from: old.pool(2), to: new.pool(2) };
    stream.applied().await.unwrap();
    let (source, target) = MySql::pair(old.pool(4), new.pool(4));

    // Written to meanwhile.
    let stop = Arc::new(AtomicBool::new(false));
    let (pool, told) = (old.pool(1), stop.clone());
    let writer = tokio::spawn(async move {
        let mut n = 0_u32;
        while !told.load(Ordering::Relaxed) {
            n += 1;
            let sql = [
                "UPDATE trips SET what = CONCAT('w', ?) WHERE id = 7",
                "UPDATE trips SET what = UUID() WHERE id = 1 + (? * 7919) MOD 60000",
            ];
            sqlx::query(sql[n as usize % 2]).bind(n).execute(&pool).await.unwrap();
        }
        n
    });
    let mut progress = Progress::default();
    touched::live(&source, &target, &stream).run(&mut progress, &mut |_| {}).await.unwrap();
    assert_eq!(progress.differences(), Vec::<String>::new(), "a live source isn't different for being written to");
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 20);
    stream.applied().await.unwrap();

    let mut progress = Progress::default();
    touched::quiet(&source, &target).run(&mut progress, &mut |_| {}).await.unwrap();
    assert_eq!(progress.differences(), Vec::<String>::new());
    assert!(progress.equal());
    assert_eq!((progress.tables["city.trips"].rows, progress.tables["city.keyless"].rows), (60_000, 300));

    let changes = [
        "price = price + 0.0001",
        "lat = lat + 1e-13",
        "small = small + 1e-6",
        "at = at + INTERVAL 1 MICROSECOND",
        "local = local + INTERVAL 1000 MICROSECOND",
        "day = day + INTERVAL 1 DAY",
        "clock = ADDTIME(clock, 1)",
        "made = made + 1",
        "extra = '{\"a\": 0}'",
        "body = CONCAT(body, UNHEX('00'))",
        "large = CONCAT(large, UNHEX('00'))",
        "long_text = REPLACE(long_text, '🚲', '🚳')",
        "named = 'Malmo'",
        "state = IF(state = 'docked', 'rented', 'docked')",
        "tags = 'b'",
        "fixed = 'y'",
        "padded = 'ac'",
        "flags = flags ^ 1",
        "place = POINT(0, 0)",
        "nothing = ''",
        "nothing = 'NULL'",
    ];
    let change = |(n, change): (usize, &&str)| format!("UPDATE zoo SET {change} WHERE id = {}", n + 7);
    let mut sql: Vec<String> = changes.iter().enumerate().map(change).collect();
    sql.push("DELETE FROM zoo WHERE id = 100; INSERT INTO zoo (id) VALUES (900)".into());
    sql.push("UPDATE by_name SET n = 0 WHERE name = 'å5'; DELETE FROM by_two WHERE city = 'o''dd' AND n = 2; INSERT INTO by_two VALUES ('Åre', 0, '')".into());
    sql.push("UPDATE by_bytes SET n = 0 WHERE id = UNHEX(LEFT(SHA2(5, 256), 32)); UPDATE by_time SET n = 0 WHERE n = 9; UPDATE by_float SET n = 0 WHERE n = 4".into());
    sql.push("DELETE FROM keyless WHERE n = 3 LIMIT 2; INSERT INTO keyless VALUES ('new', 1); DELETE FROM trips WHERE id IN (1, 59999)".into());
    new.execute(&format!("SET sql_mode = '', time_zone = '+00:00'; STOP REPLICA; {}", sql.join(";"))).await;
    let mut pass = touched::quiet(&source, &target);
    pass.options.names = 100;
    let mut progress = Progress::default();
    pass.run(&mut progress, &mut |_| {}).await.unwrap();
    let mut expected: Vec<(String, How)> = (0..changes.len()).map(|n| ((n + 7).to_string(), How::Different)).collect();
    expected.extend([("100".into(), How::Missing), ("900".into(), How::Extra)]);
    expected.sort();
    let mut found = differ(&progress, "zoo");
    found.sort();
    assert_eq!(found, expected);
    let one = |key: &str, how| vec![(key.to_owned(), how)];
    assert_eq!(differ(&progress, "by_name"), one("å5", How::Different));
    assert_eq!(differ(&progress, "by_two"), [one("o'dd|2", How::Missing), one("Åre|0", How::Extra)].concat());
    assert_eq!(differ(&progress, "by_bytes"), one("EF2D127DE37B942BAAD06145E54B0C61", How::Different));
    assert_eq!(differ(&progress, "by_time"), one("2026-01-01 00:00:00.000009", How::Different));
    assert_eq!(differ(&progress, "by_float").len(), 2);
    assert_eq!(differ(&progress, "trips"), [one("1", How::Missing), one("59999", How::Missing)].concat());
    let mut keyless: Vec<How> = differ(&progress, "keyless").into_iter().map(|(_, how)| how).collect();
    keyless.sort();
    assert_eq!(keyless, [How::Missing, How::Extra]);

    // Mended, and only these keys looked at again.
    let mut written = touched::Touched::default();
    written.add("city.trips", vec!["1".into()]);
    new.execute("INSERT INTO trips SELECT seq, 'y' FROM seq_1_to_1").await;
    let before = differ(&progress, "trips").len();
    pass.touched(&mut written, &mut progress).await.unwrap();
    assert_eq!(before, 2);
    assert_eq!(differ(&progress, "trips"), [one("1", How::Different), one("59999", How::Missing)].concat());
}
