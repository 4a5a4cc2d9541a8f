//! Ways to go with a move, the same for both engines.

use super::world::{Cut, Here, switch, switch_cut_off};
use migrate::database::engine::Gate;
use migrate::database::{Engine, Side};
use std::time::{Duration, Instant};

/// The steps of a switch.
pub const STEPS: [&str; 12] = [
    "make ready",
    "freeze writes",
    "let transactions end",
    "apply the last changes",
    "set sequences",
    "compare",
    "arm the way back",
    "hand over",
    "open",
    "point the service",
    "smoke test",
    "end the old stream",
];

/// How long this machine may take to look at both sides.
pub const SEEN: Duration = Duration::from_secs(5);

/// Runs something at a step's beginning, in the midst of a switch.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

/// Goes there, back, and there again, with a while in between: how long each way interrupted.
pub async fn there_and_back_and_there(engine: &dyn Engine, pointer: &Here, budget: Duration) -> [Option<Duration>; 3] {
    let there = switch(engine, pointer, Side::Old, budget).await.unwrap();
    let gates = (engine.gate(Side::Old).await.unwrap(), engine.gate(Side::New).await.unwrap());
    assert_eq!(gates, (Gate::Given, Gate::Open));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let back = switch(engine, pointer, Side::New, budget).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let again = switch(engine, pointer, Side::Old, budget).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    [there, back, again]
}

/// Goes there and back in turn, cut off at one step after the other, and each time to the end with a conductor that knows nothing
/// of the first: which side serves at last.
pub async fn cut_off_at_each_step<E: Engine>(conductor: impl Fn() -> E, pointer: &Here, budget: Duration) -> Side {
    let mut from = Side::Old;
    for (index, step) in STEPS.iter().enumerate() {
        // Before the step has done anything, or in the midst of it.
        let cut = Cut { step, after: Duration::from_millis(3 * (index as u64 % 2)) };
        assert!(switch_cut_off(&conductor(), pointer, from, budget, cut).await, "{step} was never reached");
        let begun = Instant::now();
        let engine = conductor();
        let serving = loop {
            let both = (engine.gate(Side::Old).await.unwrap(), engine.gate(Side::New).await.unwrap());
            if both.0.serves() || both.1.serves() {
                break both;
            }
            // By its own clock; how long it takes to be seen depends on how busy this machine is.
            assert!(!matches!(both.0, Gate::Frozen(left) if left > budget), "cut off at {step}: {both:?}");
            assert!(begun.elapsed() < SEEN + budget, "cut off at {step}, nobody serves: {both:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert!(!(serving.0.serves() && serving.1.serves()), "cut off at {step}: {serving:?}");
        // A process that knows nothing of the first one.
        let done = switch(&engine, pointer, from, budget).await;
        done.unwrap_or_else(|error| panic!("going on after {step}: {error}"));
        from = from.other();
    }
    from
}
