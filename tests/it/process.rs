//! A run of the binary that is watched, stopped, woken and killed while it works.

use super::harness::{Ran, World, breathe, ended};
use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub use rustix::process::Signal;

/// A process, and what it has said on standard error so far.
pub struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

/// Longer than anything here takes on a machine that is busy with other things.
const LONG: Duration = Duration::from_secs(180);

impl Running {
    /// Starts `migrate --sandbox ARGS`, with a lease of `lease` seconds.
    pub fn start(world: &World, args: &[&str], lease: u32) -> Self {
        let args: Vec<&str> = ["--sandbox"].into_iter().chain(args.iter().copied()).collect();
        let mut command = world.command(&args);
        command.env("MIGRATE_LEASE_SECONDS", lease.to_string());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        Self::watch(command.spawn().unwrap())
    }

    /// Watches a child whose standard error is piped.
    pub fn watch(mut child: Child) -> Self {
        let said = Arc::new(Mutex::new(String::new()));
        let (into, from) = (said.clone(), child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                into.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self { child, said, reader: Some(reader) }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said `text`.
    #[track_caller]
    pub fn until_it_says(&mut self, text: &str) {
        let begun = Instant::now();
        while !self.said().contains(text) {
            assert!(self.child.try_wait().unwrap().is_none(), "it ended without saying `{text}`:\n{}", self.said());
            assert!(begun.elapsed() < LONG, "it doesn't say `{text}`:\n{}", self.said());
            breathe();
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        let status = ended(&mut self.child, LONG).unwrap_or_else(|| panic!("it doesn't end:\n{}", self.said()));
        self.reader.take().unwrap().join().unwrap();
        let mut out = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut out).unwrap();
        }
        Ran { code: status.code(), out, err: self.said() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
