//! What a check found.

pub use crate::database::assess::Level;
use serde::Serialize;

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The check's name.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub says: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// What a check makes of its facts: the findings get the check's name later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict(pub Vec<(Level, String, Option<String>)>);

impl Verdict {
    /// All is well.
    pub fn ok(says: impl Into<String>) -> Self {
        Self(vec![(Level::Ok, says.into(), None)])
    }

    /// It may go wrong.
    pub fn warn(&mut self, says: impl Into<String>, mend: impl Into<String>) {
        self.0.push((Level::Warn, says.into(), Some(mend.into())));
    }

    /// It will go wrong.
    pub fn fail(&mut self, says: impl Into<String>, mend: impl Into<String>) {
        self.0.push((Level::Fail, says.into(), Some(mend.into())));
    }

    /// `says`, if nothing was found.
    #[must_use]
    pub fn or_ok(self, says: impl Into<String>) -> Self {
        if self.0.is_empty() { Self::ok(says) } else { self }
    }

    /// The worst level.
    pub fn worst(&self) -> Level {
        self.0.iter().map(|(level, ..)| *level).max().unwrap_or(Level::Ok)
    }
}
