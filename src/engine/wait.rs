//! Waiting, deadlines and repetition: all of it is here.

use super::error::{CloudError, ErrorClass};
use super::kind::Latency;
use std::time::Duration;
use tokio::sync::watch;

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
    /// fast time passes, since what the call waits for are often calls of ours.
    pub fn before_attempt(self, attempt: u32) -> Duration {
        let real = Duration::from_secs(1 << attempt.clamp(1, 5).saturating_sub(1)).min(Duration::from_secs(15));
        self.pause(real).max(Duration::from_secs(1))
    }

    /// Until something that was deleted is forgotten everywhere.
    pub fn lingering(self, delete: &Latency) -> Duration {
        Duration::from_secs(u64::from(delete.high)).div_f64(self.0)
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
        ErrorClass::Propagating => Some(Duration::from_secs(300)),
        ErrorClass::NotFound => Some(Duration::from_secs(120)),
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
        () = tokio::time::sleep(length) => Ok(()),
        _ = stop.wait_for(|stop| *stop) => Err(Ended::Stopped),
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
