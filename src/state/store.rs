//! Where objects are kept, with the one guarantee that everything rests on: a write can be made conditional on what was read.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// An object and the tag of its version.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Changes with every write.
    pub etag: String,
}

/// What must hold for a write to happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// There is no such object.
    Absent,
    /// The object is still the one with this tag.
    Unchanged(String),
}

/// Why a call to the store failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The condition doesn't hold: somebody else wrote in between.
    #[error("{key} was written by somebody else in the meantime")]
    Conflict {
        /// The object.
        key: String,
    },
    /// The bucket isn't there.
    #[error("there is no bucket {bucket}")]
    NoBucket {
        /// The bucket.
        bucket: String,
    },
    /// A call that failed for another reason.
    #[error("{cause} ({place})")]
    Call {
        /// The object's place, `s3://bucket/key`.
        place: String,
        /// Why.
        cause: crate::engine::CloudError,
    },
    /// The object isn't what it should be.
    #[error("{key} can't be used: {problem}")]
    Damaged {
        /// The object.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// Objects by key.
#[async_trait]
pub trait Store: Send + Sync {
    /// Where it is, for people: `s3://bucket`.
    fn place(&self) -> String;
    /// The object at `key`.
    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError>;
    /// Writes the object if the condition holds; answers with its new tag.
    async fn put(&self, key: &str, bytes: Vec<u8>, condition: &Condition) -> Result<String, StoreError>;
    /// Deletes the object if it is still the one with this tag.
    async fn delete(&self, key: &str, etag: &str) -> Result<(), StoreError>;
    /// All keys that begin with `prefix`, in order.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError>;
}

/// Objects in memory: for rehearsals and tests.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<(u64, BTreeMap<String, Object>)>);

#[async_trait]
impl Store for MemoryStore {
    fn place(&self) -> String {
        "memory".into()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).1.get(key).cloned())
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: &Condition) -> Result<String, StoreError> {
        tokio::task::yield_now().await; // as a real write does
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, objects) = &mut *guard;
        let holds = match condition {
            Condition::Absent => !objects.contains_key(key),
            Condition::Unchanged(etag) => objects.get(key).is_some_and(|object| &object.etag == etag),
        };
        if !holds {
            return Err(StoreError::Conflict { key: key.into() });
        }
        *count += 1;
        let etag = count.to_string();
        objects.insert(key.into(), Object { bytes, etag: etag.clone() });
        Ok(etag)
    }

    async fn delete(&self, key: &str, etag: &str) -> Result<(), StoreError> {
        let objects = &mut self.0.lock().unwrap_or_else(PoisonError::into_inner).1;
        match objects.get(key) {
            Some(object) if object.etag == etag => {
                objects.remove(key);
                Ok(())
            }
            Some(_) => Err(StoreError::Conflict { key: key.into() }),
            None => Ok(()),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let objects = &self.0.lock().unwrap_or_else(PoisonError::into_inner).1;
        Ok(objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}
