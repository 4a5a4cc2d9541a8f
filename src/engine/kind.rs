//! What the engine must know of a kind of resource: how a change is made, and how long it takes.

use super::notice::Notice;
use super::plan::Change;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The facts of one kind. One constant beside each kind.
#[derive(Debug)]
pub struct KindInfo {
    /// `service:kind`, such as `ec2:subnet`; never changes, since it stands in every state.
    pub name: &'static str,
    /// Top-level properties that can't be changed in place: a change there means replace.
    pub immutable: &'static [&'static str],
    /// Top-level properties that AWS doesn't tell (or that cost a call of their own): compared with what was recorded.
    pub unread: &'static [&'static str],
    /// Outputs that an update may change (a revision, a version): unknown until after apply to whoever refers to them.
    pub volatile: &'static [&'static str],
    /// What tells a create that is repeated from a second one.
    pub identity: Identity,
    /// How a replacement is made.
    pub replace: ReplaceOrder,
    /// True where a create or an update takes effect over time: the executor then reads until it is ready.
    pub settles: bool,
    /// True where a delete takes effect over time: the executor then reads until it is gone. Never for what is read from the record alone,
    /// which can't be seen to go.
    pub vanishes: bool,
    /// True where nobody tells when a delete has taken effect everywhere (answers in caches): its `delete` is waited out before
    /// anything goes that it depended on.
    pub lingers: bool,
    /// True for what holds users' data: never deleted or replaced unless it is named on the command line.
    pub holds_data: bool,
    /// True for what users reach the city through: in a city that serves, replaced or deleted only if it is named on the command line.
    pub serves: bool,
    /// True for what leads users to the new side: once one is recorded, the city serves.
    pub leads: bool,
    /// What users notice of a change, in a city that serves; `None`: nothing.
    pub notice: fn(&Change) -> Option<Notice>,
    /// Seconds that its properties add to `create`: a time to be well for.
    pub lasts: fn(&Value) -> u32,
    /// Seconds from the create call until ready.
    pub create: Latency,
    /// Seconds from the update call until ready.
    pub update: Latency,
    /// Seconds from the delete call until gone.
    pub delete: Latency,
}

impl KindInfo {
    /// A kind that changes in place and is ready at once; `..KindInfo::new("…", …)` overrides the rest.
    pub const fn new(name: &'static str, identity: Identity) -> Self {
        Self {
            name,
            identity,
            immutable: &[],
            unread: &[],
            volatile: &[],
            replace: ReplaceOrder::DeleteFirst,
            settles: false,
            vanishes: false,
            lingers: false,
            holds_data: false,
            serves: false,
            leads: false,
            notice: |_| None,
            lasts: |_| 0,
            create: Latency::QUICK,
            update: Latency::QUICK,
            delete: Latency::QUICK,
        }
    }
}

/// What AWS makes of the same create call, made again because the answer to the first was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The call bears a client token: the same token answers with the same resource.
    Token,
    /// These properties can be taken only once: the repeat is refused as `AlreadyExists`.
    Taken(&'static [&'static str]),
    /// These properties name it: the repeat answers with what is there.
    Same(&'static [&'static str]),
    /// Nothing: the repeat makes a second one, and only a mark on the first (its tag, its family) tells that it is there.
    Mark {
        /// The call that makes it, out of those that a create consists of: where this one is refused, nothing was made.
        made_by: &'static str,
    },
}

/// How a replacement is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplaceOrder {
    /// Delete, then create: its name can be taken only once.
    DeleteFirst,
    /// Create, move what refers to it, then delete the old one: it is in use all the time.
    CreateFirst,
}

/// Seconds that an operation takes, and what the figure is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// The fastest seen.
    pub low: u32,
    /// What to expect.
    pub typical: u32,
    /// The slowest seen; waiting gives up after three times this, ten minutes at the least.
    pub high: u32,
    /// Where the figure comes from.
    pub source: Source,
}

/// What a figure is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// M: measured in a public log or bill.
    Measured,
    /// D: AWS documentation.
    Documented,
    /// E: an estimate.
    Estimated,
}

impl Source {
    /// The letter that stands for it in figures.
    pub fn letter(self) -> char {
        match self {
            Self::Measured => 'M',
            Self::Documented => 'D',
            Self::Estimated => 'E',
        }
    }
}

impl Latency {
    /// A control-plane call that takes effect at once (security group, target group, route table: 0 / 1 / 5, measured).
    pub const QUICK: Self = Self::measured(0, 1, 5);

    /// The same, so many seconds longer.
    pub const fn and(self, seconds: u32) -> Self {
        Self {
            low: self.low + seconds,
            typical: self.typical + seconds,
            high: self.high + seconds,
            source: self.source,
        }
    }

    /// A measured figure: low, typical, high.
    pub const fn measured(low: u32, typical: u32, high: u32) -> Self {
        Self { low, typical, high, source: Source::Measured }
    }

    /// A documented figure: low, typical, high.
    pub const fn documented(low: u32, typical: u32, high: u32) -> Self {
        Self { low, typical, high, source: Source::Documented }
    }

    /// An estimate: low, typical, high.
    pub const fn estimated(low: u32, typical: u32, high: u32) -> Self {
        Self { low, typical, high, source: Source::Estimated }
    }
}
