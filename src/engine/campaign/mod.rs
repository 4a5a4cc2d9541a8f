//! The fault campaign: every call of an apply and of a destroy of the three real cities, and every fault at each of them; then storms of
//! several faults at once, from seeds. docs/reliability.md explains it; tests/faults.sh runs it at length.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod case;
mod report;
mod store;
mod town;
mod world;

use super::memory::calls::Verb;
use super::memory::script::Script;
use super::memory::{Account, Dice, MemoryCloud};
use super::rates::Rates;
use case::{Case, FAULTS, Ground};
use report::Report;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use town::{REAL, Town, copies, towns};
use world::{Aim, Fixture, World};

/// Virtual time: hours pass in milliseconds.
fn clock() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// The three cities, built once for all tests.
static GROUNDS: LazyLock<Vec<Ground>> = LazyLock::new(|| towns().into_iter().map(ground).collect());

fn ground(town: Town) -> Ground {
    let standing = clock().block_on(async {
        let world = World::new(&town, Aim::Build, 0, true, &Fixture::default()).await;
        world.finish().await.unwrap();
        assert!(world.judge().await.untrue.is_empty(), "{:?}", world.judge().await);
        world.fixture().await
    });
    Ground { town, standing }
}

/// Every fault at every moment of every city's build, change and end; `count` of them, at random.
fn sweep(grounds: &[Ground], seed: u64, count: usize) -> Vec<Case> {
    let mut all = Vec::new();
    for (town, ground) in grounds.iter().enumerate() {
        for aim in [Aim::Build, Aim::Change, Aim::Destroy] {
            let calm = Case { town, aim, seed, faults: BTreeMap::new() };
            let moments = clock().block_on(calm.moments(ground));
            for (moment, name) in moments.iter().enumerate() {
                let fits = |fault| Verb::of(name).map_or_else(|| store::fits(fault), |verb| verb.fits(fault));
                let one = |fault| Case { faults: [(moment, fault)].into(), ..calm.clone() };
                all.extend(FAULTS.into_iter().filter(|fault| fits(*fault)).map(one));
            }
        }
    }
    // The same for the same seed, and for more runs the same and more.
    let mut shuffled: Vec<(u64, Case)> =
        all.into_iter().enumerate().map(|(n, case)| (Dice(seed).throw(n as u64, u64::MAX), case)).collect();
    shuffled.sort_by_key(|(place, _)| *place);
    shuffled.into_iter().map(|(_, case)| case).take(count).collect()
}

/// A short form; tests/faults.sh runs the long one. `CAMPAIGN_RUNS`: so many seeds, from `CAMPAIGN_SEED` on, and as many of the sweep's cases.
/// `CAMPAIGN_THREADS`: so many at once. `CAMPAIGN_REPORT`: the file that the table goes to.
#[test]
fn nothing_is_lost_and_nothing_is_there_twice() {
    let (runs, seed) = (number("CAMPAIGN_RUNS", 12), number("CAMPAIGN_SEED", 1));
    let grounds = &*GROUNDS;
    let mut cases = sweep(grounds, seed, runs as usize);
    cases.extend((seed..seed + runs).map(Case::storm));
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..number("CAMPAIGN_THREADS", 2) {
            scope.spawn(|| {
                let mut mine = Report::default();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ground = &grounds[case.town];
                    mine.add(case, &clock().block_on(case.play(ground)));
                }
                report.lock().unwrap().merge(mine);
            });
        }
    });
    let report = report.into_inner().unwrap();
    if let Ok(file) = std::env::var("CAMPAIGN_REPORT") {
        std::fs::write(file, format!("seeds {seed} to {}\n{}", seed + runs - 1, report.render())).unwrap();
    }
    assert!(report.failed().is_empty(), "the first: {}", report.failed()[0]);
}

/// Eight cities of one account at once, in one process: they share the account's rates, and none is ever turned away.
#[test]
fn a_client_that_keeps_to_the_rates_is_never_turned_away() {
    let turned_away = |rates: Option<Arc<Rates>>| {
        let account: Arc<Mutex<Account>> = Arc::default();
        let towns = copies(8);
        clock().block_on(async {
            let mut worlds = Vec::new();
            for town in &towns {
                let mut world = World::new(town, Aim::Build, 1, true, &Fixture::default()).await;
                let script = Arc::new(Script::new(1, true));
                world.cloud = MemoryCloud {
                    rates: rates.clone(),
                    account: account.clone(),
                    ..MemoryCloud::new(REAL, &town.name, script)
                };
                worlds.push(world);
            }
            let all = futures_util::future::join_all(worlds.iter().map(World::finish)).await;
            if rates.is_some() {
                assert!(all.iter().all(Result::is_ok), "{all:?}");
                assert_eq!(account.lock().unwrap().things().count(), 8 * towns[0].built.len());
            }
        });
        let account = account.lock().unwrap();
        account.turned_away
    };
    assert_eq!(turned_away(Some(Arc::new(Rates::new(1.0)))), 0);
    assert!(turned_away(None) > 0, "without the client's own limit AWS turns some away");
}

/// The same seed, the same run: otherwise a seed that failed couldn't be looked at.
#[test]
fn a_seed_repeats_its_run() {
    let case = Case::storm(5);
    let once = || format!("{:?}", clock().block_on(case.play(&GROUNDS[case.town])));
    assert_eq!(once(), once());
}
