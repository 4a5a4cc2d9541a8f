//! Takes a city's lock, waiting for it if asked to.

use super::exit::Hint;
use super::globals::Globals;
use super::interrupt::Interrupt;
use super::open::Opened;
use crate::spec::form::Seconds;
use crate::state::fence::fence;
use crate::state::lock::{Holder, LockError, author, opening};
use crate::state::{Lease, StoreError};
use crate::view::note;
use crate::view::values::duration;
use anyhow::{Context, anyhow};
use std::time::{Duration, Instant};

/// What a command that changes a city understands of its lock.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Hold {
    /// If somebody else is busy with the city, wait until they are done: as long as it takes, or `--wait=10m`.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true)]
    wait: Option<Option<Seconds>>,
}

impl Hold {
    /// How long to wait.
    fn patience(self) -> Duration {
        self.wait.map_or(Duration::ZERO, |limit| limit.map_or(Duration::MAX, Seconds::duration))
    }
}

/// How often the lock is looked at, and how often it is said that it still is.
const LOOK: Duration = Duration::from_secs(2);
const TELL: Duration = Duration::from_secs(60);

/// Takes the lock for `doing`.
pub async fn take(
    globals: &Globals,
    city: &Opened,
    doing: &str,
    args: Hold,
    interrupt: &Interrupt,
) -> anyhow::Result<Lease> {
    let name = &city.city.name;
    let me = Holder::me(doing, globals.lease_seconds);
    let begun = Instant::now();
    let mut told: Option<(Holder, Instant)> = None;
    loop {
        let watching = |dead: &Holder| {
            let seconds = dead.lease().as_secs() / 3;
            note(&format!(
                "the lease of {} on {} has run out; seeing for {seconds} s whether it is renewed",
                dead.who, dead.host
            ));
        };
        let taken = match interrupt.or(opening(&*city.store, name, watching)).await? {
            Ok(opening) => Lease::take(city.store.clone(), name, &me, &opening).await.map(|lease| (lease, opening)),
            Err(error) => Err(error),
        };
        let holder = match taken {
            Ok((lease, opening)) => {
                if let Some(dead) = opening.dead {
                    take_over(city, &lease, &dead).await?;
                }
                return Ok(lease);
            }
            Err(LockError::Held(holder)) => holder,
            Err(LockError::Store(error)) => return Err(unlockable(globals, city, error)),
        };
        let waited = begun.elapsed();
        if waited >= args.patience() {
            return Err(held(globals, city, doing, *holder, waited));
        }
        let news = told.as_ref().is_none_or(|(before, at)| before.id != holder.id || at.elapsed() >= TELL);
        if news {
            let so_far = duration(u32::try_from(waited.as_secs()).unwrap_or(u32::MAX));
            note(&format!("waiting for {name} ({so_far}): {}", LockError::Held(holder.clone())));
            told = Some((*holder, Instant::now()));
        }
        interrupt.or(tokio::time::sleep(LOOK.min(args.patience().saturating_sub(waited)))).await?;
    }
}

/// The one before may only have been asleep: from now on it can't write.
async fn take_over(city: &Opened, lease: &Lease, dead: &Holder) -> anyhow::Result<()> {
    note(&format!(
        "{} on {} (process {}) began `{}` at {:.0} and let its lease run out at {:.0}: taking over",
        dead.who, dead.host, dead.pid, dead.doing, dead.since, dead.expires
    ));
    let store = city.store.clone() as std::sync::Arc<dyn crate::state::Store>;
    fence(&store, city.home(), &author()).await.context("shutting out the holder before")?;
    match lease.holds().await {
        true => Ok(()),
        false => Err(anyhow!("the lease on {} was lost while it was being taken over", city.city.name)),
    }
}

fn held(globals: &Globals, city: &Opened, doing: &str, holder: Holder, waited: Duration) -> anyhow::Error {
    let (name, prefix) = (&city.city.name, globals.prefix());
    let hint = format!(
        "wait for it with `{prefix} {doing} {name} --wait`; if that process is gone, its lease runs out by itself \
         (`{prefix} state unlock {name}` says more)"
    );
    let what = match waited.as_secs() {
        0 => format!("{name} is locked; nothing was changed"),
        seconds => format!("{name} is still locked after {seconds} s; nothing was changed"),
    };
    anyhow::Error::from(LockError::Held(Box::new(holder))).context(what).context(Hint(hint))
}

fn unlockable(globals: &Globals, city: &Opened, error: StoreError) -> anyhow::Error {
    let (name, prefix) = (&city.city.name, globals.prefix());
    let hint = match &error {
        StoreError::Damaged { .. } => Some(format!("`{prefix} state unlock {name} --force` removes it")),
        _ => None,
    };
    let error = anyhow::Error::from(error).context(format!("taking the lock of {name}"));
    match hint {
        Some(hint) => error.context(Hint(hint)),
        None => error,
    }
}
