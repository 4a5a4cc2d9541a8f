//! Moves between two real PostgreSQL servers, with clients that write all the while.

use super::journey::{SEEN, cut_off_at_each_step, now, there_and_back_and_there};
use super::world::{Watch, World, Writers};
use migrate::database::end::finish;
use migrate::database::engine::Gate;
use migrate::database::runbook::{Note, Quiet, Stopped, carry_out};
use migrate::database::switch::Switch;
use migrate::database::{DatabaseError, Engine, Side};
use sqlx::{ConnectOptions, Executor};
use std::time::Duration;

const BUDGET: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_database_moves_there_and_back_and_nothing_is_lost_or_left() {
    let world = World::new().await;
    let engine = world.engine();
    let writers = Writers::start(&world, 4);
    world.follow(&engine).await;
    assert!(engine.smoke(Side::New, true).await.is_err(), "the new side takes no writes before its time");
    let watch = Watch::start(world.engine());
    let interruptions = there_and_back_and_there(&engine, &world.pointer, BUDGET).await;
    let written = writers.stop().await;
    watch.stop().await.never_both_and_never_neither_for(BUDGET);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_at_any_step_one_side_serves_within_the_budget_and_the_next_run_goes_on() {
    let budget = Duration::from_secs(4);
    let world = World::new().await;
    world.follow(&world.engine()).await;
    let writers = Writers::start(&world, 3);
    let watch = Watch::start(world.engine());
    let from = cut_off_at_each_step(|| world.engine(), &world.pointer, budget).await;
    let written = writers.stop().await;
    watch.stop().await.never_both_and_never_neither_for(budget + SEEN);
    written.all_on(&world, from).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_about_to_be_overspent_gives_the_old_side_back() {
    let budget = Duration::from_secs(2);
    let world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    let writers = Writers::start(&world, 3);
    let mut blocker = world.new.connect("city").await;
    // From just before the freeze nothing is applied on the new side any more.
    let stopped = world
        .switch_with(&engine, Side::Old, budget, |step, note| {
            if step == "freeze writes" && *note == Note::Begun {
                // The mark is held up too, however slow the writers are; who looks at the gate isn't.
                let lock = blocker.execute(
                    "BEGIN; LOCK TABLE trips IN ACCESS EXCLUSIVE MODE; LOCK TABLE migrate.from_old IN EXCLUSIVE MODE",
                );
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(lock)).unwrap();
            }
        })
        .await
        .unwrap_err();
    assert!(
        matches!(&stopped, Stopped::Back { step: "apply the last changes", why: DatabaseError::Overspent { .. } }),
        "{stopped}"
    );
    assert_eq!(engine.gate(Side::Old).await.unwrap(), Gate::Open);
    assert_eq!(engine.gate(Side::New).await.unwrap(), Gate::Waiting);
    blocker.execute("ROLLBACK").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    let written = writers.stop().await;
    assert!(written.longest < budget + BUDGET);
    written.all_on(&world, Side::New).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_gets_round_the_gate() {
    let world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    // Written but not committed just before the freeze, and a snapshot that doesn't see it.
    let mut open = world.old.connect("city").await;
    let mut snapshot = world.old.connect("city").await;
    let mut begin = async |step: &str| {
        if step == "freeze writes" {
            open.execute("BEGIN; INSERT INTO trips (station, number) VALUES (1, 777)").await.unwrap();
            snapshot.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM trips").await.unwrap();
        }
    };
    let hook = |step: &str, note: &Note| {
        if *note == Note::Begun {
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(begin(step)));
        }
    };
    world.switch_with(&engine, Side::Old, BUDGET, hook).await.unwrap();
    assert!(open.execute("COMMIT").await.is_err(), "its session was ended");
    assert!(snapshot.execute("INSERT INTO trips (station, number) VALUES (1, 778)").await.is_err());
    for statement in [
        "INSERT INTO trips (station, number) VALUES (1, 779)",
        "UPDATE counts SET trips = 0",
        "DELETE FROM trips",
        "TRUNCATE trips",
        "COPY stations (name, capacity) FROM PROGRAM 'printf ''a\\t1\\n'''",
    ] {
        for role in ["origin", "replica", "local"] {
            let mut superuser = world.old.connect("city").await;
            superuser.execute(sqlx::AssertSqlSafe(format!("SET session_replication_role = '{role}'"))).await.unwrap();
            let refused = superuser.execute(sqlx::AssertSqlSafe(statement)).await.unwrap_err();
            let code = refused.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
            assert_eq!(code, "25006", "{statement} as {role}: {refused}");
        }
    }
    for side in [Side::Old, Side::New] {
        assert_eq!(world.number(side, "SELECT count(*) FROM trips WHERE number > 0").await, 0);
    }
    let mut app = world.new.connect("city").await;
    app.execute("INSERT INTO trips (station, number) VALUES (1, 780)").await.unwrap();
    assert!(world.number(Side::New, "SELECT id FROM trips WHERE number = 780").await > 6000, "the sequence went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_was_written_after_its_freeze_ran_out_can_not_be_handed_over() {
    let world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    engine.ready(Side::Old, &|_| {}).await.unwrap();
    engine.freeze(Side::Old, Duration::from_secs(2)).await.unwrap();
    let mut app = world.old.connect("city").await;
    assert!(app.execute("INSERT INTO trips (station, number) VALUES (1, 1)").await.is_err(), "it is frozen");
    while !engine.gate(Side::Old).await.unwrap().serves() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.execute("BEGIN; INSERT INTO trips (station, number) VALUES (1, 2)").await.unwrap();
    // As if the conductor's clock stood still: by the row it would be allowed.
    world.old.execute("SET session_replication_role = replica; UPDATE migrate.gate SET until = clock_timestamp() + interval '1 min'").await;
    let refused = engine.hand_over(Side::Old, Duration::ZERO).await.unwrap_err();
    assert!(refused.to_string().contains("users write again"), "{refused}");
    engine.thaw(Side::Old).await.unwrap();
    app.execute("COMMIT").await.unwrap();
    assert_eq!(engine.gate(Side::Old).await.unwrap(), Gate::Open);
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    assert_eq!(world.number(Side::New, "SELECT count(*) FROM trips WHERE number = 2").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_do_harm_is_refused_before_anything_is_frozen() {
    let world = World::new().await;
    let engine = world.engine();
    world.old.execute("CREATE TABLE keyless (n int)").await;
    let refused = engine.follow(&|_| {}).await.unwrap_err();
    assert!(refused.to_string().contains("public.keyless"), "{refused}");
    world.old.execute("DROP TABLE keyless; INSERT INTO stations (name, capacity) VALUES ('last', 1)").await;
    world.follow(&engine).await;
    let refusal = async |why: &str| {
        let stopped = world.switch(&engine, Side::Old, BUDGET).await.unwrap_err();
        assert!(matches!(&stopped, Stopped::Back { step: "make ready", .. }), "{stopped}");
        assert!(stopped.to_string().contains(why), "{stopped}");
        assert_eq!(engine.gate(Side::Old).await.unwrap(), Gate::Open);
    };
    world.old.execute("ALTER TABLE trips ADD COLUMN late int").await;
    refusal("only on the old side: column public.trips.late integer").await;
    world.old.execute("ALTER TABLE trips DROP COLUMN late").await;
    world.new.execute("ALTER SUBSCRIPTION migrate_city_from_old DISABLE").await;
    refusal("the subscription migrate_city_from_old is switched off").await;
    world.new.execute("ALTER SUBSCRIPTION migrate_city_from_old ENABLE").await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_crash_are_survived() {
    let mut world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    for side in [Side::Old, Side::New] {
        let server = match side {
            Side::Old => &mut world.old,
            Side::New => &mut world.new,
        };
        server.kill();
        server.resume().await;
        world.old.execute("INSERT INTO stations (name, capacity) VALUES ('after ' || clock_timestamp(), 1)").await;
    }
    // The new side dies in the middle of the switch.
    let mut new = Some(&mut world.new);
    let pointer = world.pointer.clone();
    let stopped = super::world::switch_with(&engine, &pointer, Side::Old, BUDGET, |step, note| {
        if step == "set sequences" && *note == Note::Begun {
            new.take().unwrap().kill();
        }
    })
    .await
    .unwrap_err();
    assert!(matches!(&stopped, Stopped::Back { .. }), "{stopped}");
    assert_eq!(engine.gate(Side::Old).await.unwrap(), Gate::Open);
    world.new.resume().await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    assert_eq!(world.number(Side::New, "SELECT count(*) FROM stations").await, 22);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_crashes_as_it_is_opened_sends_nothing_back_that_it_was_sent() {
    let mut world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    let old = world.old.options("city");
    let station = async |name: &'static str, options: sqlx::postgres::PgConnectOptions| {
        let mut connection = options.connect().await.unwrap();
        let insert = "INSERT INTO stations (name, capacity) VALUES ($1, 1)";
        sqlx::query(insert).bind(name).execute(&mut connection).await.unwrap();
    };
    let mut new = Some(&mut world.new);
    let pointer = world.pointer.clone();
    let hook = |step: &str, note: &Note| match step {
        // Comes to the new side when the slot of the way back is there already.
        "freeze writes" if *note == Note::Begun => now(station("ahead", old.clone())),
        "open" if *note == Note::Begun => new.take().unwrap().kill(),
        _ => {}
    };
    let stopped = super::world::switch_with(&engine, &pointer, Side::Old, BUDGET, hook).await.unwrap_err();
    assert!(stopped.to_string().contains("the data has moved"), "{stopped}");
    world.new.resume().await;
    let engine = world.engine();
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    station("afterwards", world.new.options("city")).await;
    world.switch(&engine, Side::New, BUDGET).await.unwrap();
    let there = "SELECT count(*) FROM stations WHERE name IN ('ahead', 'afterwards')";
    assert_eq!(world.number(Side::Old, there).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_was_cut_off_goes_on_though_the_old_side_is_read_only_by_then() {
    let world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
    // As far as the one that was cut off had come.
    world.old.execute("ALTER DATABASE city SET default_transaction_read_only = on").await;
    finish(&world.engine()).await.unwrap();
    let left = "SELECT count(*) FROM pg_trigger WHERE tgname = ' migrate gate'";
    assert_eq!(world.number(Side::Old, left).await, 0);
    let mut app = world.old.connect("city").await;
    assert!(app.execute("INSERT INTO stations (name, capacity) VALUES ('late', 1)").await.is_err());
}

/// Changes the new side behind the gate's back, as a fault would.
pub fn behind(table: &str, statement: &str) -> String {
    const GATE: &str = "TRIGGER \" migrate gate\"";
    format!("ALTER TABLE {table} DISABLE {GATE}; {statement}; ALTER TABLE {table} ENABLE ALWAYS {GATE}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_is_named_and_nothing_is_handed_over() {
    let world = World::new().await;
    let engine = world.engine();
    world.follow(&engine).await;
    let refusal = async |step: &str, why: &str, hook: &mut (dyn FnMut(&str) + Send)| {
        let note = |step: &str, note: &Note| {
            if *note == Note::Begun {
                hook(step);
            }
        };
        let stopped = world.switch_with(&engine, Side::Old, BUDGET, note).await.unwrap_err();
        assert!(matches!(&stopped, Stopped::Back { step: at, .. } if *at == step), "{stopped}");
        assert!(stopped.to_string().contains(why), "{stopped}");
        assert_eq!(engine.gate(Side::Old).await.unwrap(), Gate::Open);
        let slots = "SELECT count(*) FROM pg_replication_slots WHERE slot_name ~ 'watch'";
        assert_eq!(world.number(Side::Old, slots).await, 0, "the watch holds the log back");
    };
    // Before anything is frozen: rows, and what replication leaves out.
    world.new.execute(&behind("trips", "UPDATE trips SET note = NULL WHERE id = 17")).await;
    refusal("make ready", "public.trips: 1 row differs: 17 different", &mut |_| ()).await;
    let mend = "UPDATE trips SET note = jsonb_build_object('n', 17) WHERE id = 17";
    world.new.execute(&behind("trips", mend)).await;
    world.old.execute("SELECT lo_from_bytea(70001, 'a photo')").await;
    refusal("make ready", "1 large objects differ", &mut |_| ()).await;
    world.new.execute("SELECT lo_from_bytea(70001, 'a photo')").await;
    // Under the freeze: what was written since.
    let at = |step: &'static str, side: Side, sql: String| {
        let world = &world;
        move |now: &str| {
            if now == step {
                let run = async { world.server(side).execute(&sql).await };
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(run));
            }
        }
    };
    let restart = "ALTER SEQUENCE trips_id_seq RESTART".to_owned();
    refusal("compare", "public.trips_id_seq: at ", &mut at("compare", Side::New, restart)).await;
    let photo = "SELECT lo_put(70001, 0, 'A')".to_owned();
    refusal("compare", "1 large objects differ", &mut at("freeze writes", Side::Old, photo)).await;
    world.new.execute("SELECT lo_put(70001, 0, 'A')").await;
    let write = at("freeze writes", Side::Old, "UPDATE trips SET note = '1' WHERE id = 18".into());
    let lose = at("compare", Side::New, behind("trips", "DELETE FROM trips WHERE id = 18"));
    let mut both = |step: &str| {
        write(step);
        lose(step);
    };
    refusal("compare", "public.trips: 1 row differs: 18 missing", &mut both).await;
    let row = "ALTER TABLE trips DISABLE TRIGGER count_trip; INSERT INTO trips (id, station, number, note) VALUES (18, 19, -18, '1');
        ALTER TABLE trips ENABLE TRIGGER count_trip";
    world.new.execute(&behind("trips", row)).await;
    world.switch(&engine, Side::Old, BUDGET).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_that_was_cut_off_is_gone_on_with_by_another_process() {
    let world = World::new().await;
    world.follow(&world.engine()).await;
    // A row of a small table differs, and the mark that would tell whether it is only on its way can't arrive: the biggest table is
    // compared meanwhile, and that is kept.
    world.new.execute(&behind("stations", "UPDATE stations SET capacity = 0 WHERE id = 1")).await;
    let mut blocker = world.new.connect("city").await;
    blocker.execute("BEGIN; LOCK TABLE migrate.from_old IN EXCLUSIVE MODE").await.unwrap();
    let first = world.engine();
    let kept = async {
        let done = "SELECT count(*) FROM migrate.compared WHERE progress #>> '{tables,public.trips,done}' = 'true'";
        while world.number(Side::New, done).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = kept => {}
        compared = first.compare_all(&|_| {}) => panic!("not cut off: {compared:?}"),
    }
    drop(first);
    blocker.execute("ROLLBACK").await.unwrap();
    world.new.execute(&behind("stations", "UPDATE stations SET capacity = 11 WHERE id = 1")).await;
    // What the second process doesn't read again it takes from there.
    let claim = "UPDATE migrate.compared SET progress = jsonb_set(progress, '{tables,public.trips,rows}', '1000000')";
    world.new.execute(claim).await;
    let compared = world.engine().compare_all(&|_| {}).await.unwrap();
    assert_eq!((compared.rows, compared.differences), (1_000_000 + 20 + 20, vec![]));
    let left = "SELECT count(*) FROM migrate.compared";
    assert_eq!(world.number(Side::New, left).await, 0, "a comparison that is complete is made anew the next time");

    // The one before a switch counts only together with the watch that has seen what was written since.
    let claim = "INSERT INTO migrate.compared VALUES ('migrate_city_watch', '{\"tables\": {\"public.stations\": {\"rows\": 1000000, \"done\": true}}}')";
    let rows = async |from: Side| {
        let engine = world.engine();
        let switch = Switch::new(&engine, &*world.pointer, from, BUDGET);
        carry_out(&switch, &Quiet).await.unwrap();
        switch.course().compared.unwrap().rows
    };
    world.new.execute(claim).await;
    assert_eq!(rows(Side::Old).await, 20 + 20 + 5000);
    world.old.execute(claim).await;
    world.new.execute("SELECT pg_create_logical_replication_slot('migrate_city_watch', 'pgoutput')").await;
    world.new.execute("UPDATE stations SET capacity = 0 WHERE id = 1").await;
    assert_eq!(rows(Side::New).await, 1_000_000 + 20 + 5000);
}
