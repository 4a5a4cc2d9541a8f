//! What the engine must know of a kind of resource: how a change is made, and how long it takes.

use serde::{Deserialize, Serialize};

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
    /// How a replacement is made.
    pub replace: ReplaceOrder,
    /// True where a create, an update or a delete takes effect over time: the executor then reads until it is ready or gone.
    pub settles: bool,
    /// True for what holds users' data: never deleted or replaced unless it is named on the command line.
    pub holds_data: bool,
    /// Seconds from the create call until ready.
    pub create: Latency,
    /// Seconds from the update call until ready.
    pub update: Latency,
    /// Seconds from the delete call until gone.
    pub delete: Latency,
}

impl KindInfo {
    /// A kind that changes in place and is ready at once; `..KindInfo::new("…")` overrides the rest.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            immutable: &[],
            unread: &[],
            volatile: &[],
            replace: ReplaceOrder::DeleteFirst,
            settles: false,
            holds_data: false,
            create: Latency::QUICK,
            update: Latency::QUICK,
            delete: Latency::QUICK,
        }
    }
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

impl Latency {
    /// A control-plane call that takes effect at once (security group, target group, route table: 0 / 1 / 5, measured).
    pub const QUICK: Self = Self::measured(0, 1, 5);

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
