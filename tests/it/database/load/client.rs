//! The clients. Each write is one transaction of three statements over tables of the city, with a number of its own; its outcome is
//! known or recorded as unknown. Each client reads what it has written, wherever it is led to.

use super::app::App;
use super::line::{Engine, Failure, Line};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

/// Without a unique key over the numbers: what is written twice is to be seen.
pub fn tables(engine: Engine) -> String {
    let (id, text) = match engine {
        Engine::Postgres => ("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "text"),
        Engine::Mysql => ("bigint AUTO_INCREMENT PRIMARY KEY", "varchar(64)"),
    };
    format!(
        "CREATE TABLE load_writes (id {id}, client int NOT NULL, number bigint NOT NULL, value {text} NOT NULL);
         CREATE INDEX load_number ON load_writes (client, number);
         CREATE TABLE load_clients (client int PRIMARY KEY, writes bigint NOT NULL, last_number bigint NOT NULL);
         CREATE TABLE load_probe (side int PRIMARY KEY, n bigint NOT NULL);
         INSERT INTO load_probe VALUES (1, 0);"
    )
}

/// What the row of a write holds: computed, so that a reader knows it.
pub fn value(client: usize, number: u64) -> String {
    let mixed = (number ^ (client as u64) << 48).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:016x}{:016x}", mixed ^ mixed >> 31, mixed.rotate_left(23).wrapping_mul(0xbf58_476d_1ce4_e5b9))
}

/// What one client, or all of them, have seen.
#[derive(Default)]
pub struct Seen {
    /// Client, number, when the answer came, how long it took from the first attempt.
    pub acknowledged: Vec<(usize, u64, Instant, Duration)>,
    /// The connection broke while it was committed.
    pub unknown: Vec<(usize, u64)>,
    /// Attempts that the server refused; nothing of them may be there.
    pub refused: Vec<(usize, u64)>,
    pub reconnected: u64,
    pub reads: u64,
    /// Reads that didn't answer with what was written.
    pub wrong: Vec<String>,
    /// The longest time in which a write failed or waited.
    pub longest_write: Duration,
    /// The same for reads.
    pub longest_read: Duration,
}

/// How long a client that is to stop goes on trying to get its last write through.
const LAST_TRY: Duration = Duration::from_secs(10);

/// How much.
#[derive(Clone, Copy)]
pub struct Load {
    pub clients: usize,
    /// Writes a second, all clients together; as many reads.
    pub rate: u32,
}

/// Clients at work.
pub struct Clients {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<Seen>>,
}

impl Clients {
    /// Their numbers begin after `base`.
    pub fn start(app: &Arc<App>, load: Load, base: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let period = Duration::from_secs(1) * load.clients as u32 / load.rate;
        let begin = |id| {
            let client = Client {
                id,
                app: app.clone(),
                stop: stop.clone(),
                line: None,
                number: base,
                last: None,
                seen: Seen::default(),
            };
            tokio::spawn(client.work(period, period * id as u32 / load.clients as u32))
        };
        Self { tasks: (0..load.clients).map(begin).collect(), stop }
    }

    pub async fn stop(self) -> Seen {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Seen::default();
        for task in self.tasks {
            let seen = task.await.unwrap();
            all.acknowledged.extend(seen.acknowledged);
            all.unknown.extend(seen.unknown);
            all.refused.extend(seen.refused);
            all.reconnected += seen.reconnected;
            all.reads += seen.reads;
            all.wrong.extend(seen.wrong);
            all.longest_write = all.longest_write.max(seen.longest_write);
            all.longest_read = all.longest_read.max(seen.longest_read);
        }
        all
    }
}

struct Client {
    id: usize,
    app: Arc<App>,
    stop: Arc<AtomicBool>,
    line: Option<(super::line::Address, Line)>,
    number: u64,
    /// The last number that was acknowledged.
    last: Option<u64>,
    seen: Seen,
}

/// How a write ended.
enum Outcome {
    Written,
    Refused,
    Lost,
    Unknown,
}

impl Client {
    async fn work(mut self, period: Duration, after: Duration) -> Seen {
        tokio::time::sleep(after).await;
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while !self.stop.load(Ordering::SeqCst) {
            ticks.tick().await;
            self.write().await;
            self.read().await;
        }
        self.seen
    }

    /// Until one is acknowledged. A number whose outcome is unknown isn't tried again: it is looked for in the end.
    async fn write(&mut self) {
        let begun = Instant::now();
        self.number += 1;
        loop {
            match self.attempt().await {
                Outcome::Written => break,
                Outcome::Refused => {
                    self.seen.refused.push((self.id, self.number));
                    self.number += 1;
                    // What is refused for writing still answers.
                    self.read().await;
                }
                Outcome::Lost => {}
                Outcome::Unknown => {
                    self.seen.unknown.push((self.id, self.number));
                    self.number += 1;
                }
            }
            if self.gives_up(begun) {
                self.seen.longest_write = self.seen.longest_write.max(begun.elapsed());
                return;
            }
            self.app.again().await;
        }
        let took = begun.elapsed();
        self.seen.longest_write = self.seen.longest_write.max(took);
        self.last = Some(self.number);
        self.seen.acknowledged.push((self.id, self.number, Instant::now(), took));
    }

    async fn attempt(&mut self) -> Outcome {
        let (client, number) = (self.id, self.number);
        let statements = [
            "BEGIN".to_owned(),
            format!(
                "INSERT INTO load_writes (client, number, value) VALUES ({client}, {number}, '{}')",
                value(client, number)
            ),
            format!("UPDATE load_clients SET writes = writes + 1, last_number = {number} WHERE client = {client}"),
            format!(
                "UPDATE station_status SET num_bikes_available = {} WHERE station_id = 'station-{:05}'",
                number % 20,
                1 + client % 40
            ),
        ];
        let Some(line) = self.line().await else { return Outcome::Lost };
        for sql in statements {
            match line.run(sql).await {
                Ok(()) => {}
                Err(Failure::Refused(_)) => {
                    if line.run("ROLLBACK").await.is_err() {
                        self.line = None;
                    }
                    return Outcome::Refused;
                }
                Err(Failure::Broken) => {
                    self.line = None;
                    return Outcome::Lost;
                }
            }
        }
        match line.run("COMMIT").await {
            Ok(()) => Outcome::Written,
            Err(_) => {
                self.line = None;
                Outcome::Unknown
            }
        }
    }

    /// The last write of its own, and the count of them.
    async fn read(&mut self) {
        let Some(last) = self.last else { return };
        let begun = Instant::now();
        let id = self.id;
        let sql = format!(
            "SELECT concat(w.value, ' ', c.last_number) FROM load_writes w JOIN load_clients c ON c.client = w.client \
             WHERE w.client = {id} AND w.number = {last}"
        );
        let answer = loop {
            if let Some(line) = self.line().await {
                match line.texts(sql.as_str()).await {
                    Ok(answer) => break answer,
                    Err(Failure::Refused(why)) => break vec![why],
                    Err(Failure::Broken) => self.line = None,
                }
            }
            if self.gives_up(begun) {
                self.seen.longest_read = self.seen.longest_read.max(begun.elapsed());
                return;
            }
            self.app.again().await;
        };
        self.seen.reads += 1;
        self.seen.longest_read = self.seen.longest_read.max(begun.elapsed());
        // A later number only if its outcome is unknown.
        let later = self.seen.unknown.iter().map(|(_, number)| *number).filter(|number| *number > last);
        let right =
            std::iter::once(last).chain(later).any(|number| answer == [format!("{} {number}", value(id, last))]);
        if !right {
            self.seen.wrong.push(format!("client {id} after {last}: {answer:?}"));
        }
    }

    fn gives_up(&self, begun: Instant) -> bool {
        self.stop.load(Ordering::SeqCst) && begun.elapsed() > LAST_TRY
    }

    /// The connection, made anew if the application has learnt of another place.
    async fn line(&mut self) -> Option<&mut Line> {
        let address = self.app.address();
        if self.line.as_ref().is_none_or(|(to, _)| *to != address) {
            self.line = None;
            self.seen.reconnected += 1;
            let line = Line::open(&address).await.ok()?;
            self.line = Some((address, line));
        }
        self.line.as_mut().map(|(_, line)| line)
    }
}
