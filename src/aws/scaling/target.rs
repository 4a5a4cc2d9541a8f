//! `scaling:target`: between how many tasks a service may be scaled.

use super::policy;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::CloudResult;
use crate::engine::error::gone_is_fine;
use crate::engine::kind::{Identity, KindInfo};
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A scalable target.
pub struct Target;

/// What the city wants of a scalable target.
#[derive(Debug, Serialize, Deserialize)]
pub struct TargetProps {
    /// `service/<cluster>/<service>`.
    pub resource: String,
    /// The fewest tasks.
    pub min: i32,
    /// The most tasks.
    pub max: i32,
    /// Names of policies that `migrate` didn't make. The city always wants none.
    #[serde(default)]
    pub foreign_policies: BTreeSet<String>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct TargetOutputs {
    /// `service/<cluster>/<service>`.
    pub resource: String,
}

impl Resource for Target {
    const INFO: KindInfo =
        KindInfo { immutable: &["resource"], ..KindInfo::new("scaling:target", Identity::Same(&["resource"])) };
    type Props = TargetProps;
    type Outputs = TargetOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let targets = survey.scalable_targets(&sought.props.resource).await?;
        let Some(target) = targets.iter().find(|target| target.resource_id() == sought.props.resource) else {
            return Ok(None);
        };
        let resource = target.resource_id().to_owned();
        let props = TargetProps {
            resource: resource.clone(),
            min: target.min_capacity(),
            max: target.max_capacity(),
            foreign_policies: foreign(survey, &resource).await?,
        };
        Ok(Some(Found::ready(props, TargetOutputs { resource })))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &TargetProps) -> CloudResult<TargetOutputs> {
        register(aws, props, Some(making)).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: TargetOutputs,
        old: &TargetProps,
        new: &TargetProps,
    ) -> CloudResult<TargetOutputs> {
        for policy in &old.foreign_policies {
            gone_is_fine(policy::delete(aws, policy, &outputs.resource).await)?;
        }
        register(aws, new, None).await
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &TargetOutputs, _: &TargetProps) -> CloudResult<()> {
        aws.scaling
            .deregister_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(&outputs.resource)
            .send()
            .await
            .map_err(call("application-autoscaling:DeregisterScalableTarget"))?;
        Ok(())
    }
}

/// The policies of the service that no address of the city has. They can't be tagged: their names are what tells.
async fn foreign(survey: &Survey, resource: &str) -> CloudResult<BTreeSet<String>> {
    let Some(census) = &survey.census else { return Ok(BTreeSet::new()) };
    let policies = survey.scaling_policies(resource).await?;
    let of_service = policies.iter().filter(|policy| policy.resource_id() == resource);
    let names = of_service.map(|policy| policy.policy_name()).filter(|name| !census.knows(name));
    Ok(names.map(str::to_owned).collect())
}

/// Makes or changes it: one operation does both, but takes tags only from the one who makes it.
async fn register(aws: &Aws, props: &TargetProps, making: Option<Making<'_>>) -> CloudResult<TargetOutputs> {
    let tags = making.map(|making| tags::of(aws, making).into_iter().collect());
    aws.scaling
        .register_scalable_target()
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .resource_id(&props.resource)
        .min_capacity(props.min)
        .max_capacity(props.max)
        .set_tags(tags)
        .send()
        .await
        .map_err(call("application-autoscaling:RegisterScalableTarget"))?;
    Ok(TargetOutputs { resource: props.resource.clone() })
}
