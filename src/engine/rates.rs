//! How many calls a second AWS takes of an account, and a client's share of them: whoever stays under it is never turned away.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A token bucket that AWS publishes: so many calls at once, then so many a second.
#[derive(Debug, PartialEq)]
pub struct Limit {
    /// What shares it.
    pub name: &'static str,
    /// Calls at once.
    pub burst: f64,
    /// Calls a second after that.
    pub refill: f64,
}

const fn limit(name: &'static str, burst: f64, refill: f64) -> Limit {
    Limit { name, burst, refill }
}

// D: "Request throttling for the Amazon EC2 API", and the same page of the other services; read in November 2026.
static EC2_READ: Limit = limit("ec2 reads", 100.0, 20.0);
static EC2_READ_ALL: Limit = limit("ec2 reads of everything", 50.0, 10.0);
static EC2_CHANGE: Limit = limit("ec2 changes", 50.0, 5.0);
static EC2_NAT: Limit = limit("ec2:CreateNatGateway", 10.0, 1.0);
static EC2_ENDPOINT: Limit = limit("ec2:CreateVpcEndpoint", 4.0, 0.3);
static EC2_TAGS: Limit = limit("ec2:CreateTags", 100.0, 10.0);
static RDS: Limit = limit("rds", 300.0, 12.0);
static ECS_CLUSTER: Limit = limit("ecs clusters and task definitions", 20.0, 1.0);
static ECS_PROVIDER: Limit = limit("ecs capacity providers", 10.0, 1.0);
static ECS_SERVICE: Limit = limit("ecs services", 50.0, 5.0);
static ECS_READ: Limit = limit("ecs reads", 100.0, 20.0);
static ELB_READ: Limit = limit("elb reads", 40.0, 10.0);
static ROUTE53: Limit = limit("route53", 5.0, 5.0);
static ALARMS: Limit = limit("cloudwatch:PutMetricAlarm", 3.0, 3.0);

/// The bucket that a call takes from: `service` is the name that requests are signed for, `operation` the API's. `None`: no figure is
/// published. `all`: it reads everything there is, with no filter, id or page size.
pub fn limit_of(service: &str, operation: &str, all: bool) -> Option<&'static Limit> {
    let reads = ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb));
    Some(match (service, operation) {
        ("ec2", "CreateNatGateway") => &EC2_NAT,
        ("ec2", "CreateVpcEndpoint") => &EC2_ENDPOINT,
        ("ec2", "CreateTags") => &EC2_TAGS,
        ("ec2", _) if reads && all => &EC2_READ_ALL,
        ("ec2", _) if reads => &EC2_READ,
        ("ec2", _) => &EC2_CHANGE,
        ("rds", _) => &RDS,
        ("ecs", _) if reads => &ECS_READ,
        ("ecs", _) if operation.contains("CapacityProvider") => &ECS_PROVIDER,
        ("ecs", _) if operation.contains("Service") => &ECS_SERVICE,
        ("ecs", _) if operation.contains("Cluster") || operation.contains("TaskDefinition") => &ECS_CLUSTER,
        ("elasticloadbalancing", _) if reads => &ELB_READ,
        ("route53", _) => &ROUTE53,
        ("monitoring", "PutMetricAlarm") => &ALARMS,
        _ => return None,
    })
}

/// One bucket, as full as it is.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub fn full(burst: f64) -> Self {
        Self { tokens: burst, at: Instant::now() }
    }

    fn refill(&mut self, burst: f64, refill: f64) {
        let now = Instant::now();
        self.tokens = (self.tokens + now.duration_since(self.at).as_secs_f64() * refill).min(burst);
        self.at = now;
    }

    /// Takes one if there is one.
    pub fn take(&mut self, burst: f64, refill: f64) -> bool {
        self.refill(burst, refill);
        let there = self.tokens >= 1.0;
        if there {
            self.tokens -= 1.0;
        }
        there
    }

    /// Takes one that may only come in so long.
    pub fn reserve(&mut self, burst: f64, refill: f64) -> Duration {
        self.refill(burst, refill);
        self.tokens -= 1.0;
        Duration::from_secs_f64((-self.tokens / refill).max(0.0))
    }
}

/// What this process may use of an account's limits. Shared by all of its cities in that account and region.
#[derive(Debug)]
pub struct Rates {
    speed: f64,
    buckets: Mutex<BTreeMap<&'static str, Bucket>>,
}

/// The rest is for consoles, pipelines, and clocks that don't agree.
const SHARE: f64 = 0.8;

impl Rates {
    /// For a place where time passes `speed` times as fast as at AWS.
    pub fn new(speed: f64) -> Self {
        Self { speed: if speed.is_finite() { speed.max(1.0) } else { 1.0 }, buckets: Mutex::default() }
    }

    /// Waits for this call's turn. `all` as in [`limit_of`].
    pub async fn take(&self, service: &str, operation: &str, all: bool) {
        let Some(limit) = limit_of(service, operation, all) else { return };
        let (burst, refill) = ((limit.burst * SHARE).max(1.0), limit.refill * SHARE * self.speed);
        let turn = {
            let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            buckets.entry(limit.name).or_insert_with(|| Bucket::full(burst)).reserve(burst, refill)
        };
        if turn > Duration::ZERO {
            tokio::time::sleep(turn).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_wait_for_their_turn_and_never_exceed_what_is_published() {
        let rates = Rates::new(1.0);
        let begun = Instant::now();
        let mut server = Bucket::full(EC2_NAT.burst);
        for _ in 0..30 {
            rates.take("ec2", "CreateNatGateway", false).await;
            assert!(server.take(EC2_NAT.burst, EC2_NAT.refill));
        }
        // 8 at once, the other 22 at 0.8 a second.
        assert_eq!(begun.elapsed().as_secs(), 27);
        rates.take("ec2", "CreateSubnet", false).await;
        assert_eq!(begun.elapsed().as_secs(), 27, "another bucket");
        assert_eq!(limit_of("iam", "CreateRole", false), None);
    }
}
