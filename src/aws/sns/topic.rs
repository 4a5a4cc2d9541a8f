//! `sns:topic`: where the city's alarms go.
//!
//! It isn't encrypted with a key: CloudWatch may not use the AWS-managed one (`alias/aws/sns`; its policy can't be changed), so alarms
//! would be lost in silence, and a key of our own costs a dollar a month for names of metrics that aren't secret. Nothing but
//! this account's alarms may publish, and only over TLS.

use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudError, CloudResult};
use aws_sdk_sns::types::Tag;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A topic.
pub struct Topic;

/// What the city wants of its topic.
#[derive(Debug, Serialize, Deserialize)]
pub struct TopicProps {
    /// Name.
    pub name: String,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct TopicOutputs {
    /// ARN.
    pub arn: String,
}

fn arn(aws: &Aws, name: &str) -> String {
    format!("arn:aws:sns:{}:{}:{name}", aws.region, aws.account)
}

fn policy(account: &str, arn: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Alarms",
                "Effect": "Allow",
                "Principal": { "Service": "cloudwatch.amazonaws.com" },
                "Action": "sns:Publish",
                "Resource": arn,
                "Condition": { "StringEquals": { "aws:SourceAccount": account } },
            },
            {
                "Sid": "OnlyTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": arn,
                "Condition": { "Bool": { "aws:SecureTransport": "false" } },
            },
        ],
    })
}

impl Resource for Topic {
    const INFO: KindInfo = KindInfo { immutable: &["name"], ..KindInfo::new("sns:topic", Identity::Same(&["name"])) };
    const FOUND_BY: Option<&'static str> = Some("arn");
    type Props = TopicProps;
    type Outputs = TopicOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let arn = arn(&survey.aws, &sought.props.name);
        if survey.subscriptions(&arn).await?.is_none() {
            return Ok(None);
        }
        if sought.recorded.is_none() && survey.topic_owner(&arn).await?.as_deref() != Some(&survey.aws.city) {
            let owner = survey.topic_owner(&arn).await?;
            return Err(tags::not_ours(&survey.aws, "sns:ListTagsForResource", &arn, owner.as_deref()));
        }
        Ok(Some(Found::ready(TopicProps { name: sought.props.name.clone() }, TopicOutputs { arn })))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &TopicProps) -> CloudResult<TopicOutputs> {
        let tag = |(key, value): (String, String)| {
            Tag::builder().key(key).value(value).build().map_err(|error| CloudError::internal(error.to_string()))
        };
        let tags = tags::of(aws, making).into_iter().map(tag).collect::<CloudResult<_>>()?;
        let made = aws
            .sns
            .create_topic()
            .name(&props.name)
            .attributes("Policy", policy(&aws.account, &arn(aws, &props.name)).to_string())
            .set_tags(Some(tags))
            .send()
            .await
            .map_err(call("sns:CreateTopic"))?;
        let arn = made.topic_arn.ok_or_else(|| CloudError::internal("CreateTopic answered without an ARN"))?;
        Ok(TopicOutputs { arn })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        outputs: TopicOutputs,
        _: &TopicProps,
        _: &TopicProps,
    ) -> CloudResult<TopicOutputs> {
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &TopicOutputs, _: &TopicProps) -> CloudResult<()> {
        aws.sns.delete_topic().topic_arn(&outputs.arn).send().await.map_err(call("sns:DeleteTopic"))?;
        Ok(())
    }
}
