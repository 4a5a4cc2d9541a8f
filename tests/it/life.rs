//! The life of each city with its databases, while somebody asks for every name every 50 ms: what users notice waits for the window, no name
//! ever leads to nothing, and nothing is left in the end.

use super::harness::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often somebody asks for everything.
const EVERY: Duration = Duration::from_millis(50);
/// A window that is never open while a test runs.
const SHUT: &str = "{ days: [mon], start: \"00:00\", length: 2h, time_zone: Etc/UTC }";
const OPEN: &str = "{ days: [mon, tue, wed, thu, fri, sat, sun], start: \"00:00\", length: 24h, time_zone: Etc/UTC }";

/// Whether the window that opens on this day would be open now.
fn other_day() -> &'static str {
    let today = jiff::Timestamp::now().in_tz("Etc/UTC").unwrap().weekday();
    if today == jiff::civil::Weekday::Monday { "thu" } else { "mon" }
}

struct Life {
    world: World,
    city: &'static str,
    names: Vec<String>,
}

impl Life {
    fn new(city: &'static str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { world: World::with_databases(), city, names }
    }

    /// What is wrong with what users of a name get now.
    fn wrong(&self, name: &str) -> Vec<String> {
        let answers = self.world.answers(name, "/");
        answers.iter().filter(|answer| answer["status"] != 200).map(|answer| format!("{name}: {answer}")).collect()
    }

    /// Where the names lead: `legacy`, `balancer`.
    fn led_to(&self) -> Vec<String> {
        let answers = self.names.iter().flat_map(|name| self.world.answers(name, "/"));
        let sides: BTreeSet<String> = answers.map(|one| one["leads_to"].as_str().unwrap().to_owned()).collect();
        sides.into_iter().collect()
    }

    /// Runs a command while somebody asks; every answer must be a 200.
    #[track_caller]
    fn run(&self, args: &[&str], code: i32) -> super::harness::Ran {
        let done = AtomicBool::new(false);
        let (ran, wrong) = std::thread::scope(|threads| {
            let asking = threads.spawn(|| {
                let mut wrong: BTreeMap<String, u32> = BTreeMap::new();
                while !done.load(Ordering::Relaxed) {
                    for one in self.names.iter().flat_map(|name| self.wrong(name)) {
                        *wrong.entry(one).or_default() += 1;
                    }
                    std::thread::park_timeout(EVERY);
                }
                wrong
            });
            let ran = self.world.consenting(args);
            done.store(true, Ordering::Relaxed);
            (ran, asking.join().unwrap())
        });
        assert_eq!(wrong, BTreeMap::new(), "{args:?}\n{}\n{}", ran.out, ran.err);
        ran.expect(code)
    }

    #[track_caller]
    fn unchanged(&self) {
        self.world.run(&["plan", self.city, "--detailed-exitcode"]).expect(0);
    }

    /// Built outside of the window, moved inside.
    fn moves(&self) {
        let shut = SHUT.replace("mon", other_day());
        self.world.run(&["plan", self.city]).expect(0);
        self.world.window(self.city, &shut);
        let built = self.run(&["apply", self.city, "--yes"], 3);
        assert!(built.err.contains("cutover/data") && built.err.contains("the window opens"), "{}", built.err);
        assert_eq!(self.led_to(), ["legacy"]);
        let serves = |ran: &Value| ran["data"]["serves"].clone();
        assert_eq!(serves(&self.world.run(&["status", self.city, "--output", "json"]).expect(0).json()), json!("old"));
        self.world.window(self.city, OPEN);
        let moved = self.run(&["apply", self.city, "--yes", "--output", "json"], 0).json();
        assert_eq!(serves(&moved), json!("new"), "{moved}");
        assert_eq!(self.led_to(), ["balancer"]);
        self.unchanged();
    }

    /// Drift is put back, and what is changed is changed, while it serves.
    fn changes(&self, edits: &[(&str, &str)]) {
        self.world.python("meddle.py", &[self.city, "scaling"]);
        self.run(&["apply", self.city, "--yes"], 0);
        for (from, to) in edits {
            self.world.edit(self.city, from, to);
            self.run(&["apply", self.city, "--yes"], 0);
            self.unchanged();
            assert_eq!(self.led_to(), ["balancer"]);
        }
    }

    fn goes_back(&self) {
        self.run(&["rollback", self.city, "--yes"], 0);
        assert_eq!(self.led_to(), ["legacy"]);
    }

    /// Moved again, finished, taken down: nothing is left.
    fn ends(&self) {
        self.run(&["apply", self.city, "--yes"], 0);
        self.run(&["finish", self.city, "--yes"], 0);
        self.unchanged();
        assert_eq!(self.led_to(), ["balancer"]);
        let refused = self.world.run(&["destroy", self.city, "--yes", "--delete-database", self.city]).expect(1);
        assert!(refused.err.contains("leaves its users without a service; nothing was changed"), "{}", refused.err);
        assert_eq!(self.led_to(), ["balancer"]);
        let down = [&format!("--take-down={}", self.city), "--records-to", "192.0.2.7"];
        let args = [&["destroy", self.city, "--yes", "--delete-database", self.city], &down[..]].concat();
        let gone = self.world.run(&args).expect(0);
        assert!(gone.out.contains("for good: nobody serves the city's users from then on"), "{}", gone.out);
        let left = self.world.python("inventory.py", &[self.city]);
        assert_eq!(left["count"], 0, "{left}");
        for name in &self.names {
            let told = self.world.answers(name, "/");
            assert_eq!(told[0]["address"], "192.0.2.7", "{told:?}");
        }
    }
}

#[test]
fn malmo() {
    let life = Life::new("malmo", &["www.malmobybike.example", "api.malmobybike.example"]);
    life.moves();
    life.changes(&[("\n  web:\n", "\n  site:\n"), ("path: /healthz", "path: /ready")]);
    life.goes_back();
    life.ends();
}

#[test]
fn drammen() {
    let life = Life::new("drammen", &["www.drammenbysykkel.example"]);
    life.moves();
    life.changes(&[("backup_days: 7", "backup_days: 9")]);
    life.goes_back();
    life.ends();
}

#[test]
fn antwerp() {
    let life = Life::new("antwerp", &["www.velo-antwerpen.example", "api.velo-antwerpen.example"]);
    life.moves();
    life.changes(&[("steps: [1, 10, 50, 100]", "steps: [10, 100]")]);
    life.goes_back();
    life.run(&["abandon", "antwerp", "--yes"], 0);
    let down = ["destroy", "antwerp", "--yes", "--delete-database", "antwerp"];
    life.run(&down, 0);
    let left = life.world.python("inventory.py", &["antwerp"]);
    assert_eq!(left["count"], 0, "{left}");
}
