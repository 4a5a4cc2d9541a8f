//! How Route 53 itself sees the new side: by the answers that its checkers around the world got last.

use crate::aws::web::Web;
use crate::aws::{Aws, call};
use crate::engine::{CloudError, CloudResult, ErrorClass};
use aws_sdk_route53::types::HealthCheckObservation;

/// Of the checkers, more than this must find an endpoint healthy (D: "more than 18 % of health checkers").
const ENOUGH_PERCENT: usize = 18;

/// What the checkers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Those that got a good answer.
    pub well: usize,
    /// All that have asked.
    pub asked: usize,
    /// What one of the others got, in Route 53's words: `Failure: HTTP Status Code 400, Bad Request`.
    pub failure: Option<String>,
}

impl Sight {
    /// Asks for the checkers' last answers; `None` where there are no checkers, in an emulator behind whose addresses there is nothing.
    pub async fn of(aws: &Aws, health_check: &str) -> CloudResult<Option<Self>> {
        if matches!(aws.web, Web::Nobody) {
            return Ok(None);
        }
        let request = aws.route53.get_health_check_status().health_check_id(health_check);
        let answer = request.send().await.map_err(call("route53:GetHealthCheckStatus"))?;
        Ok(Some(Self::from(answer.health_check_observations())))
    }

    /// Fails while they don't see it as healthy, in a way that passes.
    pub async fn must_be_healthy(aws: &Aws, health_check: &str) -> CloudResult<()> {
        match Self::of(aws, health_check).await?.filter(|sight| !sight.is_healthy()) {
            None => Ok(()),
            Some(sight) => Err(CloudError {
                class: ErrorClass::Dependency,
                call: "route53:GetHealthCheckStatus".into(),
                code: "Unhealthy".into(),
                message: sight.to_string(),
            }),
        }
    }

    fn from(observations: &[HealthCheckObservation]) -> Self {
        let said = observations.iter().filter_map(|one| one.status_report()?.status());
        let well = |status: &&str| status.starts_with("Success");
        Self {
            well: said.clone().filter(well).count(),
            asked: said.clone().count(),
            failure: said.clone().find(|status| !well(status)).map(str::to_owned),
        }
    }

    /// Whether Route 53 sends users there.
    pub fn is_healthy(&self) -> bool {
        self.well * 100 > self.asked * ENOUGH_PERCENT
    }
}

impl std::fmt::Display for Sight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.asked {
            0 => write!(f, "Route 53's checkers haven't asked the new side yet"),
            asked => {
                write!(
                    f,
                    "Route 53 sees the new side as unhealthy: {} of {asked} checkers got a good answer",
                    self.well
                )?;
                let failure = self.failure.as_deref().unwrap_or_default();
                write!(f, " ({failure})")?;
                if failure.contains("HTTP Status Code 4") {
                    write!(f, "; they ask by the load balancer's own name: allow it as a host in the application")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_18_percent_of_the_checkers_are_enough() {
        let healthy = |well, asked| Sight { well, asked, failure: None }.is_healthy();
        assert!(healthy(16, 16) && healthy(3, 16) && healthy(1, 1));
        let refused = Sight { well: 0, asked: 16, failure: Some("Failure: HTTP Status Code 400, Bad Request".into()) };
        let says = "0 of 16 checkers got a good answer (Failure: HTTP Status Code 400, Bad Request); they ask by";
        assert!(refused.to_string().contains(says), "{refused}");
        assert!(!healthy(2, 16) && !healthy(0, 16) && !healthy(18, 100) && !healthy(0, 0));
    }
}
