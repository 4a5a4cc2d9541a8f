//! The name of a resource within its city: `phase/name`, such as `vpc/subnet.public-a`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `phase/name`. Stable over the life of the city: it is the key in the state and the value of the tag `migrate:address`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// The address of `name` in `phase`.
    pub fn new(phase: &str, name: &str) -> Self {
        Self(format!("{phase}/{name}"))
    }

    /// The phase that the resource belongs to: what stands before the first slash.
    pub fn phase(&self) -> &str {
        self.0.split_once('/').map_or("", |(phase, _)| phase)
    }

    /// The name within the phase: what stands after the first slash.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
