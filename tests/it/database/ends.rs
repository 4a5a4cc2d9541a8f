//! A move is given up: nothing of it is left on the old server, whatever the new one is like.

use super::mysql::World as MySqlWorld;
use super::world::{World, follow};
use migrate::database::end::{finish_alone, give_up};
use migrate::database::engine::Gate;
use migrate::database::follow::Begin;
use migrate::database::runbook::{Quiet, carry_out};
use migrate::database::{Engine, Side};
use sqlx::{ConnectOptions, Executor};
use std::time::{Duration, Instant};

const BUDGET: Duration = Duration::from_secs(10);

/// What of a move is on a PostgreSQL server, counted without its own eyes.
const LEFT: &str = "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_subscription)
    + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_namespace WHERE nspname = 'migrate')
    + (SELECT count(*) FROM pg_roles WHERE rolname ~ '^migrate') + (SELECT count(*) FROM pg_trigger WHERE tgname ~ 'gate')
    + (SELECT count(*) FROM pg_db_role_setting WHERE 'default_transaction_read_only=on' = ANY (setconfig))";

const WRITE: &str = "INSERT INTO stations (name, capacity) VALUES ('late', 1)";

async fn app_writes(world: &World) {
    let options = world.old.options("city").username("app").password("of the app");
    options.connect().await.unwrap().execute(WRITE).await.unwrap();
}

/// Begins to copy, and comes back while a table is being copied.
async fn half_way(world: &World, engine: &dyn Engine) {
    carry_out(&Begin(engine), &Quiet).await.unwrap();
    let begun = Instant::now();
    let slots =
        "SELECT count(*) FROM pg_replication_slots WHERE slot_name ~ '_sync_' AND confirmed_flush_lsn IS NOT NULL";
    while world.number(Side::Old, slots).await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "no table is being copied");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_given_up_half_way_whether_the_new_server_answers_or_not() {
    let mut world = World::new().await;
    world.old.execute("CREATE TABLE heavy (id int PRIMARY KEY, pad text)").await;
    world.old.execute("INSERT INTO heavy SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 300000) n").await;
    let engine = world.engine();
    half_way(&world, &engine).await;
    let given_up = give_up(&engine, None, true).await.unwrap();
    assert_eq!(given_up.new, None, "the new side answered");
    assert_eq!((world.number(Side::Old, LEFT).await, world.number(Side::New, LEFT).await), (0, 0));
    let tables = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    assert_eq!(world.number(Side::New, tables).await, 0, "what was copied is gone");

    let engine = world.engine();
    half_way(&world, &engine).await;
    world.new.kill();
    // The subscription's, and one of each table that was being copied.
    let there = world.number(Side::Old, "SELECT count(*) FROM pg_replication_slots").await;
    let given_up = give_up(&engine, None, true).await.unwrap();
    let slots = given_up.removed.iter().filter(|one| one.starts_with("replication slot")).count();
    assert!(given_up.new.is_some() && slots as i64 == there && there > 0, "{there}: {given_up:?}");
    assert_eq!(world.number(Side::Old, LEFT).await, 0);
    app_writes(&world).await;
    // Once more, by somebody who knows that nobody answers.
    assert_eq!(give_up(&world.engine(), Some("gone".into()), true).await.unwrap().removed, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_serves_is_not_given_up_and_one_that_is_lost_is_done_without() {
    let mut world = World::new().await;
    follow(&world.engine()).await;
    world.switch(&world.engine(), Side::Old, BUDGET).await.unwrap();
    let refused = give_up(&world.engine(), None, true).await.unwrap_err();
    assert_eq!(refused.to_string(), "the new database serves");
    assert!(finish_alone(&world.engine()).await.unwrap_err().to_string().contains("isn't lost"));
    world.new.kill();
    let refused = give_up(&world.engine(), Some("gone".into()), true).await.unwrap_err();
    assert_eq!(refused.to_string(), "the new database serves", "whether it answers or not");
    world.engine().reopen(Side::Old).await.unwrap();
    give_up(&world.engine(), Some("gone".into()), true).await.unwrap();
    assert_eq!(world.number(Side::Old, LEFT).await, 0);
    app_writes(&world).await;

    // The other way round: the new side serves, and the old one is gone.
    let mut world = World::new().await;
    follow(&world.engine()).await;
    world.switch(&world.engine(), Side::Old, BUDGET).await.unwrap();
    world.old.kill();
    finish_alone(&world.engine()).await.unwrap();
    assert_eq!(world.number(Side::New, LEFT).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_is_given_up_before_and_after_a_switch_and_without_the_new_server() {
    let mut world = MySqlWorld::new().await;
    let left = "SELECT (SELECT COUNT(*) FROM mysql.user WHERE user LIKE 'migrate\\_%')
        + (SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE 'migrate\\_%')
        + (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_name LIKE 'migrate\\_%')
        + (SELECT COUNT(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%' OR user = 'system user') + @@GLOBAL.read_only";
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'city'";
    let writes = async |world: &MySqlWorld, name: &str| {
        let sql = format!("INSERT INTO stations (name, capacity) VALUES ('{name}', 1)");
        world.options(Side::Old).connect().await.unwrap().execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    };
    // As servers are that were set up by hand: the new side is in another network.
    world.old.execute("RENAME USER app@'%' TO app@'127.%'").await;
    follow(&world.engine()).await;
    let anywhere = "SELECT COUNT(*) FROM information_schema.schema_privileges
        WHERE REPLACE(grantee, '''', '') = 'app@%' AND privilege_type = 'INSERT'";
    assert_eq!(world.number(Side::New, anywhere).await, 1);
    let given_up = give_up(&world.engine(), None, true).await.unwrap();
    assert_eq!(world.number(Side::New, anywhere).await, 0, "the users are gone too");
    assert!(given_up.new.is_none() && given_up.removed.iter().any(|one| one.starts_with("gate of")), "{given_up:?}");
    assert_eq!((world.number(Side::Old, left).await, world.number(Side::New, left).await), (0, 0));
    assert_eq!(world.number(Side::New, tables).await, 0, "what was copied is gone");
    writes(&world, "late").await;

    // It can be copied anew, and the right to serve goes there; then that server dies.
    follow(&world.engine()).await;
    world.switch(&world.engine(), Side::Old, BUDGET).await.unwrap();
    assert_eq!(give_up(&world.engine(), None, true).await.unwrap_err().to_string(), "the new database serves");
    assert_eq!(world.engine().gate(Side::New).await.unwrap(), Gate::Open);
    world.new.kill();
    world.engine().reopen(Side::Old).await.unwrap();
    give_up(&world.engine(), Some("gone".into()), true).await.unwrap();
    assert_eq!(world.number(Side::Old, left).await, 0);
    writes(&world, "later").await;
}
