//! `elb:target-group`: the tasks of a service, or the servers of today, as the load balancer sees them.

use super::attributes::{changed, managed};
use super::health::HealthCheck;
use super::survey::Attributes;
use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo, ReplaceOrder};
use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_elasticloadbalancingv2::types::{Matcher, ProtocolEnum, TargetGroupAttribute, TargetTypeEnum};
use serde::{Deserialize, Serialize};

/// A target group.
pub struct TargetGroup;

/// What the city wants of a target group. Its protocol is HTTP.
#[derive(Debug, Serialize, Deserialize)]
pub struct TargetGroupProps {
    /// Name, at most 32 characters; another one for other immutable properties, so that a replacement can stand beside it.
    pub name: String,
    /// The VPC's id.
    pub vpc: Input,
    /// `instance` or `ip`.
    pub target_type: String,
    /// The port of targets that are registered without one.
    pub port: i32,
    /// How targets are checked at first. Never read: from then on [`super::target_check`] decides.
    #[serde(default)]
    pub health: Option<HealthCheck>,
    /// Attributes that aren't left at their defaults; none are read if it is empty.
    pub attributes: Attributes,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct TargetGroupOutputs {
    /// ARN.
    pub arn: String,
    /// `targetgroup/…/…`: what CloudWatch calls it.
    pub full_name: String,
}

fn outputs(arn: &str) -> TargetGroupOutputs {
    TargetGroupOutputs { arn: arn.into(), full_name: arn.rsplit(':').next().unwrap_or_default().into() }
}

impl Resource for TargetGroup {
    const INFO: KindInfo = KindInfo {
        immutable: &["name", "vpc", "target_type", "port"],
        replace: ReplaceOrder::CreateFirst,
        serves: true,
        ..KindInfo::new("elb:target-group", Identity::Same(&["name"]))
    };
    const FOUND_BY: Option<&'static str> = Some("arn");
    type Props = TargetGroupProps;
    type Outputs = TargetGroupOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let groups = survey.target_groups().await?;
        let recorded = sought.recorded.map(|outputs| outputs.arn.as_str());
        let by_record = groups.iter().find(|g| recorded.is_some() && g.target_group_arn() == recorded);
        let by_name = || groups.iter().find(|g| g.target_group_name() == Some(&sought.props.name));
        let Some(group) = by_record.or_else(by_name) else {
            return Ok(None);
        };
        let arn = group.target_group_arn().unwrap_or_default();
        tag::must_be_ours(survey, arn, recorded).await?;
        let attributes = if sought.props.attributes.is_empty() {
            Attributes::new()
        } else {
            managed(&*survey.target_group_attributes(arn).await?, &sought.props.attributes)
        };
        let props = TargetGroupProps {
            name: group.target_group_name().unwrap_or_default().into(),
            vpc: group.vpc_id().unwrap_or_default().into(),
            target_type: group.target_type().map(TargetTypeEnum::as_str).unwrap_or_default().into(),
            port: group.port().unwrap_or_default(),
            health: None,
            attributes,
        };
        Ok(Some(Found::ready(props, outputs(arn))))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &TargetGroupProps) -> CloudResult<TargetGroupOutputs> {
        let health = props.health.as_ref();
        let made = aws
            .elb
            .create_target_group()
            .name(&props.name)
            .vpc_id(props.vpc.known()?)
            .target_type(props.target_type.as_str().into())
            .protocol(ProtocolEnum::Http)
            .port(props.port)
            .health_check_protocol(ProtocolEnum::Http)
            .health_check_port("traffic-port")
            .set_health_check_path(health.map(|check| check.path.clone()))
            .set_health_check_interval_seconds(health.map(|check| check.interval))
            .set_health_check_timeout_seconds(health.map(|check| check.timeout))
            .set_healthy_threshold_count(health.map(|check| check.healthy))
            .set_unhealthy_threshold_count(health.map(|check| check.unhealthy))
            .set_matcher(health.map(|check| Matcher::builder().http_code(&check.codes).build()))
            .set_tags(Some(tag::of(aws, making)))
            .send()
            .await
            .map_err(call("elasticloadbalancing:CreateTargetGroup"))?;
        let arn = made
            .target_groups()
            .first()
            .and_then(|group| group.target_group_arn())
            .ok_or_else(|| CloudError::internal("CreateTargetGroup answered without an ARN"))?;
        set_attributes(aws, arn, &props.attributes).await?;
        Ok(outputs(arn))
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: TargetGroupOutputs,
        old: &TargetGroupProps,
        new: &TargetGroupProps,
    ) -> CloudResult<TargetGroupOutputs> {
        set_attributes(aws, &outputs.arn, &changed(&old.attributes, &new.attributes)).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &TargetGroupOutputs, _: &TargetGroupProps) -> CloudResult<()> {
        let call_name = "elasticloadbalancing:DeleteTargetGroup";
        aws.elb.delete_target_group().target_group_arn(&outputs.arn).send().await.map_err(call(call_name))?;
        Ok(())
    }
}

async fn set_attributes(aws: &Aws, arn: &str, attributes: &Attributes) -> CloudResult<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    let list = attributes.iter().map(|(k, v)| TargetGroupAttribute::builder().key(k).value(v).build()).collect();
    aws.elb
        .modify_target_group_attributes()
        .target_group_arn(arn)
        .set_attributes(Some(list))
        .send()
        .await
        .map_err(call("elasticloadbalancing:ModifyTargetGroupAttributes"))?;
    Ok(())
}
