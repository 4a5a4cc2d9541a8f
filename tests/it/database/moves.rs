//! Moves between two real PostgreSQL servers, with clients that write all the while.

use super::world::{World, Writers};
use migrate::database::engine::Gate;
use migrate::database::follow::finish;
use migrate::database::{Engine, Side};
use std::time::Duration;

const BUDGET: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_database_moves_there_and_back_and_nothing_is_lost_or_left() {
    let world = World::new().await;
    let engine = world.engine();
    let writers = Writers::start(&world, 4);
    world.follow(&engine).await;
    assert!(engine.smoke(Side::New, true).await.is_err(), "the new side takes no writes before its time");
    let there = world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    assert_eq!(
        (engine.gate(Side::Old).await.unwrap(), engine.gate(Side::New).await.unwrap()),
        (Gate::Given, Gate::Open)
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    let back = world.switch(&engine, Side::New, BUDGET).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let again = world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let written = writers.stop().await;
    let interruptions = [there, back, again];
    assert!(interruptions.iter().all(|one| one.is_some_and(|one| one < BUDGET)), "{interruptions:?}");
    written.all_on(&world, Side::New).await;
    finish(&engine).await.unwrap();
    for side in [Side::Old, Side::New] {
        let left = "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_subscription)
            + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_namespace WHERE nspname = 'migrate')
            + (SELECT count(*) FROM pg_roles WHERE rolname ~ '^migrate') + (SELECT count(*) FROM pg_trigger WHERE tgname ~ 'gate')";
        assert_eq!(world.number(side, left).await, 0, "left on the {} side", side.name());
    }
    written.all_on(&world, Side::New).await;
}
