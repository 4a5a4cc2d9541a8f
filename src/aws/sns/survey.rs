//! The city's topic: its subscriptions prove that it is there.

use crate::aws::memo::MemoMap;
use crate::aws::{Survey, call, tags};
use crate::engine::CloudResult;
use aws_sdk_sns::types::Subscription;
use std::sync::Arc;

/// SNS's lists.
#[derive(Default)]
pub struct SnsLists {
    subscriptions: MemoMap<String, Option<Vec<Subscription>>>,
    owners: MemoMap<String, Option<String>>,
}

impl Survey {
    /// The subscriptions of a topic; `None` if the topic isn't there.
    pub async fn subscriptions(&self, topic: &str) -> CloudResult<Arc<Option<Vec<Subscription>>>> {
        let ask = async {
            let pages = self.aws.sns.list_subscriptions_by_topic().topic_arn(topic).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await;
            match found.map_err(call("sns:ListSubscriptionsByTopic")) {
                Ok(found) => Ok(Some(found)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.sns.subscriptions.get(topic.into(), ask).await
    }

    /// The city that a topic belongs to, by its tag.
    pub async fn topic_owner(&self, topic: &str) -> CloudResult<Arc<Option<String>>> {
        let ask = async {
            let answer = self.aws.sns.list_tags_for_resource().resource_arn(topic).send().await;
            let found = answer.map_err(call("sns:ListTagsForResource"))?.tags.unwrap_or_default();
            Ok(found.into_iter().find(|tag| tag.key() == tags::CITY).map(|tag| tag.value))
        };
        self.sns.owners.get(topic.into(), ask).await
    }
}
