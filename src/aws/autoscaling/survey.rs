//! The city's Auto Scaling groups, in one call.

use crate::aws::memo::Memo;
use crate::aws::{Survey, call, tags};
use crate::engine::cloud::Stray;
use crate::engine::{Address, CloudResult};
use aws_sdk_autoscaling::types::{AutoScalingGroup, Filter, LaunchTemplateSpecification};
use std::sync::Arc;

/// Auto Scaling's lists.
#[derive(Default)]
pub struct AutoScalingLists {
    groups: Memo<Vec<AutoScalingGroup>>,
}

impl Survey {
    /// The city's Auto Scaling groups.
    pub async fn auto_scaling_groups(&self) -> CloudResult<Arc<Vec<AutoScalingGroup>>> {
        let ask = async {
            let city = Filter::builder().name(format!("tag:{}", tags::CITY)).values(&self.aws.city).build();
            let city = Some(vec![city]).filter(|_| self.only_city);
            let pages = self.aws.autoscaling.describe_auto_scaling_groups().set_filters(city).into_paginator().items();
            pages.send().collect::<Result<_, _>>().await.map_err(call("autoscaling:DescribeAutoScalingGroups"))
        };
        self.autoscaling.groups.get(ask).await
    }
}

/// The city's groups, if they were asked for.
pub fn tagged(survey: &Survey) -> Vec<Stray> {
    let groups = survey.autoscaling.groups.peek();
    let stray = |group: &AutoScalingGroup| {
        let address = group.tags().iter().find(|tag| tag.key() == Some(tags::ADDRESS)).and_then(|tag| tag.value());
        let id = group.auto_scaling_group_name()?.to_owned();
        Some(Stray { id, kind: "autoscaling:group".into(), address: address.map(Address::from) })
    };
    groups.iter().flat_map(|groups| groups.iter()).filter_map(stray).collect()
}

/// The launch template that a group starts instances from. While a group uses it, it is there, and the version is as it was made.
pub fn template(group: &AutoScalingGroup) -> Option<&LaunchTemplateSpecification> {
    let mixed = group.mixed_instances_policy().and_then(|policy| policy.launch_template());
    mixed.and_then(|template| template.launch_template_specification()).or(group.launch_template())
}
