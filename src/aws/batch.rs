//! One call for many names: whoever asks in the same moment shares it. For AWS operations that take names but list badly.

use super::memo::Memo;
use crate::engine::CloudResult;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers of one operation, a round of names each.
pub struct Batch<T>(Mutex<Vec<Arc<Round<T>>>>);

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

struct Round<T> {
    names: Mutex<Names>,
    answer: Memo<T>,
}

impl<T> Default for Round<T> {
    fn default() -> Self {
        Self { names: Mutex::default(), answer: Memo::default() }
    }
}

#[derive(Default)]
struct Names {
    wanted: BTreeSet<String>,
    asked: bool,
}

impl<T> Batch<T> {
    /// The answer that covers `name`. `ask` gets all names that were wanted by the time the call is made, in order.
    pub async fn get<F: Future<Output = CloudResult<T>>>(
        &self,
        name: &str,
        ask: impl FnOnce(Vec<String>) -> F,
    ) -> CloudResult<Arc<T>> {
        let round = self.join(name);
        round
            .answer
            .get(async {
                // All reads of a look are polled in one go: after one turn everybody has said what they want.
                tokio::task::yield_now().await;
                let wanted = {
                    let mut names = round.names.lock().unwrap_or_else(PoisonError::into_inner);
                    names.asked = true;
                    names.wanted.iter().cloned().collect()
                };
                ask(wanted).await
            })
            .await
    }

    /// The round that has the name, or the open one, or a new one.
    fn join(&self, name: &str) -> Arc<Round<T>> {
        let mut rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for round in rounds.iter() {
            let mut names = round.names.lock().unwrap_or_else(PoisonError::into_inner);
            if !names.asked {
                names.wanted.insert(name.to_owned());
            }
            if names.wanted.contains(name) {
                return round.clone();
            }
        }
        let round = Arc::new(Round::default());
        round.names.lock().unwrap_or_else(PoisonError::into_inner).wanted.insert(name.to_owned());
        rounds.push(round.clone());
        round
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    #[tokio::test]
    async fn those_who_ask_together_share_a_call_and_a_latecomer_makes_his_own() {
        let batch = Batch::default();
        let calls = AtomicU32::new(0);
        let ask = async |names| {
            calls.fetch_add(1, Relaxed);
            Ok::<Vec<String>, _>(names)
        };
        let names: Vec<String> = (0..50).map(|n| format!("{n:02}")).collect();
        let answers = futures_util::future::join_all(names.iter().map(|name| batch.get(name, &ask))).await;
        assert!(answers.iter().all(|answer| **answer.as_ref().unwrap() == names));
        assert_eq!(calls.load(Relaxed), 1);
        assert_eq!(**batch.get("late", &ask).await.as_ref().unwrap(), ["late"]);
        batch.get("07", &ask).await.unwrap();
        assert_eq!(calls.load(Relaxed), 2);
    }
}
