//! The sections `capacity`, `cutover` and `alarms`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::form::{InstanceType, MailAddress, Seconds};

/// The EC2 instances that the containers run on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Capacity {
    /// Instance types of one architecture, the preferred one first.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub instances: Vec<InstanceType>,
    /// The fewest instances.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 500))]
    pub min: u32,
    /// The most instances.
    #[schemars(range(min = 1, max = 500))]
    pub max: u32,
    /// The encrypted disk of an instance, in GiB.
    #[serde(default = "disk")]
    #[schemars(range(min = 30, max = 16_384))]
    pub disk: u32,
}

fn two() -> u32 {
    2
}

fn disk() -> u32 {
    30
}

/// How the traffic is shifted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
pub struct Cutover {
    /// The new side's share of the traffic after each step, in percent; the last one is 100.
    #[schemars(length(min = 1, max = 20), inner(range(min = 1, max = 100)))]
    pub steps: Vec<u8>,
    /// How long the new side must be well at each step.
    pub bake: Seconds,
    /// How far behind the new database may be when it is switched to, in kB of the old one's log.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub lag: u32,
    /// For how long without a break it must have been that close.
    pub lag_for: Seconds,
}

impl Default for Cutover {
    fn default() -> Self {
        Self { steps: vec![5, 25, 100], bake: Seconds(60), lag: 200, lag_for: Seconds(10) }
    }
}

/// Who is told when something is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Alarms {
    /// Mail addresses; each is asked once by AWS to confirm.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub mail: Vec<MailAddress>,
}
