//! The city's lists in Elastic Load Balancing. The service has no filter by tag: names and ARNs take its place.

use super::neighbours;
use crate::aws::memo::{Memo, MemoMap};
use crate::aws::{Survey, call};
use crate::engine::CloudResult;
use aws_sdk_elasticloadbalancingv2::types::{
    Certificate, Listener, LoadBalancer, Rule, Tag, TargetGroup, TargetHealthDescription,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Attributes by key.
pub type Attributes = BTreeMap<String, String>;

/// Elastic Load Balancing's lists.
#[derive(Default)]
pub struct ElbLists {
    balancers: MemoMap<String, Vec<LoadBalancer>>,
    balancer_attributes: MemoMap<String, Attributes>,
    listeners: MemoMap<String, Vec<Listener>>,
    certificates: MemoMap<String, Vec<Certificate>>,
    rules: MemoMap<String, Vec<Rule>>,
    groups: Memo<Vec<TargetGroup>>,
    group_attributes: MemoMap<String, Attributes>,
    health: MemoMap<String, Vec<TargetHealthDescription>>,
    tags: MemoMap<String, Vec<Tag>>,
}

/// That the thing a list belongs to is gone makes the list empty.
fn none_if_gone<T: Default>(result: CloudResult<T>) -> CloudResult<T> {
    match result {
        Err(error) if error.is_not_found() => Ok(T::default()),
        other => other,
    }
}

impl Survey {
    /// The load balancer of that name: none or one.
    pub async fn load_balancers(&self, name: &str) -> CloudResult<Arc<Vec<LoadBalancer>>> {
        let ask = async {
            if let Some(neighbours) = &self.neighbours {
                let all = neighbours.load_balancers(&self.aws).await?;
                return Ok(all.iter().filter(|one| one.load_balancer_name() == Some(name)).cloned().collect());
            }
            let answer = self.aws.elb.describe_load_balancers().names(name).send().await;
            let found = answer.map(|answer| answer.load_balancers.unwrap_or_default());
            none_if_gone(found.map_err(call("elasticloadbalancing:DescribeLoadBalancers")))
        };
        self.elb.balancers.get(name.into(), ask).await
    }

    /// The attributes of a load balancer.
    pub async fn load_balancer_attributes(&self, arn: &str) -> CloudResult<Arc<Attributes>> {
        let ask = async {
            let answer = self.aws.elb.describe_load_balancer_attributes().load_balancer_arn(arn).send().await;
            let found = answer.map(|answer| {
                let pairs = answer.attributes.unwrap_or_default().into_iter();
                pairs.filter_map(|a| Some((a.key?, a.value.unwrap_or_default()))).collect()
            });
            none_if_gone(found.map_err(call("elasticloadbalancing:DescribeLoadBalancerAttributes")))
        };
        self.elb.balancer_attributes.get(arn.into(), ask).await
    }

    /// The listeners of a load balancer.
    pub async fn listeners(&self, load_balancer: &str) -> CloudResult<Arc<Vec<Listener>>> {
        let ask = async {
            let pages = self.aws.elb.describe_listeners().load_balancer_arn(load_balancer);
            let found = pages.into_paginator().items().send().collect::<Result<_, _>>().await;
            none_if_gone(found.map_err(call("elasticloadbalancing:DescribeListeners")))
        };
        self.elb.listeners.get(load_balancer.into(), ask).await
    }

    /// The certificates of a listener, the default one among them.
    pub async fn listener_certificates(&self, listener: &str) -> CloudResult<Arc<Vec<Certificate>>> {
        let ask = async {
            let pages = self.aws.elb.describe_listener_certificates().listener_arn(listener);
            let found = pages.into_paginator().items().send().collect::<Result<_, _>>().await;
            none_if_gone(found.map_err(call("elasticloadbalancing:DescribeListenerCertificates")))
        };
        self.elb.certificates.get(listener.into(), ask).await
    }

    /// The rules of a listener, the default one among them.
    pub async fn rules(&self, listener: &str) -> CloudResult<Arc<Vec<Rule>>> {
        let ask = async {
            let pages = self.aws.elb.describe_rules().listener_arn(listener);
            let found = pages.into_paginator().items().send().collect::<Result<_, _>>().await;
            none_if_gone(found.map_err(call("elasticloadbalancing:DescribeRules")))
        };
        self.elb.rules.get(listener.into(), ask).await
    }

    /// The target groups whose names begin with the city's.
    pub async fn target_groups(&self) -> CloudResult<Arc<Vec<TargetGroup>>> {
        let ask = async {
            let all = match &self.neighbours {
                Some(neighbours) => neighbours.target_groups(&self.aws).await?,
                None => Arc::new(neighbours::target_groups(&self.aws).await?),
            };
            let prefix = format!("{}-", self.aws.city);
            let ours = |group: &&TargetGroup| group.target_group_name().is_some_and(|name| name.starts_with(&prefix));
            Ok(all.iter().filter(ours).cloned().collect())
        };
        self.elb.groups.get(ask).await
    }

    /// The attributes of a target group.
    pub async fn target_group_attributes(&self, arn: &str) -> CloudResult<Arc<Attributes>> {
        let ask = async {
            let answer = self.aws.elb.describe_target_group_attributes().target_group_arn(arn).send().await;
            let found = answer.map(|answer| {
                let pairs = answer.attributes.unwrap_or_default().into_iter();
                pairs.filter_map(|a| Some((a.key?, a.value.unwrap_or_default()))).collect()
            });
            none_if_gone(found.map_err(call("elasticloadbalancing:DescribeTargetGroupAttributes")))
        };
        self.elb.group_attributes.get(arn.into(), ask).await
    }

    /// The targets of a target group and how they are.
    pub async fn target_health(&self, group: &str) -> CloudResult<Arc<Vec<TargetHealthDescription>>> {
        let ask = async {
            let answer = self.aws.elb.describe_target_health().target_group_arn(group).send().await;
            let found = answer.map(|answer| answer.target_health_descriptions.unwrap_or_default());
            none_if_gone(found.map_err(call("elasticloadbalancing:DescribeTargetHealth")))
        };
        self.elb.health.get(group.into(), ask).await
    }

    /// The tags of anything in Elastic Load Balancing. Asked only for what was found without a record.
    pub async fn elb_tags(&self, arn: &str) -> CloudResult<Arc<Vec<Tag>>> {
        let ask = async {
            let answer = self.aws.elb.describe_tags().resource_arns(arn).send().await;
            let found = answer.map_err(call("elasticloadbalancing:DescribeTags"))?;
            let tags = found.tag_descriptions.unwrap_or_default().into_iter();
            Ok(tags.flat_map(|one| one.tags.unwrap_or_default()).collect())
        };
        self.elb.tags.get(arn.into(), ask).await
    }
}
