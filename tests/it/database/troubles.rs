//! What goes wrong while the copy follows is noticed and said, and stops the move before it does harm.

use super::moves::behind;
use super::world::World;
use migrate::database::follow::{Begin, Complete};
use migrate::database::runbook::{Quiet, Stopped, carry_out};
use migrate::database::{Engine, Side};
use std::time::{Duration, Instant};

const BUDGET: Duration = Duration::from_secs(10);

/// Looks until the stream is said to be in trouble.
async fn trouble(engine: &dyn Engine) -> String {
    let begun = Instant::now();
    loop {
        if let Some(trouble) = engine.following(Side::Old).await.unwrap().trouble {
            return trouble;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", engine.following(Side::Old).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Looks until the stream is well and has copied everything.
async fn goes_on(engine: &dyn Engine) {
    let begun = Instant::now();
    loop {
        let following = engine.following(Side::Old).await.unwrap();
        if following.trouble.is_none() && following.copied() {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{following:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_that_grew_over_its_limit_is_told_and_the_copy_can_begin_anew() {
    let world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    for setting in ["max_slot_wal_keep_size = '1MB'", "max_wal_size = '32MB'"] {
        world.old.execute(&format!("ALTER SYSTEM SET {setting}")).await;
    }
    world.old.execute("SELECT pg_reload_conf()").await;
    let name = "migrate_city_from_old";
    world.new.execute(&format!("ALTER SUBSCRIPTION {name} DISABLE")).await;
    for _ in 0..4 {
        world
            .old
            .execute(
                "INSERT INTO stations (name, capacity) VALUES (gen_random_uuid()::text, 1); SELECT pg_switch_wal()",
            )
            .await;
    }
    world.old.execute("CHECKPOINT").await;
    let said = trouble(&engine).await;
    assert!(said.contains("the slot migrate_city_from_old was given up"), "{said}");
    let stopped = world.switch(&engine, Side::Old, BUDGET).await.unwrap_err();
    assert!(matches!(&stopped, Stopped::Back { step: "make ready", .. }), "{stopped}");
    // What it says is what helps.
    for statement in ["DISABLE", "SET (slot_name = NONE)"] {
        assert!(said.contains(&format!("ALTER SUBSCRIPTION {name} {statement}")), "{said}");
        world.new.execute(&format!("ALTER SUBSCRIPTION {name} {statement}")).await;
    }
    world.new.execute(&format!("DROP SUBSCRIPTION {name}")).await;
    let tables = ["trips", "counts", "stations"];
    let gates =
        |how: &str| tables.map(|table| format!("ALTER TABLE {table} {how} TRIGGER \" migrate gate\"")).join("; ");
    world
        .new
        .execute(&format!("{}; TRUNCATE trips, counts, stations; {}", gates("DISABLE"), gates("ENABLE ALWAYS")))
        .await;
    world.follow(&engine).await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    assert_eq!(world.number(Side::New, "SELECT count(*) FROM stations").await, 24);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_fails_again_and_again_is_told() {
    let world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    world.new.execute("ALTER SYSTEM SET wal_retrieve_retry_interval = '50ms'").await;
    world.new.execute("SELECT pg_reload_conf()").await;
    let station = "INSERT INTO stations (id, name, capacity) OVERRIDING SYSTEM VALUE VALUES (21, 'of nobody', 1)";
    world.new.execute(&behind("stations", station)).await;
    world.old.execute("INSERT INTO stations (name, capacity) VALUES ('of the old side', 1)").await;
    let said = trouble(&engine).await;
    assert!(said.contains("gets nowhere") && said.contains("the log of the new server says why"), "{said}");
    let stopped = world.switch(&engine, Side::Old, BUDGET).await.unwrap_err();
    assert!(matches!(&stopped, Stopped::Back { step: "make ready", .. }), "{stopped}");
    // The row that is in the way goes, and the stream goes on by itself.
    world.new.execute(&behind("stations", "DELETE FROM stations WHERE id = 21")).await;
    goes_on(&engine).await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    let arrived = "SELECT count(*) FROM stations WHERE name = 'of the old side'";
    assert_eq!(world.number(Side::New, arrived).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_the_new_side_is_told_and_the_copy_goes_on_once_there_is_room() {
    let world = World::new().await;
    let engine = world.engine();
    let rows = "INSERT INTO tracks SELECT n, repeat('x', 100) FROM generate_series(1, 250000) n";
    world.old.execute(&format!("CREATE TABLE tracks (id int PRIMARY KEY, what text); {rows}")).await;
    world.new.execute("ALTER SYSTEM SET wal_retrieve_retry_interval = '50ms'").await;
    world.new.execute("SELECT pg_reload_conf()").await;
    // Segments of the log fit, the table doesn't.
    world.new.largest_file(Some(17 << 20));
    carry_out(&Begin(&engine), &Quiet).await.unwrap();
    let said = trouble(&engine).await;
    assert!(said.contains("gets nowhere") && said.contains("a full disk"), "{said}");
    assert!(std::fs::read_to_string(world.new.log()).unwrap().contains("File too large"));
    world.old.execute("INSERT INTO tracks VALUES (0, 'written meanwhile')").await;
    world.new.largest_file(None);
    let engine = world.engine(); // sessions that are there already keep what they were told
    goes_on(&engine).await;
    carry_out(&Complete::new(&engine, 200_000, Duration::from_millis(200)), &Quiet).await.unwrap();
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    assert_eq!(world.number(Side::New, "SELECT count(*) FROM tracks").await, 250_001);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_is_changed_during_the_copy_stops_it_before_the_gate() {
    let world = World::new().await;
    let engine = world.engine();
    world.new.execute("ALTER SYSTEM SET wal_retrieve_retry_interval = '50ms'").await;
    world.new.execute("SELECT pg_reload_conf()").await;
    carry_out(&Begin(&engine), &Quiet).await.unwrap();
    // Whether the table is copied by then or not, its rows can't be taken.
    world.old.execute("ALTER TABLE stations ADD COLUMN lit boolean").await;
    world.old.execute("INSERT INTO stations (name, capacity, lit) VALUES ('lit', 1, true)").await;
    let said = trouble(&engine).await;
    assert!(said.contains("gets nowhere") && said.contains("a column that is missing"), "{said}");
    world.new.execute("ALTER TABLE stations ADD COLUMN lit boolean").await;
    goes_on(&engine).await;
    // A table that nothing follows.
    world.old.execute("CREATE TABLE fresh (id int PRIMARY KEY)").await;
    let complete = Complete::new(&engine, 200_000, Duration::from_millis(200));
    let stopped = carry_out(&complete, &Quiet).await.unwrap_err();
    assert!(matches!(&stopped, Stopped::Here { step: "build indexes", .. }), "{stopped}");
    assert!(stopped.to_string().contains("public.fresh"), "{stopped}");
    world.old.execute("DROP TABLE fresh").await;
    carry_out(&complete, &Quiet).await.unwrap();
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    assert_eq!(world.number(Side::New, "SELECT count(*) FROM stations WHERE lit").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_a_killed_run_has_left_is_told_and_goes() {
    let world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    world.old.execute("SELECT pg_create_logical_replication_slot('migrate_city_watch', 'pgoutput')").await;
    let found = engine.assess(true, None).await.unwrap().findings;
    let places: Vec<&str> = found.iter().map(|finding| finding.place.as_str()).collect();
    assert!(places.contains(&"source: slot migrate_city_watch"), "{places:?}");
    assert!(!places.contains(&"source: slot migrate_city_from_old"), "it is in use: {places:?}");
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    let slots = "SELECT count(*) FROM pg_replication_slots WHERE slot_name ~ 'watch' OR slot_name ~ 'from_old'";
    assert_eq!(world.number(Side::Old, slots).await, 0);
}
