//! What a database is made of, as text that can be compared: with itself some time ago, and with the other side.

use crate::database::verify::VerifyResult;
use crate::database::verify::error::reading;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use std::collections::BTreeMap;

/// Everything a database is made of: by kind and name, its definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(BTreeMap<String, String>);

/// Reads it. The user need not own anything: the catalogues can be read by all.
///
/// # Errors
/// A server that can't be asked.
pub async fn fingerprint(pool: &PgPool) -> VerifyResult<Fingerprint> {
    let what = || reading("reading the schema");
    let mut transaction = pool
        .begin_with("BEGIN READ ONLY; SET LOCAL search_path = pg_catalog; SET LOCAL quote_all_identifiers = off; SET LOCAL statement_timeout = 0")
        .await
        .map_err(what())?;
    let things: Vec<(String, String, Option<String>)> =
        sqlx::query_as(include_str!("schema.sql")).fetch_all(&mut *transaction).await.map_err(what())?;
    let things = things.into_iter().map(|(kind, name, definition)| (format!("{kind} {name}"), definition));
    Ok(Fingerprint(things.map(|(name, definition)| (name, definition.unwrap_or_default())).collect()))
}

impl Fingerprint {
    /// A hash of it, for the state: it changes if anything does.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (name, definition) in &self.0 {
            for text in [name, definition] {
                hash.update(text.len().to_be_bytes());
                hash.update(text);
            }
        }
        format!("{:x}", hash.finalize())
    }

    /// What has changed from this one to a later one of the same server, one line each: somebody has altered the schema meanwhile.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let gone = self.0.keys().filter(|name| !later.0.contains_key(*name)).map(|name| format!("{name}: dropped"));
        let new = later.0.keys().filter(|name| !self.0.contains_key(*name)).map(|name| format!("{name}: created"));
        let altered =
            self.0.iter().filter(|(name, definition)| later.0.get(*name).is_some_and(|now| now != *definition));
        gone.chain(new).chain(altered.map(|(name, _)| format!("{name}: altered"))).collect()
    }

    /// What the target lacks, or has made differently, one line each. What it has more is no harm.
    ///
    /// Views, rules, functions and policies are compared by name alone if `alike` is false: servers of different versions may print the
    /// same definition differently.
    pub fn lacking(&self, target: &Self, alike: bool) -> Vec<String> {
        let by_name =
            |name: &str| !alike && ["view ", "rule ", "function ", "policy "].iter().any(|kind| name.starts_with(kind));
        let lacks = |(name, definition): (&String, &String)| match target.0.get(name) {
            None => Some(format!("{name}: the target doesn't have it")),
            Some(other) if other != definition && !by_name(name) => Some(format!("{name}: different on the target")),
            Some(_) => None,
        };
        self.0.iter().filter_map(lacks).collect()
    }
}
