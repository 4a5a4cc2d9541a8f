//! The engine's promises, tested on the cloud in memory in virtual time.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod living;

use super::cloud::Cloud;
use super::events::Silent;
use super::executor::{Executor, Outcome};
use super::input::output;
use super::kind::{Identity, KindInfo, Latency, ReplaceOrder};
use super::memory::script::{Fault, Script};
use super::memory::{Kinds, MemoryCloud};
use super::plan::{Action, Goal, Plan};
use super::wait::Pace;
use super::{Desired, Input, planner};
use crate::state::{Ledger, MemoryStore, State, Store};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

static NETWORK: KindInfo =
    KindInfo { immutable: &["cidr"], ..KindInfo::new("t:network", Identity::Mark { made_by: "t:network" }) };
static DATABASE: KindInfo = KindInfo {
    settles: true,
    vanishes: true,
    create: Latency::measured(420, 900, 1700),
    delete: Latency::measured(60, 180, 300),
    ..KindInfo::new("t:database", Identity::Same(&["network"]))
};
static REVISION: KindInfo = KindInfo { volatile: &["arn"], ..KindInfo::new("t:revision", Identity::Token) };
static GROUP: KindInfo = KindInfo {
    immutable: &["port", "network"],
    replace: ReplaceOrder::CreateFirst,
    ..KindInfo::new("t:group", Identity::Taken(&["port", "network"]))
};
static SERVICE: KindInfo = KindInfo {
    settles: true,
    vanishes: true,
    create: Latency::estimated(60, 150, 600),
    ..KindInfo::new("t:service", Identity::Token)
};
static RECORDS: KindInfo = KindInfo {
    lingers: true,
    delete: Latency::documented(60, 120, 120),
    ..KindInfo::new("t:records", Identity::Same(&["network"]))
};
static KINDS: &[&KindInfo] = &[&NETWORK, &DATABASE, &REVISION, &GROUP, &SERVICE, &RECORDS, &living::LEADER];
const ALL: Kinds = Kinds {
    info: |kind| KINDS.iter().copied().find(|info| info.name == kind),
    canonical: |_, props| Ok(props.clone()),
};

fn city(image: &str, port: u16) -> Vec<Desired> {
    let id = |from: &str| -> Input { output(from, "id") };
    vec![
        Desired::new("t:network", "net/network", &json!({ "cidr": "10.0.0.0/16" })),
        Desired::new("t:database", "data/database", &json!({ "network": id("net/network"), "size": 5 })),
        Desired::new("t:group", "web/group", &json!({ "network": id("net/network"), "port": port })),
        Desired::new("t:revision", "web/revision", &json!({ "image": image, "database": id("data/database") })),
        Desired::new(
            "t:service",
            "web/service",
            &json!({ "revision": output::<String>("web/revision", "arn"), "group": id("web/group") }),
        ),
    ]
}

struct World {
    cloud: MemoryCloud,
    store: Arc<MemoryStore>,
}

impl World {
    fn new() -> Self {
        Self { cloud: MemoryCloud::new(ALL, "test", Arc::new(Script::new(0, true))), store: Arc::default() }
    }

    fn addresses(&self) -> Vec<String> {
        self.cloud.account().things().map(|(_, thing)| thing.address.clone()).collect()
    }

    /// The creates, updates and deletes so far.
    fn changes(&self) -> Vec<String> {
        let moments = self.cloud.script.moments();
        moments.into_iter().filter(|moment| !moment.starts_with("read")).collect()
    }

    async fn state(&self) -> (State, Option<String>) {
        match self.store.get("cities/test/state.json").await.unwrap() {
            Some(object) => (State::parse(&object.bytes, "test").unwrap(), Some(object.etag)),
            None => (State::new("test", "1", "r"), None),
        }
    }

    async fn plan(&self, desired: &[Desired]) -> Plan {
        let (state, _) = self.state().await;
        planner::plan(&self.cloud, desired.to_vec(), &state, Goal::City, state.lookups.clone()).await.unwrap()
    }

    async fn run(&self, plan: &Plan, stop: watch::Receiver<bool>) -> Outcome {
        let (state, etag) = self.state().await;
        let ledger = Ledger::new(self.store.clone(), state, etag, "test");
        Executor { plan, cloud: &self.cloud, ledger: &ledger, observer: &Silent, pace: Pace::REAL, stop, gate: None }
            .run()
            .await
    }

    async fn apply(&self, desired: &[Desired]) -> Outcome {
        let plan = self.plan(desired).await;
        self.run(&plan, watch::channel(false).1).await
    }

    async fn actions(&self, desired: &[Desired]) -> Vec<(String, Action)> {
        self.plan(desired).await.changes.iter().map(|c| (c.address.to_string(), c.action)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_city_is_made_once_and_a_second_apply_changes_nothing() {
    let world = World::new();
    let begun = tokio::time::Instant::now();
    let outcome = world.apply(&city("a", 80)).await;
    assert!(outcome.failures.is_empty(), "{outcome:?}");
    // The database (900 s) and the service that needs it (150 s) are the critical path; nothing else adds to it.
    let took = begun.elapsed().as_secs();
    assert!((1050..1080).contains(&took), "{took}");
    assert_eq!(world.addresses().len(), 5);
    assert!(world.plan(&city("a", 80)).await.is_empty());
    let (state, _) = world.state().await;
    assert_eq!(state.resources.len(), 5);
    assert_eq!(state.phases.keys().collect::<Vec<_>>(), ["data", "net", "web"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_image_changes_the_revision_and_what_refers_to_it() {
    let world = World::new();
    world.apply(&city("a", 80)).await;
    let changes = world.actions(&city("b", 80)).await;
    assert_eq!(changes, [("web/revision".into(), Action::Update), ("web/service".into(), Action::Update)]);
    world.apply(&city("b", 80)).await;
    assert!(world.plan(&city("b", 80)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_replacement_comes_first_and_the_old_one_goes_last() {
    let world = World::new();
    world.apply(&city("a", 80)).await;
    let before = world.changes().len();
    let outcome = world.apply(&city("a", 81)).await;
    assert!(outcome.failures.is_empty(), "{outcome:?}");
    assert_eq!(world.changes()[before..], ["create web/group", "update web/service", "delete web/group"]);
    assert_eq!(world.addresses().len(), 5);
    assert!(world.state().await.0.deposed.is_empty());
    assert!(world.plan(&city("a", 81)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn drift_is_told_and_mended_and_what_vanished_comes_back() {
    let world = World::new();
    world.apply(&city("a", 80)).await;
    for (_, thing) in world.cloud.account().things_mut().filter(|(_, thing)| thing.address == "data/database") {
        thing.props["size"] = json!(1);
    }
    let plan = world.plan(&city("a", 80)).await;
    assert_eq!(plan.changes.len(), 1);
    assert!(plan.changes[0].fields[0].drift && plan.changes[0].fields[0].path == "size");
    world.cloud.account().remove(|thing| thing.address == "web/service");
    let actions = world.actions(&city("a", 80)).await;
    assert_eq!(actions, [("data/database".into(), Action::Update), ("web/service".into(), Action::Create)]);
    world.apply(&city("a", 80)).await;
    assert!(world.plan(&city("a", 80)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn destroy_goes_back_the_way_and_leaves_nothing() {
    let world = World::new();
    world.apply(&city("a", 80)).await;
    let outcome = world.apply(&[]).await;
    assert!(outcome.failures.is_empty(), "{outcome:?}");
    assert!(world.addresses().is_empty());
    assert!(world.state().await.0.resources.is_empty());
}

/// The process dies at any moment: the next one finishes, and nothing is there twice.
#[tokio::test(start_paused = true)]
async fn killed_anywhere_it_goes_on_with_nothing_made_twice() {
    for deciseconds in (0..11_000).step_by(173).chain(0..30) {
        let world = World::new();
        let plan = world.plan(&city("a", 80)).await;
        let run = world.run(&plan, watch::channel(false).1);
        // Dropping the future is what a kill leaves behind: no clean-up runs.
        let _ = tokio::time::timeout(Duration::from_millis(deciseconds * 100 + 1), run).await;
        let outcome = world.apply(&city("a", 80)).await;
        assert!(outcome.failures.is_empty(), "killed after {deciseconds}: {outcome:?}");
        assert_eq!(world.addresses().len(), 5, "killed after {deciseconds}: {:?}", world.addresses());
        assert!(world.plan(&city("a", 80)).await.is_empty(), "killed after {deciseconds}");
    }
}

/// Each create in turn is throttled, unavailable, or answers into the void.
#[tokio::test(start_paused = true)]
async fn faults_that_pass_are_survived_without_duplicates() {
    let passing = [
        Fault::Throttled,
        Fault::Internal,
        Fault::Reset,
        Fault::NotYet,
        Fault::Half,
        Fault::Lost,
        Fault::Hung,
        Fault::Hidden,
    ];
    for fault in passing {
        for address in ["net/network", "data/database", "web/group", "web/revision", "web/service"] {
            let world = World::new();
            world.cloud.script.named(&format!("create {address}"), fault);
            let outcome = world.apply(&city("a", 80)).await;
            assert!(outcome.failures.is_empty(), "{fault:?} at {address}: {outcome:?}");
            assert_eq!(world.addresses().len(), 5, "{fault:?} at {address}");
            assert!(world.plan(&city("a", 80)).await.is_empty(), "{fault:?} at {address}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_final_fault_stops_what_depends_on_it_and_nothing_else() {
    let world = World::new();
    world.cloud.script.named("create data/database", Fault::Denied);
    let outcome = world.apply(&city("a", 80)).await;
    let [failure] = &outcome.failures[..] else { panic!("{outcome:?}") };
    assert!(failure.why.to_string().contains("injected"));
    assert_eq!(outcome.done.len() + outcome.left.len() + 1, 5);
    assert!(world.apply(&city("a", 80)).await.failures.is_empty());
}

#[tokio::test(start_paused = true)]
async fn stopping_finishes_the_calls_in_flight_and_records_them() {
    let world = World::new();
    let plan = world.plan(&city("a", 80)).await;
    let (tell, stop) = watch::channel(false);
    let run = world.run(&plan, stop);
    let interrupt = async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        tell.send_replace(true);
        std::future::pending::<()>().await
    };
    let outcome = tokio::select! { outcome = run => outcome, () = interrupt => unreachable!() };
    assert!(outcome.stopped && outcome.failures.is_empty());
    let (state, _) = world.state().await;
    let database = &state.resources[&"data/database".into()];
    assert_ne!(database.outputs, Value::Null, "the id is on record although it isn't ready");
    assert!(world.apply(&city("a", 80)).await.failures.is_empty());
    assert_eq!(world.addresses().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_lingers_is_waited_out_before_what_it_led_to_goes_and_anew_after_a_stop() {
    let world = World::new();
    let props = json!({ "network": output::<Input>("net/network", "id") });
    let records = Desired::new("t:records", "web/records", &props);
    let network = Desired::new("t:network", "net/network", &json!({ "cidr": "10.0.0.0/16" }));
    assert!(world.apply(&[network, records]).await.failures.is_empty());
    let plan = world.plan(&[]).await;
    let (tell, stop) = watch::channel(false);
    let interrupt = async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        tell.send_replace(true);
    };
    let (outcome, ()) = tokio::join!(world.run(&plan, stop), interrupt);
    assert!(outcome.stopped && outcome.failures.is_empty(), "{outcome:?}");
    assert_eq!(world.addresses(), ["net/network"], "the records are gone, what they led to is there");
    let begun = tokio::time::Instant::now();
    assert!(world.apply(&[]).await.failures.is_empty());
    assert!(begun.elapsed() >= Duration::from_secs(120), "nobody knows how long ago they went");
    assert!(world.addresses().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kind_is_refused_before_anything_is_touched() {
    let world = World::new();
    let odd = [Desired::new("t:odd", "net/odd", &json!({}))];
    let (state, _) = world.state().await;
    assert!(planner::plan(&world.cloud, odd.to_vec(), &state, Goal::City, state.lookups.clone()).await.is_err());
    assert!(world.cloud.info("t:odd").is_none());
}
