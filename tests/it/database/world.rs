//! Two PostgreSQL servers with a small city in one of them; and, for both engines, writers that number what they write, somebody who looks at
//! the gates all the time, and ways to cut a switch off.

use super::server::{PASSWORD, Postgres as Server};
use async_trait::async_trait;
use migrate::database::follow::{Begin, Complete};
use migrate::database::postgres::Postgres;
use migrate::database::runbook::{Journal, Note, Quiet, Stopped, carry_out};
use migrate::database::switch::{Pointer, Switch};
use migrate::database::{Access, DatabaseResult, Engine, Login, Network, Routes, Secret, Server as Place, Side, Tls};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SCHEMA: &str = "
CREATE ROLE app LOGIN PASSWORD 'of the app';
CREATE ROLE reports NOLOGIN;
GRANT reports TO app;
CREATE TABLE stations (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, capacity int NOT NULL);
CREATE TABLE trips (id bigserial PRIMARY KEY, station int NOT NULL REFERENCES stations, number bigint NOT NULL, note jsonb);
CREATE INDEX trips_station ON trips (station) WHERE station > 3;
CREATE UNIQUE INDEX trips_number ON trips (number);
CREATE TABLE counts (station int PRIMARY KEY REFERENCES stations, trips bigint NOT NULL DEFAULT 0);
CREATE MATERIALIZED VIEW busy AS SELECT station, trips FROM counts;
CREATE FUNCTION count_trip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE counts SET trips = trips + 1 WHERE station = NEW.station; RETURN NULL; END $$;
CREATE TRIGGER count_trip AFTER INSERT ON trips FOR EACH ROW EXECUTE FUNCTION count_trip();
INSERT INTO stations (name, capacity) SELECT 'station ' || n, 10 + n FROM generate_series(1, 20) n;
INSERT INTO counts SELECT id FROM stations;
INSERT INTO trips (station, number, note) SELECT 1 + n % 20, -n, jsonb_build_object('n', n) FROM generate_series(1, 5000) n;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;
";

/// Both servers, and where the service believes its database to be.
pub struct World {
    pub old: Server,
    pub new: Server,
    pub pointer: Arc<Here>,
}

/// What a service reads before it connects.
pub struct Here(pub Mutex<Side>);

#[async_trait]
impl Pointer for Here {
    async fn prepare(&self, _: Side) -> DatabaseResult<()> {
        Ok(())
    }
    async fn points(&self, to: Side) -> DatabaseResult<bool> {
        Ok(*self.0.lock().unwrap() == to)
    }
    async fn point(&self, to: Side) -> DatabaseResult<()> {
        *self.0.lock().unwrap() = to;
        Ok(())
    }
}

impl World {
    pub async fn new() -> Self {
        let (old, new) = tokio::join!(Server::start(), Server::start());
        old.execute(SCHEMA).await;
        Self { old, new, pointer: Arc::new(Here(Mutex::new(Side::Old))) }
    }

    pub fn server(&self, side: Side) -> &Server {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// A conductor that knows nothing but where the servers are, like a process that was just started.
    pub fn engine(&self) -> Postgres {
        let access = |server: &Server| Access {
            server: Place { host: "127.0.0.1".into(), port: server.port(), database: "city".into() },
            login: Login { user: "postgres".into(), password: Secret::new(PASSWORD) },
        };
        let service = Login { user: "app".into(), password: Secret::new("of the app") };
        let network = Network { routes: Routes::default(), between: Routes::default(), tls: Tls::Off };
        Postgres::new(access(&self.old), access(&self.new), service, network).unwrap()
    }

    /// Everything up to the switch.
    pub async fn follow(&self, engine: &dyn Engine) {
        follow(engine).await;
    }

    pub async fn switch(&self, engine: &dyn Engine, from: Side, budget: Duration) -> Result<Option<Duration>, Stopped> {
        switch(engine, &self.pointer, from, budget).await
    }

    /// Switches, and tells `hook` of every step just before it goes on.
    pub async fn switch_with(
        &self,
        engine: &dyn Engine,
        from: Side,
        budget: Duration,
        hook: impl FnMut(&str, &Note) + Send,
    ) -> Result<Option<Duration>, Stopped> {
        switch_with(engine, &self.pointer, from, budget, hook).await
    }

    /// What a query of one number answers.
    pub async fn number(&self, side: Side, sql: &'static str) -> i64 {
        let mut connection = self.server(side).connect("city").await;
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }
}

/// Where a process dies: so long after the step's begin.
#[derive(Clone, Copy)]
pub struct Cut<'a> {
    pub step: &'a str,
    pub after: Duration,
}

struct Hook<F>(Mutex<F>);

impl<F: FnMut(&str, &Note) + Send> Journal for Hook<F> {
    fn note(&self, step: &str, what: Note) {
        (self.0.lock().unwrap())(step, &what);
    }
}

/// Everything up to the switch.
pub async fn follow(engine: &dyn Engine) {
    carry_out(&Begin(engine), &Quiet).await.unwrap();
    let begun = Instant::now();
    while !engine.following(Side::Old).await.unwrap().copied() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", engine.following(Side::Old).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Rows that are on their way differ for a moment.
    carry_out(&Complete::new(engine, 200_000, Duration::from_millis(200)), &Quiet).await.unwrap();
}

/// Switches.
pub async fn switch(
    engine: &dyn Engine,
    pointer: &Here,
    from: Side,
    budget: Duration,
) -> Result<Option<Duration>, Stopped> {
    switch_with(engine, pointer, from, budget, |_, _| ()).await
}

/// Switches, and tells `hook` of every step just before it goes on.
pub async fn switch_with(
    engine: &dyn Engine,
    pointer: &Here,
    from: Side,
    budget: Duration,
    hook: impl FnMut(&str, &Note) + Send,
) -> Result<Option<Duration>, Stopped> {
    let switch = Switch::new(engine, pointer, from, budget);
    carry_out(&switch, &Hook(Mutex::new(hook))).await?;
    Ok(switch.course().interruption)
}

/// Begins to switch and drops it at a step, as if the process were killed there; false if the step never came.
pub async fn switch_cut_off(engine: &dyn Engine, pointer: &Here, from: Side, budget: Duration, cut: Cut<'_>) -> bool {
    let there = tokio::sync::Notify::new();
    let switching = switch_with(engine, pointer, from, budget, |step, note| {
        if step == cut.step && *note == Note::Begun {
            there.notify_one();
        }
    });
    let cutting = async {
        there.notified().await;
        tokio::time::sleep(cut.after).await;
    };
    tokio::select! {
        biased;
        () = cutting => true,
        result = switching => panic!("{} was done too soon: {result:?}", cut.step),
    }
}

/// Looks all the time at who serves.
pub struct Watch {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Watched>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Watched {
    both: u32,
    neither: Duration,
    looks: u32,
}

impl Watch {
    pub fn start(engine: impl Engine + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut watched = Watched::default();
            let mut since: Option<Instant> = None;
            while !stopped.load(Ordering::SeqCst) {
                let begun = Instant::now();
                let Ok((old, new)) = tokio::try_join!(engine.gate(Side::Old), engine.gate(Side::New)) else { continue };
                // Two looks that lie far apart may have a whole switch between them.
                if old.serves() && new.serves() && begun.elapsed() < Duration::from_millis(50) {
                    watched.both += 1;
                }
                if old.serves() || new.serves() {
                    since = None;
                } else {
                    watched.neither = watched.neither.max(since.get_or_insert(begun).elapsed());
                }
                watched.looks += 1;
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            watched
        });
        Self { stop, task }
    }

    pub async fn stop(self) -> Watched {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap()
    }
}

impl Watched {
    pub fn never_both_and_never_neither_for(&self, budget: Duration) {
        assert!(self.looks > 10 && self.both == 0 && self.neither < budget, "{self:?}");
        assert!(self.neither > Duration::ZERO, "a freeze was never seen: {self:?}");
    }
}

/// Clients that write where they are led to, one number after the other, and remember which were acknowledged.
pub struct Writers {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<(Vec<i64>, Duration)>>,
}

/// What they have seen.
pub struct Written {
    pub acknowledged: BTreeSet<i64>,
    pub longest: Duration,
}

/// A connection of a service.
#[async_trait]
pub trait Client: Send {
    /// Writes a number, unless it is there: one whose answer was lost may have been written, and is tried again.
    async fn write(&mut self, number: i64) -> bool;
}

/// How a service connects.
#[async_trait]
pub trait Service: Send + Sync {
    async fn connect(&self, side: Side) -> Option<Box<dyn Client>>;
}

struct PostgresService([PgConnectOptions; 2]);

#[async_trait]
impl Service for PostgresService {
    async fn connect(&self, side: Side) -> Option<Box<dyn Client>> {
        let connection = self.0[usize::from(side == Side::New)].connect().await.ok()?;
        Some(Box::new(connection))
    }
}

#[async_trait]
impl Client for PgConnection {
    async fn write(&mut self, number: i64) -> bool {
        let sql = "INSERT INTO trips (station, number) VALUES (1 + abs($1) % 20, $1) ON CONFLICT (number) DO NOTHING";
        sqlx::query(sql).bind(number).execute(self).await.is_ok()
    }
}

impl Writers {
    pub fn start(world: &World, clients: usize) -> Self {
        let options = [Side::Old, Side::New]
            .map(|side| world.server(side).options("city").username("app").password("of the app"));
        Self::start_as(PostgresService(options), &world.pointer, clients)
    }

    pub fn start_as(service: impl Service + 'static, pointer: &Arc<Here>, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicI64::new(1));
        let service = Arc::new(service);
        let begin = |_| {
            let (stop, next, pointer, service) = (stop.clone(), next.clone(), pointer.clone(), service.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                let mut longest = Duration::ZERO;
                let mut connection: Option<Box<dyn Client>> = None;
                let mut number = next.fetch_add(1, Ordering::SeqCst);
                let mut since = Instant::now();
                while !stop.load(Ordering::SeqCst) {
                    let side = *pointer.0.lock().unwrap();
                    if connection.is_none() {
                        connection = service.connect(side).await;
                    }
                    let Some(open) = &mut connection else { continue };
                    if open.write(number).await {
                        acknowledged.push(number);
                        longest = longest.max(since.elapsed());
                        number = next.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        since = Instant::now();
                    } else {
                        connection = None;
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                }
                (acknowledged, longest)
            })
        };
        let tasks = (0..clients).map(begin).collect();
        Self { stop, tasks }
    }

    pub async fn stop(self) -> Written {
        self.stop.store(true, Ordering::SeqCst);
        let mut written = Written { acknowledged: BTreeSet::new(), longest: Duration::ZERO };
        for task in self.tasks {
            let (acknowledged, longest) = task.await.unwrap();
            written.acknowledged.extend(acknowledged);
            written.longest = written.longest.max(longest);
        }
        written
    }
}

impl Written {
    /// Every acknowledged number is there, once, and was counted by the application's own trigger, once.
    pub async fn all_on(&self, world: &World, side: Side) {
        let mut connection = world.server(side).connect("city").await;
        let sql = "SELECT number FROM trips WHERE number > 0";
        self.none_lost(&sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap(), side);
        let wrong = world.number(side, "SELECT count(*) FROM (SELECT station, count(*) n FROM trips GROUP BY 1) t JOIN counts c USING (station) WHERE n <> trips + 0").await;
        assert_eq!(wrong, 0, "counted wrong on the {} side", side.name());
    }
    /// Of the numbers that are `there` none is missing and none there twice.
    pub fn none_lost(&self, there: &[i64], side: Side) {
        let set: BTreeSet<i64> = there.iter().copied().collect();
        assert_eq!(set.len(), there.len(), "doubled");
        let lost: Vec<_> = self.acknowledged.difference(&set).collect();
        assert!(lost.is_empty(), "lost on the {} side: {lost:?}", side.name());
    }
}
