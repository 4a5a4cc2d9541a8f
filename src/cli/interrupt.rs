//! Ctrl-C and termination: the first one asks to stop, the second one leaves at once.

use crate::view::note;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Listens for signals, and for the lease being lost.
pub struct Interrupt {
    tell: Arc<watch::Sender<bool>>,
    signal: Arc<AtomicU8>,
}

/// Stopped before anything was begun, by this signal (2 or 15); `None`: because the lease was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped(pub Option<u8>);

impl Interrupt {
    /// Listens from now on.
    pub fn listen() -> std::io::Result<Self> {
        let tell = Arc::new(watch::channel(false).0);
        let seen = Arc::new(AtomicU8::new(0));
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (number, sender) = (seen.clone(), tell.clone());
        tokio::spawn(async move {
            number.store(either(&mut interrupt, &mut terminate).await, Ordering::SeqCst);
            note("\nstopping: what is under way is finished and recorded; once more leaves at once");
            sender.send_replace(true);
            let again = either(&mut interrupt, &mut terminate).await;
            note("left at once: the lock stays until its lease runs out by itself; the next run goes on from there");
            std::process::exit(i32::from(128 + again));
        });
        Ok(Self { tell, signal: seen })
    }

    /// Stops when this turns true, too.
    pub fn also(&self, mut lost: watch::Receiver<bool>) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            if lost.wait_for(|lost| *lost).await.is_ok() {
                note("\nthe lease was lost to somebody else: stopping, nothing more is changed or written");
                tell.send_replace(true);
            }
        });
    }

    /// Turns true when it is time to stop.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.tell.subscribe()
    }

    /// The signal that asked to stop: 2 or 15.
    pub fn signal(&self) -> Option<u8> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|number| *number > 0)
    }

    /// Does `work`, which changes nothing and may be dropped at any moment, unless it is time to stop.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        let mut stop = self.stop();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Err(Stopped(self.signal())),
            done = work => Ok(done),
        }
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> u8 {
    tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
    }
}
