//! Waiting, deadlines and repetition: all of it is here.

use super::error::{CloudError, ErrorClass};
use super::kind::Latency;
use jiff::SignedDuration;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How fast time passes: 1 at AWS, more in a sandbox whose lifecycles are sped up.
#[derive(Clone, Copy, Debug)]
pub struct Pace(f64);

impl Pace {
    /// Real time.
    pub const REAL: Self = Self(1.0);

    /// Time that passes `scale` times as fast; never slower than real.
    pub fn scaled(scale: f64) -> Self {
        Self(if scale.is_finite() { scale.max(1.0) } else { 1.0 })
    }

    /// How long a pause of `real` is.
    fn pause(self, real: Duration) -> Duration {
        real.div_f64(self.0).max(Duration::from_millis(100)).min(real)
    }

    /// Between two looks at something that takes `latency`: a twentieth of it, 2 to 15 seconds.
    pub fn between_looks(self, latency: &Latency) -> Duration {
        self.pause(Duration::from_secs(u64::from(latency.typical / 20).clamp(2, 15)))
    }

    /// Before the `attempt`-th repetition of a call (from 1): 1, 2, 4, 8 seconds, then every 15; never less than a second, however
    /// fast time passes, since what the call waits for are often calls of ours. Up to half as long again, by `whose` call it is, so
    /// that many who were turned away together don't come back together.
    pub fn before_attempt(self, attempt: u32, whose: &str) -> Duration {
        let real = Duration::from_secs(1 << attempt.clamp(1, 5).saturating_sub(1)).min(Duration::from_secs(15));
        self.pause(real).max(Duration::from_secs(1)).mul_f64(1.0 + spread(whose, attempt) / 2.0)
    }

    /// Until something that was deleted is forgotten everywhere.
    pub fn lingering(self, delete: &Latency) -> Duration {
        Duration::from_secs(u64::from(delete.high)).div_f64(self.0)
    }

    /// How long to look for what may have been made already: [`SHOWS_WITHIN`].
    pub fn until_shown(self) -> Duration {
        self.pause(SHOWS_WITHIN)
    }
}

/// Within this time whatever was made shows in reads: "up to five minutes" (D, eventual consistency in the EC2 API).
pub const SHOWS_WITHIN: Duration = Duration::from_secs(300);

/// An intent that is older than this is in doubt no more: what it made shows by now, even if its clock differed from ours by the
/// 15 minutes that AWS accepts.
pub const DOUBTFUL_FOR: SignedDuration = SignedDuration::from_mins(20);

/// A number from 0 to 1 that differs from caller to caller and from attempt to attempt, and is the same when a run is repeated.
fn spread(whose: &str, attempt: u32) -> f64 {
    let mixed = whose
        .bytes()
        .chain(attempt.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    f64::from((mixed >> 32) as u32) / f64::from(u32::MAX)
}

/// The repetitions of one call.
pub struct Repetition {
    begun: Instant,
    attempts: u32,
    told: String,
}

impl Default for Repetition {
    fn default() -> Self {
        Self { begun: Instant::now(), attempts: 0, told: String::new() }
    }
}

impl Repetition {
    /// The pause before the next attempt after one that failed like `class`; `None`: no more.
    pub fn next(&mut self, class: ErrorClass, latency: &Latency, pace: Pace, whose: &str) -> Option<Duration> {
        repeated_for(class, latency).filter(|limit| self.begun.elapsed() < *limit)?;
        self.attempts += 1;
        Some(pace.before_attempt(self.attempts, whose))
    }

    /// True unless the attempt before failed in the same words.
    pub fn news(&mut self, why: String) -> bool {
        let news = self.told != why;
        self.told = why;
        news
    }

    /// Time that was spent on something else than this call doesn't count.
    pub fn excuse(&mut self, time: Duration) {
        self.begun += time;
    }
}

/// How long to wait for something that takes `latency`: three times the slowest ever seen, ten minutes at the least.
pub fn patience(latency: &Latency) -> Duration {
    Duration::from_secs(u64::from(latency.high) * 3).max(Duration::from_secs(600))
}

/// How long a call that fails like this is repeated; `None`: not at all. The limits are those of facts/aws.md 3.
pub fn repeated_for(class: ErrorClass, latency: &Latency) -> Option<Duration> {
    match class {
        ErrorClass::Throttled => Some(Duration::from_secs(600)),
        ErrorClass::Dependency => Some(patience(latency)),
        ErrorClass::Propagating => Some(SHOWS_WITHIN),
        ErrorClass::NotFound => Some(SHOWS_WITHIN),
        ErrorClass::Unavailable => Some(Duration::from_secs(180)),
        ErrorClass::AlreadyExists | ErrorClass::Denied | ErrorClass::Quota | ErrorClass::Other => None,
    }
}

/// Why waiting ended without success.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// A call failed for good.
    #[error(transparent)]
    Failed(#[from] CloudError),
    /// It took too long; what it was doing last.
    #[error("still {last} after {} minutes", .after.as_secs() / 60)]
    Late {
        /// In AWS's words.
        last: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// It will never be ready; why.
    #[error("{0}")]
    NeverReady(String),
    /// The state couldn't be written.
    #[error("recording it: {0}")]
    Unrecorded(#[from] crate::state::StoreError),
    /// The operator asked to stop.
    #[error("stopped")]
    Stopped,
}

/// Pauses, unless the operator asks to stop.
pub async fn pause(length: Duration, stop: &watch::Receiver<bool>) -> Result<(), Ended> {
    let mut stop = stop.clone();
    tokio::select! {
        biased;
        () = tokio::time::sleep(length) => Ok(()),
        Ok(_) = stop.wait_for(|stop| *stop) => Err(Ended::Stopped),
    }
}

/// Asks every so often until the answer is yes. The caller sets the limit.
pub async fn until<E, F: Future<Output = Result<bool, E>>>(
    every: Duration,
    mut look: impl FnMut() -> F,
) -> Result<(), E> {
    while !look().await? {
        tokio::time::sleep(every).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_who_were_turned_away_together_come_back_spread_out() {
        let mut pauses: Vec<_> =
            (0..100).map(|n| Pace::REAL.before_attempt(4, &format!("{n:032x}")).as_millis()).collect();
        pauses.sort_unstable();
        assert!(pauses[0] >= 8000 && pauses[99] <= 12_000, "{pauses:?}");
        let gaps = pauses.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.max() < Some(400), "no second of them is empty: {pauses:?}");
        assert_eq!(Pace::REAL.before_attempt(3, "a"), Pace::REAL.before_attempt(3, "a"));
    }
}
