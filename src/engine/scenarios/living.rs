//! A city that serves: what users notice waits for its gate, and nothing is concluded from a proof that is missing.

use super::*;
use crate::engine::CloudResult;
use crate::engine::cloud::{Look, Observed, Order, Sought};
use crate::engine::executor::{Gate, Keeper};
use crate::engine::notice::{self, Notice};

pub static LEADER: KindInfo = KindInfo {
    leads: true,
    notice: |_| Some(Notice::moved("users go")),
    ..KindInfo::new("t:leader", Identity::Same(&["service"]))
};

/// A city with what leads users to it, and something beside it that comes after that.
fn led() -> Vec<Desired> {
    let mut all = city("a", 80);
    let service = json!({ "service": output::<String>("web/service", "id") });
    all.push(Desired::new("t:leader", "users/leader", &service));
    let behind = json!({ "image": output::<String>("users/leader", "id") });
    all.push(Desired::new("t:revision", "users/behind", &behind));
    all
}

struct Clock(bool, std::sync::atomic::AtomicUsize);

impl Keeper for Clock {
    fn opens(&self) -> bool {
        self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.0
    }
}

#[tokio::test(start_paused = true)]
async fn what_users_notice_waits_until_all_else_is_done_and_the_gate_is_open() {
    let world = World::new();
    let run = async |open: bool| {
        let plan = world.plan(&led()).await;
        let behind = notice::noticed(&plan, &notice::terms(&plan, &world.cloud));
        assert_eq!(behind, ["users/behind".into(), "users/leader".into()].into());
        let (state, etag) = world.state().await;
        let ledger = Ledger::new(world.store.clone(), state, etag, "test");
        let keeper = Clock(open, Default::default());
        let gate = Some(Gate { behind, keeper: &keeper });
        let (_tell, stop) = watch::channel(false);
        let cloud = &world.cloud;
        let run = Executor { plan: &plan, cloud, ledger: &ledger, observer: &Silent, pace: Pace::REAL, stop, gate };
        let outcome = run.run().await;
        assert_eq!(keeper.1.into_inner(), 1, "asked once");
        outcome
    };
    let held = run(false).await;
    assert!(held.held && held.failures.is_empty() && held.done.len() == 5, "{held:?}");
    assert_eq!(held.left, ["users/leader".into(), "users/behind".into()]);
    let whole = run(true).await;
    assert!(!whole.held && whole.left.is_empty() && whole.done.len() == 2, "{whole:?}");
}

/// A cloud whose look at a whole city lacks the proof of a network.
struct Blind<'a>(&'a MemoryCloud);

#[async_trait::async_trait]
impl Cloud for Blind<'_> {
    fn info(&self, kind: &str) -> Option<&'static KindInfo> {
        self.0.info(kind)
    }
    fn canonical(&self, kind: &str, props: &Value) -> CloudResult<Value> {
        self.0.canonical(kind, props)
    }
    async fn read(&self, sought: &[Sought]) -> CloudResult<Vec<Option<Observed>>> {
        self.0.read(sought).await
    }
    async fn look(&self, sought: &[Sought]) -> CloudResult<Look> {
        let mut observed = self.0.read(sought).await?;
        for (one, found) in sought.iter().zip(&mut observed) {
            *found = found.take().filter(|_| one.kind != "t:network");
        }
        Ok(Look { observed, strays: Vec::new() })
    }
    async fn create(&self, order: &Order) -> CloudResult<Value> {
        self.0.create(order).await
    }
    async fn update(&self, order: &Order) -> CloudResult<Value> {
        self.0.update(order).await
    }
    async fn delete(&self, order: &Order) -> CloudResult<()> {
        self.0.delete(order).await
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_replaced_or_made_again_because_a_proof_is_missing() {
    let world = World::new();
    assert!(world.apply(&city("a", 80)).await.failures.is_empty());
    let (state, _) = world.state().await;
    let blind = Blind(&world.cloud);
    let plan = async |desired: Vec<Desired>| {
        planner::plan(&blind, desired, &state, Goal::City, state.lookups.clone()).await.unwrap()
    };
    assert!(plan(city("a", 80)).await.is_empty());
    let moved = plan(city("a", 81)).await;
    let names: Vec<&str> = moved.changes.iter().map(|change| change.address.as_str()).collect();
    assert_eq!(names, ["web/group", "web/service"], "what really differs is told");
}
