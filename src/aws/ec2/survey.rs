//! EC2's part of a look at the city.
//!
//! An unchanged city is read with six calls: subnets, NAT gateways, route tables, flow logs, security groups, and one attribute of the
//! VPC. What they prove isn't asked for: the VPC's block (the `local` route), the internet
//! gateway (an active route to it), the Elastic IPs (their NAT gateways), the S3 endpoint (the routes that it keeps),
//! the launch template (the Auto Scaling group that starts instances from it).

use super::list;
use crate::aws::memo::{Memo, MemoMap};
use crate::aws::{Survey, call};
use crate::engine::{CloudError, CloudResult};
use aws_sdk_ec2::types::{
    Address, FlowLog, InternetGateway, LaunchTemplateVersion, NatGateway, RouteTable, SecurityGroup, Subnet, Vpc,
    VpcAttributeName, VpcEndpoint,
};
use std::sync::Arc;

/// EC2's lists.
#[derive(Default)]
pub struct Ec2Lists {
    vpcs: Memo<Vec<Vpc>>,
    subnets: Memo<Vec<Subnet>>,
    internet_gateways: Memo<Vec<InternetGateway>>,
    addresses: Memo<Vec<Address>>,
    nat_gateways: Memo<Vec<NatGateway>>,
    route_tables: Memo<Vec<RouteTable>>,
    vpc_endpoints: Memo<Vec<VpcEndpoint>>,
    flow_logs: Memo<Vec<FlowLog>>,
    security_groups: Memo<Vec<SecurityGroup>>,
    dns_hostnames: MemoMap<String, Option<bool>>,
    templates: MemoMap<(String, String), Option<LaunchTemplateVersion>>,
}

impl Survey {
    /// The city's VPCs.
    pub async fn vpcs(&self) -> CloudResult<Arc<Vec<Vpc>>> {
        self.ec2.vpcs.get(list::vpcs(&self.aws)).await
    }

    /// The city's subnets.
    pub async fn subnets(&self) -> CloudResult<Arc<Vec<Subnet>>> {
        self.ec2.subnets.get(list::subnets(&self.aws)).await
    }

    /// The city's internet gateways.
    pub async fn internet_gateways(&self) -> CloudResult<Arc<Vec<InternetGateway>>> {
        self.ec2.internet_gateways.get(list::internet_gateways(&self.aws)).await
    }

    /// The city's Elastic IPs.
    pub async fn addresses(&self) -> CloudResult<Arc<Vec<Address>>> {
        self.ec2.addresses.get(list::addresses(&self.aws)).await
    }

    /// The city's NAT gateways that aren't gone yet.
    pub async fn nat_gateways(&self) -> CloudResult<Arc<Vec<NatGateway>>> {
        self.ec2.nat_gateways.get(list::nat_gateways(&self.aws)).await
    }

    /// The city's route tables.
    pub async fn route_tables(&self) -> CloudResult<Arc<Vec<RouteTable>>> {
        self.ec2.route_tables.get(list::route_tables(&self.aws)).await
    }

    /// The city's VPC endpoints.
    pub async fn vpc_endpoints(&self) -> CloudResult<Arc<Vec<VpcEndpoint>>> {
        self.ec2.vpc_endpoints.get(list::vpc_endpoints(&self.aws)).await
    }

    /// The city's flow logs.
    pub async fn flow_logs(&self) -> CloudResult<Arc<Vec<FlowLog>>> {
        self.ec2.flow_logs.get(list::flow_logs(&self.aws)).await
    }

    /// The city's security groups with their rules.
    pub async fn security_groups(&self) -> CloudResult<Arc<Vec<SecurityGroup>>> {
        self.ec2.security_groups.get(list::security_groups(&self.aws)).await
    }

    /// Whether the VPC gives its interfaces DNS names; `None`: there is no such VPC.
    pub async fn dns_hostnames(&self, vpc: &str) -> CloudResult<Option<bool>> {
        let ask = async {
            let name = VpcAttributeName::EnableDnsHostnames;
            let answer = self.aws.ec2.describe_vpc_attribute().vpc_id(vpc).attribute(name).send().await;
            let answer = there(answer.map_err(call("ec2:DescribeVpcAttribute")))?;
            Ok(answer.map(|a| a.enable_dns_hostnames().and_then(|v| v.value()).unwrap_or_default()))
        };
        self.ec2.dns_hostnames.get(vpc.into(), ask).await.map(|answer| *answer)
    }

    /// A version of a launch template, by id (`lt-…`) or name, and number or `$Latest`; `None`: there is no such thing.
    pub async fn launch_template(
        &self,
        template: &str,
        version: &str,
    ) -> CloudResult<Arc<Option<LaunchTemplateVersion>>> {
        let ask = async {
            let request = self.aws.ec2.describe_launch_template_versions().versions(version);
            let request = match template.starts_with("lt-") {
                true => request.launch_template_id(template),
                false => request.launch_template_name(template),
            };
            let answer = there(request.send().await.map_err(call("ec2:DescribeLaunchTemplateVersions")))?;
            Ok(answer.and_then(|a| a.launch_template_versions.unwrap_or_default().into_iter().next()))
        };
        self.ec2.templates.get((template.into(), version.into()), ask).await
    }
}

fn there<T>(answer: CloudResult<T>) -> CloudResult<Option<T>> {
    match answer {
        Err(CloudError { class: crate::engine::ErrorClass::NotFound, .. }) => Ok(None),
        other => other.map(Some),
    }
}
