//! A city with a live database of some size, in a sandbox of its own, and what a leg of its move has cost.

use super::app::App;
use super::client::{Clients, Load, Seen, tables};
use super::count::{Counted, count};
use super::line::{Address, Engine, Line};
use super::probe::{Probed, Prober};
use crate::database::journey::STEPS;
use crate::harness::{Ran, World};
use migrate::database::Secret;
use migrate::database::postgres::scram::verifier_of;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub struct Stage {
    pub world: Arc<World>,
    pub city: &'static str,
    pub app: Arc<App>,
    /// Where the legacy side is; the login is the application's.
    pub old: Address,
}

impl Stage {
    /// Starts everything; the application's own tables are there, and nothing of the move. `budget`: another one than the city file's.
    pub async fn new(engine: Engine, megabytes: u32, clients: usize, budget: Option<Duration>) -> Self {
        let world = Arc::new(World::with_databases_of(megabytes));
        let city = match engine {
            Engine::Postgres => "malmo",
            Engine::Mysql => "drammen",
        };
        if let Some(budget) = budget.map(|budget| budget.as_secs()) {
            match engine {
                Engine::Postgres => {
                    world.edit(city, "network:", &format!("budget: {{ interruption: {budget}s }}\n\nnetwork:"));
                }
                Engine::Mysql => world.edit(city, "interruption: 20s", &format!("interruption: {budget}s")),
            }
        }
        tokio::task::block_in_place(|| {
            world.run(&["plan", city]).expect(0);
            until_ready(&world);
        });
        let app = Arc::new(App::of(&world, city).await);
        let old = app.address();
        let mut line = Line::open(&old).await.unwrap();
        line.run(tables(engine)).await.unwrap();
        if engine == Engine::Postgres {
            // An unoptimised client takes a tenth of a second for the usual 4096 rounds of a login; one that is shipped, milliseconds.
            let verifier = verifier_of(&Secret::new(&old.password), 64);
            line.run(format!("ALTER ROLE {} PASSWORD '{verifier}'", old.user)).await.unwrap();
        }
        for client in 0..clients {
            line.run(format!("INSERT INTO load_clients VALUES ({client}, 0, 0)")).await.unwrap();
        }
        Self { world, city, app, old }
    }

    /// The new side, for the application's login, once there is one.
    pub fn new_side(&self) -> Option<Address> {
        new_side(&self.world, self.city, &self.old)
    }

    /// Tries to write on both sides until it is stopped.
    pub fn probe(&self) -> Prober {
        let (world, city, old) = (self.world.clone(), self.city, self.old.clone());
        Prober::start(move || [Some(old.clone()), new_side(&world, city, &old)])
    }

    /// One way, under load: from a while before the command until a while after it.
    pub async fn leg(&self, command: &[&str], load: Load, before: &[&Seen], aside: Duration) -> Leg {
        let base = 1_000_000_000 * (before.len() as u64 + 1);
        let prober = self.probe();
        let clients = Clients::start(&self.app, load, base);
        tokio::time::sleep(aside).await;
        let begun = Instant::now();
        let ran = tokio::task::block_in_place(|| self.world.run(command));
        let took = begun.elapsed();
        tokio::time::sleep(aside).await;
        let seen = clients.stop().await;
        let probed = prober.stop().await;
        let serving = self.app.address();
        let following = match serving == self.old {
            true => self.new_side(),
            false => Some(self.old.clone()),
        };
        let all: Vec<&Seen> = before.iter().copied().chain([&seen]).collect();
        let counted = count(&all, &serving, following.as_ref()).await;
        Leg { ran, took, seen, probed, counted, moved: serving != self.old }
    }
}

fn until_ready(world: &World) {
    let begun = Instant::now();
    loop {
        world.control("databases", &json!({ "seconds": 20 }));
        let status = world.ask("status");
        let states: Vec<&Value> = servers(&status).map(|server| &server["state"]).collect();
        if !states.is_empty() && states.iter().all(|state| **state == "ready") {
            return;
        }
        assert!(!states.iter().any(|state| **state == "failed"), "{}", status["databases"]);
        assert!(begun.elapsed() < Duration::from_secs(1800), "{}", status["databases"]);
    }
}

fn servers(status: &Value) -> impl Iterator<Item = &Value> {
    status["databases"]["servers"].as_array().unwrap().iter()
}

fn new_side(world: &World, city: &str, old: &Address) -> Option<Address> {
    let status = world.ask("status");
    let server = servers(&status).find(|server| server["city"] == city && server["role"] == "rds")?;
    Some(Address {
        host: server["host"].as_str()?.to_owned(),
        port: server["port"].as_u64()?.try_into().ok()?,
        database: server["name"].as_str()?.to_owned(),
        ..old.clone()
    })
}

/// What one way has cost.
pub struct Leg {
    pub ran: Ran,
    pub took: Duration,
    pub seen: Seen,
    pub probed: Probed,
    pub counted: Counted,
    /// Whether the new side serves.
    pub moved: bool,
}

impl Leg {
    /// From the freeze until the other side was open, by the command's own clock, milliseconds.
    pub fn interruption(&self) -> Option<u64> {
        let timed = STEPS.iter().skip_while(|step| **step != "freeze writes").take(8);
        let steps = self.steps();
        let took = |step: &str| steps.iter().find(|(name, _)| name == step).map(|(_, took)| *took);
        timed.map(|step| took(step)).sum()
    }

    /// The steps of the switch, and the milliseconds that each took, as the command told them.
    pub fn steps(&self) -> Vec<(String, u64)> {
        let read = |line: &str| {
            let (step, took) = line.split_once("cutover/data  ")?.1.strip_suffix(" ms")?.split_once(": ")?;
            Some((step.to_owned(), took.parse().ok()?))
        };
        self.ran.err.lines().filter_map(read).collect()
    }
}
