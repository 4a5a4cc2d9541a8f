//! Changes of a city that serves, while somebody asks for each of its names every 50 ms: no moment at which a name leads to nothing.

use super::harness::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often somebody asks for everything.
const EVERY: Duration = Duration::from_millis(50);

/// What somebody got who asked all the while: each kind of answer that isn't the city's own 200, and how often.
#[derive(Debug, Default)]
struct Asked {
    times: u32,
    wrong: BTreeMap<String, u32>,
}

/// Every service that answered there in the meantime.
type Answered = BTreeMap<(String, String), Vec<String>>;

impl Asked {
    fn note(&mut self, answered: &mut Answered, (host, path): &(&str, &str), answers: &[Value]) {
        for answer in answers {
            if answer["status"] != 200 || answer["leads_to"] != "balancer" {
                let text = format!("{host}{path}: {answer}");
                *self.wrong.entry(text).or_default() += 1;
            }
            let service = answer["service"].as_str().unwrap_or_default().to_owned();
            let seen = answered.entry(((*host).to_owned(), (*path).to_owned())).or_default();
            if seen.last() != Some(&service) {
                seen.push(service);
            }
        }
    }
}

/// A city whose names somebody asks for.
struct Living {
    world: World,
    city: &'static str,
    asked: &'static [(&'static str, &'static str)],
}

impl Living {
    /// It is built, and serves all of its users.
    fn new(city: &'static str, asked: &'static [(&'static str, &'static str)]) -> Self {
        let world = World::new();
        world.run(&["apply", city, "--yes"]).expect(0);
        Self { world, city, asked }
    }

    /// Changes the city's file and applies it while somebody asks; answers with who answered. What serves goes by its own consent.
    #[track_caller]
    fn change(&self, what: &str, edits: &[(&str, &str)], consents: &[&str]) -> Answered {
        for (from, to) in edits {
            self.world.edit(self.city, from, to);
        }
        let done = AtomicBool::new(false);
        let (asked, answered, applied) = std::thread::scope(|threads| {
            let asking = threads.spawn(|| {
                let (mut asked, mut answered) = (Asked::default(), Answered::new());
                while !done.load(Ordering::Relaxed) {
                    for (host, path) in self.asked {
                        asked.note(&mut answered, &(*host, *path), &self.world.answers(host, path));
                    }
                    asked.times += 1;
                    std::thread::park_timeout(EVERY);
                }
                (asked, answered)
            });
            let consents = consents.iter().flat_map(|address| ["--replace", address]);
            let args: Vec<&str> = ["apply", self.city, "--yes"].into_iter().chain(consents).collect();
            let applied = self.world.run(&args);
            done.store(true, Ordering::Relaxed);
            let (asked, answered) = asking.join().unwrap();
            (asked, answered, applied)
        });
        assert_eq!(applied.code, Some(0), "{what}:\n{}\n{}", applied.out, applied.err);
        // Where nothing is to be done, it is over before somebody could ask six times.
        let enough = asked.times > 5 || applied.out.contains("No changes:");
        assert!(enough, "{what}: nobody asked");
        assert_eq!(asked.wrong, BTreeMap::new(), "{what}, asked {} times:\n{}", asked.times, applied.out);
        let again = self.world.run(&["plan", self.city, "--detailed-exitcode"]);
        assert_eq!(again.code, Some(0), "{what}: a second plan finds no changes:\n{}{}", again.out, again.err);
        answered
    }

    /// Who answers now.
    fn answers(&self, host: &str, path: &str) -> String {
        self.world.answers(host, path)[0]["service"].as_str().unwrap_or_default().to_owned()
    }
}

const WWW: &str = "www.velo-antwerpen.example";
const API: &str = "api.velo-antwerpen.example";

/// A service between the two of Antwerp.
const MAP: &str = "
  map:
    image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/bikes-web:2026.11.1
    cpu: 256
    memory: 512
    port: 8080
    health: { path: /healthz }
    hosts: [www.velo-antwerpen.example]
    paths: [/map/*]
    min: 2
    max: 4
  web:
";

#[test]
fn services_come_and_go_and_change_places_and_every_name_is_answered() {
    let antwerp =
        Living::new("antwerp", &[(WWW, "/"), (WWW, "/api/bikes"), (WWW, "/map/5"), (API, "/"), (API, "/api/bikes")]);
    let text = std::fs::read_to_string(antwerp.world.file("antwerp")).unwrap();

    let renamed = antwerp.change(
        "web becomes site",
        &[("\n  web:\n", "\n  site:\n")],
        &["alb/service.web", "alb/target-group.web"],
    );
    assert_eq!(renamed[&(WWW.to_owned(), "/".to_owned())], ["web", "site"]);
    let renamed = antwerp.change(
        "api becomes backend",
        &[("\n  api:\n", "\n  backend:\n")],
        &["alb/service.api", "alb/target-group.api"],
    );
    assert_eq!(renamed[&(WWW.to_owned(), "/api/bikes".to_owned())], ["api", "backend"], "and nobody else in between");

    antwerp.change(
        "as it was",
        &[("\n  site:\n", "\n  web:\n"), ("\n  backend:\n", "\n  api:\n")],
        &["alb/service.site", "alb/target-group.site", "alb/service.backend", "alb/target-group.backend"],
    );
    assert_eq!(std::fs::read_to_string(antwerp.world.file("antwerp")).unwrap(), text);

    let split = antwerp.change("map is split off web", &[("\n  web:\n", MAP)], &[]);
    assert_eq!(split[&(WWW.to_owned(), "/map/5".to_owned())], ["web", "map"]);
    assert_eq!(split[&(WWW.to_owned(), "/".to_owned())], ["web"]);
    let map = MAP.trim_end_matches("  web:\n");
    antwerp.change("map answers what is api's", &[("paths: [/map/*]", "paths: [/map/*, /api/map/*]")], &[]);
    assert_eq!(antwerp.answers(WWW, "/api/map/5"), "api", "whose rules come first");
    let map = map.replace("paths: [/map/*]", "paths: [/map/*, /api/map/*]");
    let first = format!("{map}  api:\n");
    let moved = antwerp.change("map is put first", &[(&map, "\n"), ("\n  api:\n", &first)], &[]);
    assert_eq!(moved[&(WWW.to_owned(), "/api/bikes".to_owned())], ["api"]);
    assert_eq!(antwerp.answers(WWW, "/api/map/5"), "map");
    let gone = antwerp.change("map is gone", &[(&map, "\n")], &["alb/service.map", "alb/target-group.map"]);
    assert_eq!(gone[&(WWW.to_owned(), "/map/5".to_owned())], ["map", "web"]);
}

const MALMO: &str = "www.malmobybike.example";

#[test]
fn what_a_service_is_made_of_changes_and_every_name_is_answered() {
    let malmo = Living::new("malmo", &[(MALMO, "/"), ("api.malmobybike.example", "/stations")]);
    malmo.change("another image", &[("bikes-web:2026.11.1", "bikes-web:2026.12.0")], &[]);
    malmo.change("another health path", &[("path: /healthz", "path: /ready")], &[]);
    malmo.change("another port", &[("port: 8080", "port: 8081")], &[]);
    let hosts = ["hosts: [www.malmobybike.example, ", "hosts: [neu.malmobybike.example, www.malmobybike.example, "];
    malmo.change("a host more", &[(hosts[0], hosts[1])], &["alb/certificate"]);
    malmo.change("a host less", &[(hosts[1], hosts[0])], &["alb/certificate"]);
    malmo.change("a zone more", &[("zones: [a, b]", "zones: [a, b, c]")], &[]);
    malmo.change("zones in another order", &[("zones: [a, b, c]", "zones: [a, c, b]")], &[]);
    malmo.change("hosts left out", &[("    hosts: [www.malmobybike.example, api.malmobybike.example]\n", "")], &[]);
}

/// The service scales to three tasks in the same plan: until then nobody is led to it.
#[test]
fn a_rule_leads_to_as_many_healthy_targets_as_its_service_needs() {
    let world = World::new();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    world.python("meddle.py", &["malmo", "rules-gone"]);
    let slow = json!({ "service": "application-autoscaling", "operation": "RegisterScalableTarget", "seconds": 2 });
    world.control("latency", &slow);
    world.edit("malmo", "    max: 8", "    min: 3\n    max: 8");
    let applied = world.run(&["apply", "malmo", "--yes"]).expect(0);
    let (waited, healthy) = (format!("{}{}", applied.out, applied.err), "has 2 of 3 healthy targets");
    assert!(waited.contains(healthy), "{waited}");
    assert_eq!(world.answers(MALMO, "/")[0]["status"], 200);
}

/// What a city's routes prove is asked for itself, where they say something else or nothing.
#[test]
fn untrue_routes_replace_nothing() {
    let world = World::new();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    for untrue in ["wrong", "missing"] {
        world.control("quirks", &json!({ "local_routes": untrue }));
        let plan = world.run(&["plan", "malmo", "--detailed-exitcode"]);
        assert_eq!(plan.code, Some(0), "local routes {untrue}: {}{}", plan.out, plan.err);
    }
    world.control("quirks", &json!({ "other_routes": "missing" }));
    let plan = world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    for change in plan[0]["plan"]["changes"].as_array().unwrap() {
        assert_eq!((&change["action"], &change["kind"]), (&json!("update"), &json!("ec2:route-table")), "{change}");
    }
    world.control("quirks", &json!({}));
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
}
