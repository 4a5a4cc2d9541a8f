//! What goes wrong, and when: every call to the cloud and to the store is a numbered moment, and a script says what happens at which.

use super::dice::Dice;
use crate::engine::{CloudError, ErrorClass};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It and its next two repetitions are turned away.
    Throttled,
    /// An internal error (500), before any effect.
    Internal,
    /// The service is unavailable (503), before any effect.
    Unavailable,
    /// The connection is reset, before any effect.
    Reset,
    /// No answer for 40 seconds, and no effect.
    TimedOut,
    /// It has its effect, and no answer comes for 40 seconds.
    Hung,
    /// It has its effect, and the connection breaks before the answer.
    Lost,
    /// Its first call has its effect, the second one doesn't find what the first one made.
    Half,
    /// It has its effect, which doesn't show for four minutes.
    Hidden,
    /// Its first call has its effect; of the second it is said that it isn't allowed.
    HalfDenied,
    /// Not allowed.
    Denied,
    /// A quota of the account is used up.
    Quota,
    /// What it needs doesn't show yet there.
    NotYet,
    /// The process dies before it.
    DiesBefore,
    /// The process dies after its effect and before its answer.
    DiesAfter,
    /// The process is suspended after its effect, for longer than its lease.
    Sleeps,
}

/// What became of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Awake,
    /// It was suspended.
    Asleep,
    /// It was killed.
    Dead,
}

/// Numbers the moments and says what happens at each.
pub struct Script {
    /// Decides what is left to chance.
    pub dice: Dice,
    /// Whether effects may come late, after the process died. Not where it is suspended: a call that was sent has its effect then.
    pub late: bool,
    plot: Mutex<Plot>,
    life: watch::Sender<Life>,
}

#[derive(Default)]
struct Plot {
    moments: Vec<String>,
    at: BTreeMap<usize, Fault>,
    named: BTreeMap<String, (Fault, u32)>,
    happened: Vec<(String, Fault)>,
}

impl Script {
    /// Nothing goes wrong yet.
    pub fn new(seed: u64, late: bool) -> Self {
        Self { dice: Dice(seed), late, plot: Mutex::default(), life: watch::Sender::new(Life::Awake) }
    }

    fn plot(&self) -> MutexGuard<'_, Plot> {
        self.plot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// At the moment with this number (from 0) this happens.
    pub fn at(&self, moment: usize, fault: Fault) {
        self.plot().at.insert(moment, fault);
    }

    /// At the first call of this name (`create vpc/vpc`) this happens.
    pub fn named(&self, name: &str, fault: Fault) {
        self.plot().named.insert(name.into(), (fault, 1));
    }

    /// From now on nothing goes wrong, and the process is alive again.
    pub fn calm(&self) {
        let mut plot = self.plot();
        plot.at.clear();
        plot.named.clear();
        self.life.send_replace(Life::Awake);
    }

    /// A new process.
    pub fn revive(&self) {
        self.life.send_replace(Life::Awake);
    }

    /// All moments so far.
    pub fn moments(&self) -> Vec<String> {
        self.plot().moments.clone()
    }

    /// What went wrong so far.
    pub fn happened(&self) -> Vec<(String, Fault)> {
        self.plot().happened.clone()
    }

    /// Resolves when the process no longer runs.
    pub async fn stopped(&self) -> Life {
        let mut life = self.life.subscribe();
        let now = life.wait_for(|life| *life != Life::Awake).await;
        now.map_or(Life::Dead, |life| *life)
    }

    /// A moment has come: its number, and what happens. `fits` says which faults can happen to this kind of call.
    pub fn moment(&self, name: &str, fits: impl Fn(Fault) -> bool) -> (u64, Option<Fault>) {
        let mut plot = self.plot();
        let number = plot.moments.len();
        plot.moments.push(name.to_owned());
        let planned = plot.at.remove(&number).filter(|fault| fits(*fault));
        if planned == Some(Fault::Throttled) {
            plot.named.insert(name.to_owned(), (Fault::Throttled, 2));
        }
        let fault = planned.or_else(|| {
            let (fault, times) = plot.named.get_mut(name)?;
            *times = times.checked_sub(1)?;
            Some(*fault)
        });
        if let Some(fault) = fault {
            plot.happened.push((name.to_owned(), fault));
        }
        (number as u64, fault)
    }

    /// The process ends here: this never returns.
    pub async fn die<T>(&self) -> T {
        self.life.send_replace(Life::Dead);
        std::future::pending().await
    }

    /// The process is suspended here: this returns when it goes on.
    pub async fn sleep(&self) {
        self.life.send_replace(Life::Asleep);
        tokio::task::yield_now().await;
    }
}

impl Fault {
    /// The error that a call fails with, before its effect or after it; `None` where it doesn't fail by itself.
    pub fn error(self, call: &str, second: &str) -> Option<CloudError> {
        let (class, call, code) = match self {
            Self::Throttled => (ErrorClass::Throttled, call, "RequestLimitExceeded"),
            Self::Internal => (ErrorClass::Unavailable, call, "InternalError"),
            Self::Unavailable => (ErrorClass::Unavailable, call, "ServiceUnavailable"),
            Self::Reset | Self::TimedOut | Self::Hung | Self::Lost => (ErrorClass::Unavailable, call, ""),
            Self::Half => (ErrorClass::NotFound, second, "NotFound"),
            Self::NotYet => (ErrorClass::NotFound, call, "NotFound"),
            Self::HalfDenied => (ErrorClass::Denied, second, "UnauthorizedOperation"),
            Self::Denied => (ErrorClass::Denied, call, "UnauthorizedOperation"),
            Self::Quota => (ErrorClass::Quota, call, "LimitExceeded"),
            Self::Hidden | Self::DiesBefore | Self::DiesAfter | Self::Sleeps => return None,
        };
        Some(CloudError { class, call: call.into(), code: code.into(), message: format!("injected: {self:?}") })
    }

    /// True where the call has its effect all the same.
    pub fn takes_effect(self) -> bool {
        matches!(
            self,
            Self::Hung | Self::Lost | Self::Half | Self::HalfDenied | Self::Hidden | Self::DiesAfter | Self::Sleeps
        )
    }

    /// True where repeating it changes nothing: somebody has to act first.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Denied | Self::HalfDenied | Self::Quota)
    }

    /// How long until the answer, or none, comes.
    pub fn takes(self) -> Duration {
        Duration::from_secs(if matches!(self, Self::TimedOut | Self::Hung) { 40 } else { 0 })
    }
}
