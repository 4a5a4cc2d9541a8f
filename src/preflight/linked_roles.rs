//! Service-linked roles. A service makes its own with its first resource in an account; that takes a right of its own, and a moment
//! in which the first ECS call of an account fails.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::call;
use crate::aws::iam::linked::role_name;
use crate::engine::CloudResult;
use async_trait::async_trait;
use futures_util::future::try_join_all;

/// The check.
pub struct LinkedRoles;

/// Kind, and the service that needs its role for it.
const NEEDS: &[(&str, &str)] = &[
    ("autoscaling:group", "autoscaling.amazonaws.com"),
    ("ecs:cluster", "ecs.amazonaws.com"),
    ("scaling:target", "ecs.application-autoscaling.amazonaws.com"),
    ("elb:load-balancer", "elasticloadbalancing.amazonaws.com"),
    ("rds:instance", "rds.amazonaws.com"),
];

#[async_trait]
impl Check for LinkedRoles {
    fn name(&self) -> &'static str {
        "linked-roles"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        NEEDS.iter().any(|(kind, _)| subject.makes(kind))
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let needed = NEEDS.iter().filter(|(kind, _)| subject.makes(kind)).map(|(_, service)| async move {
            let answer = subject.aws.iam.get_role().role_name(role_name(service)).send().await;
            match answer.map_err(call("iam:GetRole")) {
                Ok(_) => Ok((*service, true)),
                Err(error) if error.is_not_found() => Ok((*service, false)),
                Err(error) => Err(error),
            }
        });
        Ok(judge(&try_join_all(needed).await?))
    }
}

fn judge(roles: &[(&str, bool)]) -> Verdict {
    let missing: Vec<&str> = roles.iter().filter(|(_, there)| !there).map(|(service, _)| *service).collect();
    let mut verdict = Verdict::default();
    if !missing.is_empty() {
        let commands: Vec<_> = missing
            .iter()
            .map(|service| format!("aws iam create-service-linked-role --aws-service-name {service}"))
            .collect();
        verdict.warn(
            format!(
                "{} of {} service-linked roles aren't there yet: they are made with the first resource",
                missing.len(),
                roles.len()
            ),
            format!("nothing, if you may create them; or have them made: {}", commands.join("; ")),
        );
    }
    verdict.or_ok(format!("all {} service-linked roles are there", roles.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::iam::linked::SERVICES;
    use crate::preflight::Level;

    #[test]
    fn a_missing_role_is_named_with_the_command_that_makes_it() {
        let verdict = judge(&[("ecs.amazonaws.com", false), ("rds.amazonaws.com", true)]);
        let (level, says, mend) = &verdict.0[0];
        assert_eq!((*level, says.starts_with("1 of 2")), (Level::Warn, true));
        assert!(
            mend.as_ref()
                .is_some_and(|mend| mend.contains("--aws-service-name ecs.amazonaws.com") && !mend.contains("rds"))
        );
        assert_eq!(judge(&[("rds.amazonaws.com", true)]).worst(), Level::Ok);
    }

    #[test]
    fn the_policy_lets_each_of_them_be_made() {
        assert!(NEEDS.iter().all(|(_, service)| SERVICES.contains(service)));
    }
}
