//! `scaling:policy`: a metric of a service that scaling keeps near a value.

use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ScalingPolicy, ServiceNamespace,
    TargetTrackingScalingPolicyConfiguration,
};
use serde::{Deserialize, Serialize};

/// A target-tracking policy.
pub struct Policy;

/// What the city wants of a policy.
#[derive(Debug, Serialize, Deserialize)]
pub struct PolicyProps {
    /// Name.
    pub name: String,
    /// `service/<cluster>/<service>`.
    pub resource: String,
    /// One of AWS's predefined metrics.
    pub metric: String,
    /// What the metric is about, for requests per target.
    pub requests: Option<RequestsOf>,
    /// The value that it is kept near.
    pub target: u32,
    /// Seconds between two steps out.
    pub out_cooldown: i32,
    /// Seconds between two steps in.
    pub in_cooldown: i32,
}

/// Whose requests are counted.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestsOf {
    /// `app/…/…`.
    pub load_balancer: Input,
    /// `targetgroup/…/…`.
    pub target_group: Input,
}

impl RequestsOf {
    /// AWS's label: both full names, one after the other.
    fn label(&self) -> CloudResult<String> {
        Ok(format!("{}/{}", self.load_balancer.known()?, self.target_group.known()?))
    }

    fn of_label(label: &str) -> Self {
        let (balancer, group) = label.split_once("/targetgroup/").unwrap_or((label, ""));
        Self { load_balancer: balancer.into(), target_group: format!("targetgroup/{group}").into() }
    }
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct PolicyOutputs {
    /// ARN.
    pub arn: String,
}

/// The value in whole numbers: all of ours are percentages or counts.
fn whole(value: f64) -> u32 {
    value.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

fn observe(policy: &ScalingPolicy) -> Option<PolicyProps> {
    let tracking = policy.target_tracking_scaling_policy_configuration()?;
    let metric = tracking.predefined_metric_specification()?;
    Some(PolicyProps {
        name: policy.policy_name().into(),
        resource: policy.resource_id().into(),
        metric: metric.predefined_metric_type().as_str().into(),
        requests: metric.resource_label().map(RequestsOf::of_label),
        target: whole(tracking.target_value()),
        out_cooldown: tracking.scale_out_cooldown().unwrap_or_default(),
        in_cooldown: tracking.scale_in_cooldown().unwrap_or_default(),
    })
}

impl Resource for Policy {
    const INFO: KindInfo = KindInfo {
        immutable: &["name", "resource"],
        ..KindInfo::new("scaling:policy", Identity::Same(&["resource", "name"]))
    };
    type Props = PolicyProps;
    type Outputs = PolicyOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let policies = survey.scaling_policies(&sought.props.resource).await?;
        let ours =
            |one: &&ScalingPolicy| one.policy_name() == sought.props.name && one.resource_id() == sought.props.resource;
        Ok(policies.iter().find(ours).and_then(|policy| {
            let outputs = PolicyOutputs { arn: policy.policy_arn().into() };
            Some(Found::ready(observe(policy)?, outputs))
        }))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &PolicyProps) -> CloudResult<PolicyOutputs> {
        put(aws, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        _: PolicyOutputs,
        _: &PolicyProps,
        new: &PolicyProps,
    ) -> CloudResult<PolicyOutputs> {
        put(aws, new).await
    }

    async fn delete(aws: &Aws, _: Making<'_>, _: &PolicyOutputs, props: &PolicyProps) -> CloudResult<()> {
        delete(aws, &props.name, &props.resource).await
    }
}

/// Deletes a policy of the service.
pub async fn delete(aws: &Aws, name: &str, resource: &str) -> CloudResult<()> {
    let request = aws.scaling.delete_scaling_policy().policy_name(name).service_namespace(ServiceNamespace::Ecs);
    let request = request.scalable_dimension(ScalableDimension::EcsServiceDesiredCount).resource_id(resource);
    request.send().await.map_err(call("application-autoscaling:DeleteScalingPolicy"))?;
    Ok(())
}

async fn put(aws: &Aws, props: &PolicyProps) -> CloudResult<PolicyOutputs> {
    let wrong = |error: aws_sdk_applicationautoscaling::error::BuildError| CloudError::internal(error.to_string());
    let label = props.requests.as_ref().map(RequestsOf::label).transpose()?;
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(MetricType::from(props.metric.as_str()))
        .set_resource_label(label)
        .build()
        .map_err(wrong)?;
    let tracking = TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(props.target.into())
        .predefined_metric_specification(metric)
        .scale_out_cooldown(props.out_cooldown)
        .scale_in_cooldown(props.in_cooldown)
        .build()
        .map_err(wrong)?;
    let made = aws
        .scaling
        .put_scaling_policy()
        .policy_name(&props.name)
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .resource_id(&props.resource)
        .policy_type(PolicyType::TargetTrackingScaling)
        .target_tracking_scaling_policy_configuration(tracking)
        .send()
        .await
        .map_err(call("application-autoscaling:PutScalingPolicy"))?;
    Ok(PolicyOutputs { arn: made.policy_arn })
}
