//! `elb:target-check`: how the targets of a group are checked, once the group is there.
//!
//! A resource of its own, because it has a moment of its own: a path that is asked for before the tasks run that answer it would take
//! those out that serve.

use super::health::HealthCheck;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, Input};
use aws_sdk_elasticloadbalancingv2::types::Matcher;
use serde::{Deserialize, Serialize};

/// The check of a target group.
pub struct TargetCheck;

/// What the city wants of a check.
#[derive(Debug, Serialize, Deserialize)]
pub struct TargetCheckProps {
    /// The target group's ARN.
    pub target_group: Input,
    /// How its targets are checked.
    pub check: HealthCheck,
}

/// It has no id of its own.
#[derive(Debug, Serialize, Deserialize)]
pub struct TargetCheckOutputs {}

impl Resource for TargetCheck {
    const INFO: KindInfo = KindInfo {
        immutable: &["target_group"],
        ..KindInfo::new("elb:target-check", Identity::Same(&["target_group"]))
    };
    type Props = TargetCheckProps;
    type Outputs = TargetCheckOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let Some(arn) = sought.props.target_group.get() else {
            return Ok(None);
        };
        let groups = survey.target_groups().await?;
        let group = groups.iter().find(|group| group.target_group_arn() == Some(arn));
        let props = |check| TargetCheckProps { target_group: arn.clone().into(), check };
        Ok(group.map(|group| Found::ready(props(HealthCheck::of(group)), TargetCheckOutputs {})))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &TargetCheckProps) -> CloudResult<TargetCheckOutputs> {
        modify(aws, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        _: TargetCheckOutputs,
        _: &TargetCheckProps,
        new: &TargetCheckProps,
    ) -> CloudResult<TargetCheckOutputs> {
        modify(aws, new).await
    }

    /// It goes with its group.
    async fn delete(_: &Aws, _: Making<'_>, _: &TargetCheckOutputs, _: &TargetCheckProps) -> CloudResult<()> {
        Ok(())
    }
}

async fn modify(aws: &Aws, props: &TargetCheckProps) -> CloudResult<TargetCheckOutputs> {
    let check = &props.check;
    aws.elb
        .modify_target_group()
        .target_group_arn(props.target_group.known()?)
        .health_check_path(&check.path)
        .health_check_interval_seconds(check.interval)
        .health_check_timeout_seconds(check.timeout)
        .healthy_threshold_count(check.healthy)
        .unhealthy_threshold_count(check.unhealthy)
        .matcher(Matcher::builder().http_code(&check.codes).build())
        .send()
        .await
        .map_err(call("elasticloadbalancing:ModifyTargetGroup"))?;
    Ok(TargetCheckOutputs {})
}
