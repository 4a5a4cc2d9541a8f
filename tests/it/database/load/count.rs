//! The accounts: what was acknowledged against what is there, and one side against the other.

use super::client::{Seen, value};
use super::line::{Address, Engine, Line};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long the side that follows may take to get there.
const CATCH_UP: Duration = Duration::from_secs(60);

/// What was counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// Acknowledged and not there.
    pub lost: usize,
    /// There more than once, or counted more than once.
    pub doubled: usize,
    /// There, though the server had refused it, or though nobody wrote it.
    pub unasked: usize,
    /// There with another value than was written.
    pub damaged: usize,
    /// Of those whose outcome was unknown, there.
    pub unknown_there: usize,
    /// Rows of all tables that aren't on both sides alike.
    pub differ: u64,
    /// Rows of all tables on the side that serves.
    pub rows: u64,
}

/// Compares all that the clients have ever seen with what is on the side that serves, and that with the other side.
pub async fn count(all: &[&Seen], serving: &Address, following: Option<&Address>) -> Counted {
    let mut line = Line::open_patiently(serving).await.unwrap();
    let rows = line.texts("SELECT concat(client, ' ', number, ' ', value) FROM load_writes").await.unwrap();
    let mut there: HashMap<(usize, u64), usize> = HashMap::new();
    let mut counted = Counted::default();
    for row in &rows {
        let parts: Vec<&str> = row.split(' ').collect();
        let key = (parts[0].parse().unwrap(), parts[1].parse().unwrap());
        counted.damaged += usize::from(parts[2] != value(key.0, key.1));
        *there.entry(key).or_default() += 1;
    }
    counted.doubled = there.values().filter(|times| **times > 1).count();
    let mut unasked = there.clone();
    for seen in all {
        for (client, number, ..) in &seen.acknowledged {
            counted.lost += usize::from(!there.contains_key(&(*client, *number)));
            unasked.remove(&(*client, *number));
        }
        for key in &seen.unknown {
            counted.unknown_there += usize::from(there.contains_key(key));
            unasked.remove(key);
        }
    }
    counted.unasked = unasked.len();
    // Every transaction wrote a row and counted it: both or neither, once.
    let miscounted = "SELECT concat(c.client, ' ', c.writes - count(w.id)) FROM load_clients c \
                      LEFT JOIN load_writes w ON w.client = c.client GROUP BY c.client, c.writes HAVING c.writes <> count(w.id)";
    for row in line.texts(miscounted).await.unwrap() {
        let by: i64 = row.rsplit(' ').next().unwrap().parse().unwrap();
        let into = if by > 0 { &mut counted.doubled } else { &mut counted.lost };
        *into += by.unsigned_abs() as usize;
    }
    let mut tables = digests(serving).await;
    counted.rows = tables.values().map(|digest| digest.0).sum();
    let Some(following) = following else { return counted };
    let begun = Instant::now();
    let mut others = digests(following).await;
    while tables != others && begun.elapsed() < CATCH_UP {
        tokio::time::sleep(Duration::from_millis(200)).await;
        (tables, others) = (digests(serving).await, digests(following).await);
    }
    for (table, digest) in &tables {
        let other = others.get(table).copied().unwrap_or_default();
        if *digest != other {
            counted.differ += digest.0.abs_diff(other.0).max(1);
        }
    }
    counted
}

/// Rows of every table, and a sum over all that is in them.
async fn digests(address: &Address) -> HashMap<String, (u64, i128)> {
    let mut line = Line::open_patiently(address).await.unwrap();
    let mut all = HashMap::new();
    for table in line.texts(tables(address.engine)).await.unwrap() {
        let sql = match address.engine {
            Engine::Postgres => {
                format!("SELECT concat(count(*), ' ', coalesce(sum(hashtextextended(t::text, 7)), 0)) FROM {table} t")
            }
            Engine::Mysql => {
                let columns = format!(
                    "SELECT concat('concat_ws(''#'', ', group_concat(concat('quote(`', column_name, '`)') ORDER BY ordinal_position), ')') \
                     FROM information_schema.columns WHERE table_schema = database() AND table_name = '{table}'"
                );
                let row = line.texts(columns).await.unwrap().remove(0);
                format!("SELECT concat(count(*), ' ', coalesce(sum(crc32({row})), 0)) FROM `{table}`")
            }
        };
        let digest = line.texts(sql).await.unwrap().remove(0);
        let (count, sum) = digest.split_once(' ').unwrap();
        all.insert(table, (count.parse().unwrap(), sum.parse().unwrap()));
    }
    all
}

fn tables(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => {
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
             WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'migrate')"
        }
        Engine::Mysql => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_type = 'BASE TABLE' \
             AND table_name NOT LIKE 'migrate%'"
        }
    }
}
