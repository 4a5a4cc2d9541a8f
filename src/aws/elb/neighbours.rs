//! What cities of one account and region that are planned at once ask for together: lists that Elastic Load Balancing can't narrow to one city,
//! and whose calls it counts most strictly (40 at once, 10 a second).

use crate::aws::memo::Memo;
use crate::aws::{Aws, call};
use crate::engine::CloudResult;
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancer, TargetGroup};
use std::sync::Arc;

/// The lists, each asked for by the first city that needs it. For one look of each: they don't grow old.
#[derive(Default)]
pub struct Neighbours {
    balancers: Memo<Vec<LoadBalancer>>,
    groups: Memo<Vec<TargetGroup>>,
}

impl Neighbours {
    /// All load balancers.
    pub async fn load_balancers(&self, aws: &Aws) -> CloudResult<Arc<Vec<LoadBalancer>>> {
        let ask = async {
            let pages = aws.elb.describe_load_balancers().into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(call("elasticloadbalancing:DescribeLoadBalancers"))
        };
        self.balancers.get(ask).await
    }

    /// All target groups.
    pub async fn target_groups(&self, aws: &Aws) -> CloudResult<Arc<Vec<TargetGroup>>> {
        self.groups.get(target_groups(aws)).await
    }
}

/// All target groups. By name isn't possible: one name that isn't there fails the call for all of them.
pub async fn target_groups(aws: &Aws) -> CloudResult<Vec<TargetGroup>> {
    let pages = aws.elb.describe_target_groups().into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(call("elasticloadbalancing:DescribeTargetGroups"))
}
