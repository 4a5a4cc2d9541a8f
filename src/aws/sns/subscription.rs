//! `sns:subscription`: somebody who gets the alarms by mail.

use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, Input};
use serde::{Deserialize, Serialize};

/// A subscription by mail.
pub struct Subscription;

/// Who gets what.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubscriptionProps {
    /// The topic's ARN.
    pub topic: Input,
    /// The mail address.
    pub mail: String,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubscriptionOutputs {
    /// ARN; `None` until the addressee has confirmed. Nobody can hurry that, so an unconfirmed one counts as there.
    #[serde(default)]
    pub arn: Option<String>,
}

/// AWS writes `PendingConfirmation` or `Deleted` in the place of the ARN.
fn confirmed(arn: Option<&str>) -> Option<String> {
    arn.filter(|arn| arn.starts_with("arn:")).map(str::to_owned)
}

impl Resource for Subscription {
    const INFO: KindInfo = KindInfo {
        immutable: &["topic", "mail"],
        ..KindInfo::new("sns:subscription", Identity::Same(&["topic", "mail"]))
    };
    type Props = SubscriptionProps;
    type Outputs = SubscriptionOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let Some(topic) = sought.props.topic.get() else {
            return Ok(None);
        };
        let all = survey.subscriptions(topic).await?;
        let ours = all.iter().flatten().find(|one| {
            one.protocol() == Some("email")
                && one.endpoint() == Some(&sought.props.mail)
                && one.subscription_arn() != Some("Deleted")
        });
        Ok(ours.map(|one| {
            let props = SubscriptionProps { topic: topic.clone().into(), mail: sought.props.mail.clone() };
            Found::ready(props, SubscriptionOutputs { arn: confirmed(one.subscription_arn()) })
        }))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &SubscriptionProps) -> CloudResult<SubscriptionOutputs> {
        let request = aws.sns.subscribe().topic_arn(props.topic.known()?).protocol("email").endpoint(&props.mail);
        let made = request.send().await.map_err(call("sns:Subscribe"))?;
        Ok(SubscriptionOutputs { arn: confirmed(made.subscription_arn()) })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        outputs: SubscriptionOutputs,
        _: &SubscriptionProps,
        _: &SubscriptionProps,
    ) -> CloudResult<SubscriptionOutputs> {
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &SubscriptionOutputs, _: &SubscriptionProps) -> CloudResult<()> {
        // One that was never confirmed can't be ended; AWS forgets it after two days, or with its topic.
        if let Some(arn) = &outputs.arn {
            aws.sns.unsubscribe().subscription_arn(arn).send().await.map_err(call("sns:Unsubscribe"))?;
        }
        Ok(())
    }
}
