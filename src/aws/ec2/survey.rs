//! The city's lists in EC2, each one call filtered by the tag `migrate:city`.

use crate::aws::memo::Memo;
use crate::aws::{Survey, call, tags};
use crate::engine::CloudResult;
use aws_sdk_ec2::types::{Filter, Subnet, Vpc};
use std::sync::Arc;

/// EC2's lists.
#[derive(Default)]
pub struct Ec2Lists {
    vpcs: Memo<Vec<Vpc>>,
    subnets: Memo<Vec<Subnet>>,
}

fn of_city(survey: &Survey) -> Filter {
    Filter::builder().name(format!("tag:{}", tags::CITY)).values(&survey.aws.city).build()
}

impl Survey {
    /// The city's VPCs.
    pub async fn vpcs(&self) -> CloudResult<Arc<Vec<Vpc>>> {
        let ask = async {
            let pages = self.aws.ec2.describe_vpcs().filters(of_city(self)).into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(call("ec2:DescribeVpcs"))
        };
        self.ec2.vpcs.get(ask).await
    }

    /// The city's subnets.
    pub async fn subnets(&self) -> CloudResult<Arc<Vec<Subnet>>> {
        let ask = async {
            let pages = self.aws.ec2.describe_subnets().filters(of_city(self)).into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(call("ec2:DescribeSubnets"))
        };
        self.ec2.subnets.get(ask).await
    }
}
