//! EC2's lists of what bears the city's tag (or of whatever the filters let through), each one paginated call.

use crate::aws::{Aws, call, tags};
use crate::engine::CloudResult;
use aws_sdk_ec2::types::{
    Address, Filter, FlowLog, InternetGateway, NatGateway, RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint,
    VpcPeeringConnection,
};

/// Only what bears the city's tag.
pub fn of_city(aws: &Aws) -> Vec<Filter> {
    vec![filter(&format!("tag:{}", tags::CITY), &aws.city)]
}

/// The filter `name` = `value`.
pub fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// The city's VPCs.
pub async fn vpcs(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<Vpc>> {
    let pages = aws.ec2.describe_vpcs().set_filters(Some(whose)).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(call("ec2:DescribeVpcs"))
}

/// The city's subnets.
pub async fn subnets(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<Subnet>> {
    let pages = aws.ec2.describe_subnets().set_filters(Some(whose)).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(call("ec2:DescribeSubnets"))
}

/// The city's internet gateways.
pub async fn internet_gateways(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<InternetGateway>> {
    let pages = aws.ec2.describe_internet_gateways().set_filters(Some(whose)).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(call("ec2:DescribeInternetGateways"))
}

/// The city's Elastic IPs. EC2 doesn't paginate them.
pub async fn addresses(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<Address>> {
    let answer = aws.ec2.describe_addresses().set_filters(Some(whose)).send().await;
    Ok(answer.map_err(call("ec2:DescribeAddresses"))?.addresses.unwrap_or_default())
}

/// The city's NAT gateways, those that are being deleted too; not those that are gone, which EC2 lists for another hour.
pub async fn nat_gateways(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<NatGateway>> {
    let there = ["pending", "available", "deleting", "failed"].map(str::to_owned).to_vec();
    let there = Filter::builder().name("state").set_values(Some(there)).build();
    let pages = aws.ec2.describe_nat_gateways().set_filter(Some(whose)).filter(there).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(call("ec2:DescribeNatGateways"))
}

/// The city's peering connections; not those that are gone, which EC2 lists for hours.
pub async fn peerings(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<VpcPeeringConnection>> {
    use aws_sdk_ec2::types::VpcPeeringConnectionStateReasonCode::{Deleted, Deleting, Expired, Rejected};
    let pages = aws.ec2.describe_vpc_peering_connections().set_filters(Some(whose)).into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(call("ec2:DescribeVpcPeeringConnections"))?;
    let state = |one: &VpcPeeringConnection| one.status().and_then(|status| status.code()).cloned();
    let gone = |one: &VpcPeeringConnection| matches!(state(one), Some(Deleted | Deleting | Expired | Rejected));
    Ok(all.into_iter().filter(|one| !gone(one)).collect())
}

/// The city's route tables.
pub async fn route_tables(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<RouteTable>> {
    let pages = aws.ec2.describe_route_tables().set_filters(Some(whose)).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(call("ec2:DescribeRouteTables"))
}

/// The city's VPC endpoints; not those that are gone, which EC2 lists for a while.
pub async fn vpc_endpoints(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<VpcEndpoint>> {
    let pages = aws.ec2.describe_vpc_endpoints().set_filters(Some(whose)).into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(call("ec2:DescribeVpcEndpoints"))?;
    let gone = |e: &VpcEndpoint| e.state().is_some_and(|state| state.as_str().eq_ignore_ascii_case("deleted"));
    Ok(all.into_iter().filter(|endpoint| !gone(endpoint)).collect())
}

/// The city's flow logs.
pub async fn flow_logs(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<FlowLog>> {
    let pages = aws.ec2.describe_flow_logs().set_filter(Some(whose)).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(call("ec2:DescribeFlowLogs"))
}

/// The city's security groups with their rules.
pub async fn security_groups(aws: &Aws, whose: Vec<Filter>) -> CloudResult<Vec<SecurityGroup>> {
    let pages = aws.ec2.describe_security_groups().set_filters(Some(whose)).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(call("ec2:DescribeSecurityGroups"))
}
