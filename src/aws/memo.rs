//! A batch read that is made once, whoever asks first: concurrent askers wait for the same call.

use crate::engine::CloudResult;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// One answer, asked for at most once. A failure is remembered too: one bad answer isn't asked for forty times.
#[derive(Debug)]
pub struct Memo<T>(OnceCell<CloudResult<Arc<T>>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T> Memo<T> {
    /// The answer; `ask` runs only for the first caller.
    pub async fn get(&self, ask: impl Future<Output = CloudResult<T>>) -> CloudResult<Arc<T>> {
        self.0.get_or_init(|| async { ask.await.map(Arc::new) }).await.clone()
    }

    /// The answer, if somebody has asked for it and got it.
    pub fn peek(&self) -> Option<Arc<T>> {
        self.0.get()?.as_ref().ok().cloned()
    }
}

/// The same, one answer for each key (an ARN that a list belongs to).
#[derive(Debug)]
pub struct MemoMap<K, T>(Mutex<HashMap<K, Arc<Memo<T>>>>);

impl<K, T> Default for MemoMap<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, T> MemoMap<K, T> {
    /// The answer for `key`; `ask` runs only for the first caller.
    pub async fn get(&self, key: K, ask: impl Future<Output = CloudResult<T>>) -> CloudResult<Arc<T>> {
        let memo = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        memo.get(ask).await
    }
}
