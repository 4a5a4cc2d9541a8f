//! What AWS offers and what it costs, as far as a city needs it: regions, instance types, database classes, prices.
//!
//! The tables are in the binary, so that a file can be checked without a network. A type that is missing here is refused:
//! adding it is one line.

mod classes;
mod instances;
mod prices;
mod regions;

pub use classes::{CLASSES, DatabaseClassData, class};
pub use instances::{Architecture, INSTANCES, InstanceTypeData, instance};
pub use prices::{PRICES, PRICES_AS_OF, RegionPrices, prices};
pub use regions::{REGIONS, Region, region};

/// Prices in the regions that have them, in the order eu-north-1, eu-west-1, eu-central-1.
type PerRegion = Option<[f64; 3]>;

fn in_region(prices: PerRegion, region: &str) -> Option<f64> {
    let index = ["eu-north-1", "eu-west-1", "eu-central-1"].iter().position(|name| *name == region)?;
    prices.map(|prices| prices[index])
}
