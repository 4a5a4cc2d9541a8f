//! `ec2:flow-logs`: who talked to whom in the VPC, to a log group.

use super::{answer, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, Input};
use aws_sdk_ec2::types::{FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType};
use serde::{Deserialize, Serialize};

/// The VPC's flow logs.
pub struct FlowLogs;

/// What the city wants of its flow logs. EC2 can't change them: every change replaces them.
#[derive(Debug, Serialize, Deserialize)]
pub struct FlowLogsProps {
    /// The VPC's id.
    pub vpc: Input,
    /// The name of the log group that they go to.
    pub log_group: Input,
    /// The ARN of the role that may write there.
    pub role: Input,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
}

/// Where they are.
#[derive(Debug, Serialize, Deserialize)]
pub struct FlowLogsOutputs {
    /// `fl-…`.
    pub id: String,
}

impl Resource for FlowLogs {
    const INFO: KindInfo = KindInfo {
        immutable: &["vpc", "log_group", "role", "traffic"],
        ..KindInfo::new("ec2:flow-logs", Identity::Token)
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = FlowLogsProps;
    type Outputs = FlowLogsOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let all = survey.flow_logs().await?;
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        let Some(log) = tag::find(&all, |l| l.flow_log_id(), |l| l.tags(), recorded, sought.address.as_str()) else {
            return Ok(None);
        };
        let props = FlowLogsProps {
            vpc: log.resource_id().unwrap_or_default().into(),
            log_group: log.log_group_name().unwrap_or_default().into(),
            role: log.deliver_logs_permission_arn().unwrap_or_default().into(),
            traffic: log.traffic_type().map(|t| t.as_str()).unwrap_or_default().into(),
        };
        let readiness = match log.deliver_logs_error_message() {
            Some(error) => Readiness::Pending(format!("nothing is delivered: {error}")),
            None => Readiness::Ready,
        };
        let outputs = FlowLogsOutputs { id: log.flow_log_id().unwrap_or_default().into() };
        Ok(Some(Found { props, outputs, readiness }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &FlowLogsProps) -> CloudResult<FlowLogsOutputs> {
        let made = aws
            .ec2
            .create_flow_logs()
            .client_token(making.token)
            .resource_type(FlowLogsResourceType::Vpc)
            .resource_ids(props.vpc.known()?)
            .traffic_type(TrafficType::from(props.traffic.as_str()))
            .log_destination_type(LogDestinationType::CloudWatchLogs)
            .log_group_name(props.log_group.known()?)
            .deliver_logs_permission_arn(props.role.known()?)
            .tag_specifications(tag::specification(aws, making, ResourceType::VpcFlowLog))
            .send()
            .await
            .map_err(call("ec2:CreateFlowLogs"))?;
        answer::complete(made.unsuccessful(), "ec2:CreateFlowLogs")?;
        let id = answer::id(made.flow_log_ids().first().map(String::as_str), "CreateFlowLogs")?;
        Ok(FlowLogsOutputs { id })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        outputs: FlowLogsOutputs,
        _: &FlowLogsProps,
        _: &FlowLogsProps,
    ) -> CloudResult<FlowLogsOutputs> {
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &FlowLogsOutputs, _: &FlowLogsProps) -> CloudResult<()> {
        let deleted = aws.ec2.delete_flow_logs().flow_log_ids(&outputs.id).send().await;
        answer::complete(deleted.map_err(call("ec2:DeleteFlowLogs"))?.unsuccessful(), "ec2:DeleteFlowLogs")
    }
}
