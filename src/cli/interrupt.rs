//! Ctrl-C and termination: the first one asks to stop, the second one leaves at once.

use crate::view::note;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Listens for signals, and for the lease being lost.
pub struct Interrupt {
    stop: watch::Receiver<bool>,
    signal: Arc<AtomicU8>,
}

impl Interrupt {
    /// Listens from now on.
    pub fn listen(mut lost: watch::Receiver<bool>) -> std::io::Result<Self> {
        let (tell, stop) = watch::channel(false);
        let seen = Arc::new(AtomicU8::new(0));
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let number = seen.clone();
        tokio::spawn(async move {
            tokio::select! {
                got = either(&mut interrupt, &mut terminate) => {
                    number.store(got, Ordering::SeqCst);
                    note("\nstopping: the calls in flight are finished and recorded; once more leaves at once");
                }
                Ok(_) = lost.wait_for(|lost| *lost) => {
                    note("\nthe lease was lost to somebody else: stopping, nothing more is written");
                }
            }
            tell.send_replace(true);
            let again = either(&mut interrupt, &mut terminate).await;
            std::process::exit(i32::from(128 + again));
        });
        Ok(Self { stop, signal: seen })
    }

    /// Turns true when it is time to stop.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// The signal that asked to stop: 2 or 15.
    pub fn signal(&self) -> Option<u8> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|number| *number > 0)
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> u8 {
    tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
    }
}
