//! Prices of what isn't an instance: the offline fallback of the AWS Price List.

/// When the prices were taken down. They are shown with this date.
pub const PRICES_AS_OF: &str = "2026-11";

/// What a region charges, in USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionPrices {
    /// The region.
    pub region: &'static str,
    /// RDS gp3 storage, per GB and month in one zone; Multi-AZ is twice that (D).
    pub database_storage: f64,
    /// An Application Load Balancer, per hour (eu-north-1: E).
    pub load_balancer: f64,
    /// A load balancer capacity unit, per hour (outside eu-west-1: E).
    pub load_balancer_unit: f64,
    /// A NAT gateway, per hour and again per GB (eu-west-1: E).
    pub nat: f64,
    /// EBS gp3, per GB and month (eu-west-1: E).
    pub disk: f64,
    /// A public IPv4 address, per hour.
    pub address: f64,
    /// CloudWatch logs, per GB taken in; the upper end of .54 to .63.
    pub logs: f64,
    /// A CloudWatch alarm, per month (E).
    pub alarm: f64,
    /// A hosted zone, per month.
    pub hosted_zone: f64,
    /// A Route 53 health check of an endpoint outside AWS, per month (E).
    pub health_check: f64,
}

const fn of(region: &'static str, database_storage: f64, load_balancer: f64, nat: f64, disk: f64) -> RegionPrices {
    RegionPrices {
        region,
        database_storage,
        load_balancer,
        load_balancer_unit: 0.008,
        nat,
        disk,
        address: 0.005,
        logs: 0.63,
        alarm: 0.10,
        hosted_zone: 0.50,
        health_check: 0.75,
    }
}

/// The regions with known prices.
pub static PRICES: &[RegionPrices] = &[
    of("eu-north-1", 0.121, 0.0239, 0.046, 0.0836),
    of("eu-west-1", 0.127, 0.0252, 0.048, 0.088),
    of("eu-central-1", 0.137, 0.0270, 0.052, 0.0952),
];

/// What a region charges; `None` where no prices were found.
pub fn prices(region: &str) -> Option<&'static RegionPrices> {
    PRICES.iter().find(|prices| prices.region == region)
}
