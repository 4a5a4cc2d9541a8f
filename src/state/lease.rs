//! A lock that is held: renewed while its holder lives, and looked at before every call that changes something.

use super::layout;
use super::lock::{Holder, LockError, Opening, look};
use super::store::{Condition, Store, StoreError};
use crate::engine::cloud::{Cloud, Look, Observed, Order, Sought, Stray};
use crate::engine::kind::KindInfo;
use crate::engine::{CloudError, CloudResult, ErrorClass};
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::time::Instant;

/// A lock that is held. Dropping it without [`Lease::release`] leaves the object there until its lease runs out.
pub struct Lease {
    keeper: Arc<Keeper>,
    heartbeat: tokio::task::JoinHandle<()>,
}

struct Keeper {
    store: Arc<dyn Store>,
    city: String,
    held: tokio::sync::Mutex<Held>,
    until: Mutex<Until>,
    lost: watch::Sender<bool>,
}

struct Held {
    holder: Holder,
    etag: String,
}

/// When the lease runs out. Both clocks must agree that it hasn't: the monotonic one stands still while the machine sleeps, the other one
/// may be set back.
#[derive(Clone, Copy)]
struct Until {
    monotonic: Instant,
    clock: Timestamp,
}

impl Until {
    /// Counted from before the request that renews it, so that it never ends later than others believe.
    fn of(holder: &Holder, asked: Instant) -> Self {
        Self { monotonic: asked + holder.lease(), clock: holder.expires }
    }

    fn holds(self) -> bool {
        Instant::now() < self.monotonic && Timestamp::now() < self.clock
    }
}

impl Lease {
    /// Takes the lock of `city`, and keeps renewing it.
    pub async fn take(
        store: Arc<dyn Store>,
        city: &str,
        holder: &Holder,
        opening: &Opening,
    ) -> Result<Self, LockError> {
        let (asked, holder) = (Instant::now(), holder.renewed());
        let etag = match store.put(&layout::lock(city), bytes(&holder), &opening.condition).await {
            Ok(etag) => etag,
            Err(StoreError::Conflict { key }) => match look(&*store, city).await? {
                // Our own first attempt, whose answer was lost.
                Some((there, etag)) if there.id == holder.id => etag,
                Some((other, _)) => return Err(LockError::Held(Box::new(other))),
                None => return Err(StoreError::Conflict { key }.into()),
            },
            Err(error) => return Err(error.into()),
        };
        let until = Mutex::new(Until::of(&holder, asked));
        let held = tokio::sync::Mutex::new(Held { holder, etag });
        let keeper = Arc::new(Keeper { store, city: city.into(), held, until, lost: watch::channel(false).0 });
        let heartbeat = tokio::spawn(beat(keeper.clone()));
        Ok(Self { keeper, heartbeat })
    }

    /// Turns true when the lease was lost: somebody else holds the city, or it couldn't be renewed in time.
    pub fn lost(&self) -> watch::Receiver<bool> {
        self.keeper.lost.subscribe()
    }

    /// Whether the lease holds now; one that has run out unnoticed (the process was suspended) is renewed if nobody has taken it.
    pub async fn holds(&self) -> bool {
        self.keeper.holds().await
    }

    /// Gives the lock back.
    pub async fn release(self) -> Result<(), StoreError> {
        // Not in the middle of a renewal, whose tag nobody would know then.
        let held = self.keeper.held.lock().await;
        self.heartbeat.abort();
        match self.keeper.store.delete(&layout::lock(&self.keeper.city), &held.etag).await {
            Err(StoreError::Conflict { .. }) => Ok(()), // it is somebody else's by now
            other => other,
        }
    }
}

fn bytes(holder: &Holder) -> Vec<u8> {
    serde_json::to_vec_pretty(holder).unwrap_or_default()
}

async fn beat(keeper: Arc<Keeper>) {
    let pause = keeper.held.lock().await.holder.renewal();
    loop {
        tokio::time::sleep(pause).await;
        let mut held = keeper.held.lock().await;
        keeper.renew(&mut held).await;
        if *keeper.lost.borrow() {
            return;
        }
    }
}

impl Keeper {
    async fn holds(&self) -> bool {
        if *self.lost.borrow() {
            return false;
        }
        if self.until().holds() {
            return true;
        }
        let mut held = self.held.lock().await;
        if !self.until().holds() && !*self.lost.borrow() {
            self.renew(&mut held).await;
        }
        !*self.lost.borrow() && self.until().holds()
    }

    fn until(&self) -> Until {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn renew(&self, held: &mut Held) {
        let (asked, next) = (Instant::now(), held.holder.renewed());
        let condition = Condition::Unchanged(held.etag.clone());
        let etag = match self.store.put(&layout::lock(&self.city), bytes(&next), &condition).await {
            Ok(etag) => etag,
            Err(StoreError::Conflict { .. }) => match look(&*self.store, &self.city).await {
                // Our own renewal, whose answer was lost.
                Ok(Some((there, etag))) if there == next => etag,
                _ => {
                    self.lost.send_replace(true);
                    return;
                }
            },
            Err(error) => {
                tracing::warn!(%error, "the lease couldn't be renewed");
                if !self.until().holds() {
                    self.lost.send_replace(true);
                }
                return;
            }
        };
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Until::of(&next, asked);
        *held = Held { holder: next, etag };
    }
}

/// A cloud in which nothing is changed unless the lease holds.
///
/// A process that was suspended for longer than its lease finds, when it wakes up, that somebody else holds the city: its next write of the
/// state fails by its tag, and here its next call. What remains possible is one call each that was looked at here before the process
/// was suspended and leaves the machine when it wakes up: AWS knows no fencing. Such a call was on record before; it bears the token
/// or the name that the new holder's repetition of it bears too, and the tags by which it is found.
pub struct Fenced<'a> {
    /// The cloud itself.
    pub cloud: &'a dyn Cloud,
    /// What must hold.
    pub lease: &'a Lease,
}

impl Fenced<'_> {
    async fn check(&self, order: &Order) -> CloudResult<()> {
        if self.lease.holds().await {
            return Ok(());
        }
        let message = format!("the lease on the city was lost, so the call for {} was not made", order.address);
        Err(CloudError { class: ErrorClass::Other, call: "migrate".into(), code: "LeaseLost".into(), message })
    }
}

#[async_trait]
impl Cloud for Fenced<'_> {
    fn info(&self, kind: &str) -> Option<&'static KindInfo> {
        self.cloud.info(kind)
    }

    fn canonical(&self, kind: &str, props: &Value) -> CloudResult<Value> {
        self.cloud.canonical(kind, props)
    }

    async fn read(&self, sought: &[Sought]) -> CloudResult<Vec<Option<Observed>>> {
        self.cloud.read(sought).await
    }

    async fn look(&self, sought: &[Sought]) -> CloudResult<Look> {
        self.cloud.look(sought).await
    }

    async fn strays(&self, known: &[Sought]) -> CloudResult<Vec<Stray>> {
        self.cloud.strays(known).await
    }

    fn named(&self, kind: &str, id: &str) -> Option<Value> {
        self.cloud.named(kind, id)
    }

    async fn find(&self, sought: &Sought) -> CloudResult<Option<Observed>> {
        self.cloud.find(sought).await
    }

    async fn adopt(&self, order: &Order) -> CloudResult<()> {
        self.check(order).await?;
        self.cloud.adopt(order).await
    }

    async fn create(&self, order: &Order) -> CloudResult<Value> {
        self.check(order).await?;
        self.cloud.create(order).await
    }

    async fn update(&self, order: &Order) -> CloudResult<Value> {
        self.check(order).await?;
        self.cloud.update(order).await
    }

    async fn delete(&self, order: &Order) -> CloudResult<()> {
        self.check(order).await?;
        self.cloud.delete(order).await
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::lock::opening;
    use super::super::store::MemoryStore;
    use super::*;
    use std::time::Duration;

    const KEY: &str = "cities/malmo/lock.json";

    async fn take(store: &Arc<dyn Store>, doing: &str) -> Result<Lease, LockError> {
        let opening = opening(&**store, "malmo", |_| ()).await?;
        Lease::take(store.clone(), "malmo", &Holder::me(doing, 60), &opening).await
    }

    fn dead() -> Vec<u8> {
        let expires = Timestamp::now() - Duration::from_secs(1);
        bytes(&Holder { expires, ..Holder::me("apply", 60) })
    }

    #[tokio::test(start_paused = true)]
    async fn one_holder_at_a_time_and_a_dead_one_is_replaced() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let first = take(&store, "apply").await.unwrap();
        let refused = take(&store, "apply").await.err().unwrap();
        assert!(refused.to_string().contains("is busy with `apply` since"), "{refused}");
        first.release().await.unwrap();

        store.put(KEY, dead(), &Condition::Absent).await.unwrap();
        let second = take(&store, "destroy").await.unwrap();
        assert_eq!(look(&*store, "malmo").await.unwrap().unwrap().0.doing, "destroy");
        second.release().await.unwrap();
        assert!(look(&*store, "malmo").await.unwrap().is_none());
    }

    /// Its lease has run out by our clock, but it goes on renewing it: our clock is fast.
    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_fast_takes_nothing_from_the_living() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let etag = store.put(KEY, dead(), &Condition::Absent).await.unwrap();
        let living = async {
            tokio::time::sleep(Duration::from_secs(15)).await;
            store.put(KEY, dead(), &Condition::Unchanged(etag)).await.unwrap();
        };
        let (refused, ()) = tokio::join!(opening(&*store, "malmo", |_| ()), living);
        assert!(matches!(refused, Err(LockError::Held(_))), "{refused:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_heartbeat_keeps_it_and_notices_when_somebody_else_has_it() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let lease = take(&store, "apply").await.unwrap();
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert!(lease.holds().await && !*lease.lost().borrow());
        let (_, etag) = look(&*store, "malmo").await.unwrap().unwrap();
        store.delete(KEY, &etag).await.unwrap();
        store.put(KEY, bytes(&Holder::me("destroy", 60)), &Condition::Absent).await.unwrap();
        lease.lost().wait_for(|lost| *lost).await.unwrap();
        assert!(!lease.holds().await);
        lease.release().await.unwrap();
        assert_eq!(look(&*store, "malmo").await.unwrap().unwrap().0.doing, "destroy", "it isn't ours to release");
    }

    /// As after SIGSTOP: the heartbeat didn't run while time passed.
    #[tokio::test(start_paused = true)]
    async fn whoever_slept_looks_before_it_acts() {
        for taken in [false, true] {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
            let lease = take(&store, "apply").await.unwrap();
            lease.heartbeat.abort();
            tokio::time::advance(Duration::from_secs(61)).await;
            if taken {
                let (_, etag) = look(&*store, "malmo").await.unwrap().unwrap();
                let other = bytes(&Holder::me("destroy", 60));
                store.put(KEY, other, &Condition::Unchanged(etag)).await.unwrap();
            }
            assert_eq!(lease.holds().await, !taken, "taken by somebody else: {taken}");
        }
    }
}
