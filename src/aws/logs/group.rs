//! `logs:group`: a log group whose entries are deleted after some days.

use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, ErrorClass};
use serde::{Deserialize, Serialize};

/// A log group.
pub struct LogGroup;

/// What the city wants of a log group.
#[derive(Debug, Serialize, Deserialize)]
pub struct LogGroupProps {
    /// Its whole name, with `/<city>/` in it: that is how it is found.
    pub name: String,
    /// Days until an entry is deleted: one of the numbers that CloudWatch Logs offers (1, 3, 5, 7, 14, 30, 60, 90 …). 0: never.
    pub retention_days: i32,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct LogGroupOutputs {
    /// Its name.
    pub name: String,
    /// Its ARN, without the `:*` that CloudWatch Logs puts behind it.
    pub arn: String,
}

impl LogGroupOutputs {
    fn of(aws: &Aws, name: &str) -> Self {
        Self { name: name.into(), arn: format!("arn:aws:logs:{}:{}:log-group:{name}", aws.region, aws.account) }
    }
}

impl Resource for LogGroup {
    const INFO: KindInfo = KindInfo { immutable: &["name"], ..KindInfo::new("logs:group", Identity::Same(&["name"])) };
    const FOUND_BY: Option<&'static str> = Some("name");
    type Props = LogGroupProps;
    type Outputs = LogGroupOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let name = sought.recorded.map_or(&sought.props.name, |outputs| &outputs.name);
        let groups = survey.log_groups().await?;
        let Some(group) = groups.iter().find(|group| group.log_group_name() == Some(name)) else {
            return Ok(None);
        };
        let props = LogGroupProps { name: name.clone(), retention_days: group.retention_in_days().unwrap_or(0) };
        Ok(Some(Found::ready(props, LogGroupOutputs::of(&survey.aws, name))))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &LogGroupProps) -> CloudResult<LogGroupOutputs> {
        let made = aws
            .logs
            .create_log_group()
            .log_group_name(&props.name)
            .set_tags(Some(tags::of(aws, making).into_iter().collect()))
            .send()
            .await
            .map_err(call("logs:CreateLogGroup"));
        match made {
            // The name holds the city's: it is ours, or a service of AWS was quicker and made it for us.
            Err(error) if error.class != ErrorClass::AlreadyExists => return Err(error),
            _ => {}
        }
        retain(aws, &props.name, props.retention_days).await?;
        Ok(LogGroupOutputs::of(aws, &props.name))
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: LogGroupOutputs,
        _: &LogGroupProps,
        new: &LogGroupProps,
    ) -> CloudResult<LogGroupOutputs> {
        retain(aws, &outputs.name, new.retention_days).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &LogGroupOutputs, _: &LogGroupProps) -> CloudResult<()> {
        aws.logs.delete_log_group().log_group_name(&outputs.name).send().await.map_err(call("logs:DeleteLogGroup"))?;
        Ok(())
    }
}

async fn retain(aws: &Aws, name: &str, days: i32) -> CloudResult<()> {
    if days == 0 {
        let keep = aws.logs.delete_retention_policy().log_group_name(name).send();
        keep.await.map_err(call("logs:DeleteRetentionPolicy"))?;
        return Ok(());
    }
    let policy = aws.logs.put_retention_policy().log_group_name(name).retention_in_days(days).send();
    policy.await.map_err(call("logs:PutRetentionPolicy"))?;
    Ok(())
}
