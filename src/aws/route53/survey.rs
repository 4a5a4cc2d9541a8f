//! The city's lists in Route 53.

use crate::aws::memo::{Memo, MemoMap};
use crate::aws::{Survey, call, tags};
use crate::engine::CloudResult;
use aws_sdk_route53::types::{ChangeInfo, HealthCheck, ResourceRecordSet, TagResourceType};
use std::sync::Arc;

/// Route 53's lists.
#[derive(Default)]
pub struct Route53Lists {
    records: MemoMap<String, Vec<ResourceRecordSet>>,
    check: MemoMap<String, Option<HealthCheck>>,
    checks: Memo<Vec<HealthCheck>>,
    owners: MemoMap<String, Option<String>>,
    changes: MemoMap<String, Option<ChangeInfo>>,
}

impl Survey {
    /// All record sets of a zone.
    pub async fn record_sets(&self, zone: &str) -> CloudResult<Arc<Vec<ResourceRecordSet>>> {
        let ask = async {
            let mut all = Vec::new();
            let mut request = self.aws.route53.list_resource_record_sets().hosted_zone_id(zone);
            loop {
                let page = request.send().await.map_err(call("route53:ListResourceRecordSets"))?;
                all.extend_from_slice(page.resource_record_sets());
                if !page.is_truncated() {
                    return Ok(all);
                }
                // The SDK has no paginator for this operation.
                request = self
                    .aws
                    .route53
                    .list_resource_record_sets()
                    .hosted_zone_id(zone)
                    .set_start_record_name(page.next_record_name)
                    .set_start_record_type(page.next_record_type)
                    .set_start_record_identifier(page.next_record_identifier);
            }
        };
        self.route53.records.get(zone.into(), ask).await
    }

    /// The same for something that is sought: a zone that is gone has no records of what is to go.
    pub async fn records_for(&self, zone: &str, wanted: bool) -> CloudResult<Arc<Vec<ResourceRecordSet>>> {
        match self.record_sets(zone).await {
            Err(error) if !wanted && error.is_not_found() => Ok(Arc::default()),
            answer => answer,
        }
    }

    /// The health check of that id; `None` if it isn't there.
    pub async fn health_check(&self, id: &str) -> CloudResult<Arc<Option<HealthCheck>>> {
        let ask = async {
            let answer = self.aws.route53.get_health_check().health_check_id(id).send().await;
            match answer.map_err(call("route53:GetHealthCheck")) {
                Ok(answer) => Ok(answer.health_check),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.route53.check.get(id.into(), ask).await
    }

    /// All health checks of the account: for finding one whose record was lost.
    pub async fn health_checks(&self) -> CloudResult<Arc<Vec<HealthCheck>>> {
        let ask = async {
            let pages = self.aws.route53.list_health_checks().into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(call("route53:ListHealthChecks"))
        };
        self.route53.checks.get(ask).await
    }

    /// The city that a health check belongs to, by its tag.
    pub async fn health_check_owner(&self, id: &str) -> CloudResult<Arc<Option<String>>> {
        let ask = async {
            let request = self.aws.route53.list_tags_for_resource().resource_type(TagResourceType::Healthcheck);
            let answer = request.resource_id(id).send().await.map_err(call("route53:ListTagsForResource"))?;
            let tags = answer.resource_tag_set.and_then(|set| set.tags).unwrap_or_default();
            Ok(tags.into_iter().find(|tag| tag.key() == Some(tags::CITY)).and_then(|tag| tag.value))
        };
        self.route53.owners.get(id.into(), ask).await
    }

    /// How far a change has come; `None` if Route 53 has forgotten it, which it does long after it took effect.
    pub async fn change(&self, id: &str) -> CloudResult<Arc<Option<ChangeInfo>>> {
        let ask = async {
            let answer = self.aws.route53.get_change().id(id).send().await;
            match answer.map_err(call("route53:GetChange")) {
                Ok(answer) => Ok(answer.change_info),
                Err(error) if error.code == "NoSuchChange" => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.route53.changes.get(id.into(), ask).await
    }
}
