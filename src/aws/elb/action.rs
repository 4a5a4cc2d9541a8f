//! What a listener or a rule does with a request.

use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_elasticloadbalancingv2::types::{
    Action as AwsAction, ActionTypeEnum, FixedResponseActionConfig, RedirectActionConfig, RedirectActionStatusCodeEnum,
};
use serde::{Deserialize, Serialize};

/// What is done with a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// 301 to the same URL over HTTPS.
    RedirectToHttps,
    /// 404 with an empty body.
    NotFound,
    /// To the target group of that ARN.
    Forward(Input),
    /// Anything else that somebody set by hand; never wanted.
    Other(String),
}

impl Action {
    /// In AWS's shape.
    pub fn to_aws(&self) -> CloudResult<AwsAction> {
        let action = AwsAction::builder();
        Ok(match self {
            Self::RedirectToHttps => {
                let target = RedirectActionConfig::builder()
                    .protocol("HTTPS")
                    .port("443")
                    .status_code(RedirectActionStatusCodeEnum::Http301)
                    .build();
                action.r#type(ActionTypeEnum::Redirect).redirect_config(target).build()
            }
            Self::NotFound => {
                let answer = FixedResponseActionConfig::builder().status_code("404").content_type("text/plain").build();
                action.r#type(ActionTypeEnum::FixedResponse).fixed_response_config(answer).build()
            }
            Self::Forward(group) => action.r#type(ActionTypeEnum::Forward).target_group_arn(group.known()?).build(),
            Self::Other(what) => return Err(CloudError::internal(format!("no listener is made to do {what}"))),
        })
    }

    /// From the one action that we set.
    pub fn from_aws(actions: &[AwsAction]) -> Self {
        let [action] = actions else {
            return Self::Other(format!("{} actions", actions.len()));
        };
        let other = || Self::Other(action.r#type().map_or("nothing".into(), |t| t.as_str().to_owned()));
        match action.r#type() {
            Some(ActionTypeEnum::Redirect) => match action.redirect_config() {
                Some(to)
                    if to.protocol() == Some("HTTPS")
                        && to.port() == Some("443")
                        && to.status_code() == Some(&RedirectActionStatusCodeEnum::Http301) =>
                {
                    Self::RedirectToHttps
                }
                _ => other(),
            },
            Some(ActionTypeEnum::FixedResponse)
                if action.fixed_response_config().and_then(|c| c.status_code()) == Some("404") =>
            {
                Self::NotFound
            }
            Some(ActionTypeEnum::Forward) => forward(action).map_or_else(other, |arn| Self::Forward(arn.into())),
            _ => other(),
        }
    }
}

/// The only target group of a forward: AWS tells it in two places, and in one of them when there are several.
fn forward(action: &AwsAction) -> Option<&str> {
    let groups = action.forward_config().map(|config| config.target_groups()).unwrap_or_default();
    match groups {
        [] => action.target_group_arn(),
        [only] => only.target_group_arn(),
        _ => None,
    }
}
