//! How a target group sees whether its targets are well.

use aws_sdk_elasticloadbalancingv2::types::TargetGroup;
use serde::{Deserialize, Serialize};

/// A target group's health check over HTTP on the port that the traffic goes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The path that is asked for.
    pub path: String,
    /// Seconds between two checks, 5 to 300.
    pub interval: i32,
    /// Seconds to wait for the answer, fewer than `interval`.
    pub timeout: i32,
    /// Good answers in a row that make a target healthy again; a new one needs a single one (D).
    pub healthy: i32,
    /// Bad answers in a row that make it unhealthy.
    pub unhealthy: i32,
    /// The status codes that are good answers.
    pub codes: String,
}

impl HealthCheck {
    /// The check as it is.
    pub fn of(group: &TargetGroup) -> Self {
        Self {
            path: group.health_check_path().unwrap_or_default().into(),
            interval: group.health_check_interval_seconds().unwrap_or_default(),
            timeout: group.health_check_timeout_seconds().unwrap_or_default(),
            healthy: group.healthy_threshold_count().unwrap_or_default(),
            unhealthy: group.unhealthy_threshold_count().unwrap_or_default(),
            codes: group.matcher().and_then(|m| m.http_code()).unwrap_or_default().into(),
        }
    }
}
