//! The city's scalable targets and their policies, one call each.

use crate::aws::batch::Batch;
use crate::aws::{Survey, call};
use crate::engine::CloudResult;
use aws_sdk_applicationautoscaling::types::{ScalableTarget, ScalingPolicy, ServiceNamespace};
use std::sync::Arc;

/// Application Auto Scaling's lists.
#[derive(Default)]
pub struct ScalingLists {
    targets: Batch<Vec<ScalableTarget>>,
    policies: Batch<Vec<ScalingPolicy>>,
}

/// How many names one call may ask for (D).
const AT_ONCE: usize = 50;

impl Survey {
    /// Scalable targets of ECS, that of the resource among them, if it is there.
    pub async fn scalable_targets(&self, resource: &str) -> CloudResult<Arc<Vec<ScalableTarget>>> {
        let ask = async |resources: Vec<String>| {
            let mut all = Vec::new();
            for some in resources.chunks(AT_ONCE) {
                let request = self.aws.scaling.describe_scalable_targets().service_namespace(ServiceNamespace::Ecs);
                let pages = request.set_resource_ids(Some(some.to_vec())).into_paginator().items().send();
                let found: Vec<_> = pages
                    .collect::<Result<_, _>>()
                    .await
                    .map_err(call("application-autoscaling:DescribeScalableTargets"))?;
                all.extend(found);
            }
            Ok(all)
        };
        self.scaling.targets.get(resource, ask).await
    }

    /// Scaling policies of ECS services, all of that one's among them. A call holds ten policies (D) and can be about one service
    /// or about all of the region: a region with few of them is read with one call.
    pub async fn scaling_policies(&self, resource: &str) -> CloudResult<Arc<Vec<ScalingPolicy>>> {
        let ask = async |resources: Vec<String>| {
            let of_region = || self.aws.scaling.describe_scaling_policies().service_namespace(ServiceNamespace::Ecs);
            if resources.len() > 1 {
                let first =
                    of_region().send().await.map_err(call("application-autoscaling:DescribeScalingPolicies"))?;
                if first.next_token().is_none() {
                    return Ok(first.scaling_policies.unwrap_or_default());
                }
            }
            let each = resources.iter().map(|resource| {
                let pages = of_region().resource_id(resource).into_paginator().items().send();
                async { pages.collect::<Result<Vec<_>, _>>().await }
            });
            let all = futures_util::future::try_join_all(each).await;
            Ok(all.map_err(call("application-autoscaling:DescribeScalingPolicies"))?.into_iter().flatten().collect())
        };
        self.scaling.policies.get(resource, ask).await
    }
}
