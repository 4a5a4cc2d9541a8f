//! `ecs:task-definition`: how a service's container is run. A revision never changes: an update registers the next one.

use super::{container, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_ecs::operation::describe_task_definition::DescribeTaskDefinitionOutput;
use aws_sdk_ecs::types::{self, Compatibility, NetworkMode, TaskDefinitionField, TaskDefinitionStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A task definition of one container.
pub struct TaskDefinition;

/// What the city wants of a service's task definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskDefinitionProps {
    /// The name that its revisions have in common, `<city>-<service>`.
    pub family: String,
    /// The name of its container, which is that of the service.
    pub container: String,
    /// The image, pinned by its digest.
    pub image: String,
    /// CPU units that the container reserves; 1024 are one vCPU.
    pub cpu: i32,
    /// MiB that the container may use.
    pub memory: i32,
    /// The port that the container listens on. The instance's port is a free one.
    pub port: i32,
    /// `uid:gid`.
    pub user: String,
    /// Whether the root file system is read-only; `/tmp` is in memory then.
    pub read_only_root: bool,
    /// Environment variables by name.
    pub environment: BTreeMap<String, Input>,
    /// Environment variables whose values are in Secrets Manager: ARNs by name.
    pub secrets: BTreeMap<String, Input>,
    /// How ECS sees whether the container is well.
    pub health: HealthCheck,
    /// Seconds between SIGTERM and SIGKILL.
    pub stop_seconds: i32,
    /// The name of the log group that it writes to.
    pub log_group: Input,
    /// The region of the log group.
    pub log_region: String,
    /// ARN of the role by which ECS reads the secrets.
    pub execution_role: Input,
    /// ARN of the role that the container has.
    pub task_role: Input,
}

/// The container's own check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// As Docker's HEALTHCHECK takes it: `CMD` or `CMD-SHELL` and the rest.
    pub command: Vec<String>,
    /// Seconds between two checks, 5 to 300.
    pub interval: i32,
    /// Seconds that a check may take, 2 to 60.
    pub timeout: i32,
    /// How many bad checks in a row are too many, 1 to 10.
    pub retries: i32,
    /// Seconds after the start in which bad checks don't count, 0 to 300.
    pub start: i32,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct TaskDefinitionOutputs {
    /// `arn:aws:ecs:…:task-definition/<family>:<revision>`.
    pub arn: String,
}

impl Resource for TaskDefinition {
    const INFO: KindInfo = KindInfo {
        immutable: &["family"],
        // What was registered is what is recorded: a revision can't be changed.
        unread: &[
            "family",
            "container",
            "image",
            "cpu",
            "memory",
            "port",
            "user",
            "read_only_root",
            "environment",
            "secrets",
            "health",
            "stop_seconds",
            "log_group",
            "log_region",
            "execution_role",
            "task_role",
        ],
        volatile: &["arn"],
        create: Latency::estimated(1, 1, 5),
        ..KindInfo::new("ecs:task-definition", Identity::Mark { made_by: "ecs:RegisterTaskDefinition" })
    };
    type Props = TaskDefinitionProps;
    type Outputs = TaskDefinitionOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        if let Some(recorded) = sought.recorded.filter(|_| survey.proves())
            && in_use(survey, &sought.props.container, &recorded.arn).await?
        {
            let outputs = TaskDefinitionOutputs { arn: recorded.arn.clone() };
            return Ok(Some(Found::ready(sought.props.clone(), outputs)));
        }
        let sought_by = sought.recorded.map_or(&sought.props.family, |outputs| &outputs.arn);
        let answer = survey.task_definition(sought_by).await?;
        let Some(revision) = answer.as_ref().as_ref().and_then(Revision::active) else {
            return Ok(None);
        };
        if sought.recorded.is_some() {
            return Ok(Some(Found::ready(sought.props.clone(), revision.outputs())));
        }
        tags::ours(&survey.aws, "ecs:DescribeTaskDefinition", sought_by, revision.owner)?;
        Ok(Some(Found::ready(container::props(revision.definition), revision.outputs())))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &TaskDefinitionProps) -> CloudResult<TaskDefinitionOutputs> {
        register(aws, making, props).await
    }

    async fn update(
        aws: &Aws,
        making: Making<'_>,
        _: TaskDefinitionOutputs,
        _: &TaskDefinitionProps,
        new: &TaskDefinitionProps,
    ) -> CloudResult<TaskDefinitionOutputs> {
        register(aws, making, new).await
    }

    /// Deletes every revision of the family: none of them has another use, and the city is to leave nothing.
    async fn delete(
        aws: &Aws,
        _: Making<'_>,
        outputs: &TaskDefinitionOutputs,
        _: &TaskDefinitionProps,
    ) -> CloudResult<()> {
        let family = family(&outputs.arn);
        for arn in revisions(aws, family, TaskDefinitionStatus::Active).await? {
            let request = aws.ecs.deregister_task_definition().task_definition(arn).send();
            request.await.map_err(call("ecs:DeregisterTaskDefinition"))?;
        }
        let inactive = revisions(aws, family, TaskDefinitionStatus::Inactive).await?;
        // ECS takes ten at a time.
        for ten in inactive.chunks(10) {
            let request = aws.ecs.delete_task_definitions().set_task_definitions(Some(ten.to_vec())).send();
            let answer = request.await.map_err(call("ecs:DeleteTaskDefinitions"))?;
            if let Some(failure) = answer.failures().first() {
                return Err(CloudError {
                    class: ErrorClass::Dependency,
                    call: "ecs:DeleteTaskDefinitions".into(),
                    code: failure.reason().unwrap_or_default().into(),
                    message: failure.detail().or(failure.arn()).unwrap_or_default().into(),
                });
            }
        }
        Ok(())
    }
}

/// Registers a revision, unless the newest one already is what is wanted: then the answer to an earlier call was lost.
async fn register(aws: &Aws, making: Making<'_>, props: &TaskDefinitionProps) -> CloudResult<TaskDefinitionOutputs> {
    let newest = aws.ecs.describe_task_definition().task_definition(&props.family).include(TaskDefinitionField::Tags);
    match newest.send().await.map_err(call("ecs:DescribeTaskDefinition")) {
        Ok(newest) => {
            if let Some(newest) = Revision::active(&newest) {
                tags::ours(aws, "ecs:RegisterTaskDefinition", &props.family, newest.owner)?;
                if container::props(newest.definition) == *props {
                    return Ok(newest.outputs());
                }
            }
        }
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(error),
    }
    let request = aws
        .ecs
        .register_task_definition()
        .family(&props.family)
        .network_mode(NetworkMode::Bridge)
        .requires_compatibilities(Compatibility::Ec2)
        .execution_role_arn(props.execution_role.known()?)
        .task_role_arn(props.task_role.known()?)
        .container_definitions(container::definition(props)?)
        .set_tags(Some(tag::all(aws, making)));
    let made = request.send().await.map_err(call("ecs:RegisterTaskDefinition"))?;
    let arn = made.task_definition().and_then(|definition| definition.task_definition_arn());
    let arn = arn.ok_or_else(|| CloudError::internal("RegisterTaskDefinition answered without an ARN"))?;
    Ok(TaskDefinitionOutputs { arn: arn.into() })
}

/// Whether the city's service of that name runs by the revision: then it is there, as it was registered.
async fn in_use(survey: &Survey, service: &str, arn: &str) -> CloudResult<bool> {
    let services = survey.services(&survey.aws.city, service).await?;
    let services = services.iter().filter(|one| one.status() == Some("ACTIVE"));
    Ok(services.filter_map(|one| one.task_definition()).any(|used| used == arn))
}

/// A revision that can be used.
struct Revision<'a> {
    definition: &'a types::TaskDefinition,
    /// The city that its tags name.
    owner: Option<&'a str>,
}

impl<'a> Revision<'a> {
    /// `None` for one that was deregistered.
    fn active(answer: &'a DescribeTaskDefinitionOutput) -> Option<Self> {
        let definition = answer.task_definition()?;
        let active = definition.status() == Some(&TaskDefinitionStatus::Active);
        active.then(|| Self { definition, owner: tag::city(answer.tags()) })
    }

    fn outputs(&self) -> TaskDefinitionOutputs {
        TaskDefinitionOutputs { arn: self.definition.task_definition_arn().unwrap_or_default().into() }
    }
}

/// ECS has no code of its own for a task definition that isn't there.
pub fn is_absent(error: &CloudError) -> bool {
    error.is_not_found() || (error.code == "ClientException" && error.message.contains("nable to describe"))
}

/// `malmo-web` of `arn:aws:ecs:eu-north-1:123456789012:task-definition/malmo-web:7`.
fn family(arn: &str) -> &str {
    let revision = arn.rsplit('/').next().unwrap_or(arn);
    revision.split(':').next().unwrap_or(revision)
}

async fn revisions(aws: &Aws, family: &str, status: TaskDefinitionStatus) -> CloudResult<Vec<String>> {
    let request = aws.ecs.list_task_definitions().family_prefix(family).status(status);
    let pages = request.into_paginator().items().send();
    let all: Vec<String> = pages.collect::<Result<_, _>>().await.map_err(call("ecs:ListTaskDefinitions"))?;
    // A prefix is what its name says: `malmo-web` finds `malmo-webshop` too.
    Ok(all.into_iter().filter(|arn| self::family(arn) == family).collect())
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn the_family_of_a_revision() {
        assert_eq!(family("arn:aws:ecs:eu-north-1:123456789012:task-definition/malmo-web:7"), "malmo-web");
    }
}
