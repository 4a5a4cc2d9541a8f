//! What the executor tells while it works. The view prints it; nothing depends on it.

use super::graph::Half;
use super::plan::Action;
use super::{Address, CloudError};
use std::time::Duration;

/// Something that happened to one resource.
#[derive(Clone, Debug)]
pub struct Event {
    /// Which.
    pub address: Address,
    /// The change that it is part of.
    pub action: Action,
    /// Which half of it.
    pub half: Half,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// Its turn has come.
    Begun,
    /// The call is made; it isn't ready (or gone) yet. In AWS's words.
    Waiting(String),
    /// A call failed in a way that passes; it is repeated.
    Retrying(CloudError),
    /// It is done, after so long.
    Done(Duration),
    /// It failed for good.
    Failed(String),
}

/// Gets the events.
pub trait Observer: Send + Sync {
    /// Called in order; must not block.
    fn event(&self, event: Event);
}

/// Tells nobody.
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event) {}
}
