//! A line between two machines that can be made slow, cut and mended: a TCP proxy on a loopback port.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Whole,
    /// Nothing arrives, and nobody is told: a cable that was pulled.
    Silent,
    /// Connections end, and new ones are refused: a firewall's rule.
    Closed,
}

pub struct Wire {
    port: u16,
    mode: watch::Sender<Mode>,
    delay: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Wire {
    /// Leads to `host:port`.
    pub async fn to(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (mode, watched) = watch::channel(Mode::Whole);
        let delay = Arc::new(AtomicU64::new(0));
        let (there, late) = ((host.to_owned(), port), delay.clone());
        let own = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (there, mode, late) = (there.clone(), watched.clone(), late.clone());
                tokio::spawn(async move {
                    if *mode.borrow() == Mode::Closed {
                        return;
                    }
                    let Ok(far) = TcpStream::connect(there).await else { return };
                    let _ = (near.set_nodelay(true), far.set_nodelay(true));
                    let ((a, b), (c, d)) = (near.into_split(), far.into_split());
                    tokio::select! {
                        () = carry(a, d, mode.clone(), late.clone()) => {}
                        () = carry(c, b, mode, late) => {}
                    }
                });
            }
        });
        Self { port: own, mode, delay, task }
    }

    /// Where it begins: `127.0.0.1:PORT`.
    pub fn end(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// What is sent takes so much longer from now on.
    pub fn slow(&self, milliseconds: u64) {
        self.delay.store(milliseconds, Ordering::SeqCst);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
        self.mode.send_replace(Mode::Closed);
    }
}

/// Until either end is closed, or the line.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut mode: watch::Receiver<Mode>,
    delay: Arc<AtomicU64>,
) {
    let mut closed = mode.clone();
    let carrying = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
            let late = delay.load(Ordering::SeqCst);
            if late > 0 {
                tokio::time::sleep(Duration::from_millis(late)).await;
            }
            let whole = mode.wait_for(|mode| *mode == Mode::Whole).await.is_ok();
            if !whole || to.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = carrying => {}
        _ = closed.wait_for(|mode| *mode == Mode::Closed) => {}
    }
}
