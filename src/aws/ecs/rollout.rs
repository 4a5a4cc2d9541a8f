//! Whether a service runs what it was asked to run.

use crate::engine::cloud::Readiness;
use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service};

/// Ready: the one deployment that counts is of the wanted task definition, is completed, and all of its tasks run.
///
/// A deployment that fails is rolled back by ECS without a word: the service is then steady, with the old task definition. That's
/// why what it runs is compared with what was wanted.
pub fn readiness(service: &Service, wanted: Option<&str>) -> Readiness {
    match service.status() {
        Some("ACTIVE") => {}
        Some(status) => return Readiness::Pending(status.to_owned()),
        None => return Readiness::Pending("unknown".into()),
    }
    let deployments = service.deployments();
    let Some(primary) = deployments.iter().find(|deployment| deployment.status() == Some("PRIMARY")) else {
        return Readiness::Pending("no deployment yet".into());
    };
    // One that failed before this one was asked for may still be winding down beside it.
    let concerns =
        |one: &Deployment| one.status() == primary.status() || wanted.is_none_or(|w| one.task_definition() == Some(w));
    if let Some(failed) = deployments.iter().find(|deployment| failed(deployment) && concerns(deployment)) {
        let runs = primary.task_definition().map_or("nothing", family);
        return Readiness::Failed(format!("{}; it runs {runs}{}", reason(failed), last_word(service)));
    }
    let runs = primary.task_definition().unwrap_or_default();
    if let Some(wanted) = wanted.filter(|wanted| *wanted != runs) {
        let (runs, wanted) = (family(runs), family(wanted));
        if primary.rollout_state_reason().is_some_and(|reason| reason.contains("roll")) {
            return Readiness::Failed(format!("{wanted} was rolled back to {runs}{}", last_word(service)));
        }
        return Readiness::Pending(format!("runs {runs}, not {wanted}"));
    }
    let (running, desired) = (service.running_count(), service.desired_count());
    if running != desired {
        return Readiness::Pending(format!("{running} of {desired} tasks running"));
    }
    match primary.rollout_state() {
        Some(DeploymentRolloutState::InProgress) => Readiness::Pending(format!("{running} of {desired} tasks running")),
        _ => Readiness::Ready,
    }
}

fn failed(deployment: &Deployment) -> bool {
    deployment.rollout_state() == Some(&DeploymentRolloutState::Failed)
}

fn reason(deployment: &Deployment) -> String {
    deployment.rollout_state_reason().unwrap_or("the deployment failed").trim_end_matches('.').to_owned()
}

/// `web:4` of `arn:aws:ecs:…:task-definition/web:4`.
fn family(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The newest event that says why, as an addition to a sentence.
fn last_word(service: &Service) -> String {
    let telling = |text: &&str| ["failed", "unable", "unhealthy"].iter().any(|word| text.contains(word));
    let event = service.events().iter().filter_map(|event| event.message()).find(telling);
    event.map_or(String::new(), |event| format!(": {event}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::types::ServiceEvent;

    const OLD: &str = "arn:aws:ecs:eu-north-1:1:task-definition/web:3";
    const NEW: &str = "arn:aws:ecs:eu-north-1:1:task-definition/web:4";

    fn deployment(status: &str, runs: &str, state: DeploymentRolloutState, reason: &str) -> Deployment {
        let deployment = Deployment::builder().status(status).task_definition(runs);
        deployment.rollout_state(state).rollout_state_reason(reason).build()
    }

    fn service(running: i32, deployments: Vec<Deployment>) -> Service {
        let event = ServiceEvent::builder().message("(service web) was unable to place a task").build();
        Service::builder()
            .status("ACTIVE")
            .running_count(running)
            .desired_count(2)
            .set_deployments(Some(deployments))
            .events(event)
            .build()
    }

    #[test]
    fn a_completed_rollout_of_the_wanted_revision_is_ready() {
        let done = deployment("PRIMARY", NEW, DeploymentRolloutState::Completed, "completed");
        assert_eq!(readiness(&service(2, vec![done.clone()]), Some(NEW)), Readiness::Ready);
        let pending = Readiness::Pending("1 of 2 tasks running".into());
        assert_eq!(readiness(&service(1, vec![done]), Some(NEW)), pending);
        let going_on = deployment("PRIMARY", NEW, DeploymentRolloutState::InProgress, "in progress");
        assert!(matches!(readiness(&service(2, vec![going_on]), Some(NEW)), Readiness::Pending(_)));
    }

    #[test]
    fn a_rollback_is_a_failure_although_the_service_is_steady() {
        let back = deployment(
            "PRIMARY",
            OLD,
            DeploymentRolloutState::Completed,
            "ECS deployment circuit breaker: rolled back",
        );
        let Readiness::Failed(why) = readiness(&service(2, vec![back]), Some(NEW)) else {
            panic!("a rolled back service isn't ready");
        };
        assert_eq!(why, "web:4 was rolled back to web:3: (service web) was unable to place a task");
    }

    #[test]
    fn a_failed_deployment_is_told_while_it_is_being_rolled_back() {
        let back = deployment("PRIMARY", OLD, DeploymentRolloutState::InProgress, "in progress");
        let broken =
            deployment("ACTIVE", NEW, DeploymentRolloutState::Failed, "circuit breaker: tasks failed to start.");
        let Readiness::Failed(why) = readiness(&service(2, vec![back, broken]), Some(NEW)) else {
            panic!("a failed deployment isn't ready");
        };
        assert!(why.starts_with("circuit breaker: tasks failed to start; it runs web:3"), "{why}");
    }

    #[test]
    fn a_failure_of_the_past_is_no_failure_of_the_new_deployment() {
        let done = deployment("PRIMARY", NEW, DeploymentRolloutState::Completed, "completed");
        let before = deployment("ACTIVE", OLD, DeploymentRolloutState::Failed, "tasks failed to start");
        assert_eq!(readiness(&service(2, vec![done, before]), Some(NEW)), Readiness::Ready);
    }

    #[test]
    fn another_revision_without_a_rollback_is_waited_for() {
        let other = deployment("PRIMARY", OLD, DeploymentRolloutState::Completed, "completed");
        assert_eq!(readiness(&service(2, vec![other]), Some(NEW)), Readiness::Pending("runs web:3, not web:4".into()));
    }
}
