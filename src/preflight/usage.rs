//! How much of a quota is used in the account and region.

use super::quotas::Quota;
use crate::aws::{Aws, call};
use crate::engine::CloudResult;
use aws_sdk_ec2::types::{Filter, Instance};
use std::collections::HashMap;

/// How much of `quota` is used, whoever uses it.
pub(super) async fn of(aws: &Aws, quota: &Quota) -> CloudResult<usize> {
    match quota.kind {
        "ec2:address" => {
            let answer = aws.ec2.describe_addresses().send().await.map_err(call("ec2:DescribeAddresses"))?;
            Ok(answer.addresses().len())
        }
        "ec2:vpc" => {
            let pages = aws.ec2.describe_vpcs().into_paginator().items().send();
            Ok(pages.collect::<Result<Vec<_>, _>>().await.map_err(call("ec2:DescribeVpcs"))?.len())
        }
        "ec2:internet-gateway" => {
            let pages = aws.ec2.describe_internet_gateways().into_paginator().items().send();
            Ok(pages.collect::<Result<Vec<_>, _>>().await.map_err(call("ec2:DescribeInternetGateways"))?.len())
        }
        "ec2:security-group" => {
            let pages = aws.ec2.describe_security_groups().into_paginator().items().send();
            Ok(pages.collect::<Result<Vec<_>, _>>().await.map_err(call("ec2:DescribeSecurityGroups"))?.len())
        }
        "ec2:nat-gateway" => nat_gateways_in_the_fullest_zone(aws).await,
        "autoscaling:group" => vcpus(aws).await,
        "rds:instance" => {
            let pages = aws.rds.describe_db_instances().into_paginator().items().send();
            Ok(pages.collect::<Result<Vec<_>, _>>().await.map_err(call("rds:DescribeDBInstances"))?.len())
        }
        "elb:load-balancer" => {
            let pages = aws.elb.describe_load_balancers().into_paginator().items().send();
            let all = pages.collect::<Result<Vec<_>, _>>().await;
            Ok(all.map_err(call("elasticloadbalancing:DescribeLoadBalancers"))?.len())
        }
        // A new group has no rules.
        _ => Ok(0),
    }
}

async fn nat_gateways_in_the_fullest_zone(aws: &Aws) -> CloudResult<usize> {
    let alive = Filter::builder().name("state").values("pending").values("available").build();
    let gateways = aws.ec2.describe_nat_gateways().filter(alive).into_paginator().items().send();
    let subnets = aws.ec2.describe_subnets().into_paginator().items().send();
    let (gateways, subnets) =
        tokio::join!(gateways.collect::<Result<Vec<_>, _>>(), subnets.collect::<Result<Vec<_>, _>>());
    let subnets = subnets.map_err(call("ec2:DescribeSubnets"))?;
    let zones: HashMap<_, _> = subnets.iter().filter_map(|s| Some((s.subnet_id()?, s.availability_zone()?))).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for gateway in &gateways.map_err(call("ec2:DescribeNatGateways"))? {
        if let Some(zone) = gateway.subnet_id().and_then(|id| zones.get(id)) {
            *counts.entry(zone).or_default() += 1;
        }
    }
    Ok(counts.into_values().max().unwrap_or(0))
}

async fn vcpus(aws: &Aws) -> CloudResult<usize> {
    let running = Filter::builder().name("instance-state-name").values("pending").values("running").build();
    let pages = aws.ec2.describe_instances().filters(running).into_paginator().items().send();
    let reservations = pages.collect::<Result<Vec<_>, _>>().await.map_err(call("ec2:DescribeInstances"))?;
    Ok(reservations.iter().flat_map(|r| r.instances()).map(vcpus_of).sum())
}

fn vcpus_of(instance: &Instance) -> usize {
    let told = instance.cpu_options().and_then(|cpu| Some(cpu.core_count()? * cpu.threads_per_core()?));
    let told = told.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
    let listed = || {
        let name = instance.instance_type().map_or("", |name| name.as_str());
        crate::spec::catalogue::instance(name).map_or(2, |data| data.vcpus as usize)
    };
    told.unwrap_or_else(listed)
}
