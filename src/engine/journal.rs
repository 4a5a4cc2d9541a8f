//! How far the procedures of a run are: told by kinds that take many steps, shown by the view and recorded in the state by whoever
//! listens. Telling never waits: some steps are short of time.

use super::Address;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What happened to a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// It has begun.
    Begun,
    /// What it is doing.
    Doing(String),
    /// It is done, after so long.
    Done(Duration),
    /// What it has counted or measured.
    Counted(&'static str, u64),
    /// It failed.
    Failed(String),
    /// It was undone.
    Undone,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The resource whose procedure it is.
    pub address: Address,
    /// The step.
    pub step: String,
    /// What happened.
    pub note: Note,
}

/// Where procedures tell how far they are. Until somebody listens, nothing is kept.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Option<UnboundedSender<Entry>>>>);

impl Journal {
    /// From now on entries come here, and nowhere else.
    pub fn listen(&self) -> UnboundedReceiver<Entry> {
        let (sender, receiver) = unbounded_channel();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// No more entries come: the listener reaches its end.
    pub fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The part of one resource.
    pub fn of(&self, address: &Address) -> Part {
        Part { journal: self.clone(), address: address.clone() }
    }
}

/// The journal of one resource's procedure.
#[derive(Clone, Debug)]
pub struct Part {
    journal: Journal,
    address: Address,
}

impl Part {
    /// Tells.
    pub fn note(&self, step: &str, note: Note) {
        let entry = Entry { address: self.address.clone(), step: step.into(), note };
        if let Some(sender) = &*self.journal.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // A listener that is gone needs to know nothing.
            let _ = sender.send(entry);
        }
    }
}

/// Whole milliseconds, as reports and records have them.
pub fn milliseconds(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
