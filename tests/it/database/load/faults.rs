//! Whatever happens to the run, to the servers or to the line between them: one side takes writes, never both, never neither for longer
//! than the budget (and what it takes to be seen), and the same command, given again, goes on to the end. tests/database.sh
//! --faults plays all of them, the tests a few.

use super::accident::{Accident, crash, happens, kill};
use super::client::{Clients, Load, Seen};
use super::count::count;
use super::line::{Address, Engine, Line};
use super::probe::Prober;
use super::stage::Stage;
use super::wire::{Mode, Wire};
use crate::harness::Ran;
use migrate::database::Side;
use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

/// What the city file allows in these cases.
const BUDGET: Duration = Duration::from_secs(4);
/// How long this machine may take on top: a server that crashed recovers, a client connects anew, other work has its turn.
const SEEN: Duration = Duration::from_secs(8);
const LOAD: Load = Load { clients: 4, rate: 40 };

#[derive(Clone, Copy, Debug)]
enum What {
    Kill,
    /// When the side that serves has handed over, its answer still on the way.
    KillGiven,
    /// The line between the servers, until the run has ended.
    Cut(Mode),
    Crash(Side),
}

/// At which step, how many milliseconds after its begin, what.
type Fault = (&'static str, u64, What);

const PREPARING: &[Fault] = &[
    ("prepare both sides", 0, What::Kill),
    ("prepare both sides", 100, What::Kill),
    ("copy users", 0, What::Kill),
    ("copy the schema", 0, What::Kill),
    ("copy the schema", 400, What::Kill),
    ("begin to copy", 0, What::Cut(Mode::Closed)),
    ("begin to copy", 0, What::Kill),
    ("begin to copy", 60, What::Kill),
    ("build indexes", 0, What::Kill),
    ("build indexes", 500, What::Kill),
    ("analyse", 0, What::Kill),
    ("put up the gates", 0, What::Kill),
    ("put up the gates", 60, What::Kill),
    ("compare the schemas", 0, What::Kill),
    ("compare every row", 0, What::Kill),
    ("keep in step", 0, What::Kill),
    ("build indexes", 200, What::Crash(Side::New)),
    ("compare every row", 100, What::Crash(Side::Old)),
];

const BEFORE_THE_TURN: &[Fault] = &[
    ("make ready", 0, What::Kill),
    ("make ready", 700, What::Kill),
    ("make ready", 700, What::Cut(Mode::Silent)),
    ("freeze writes", 0, What::Kill),
    ("freeze writes", 0, What::Cut(Mode::Silent)),
    ("freeze writes", 0, What::Crash(Side::Old)),
    ("let transactions end", 0, What::Kill),
    ("let transactions end", 0, What::Cut(Mode::Closed)),
    ("apply the last changes", 0, What::Kill),
    ("apply the last changes", 0, What::Crash(Side::New)),
    ("set sequences", 0, What::Kill),
    ("compare", 0, What::Kill),
    ("compare", 0, What::Crash(Side::Old)),
    ("arm the way back", 0, What::Kill),
    ("hand over", 0, What::Kill),
];

/// Each of these may be the one after which the other side serves.
const AT_THE_TURN: [&[Fault]; 2] = [
    &[
        ("hand over", 0, What::KillGiven),
        ("point the service", 0, What::Kill),
        ("smoke test", 0, What::Kill),
        ("end the old stream", 0, What::Kill),
    ],
    &[
        ("open", 0, What::Kill),
        ("point the service", 0, What::Crash(Side::Old)),
        ("smoke test", 0, What::Crash(Side::New)),
    ],
];

/// A line that is cut as the right to serve leaves.
const CUT_AT_THE_TURN: &[Fault] = &[("hand over", 0, What::Cut(Mode::Silent))];

/// The lines of a sandbox, and the variables by which a run takes them.
struct Lines {
    here: [Wire; 2],
    between: [Wire; 2],
    env: Vec<(String, String)>,
}

impl Lines {
    /// Once both servers are there.
    async fn of(stage: &Stage) -> Self {
        let (old, new) = (&stage.old, stage.new_side().unwrap());
        let status = stage.world.status();
        let databases = &status["databases"];
        let to_old = databases["routes"]
            .as_object()
            .unwrap()
            .iter()
            .find(|(_, to)| **to == format!("{}:{}", old.host, old.port));
        let named = [to_old.unwrap().0.clone(), format!("{}:{}", new.host, new.port)];
        let wire = async || [Wire::to(&old.host, old.port).await, Wire::to(&new.host, new.port).await];
        let (here, between) = (wire().await, wire().await);
        let routes = |wires: &[Wire; 2]| {
            let all: Vec<String> =
                named.iter().zip(wires).map(|(from, wire)| format!("{from}={}", wire.end())).collect();
            all.join(",")
        };
        let mut env = tokio::task::block_in_place(|| stage.world.exports());
        env.extend([
            ("MIGRATE_DATABASE_ROUTES".into(), routes(&here)),
            ("MIGRATE_DATABASE_ROUTES_BETWEEN".into(), routes(&between)),
            ("MIGRATE_DATABASE_CA".into(), databases["ca"].as_str().unwrap().into()),
        ]);
        // Steps take long enough to be met.
        here.iter().for_each(|wire| wire.slow(5));
        Self { here, between, env }
    }

    fn set(&self, mode: Mode) {
        self.between.iter().for_each(|wire| wire.set(mode));
    }
}

/// The runs of one city, with a load and a prober all the while.
struct Play {
    stage: Stage,
    lines: Lines,
    text: String,
    passed: usize,
    failed: usize,
}

impl Play {
    async fn new(engine: Engine) -> Self {
        let stage = Stage::new(engine, 2, LOAD.clients, Some(BUDGET)).await;
        // The new server first, so that there is a line to it.
        let until_there = stage.world.command(&["--sandbox", "apply", stage.city, "--yes"]);
        tokio::task::block_in_place(|| {
            let ended = happens(until_there, "prepare both sides", Duration::ZERO, None, kill);
            assert!(ended.at.is_some(), "{}", ended.said);
            stage.world.run(&["state", "unlock", stage.city, "--force"]).expect(0);
        });
        let lines = Lines::of(&stage).await;
        Self { stage, lines, text: String::new(), passed: 0, failed: 0 }
    }

    fn command(&self, verb: &str) -> Command {
        let args: &[&str] = if verb == "unlock" {
            &["state", "unlock", self.stage.city, "--force"]
        } else {
            &[verb, self.stage.city, "--yes"]
        };
        let mut command = self.stage.world.command(args);
        command.envs(self.lines.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn check(&mut self, what: &str, holds: bool, else_say: impl FnOnce() -> String) {
        if holds {
            self.passed += 1;
        } else {
            self.failed += 1;
            let said = else_say();
            let last: Vec<&str> = said.lines().rev().take(8).collect();
            let _ = writeln!(self.text, "FAILED {what}: {}", last.into_iter().rev().collect::<Vec<_>>().join("\n    "));
        }
    }

    /// One run to which one thing happens. Afterwards somebody serves again by himself. True if the run went on to its end all the same.
    async fn fault(&mut self, verb: &str, (step, after, what): Fault, prober: &Prober) -> bool {
        let (command, stage, lines) = (self.command(verb), &self.stage, &self.lines);
        let from = &if verb == "apply" { stage.old.clone() } else { stage.new_side().unwrap() };
        let accident: Accident = tokio::task::block_in_place(|| {
            // What is ahead of a switch comes once: a run that survives something there is killed before it is done with it.
            let last = PREPARING.iter().any(|fault| fault.0 == step).then_some("keep in step");
            happens(command, step, Duration::from_millis(after), last, |pid| match what {
                What::Kill => kill(pid),
                What::KillGiven => {
                    tokio::runtime::Handle::current().block_on(given(from));
                    kill(pid);
                }
                What::Cut(mode) => lines.set(mode),
                What::Crash(Side::Old) => crash(&stage.world, stage.city, "legacy"),
                What::Crash(Side::New) => crash(&stage.world, stage.city, "rds"),
            })
        });
        let begun = accident.at.unwrap_or_else(Instant::now);
        let serving = prober.somebody_serves(BUDGET + SEEN).await;
        let took = begun.elapsed();
        self.lines.set(Mode::Whole);
        if accident.code.is_none() {
            tokio::task::block_in_place(|| Ran::of(&mut self.command("unlock")));
        }
        let name = format!("{verb}, {step} + {after} ms, {what:?}");
        let _ = writeln!(
            self.text,
            "{:9} {step:22} {:>4} ms  {:14} {:22} {:5} {:>8} ms  {}",
            verb,
            after,
            format!("{what:?}").replace("Crash", "crash ").replace("Cut", "cut "),
            accident.landed.as_deref().unwrap_or("-"),
            serving.map_or("none", Side::name),
            took.as_millis(),
            accident.code.map_or("killed".into(), |code| format!("exit {code}")),
        );
        self.check(&name, accident.at.is_some(), || format!("the step never came\n{}", accident.said));
        self.check(&name, serving.is_some(), || format!("nobody serves\n{}", accident.said));
        self.report();
        accident.code == Some(0)
    }

    /// All of a way's faults, then to the end, under load; then the accounts.
    async fn way(&mut self, verb: &str, faults: &[&[Fault]], before: &mut Vec<Seen>) {
        let (from, back) = if verb == "apply" { (Side::Old, "rollback") } else { (Side::New, "apply") };
        let mut turns = vec![from];
        let prober = self.stage.probe();
        let clients = Clients::start(&self.stage.app, LOAD, 1_000_000_000 * (before.len() as u64 + 1));
        let all: Vec<Fault> = faults.iter().copied().flatten().copied().collect();
        for (n, fault) in all.iter().enumerate() {
            if !self.fault(verb, *fault, &prober).await {
                continue;
            }
            turns.push(from.other());
            if n + 1 < all.len() {
                // Back to where the next one begins.
                let ended = tokio::task::block_in_place(|| Ran::of(&mut self.command(back)));
                self.check("and back", ended.code == Some(0), || ended.err.clone());
                turns.push(from);
            }
        }
        if turns.last() == Some(&from) {
            turns.push(from.other());
        }
        self.lines.here.iter().for_each(|wire| wire.slow(0));
        let ended = tokio::task::block_in_place(|| Ran::of(&mut self.command(verb)));
        self.lines.here.iter().for_each(|wire| wire.slow(5));
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (seen, probed) = (clients.stop().await, prober.stop().await);
        before.push(seen);
        let serving = self.stage.app.address();
        let following = if verb == "apply" { Some(self.stage.old.clone()) } else { self.stage.new_side() };
        let counted = count(&before.iter().collect::<Vec<_>>(), &serving, following.as_ref()).await;
        let seen = &before[before.len() - 1];
        let _ = writeln!(
            self.text,
            "{verb}: {} writes acknowledged, {} unknown, {} refused; longest wait of a write {} ms, neither took any for {} ms at most; {counted:?}",
            seen.acknowledged.len(),
            seen.unknown.len(),
            seen.refused.len(),
            seen.longest_write.as_millis(),
            probed.neither.as_millis(),
        );
        let wrong = seen.wrong.clone();
        self.check("the command goes on to the end", ended.code == Some(0), || ended.err.clone());
        self.check("never both", probed.turns == turns, || format!("{:?}", probed.turns));
        self.check("never neither for long", probed.neither < BUDGET + SEEN, || format!("{:?}", probed.neither));
        let whole = counted.lost + counted.doubled + counted.damaged + counted.unasked == 0 && counted.rows > 0;
        self.check("nothing lost, doubled, damaged", whole, || format!("{counted:?}"));
        self.check("no row differs", counted.differ == 0, || format!("{counted:?}"));
        self.check("no read is wrong", wrong.is_empty(), || format!("{wrong:?}"));
        self.report();
    }

    /// What is known so far goes to the file.
    fn report(&self) {
        if let Ok(file) = std::env::var("LOAD_REPORT") {
            std::fs::write(file, &self.text).unwrap();
        }
    }

    fn end(mut self) {
        let _ = writeln!(self.text, "{} passed, {} failed", self.passed, self.failed);
        self.report();
        assert!(self.failed == 0 && self.passed > 0, "\n{}", self.text);
    }
}

/// Until that side has handed over, as far as the service's login may see that.
async fn given(side: &Address) {
    if side.engine == Engine::Mysql {
        // Its gate is nobody's to read: about as long as the statement takes over a slow line.
        return tokio::time::sleep(Duration::from_millis(12)).await;
    }
    let mut line = Line::open(side).await.unwrap();
    let (begun, gate) = (Instant::now(), "SELECT state FROM migrate.gate");
    while line.texts(gate).await.unwrap() != ["given"] && begun.elapsed() < BUDGET {}
}

async fn play(engine: Engine) {
    let mut play = Play::new(engine).await;
    let mut seen = Vec::new();
    if std::env::var("LOAD_FAULTS").is_ok() {
        play.way("apply", &[PREPARING, BEFORE_THE_TURN, AT_THE_TURN[0]], &mut seen).await;
        play.way("rollback", &[BEFORE_THE_TURN, AT_THE_TURN[1]], &mut seen).await;
        play.way("apply", &[CUT_AT_THE_TURN], &mut seen).await;
        play.way("rollback", &[CUT_AT_THE_TURN], &mut seen).await;
    } else {
        let few: &[Fault] = &[
            ("begin to copy", 0, What::Cut(Mode::Closed)),
            ("let transactions end", 0, What::Cut(Mode::Silent)),
            ("arm the way back", 0, What::Kill),
            ("hand over", 0, What::KillGiven),
        ];
        play.way("apply", &[few], &mut seen).await;
    }
    play.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres() {
    play(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mysql() {
    play(Engine::Mysql).await;
}
