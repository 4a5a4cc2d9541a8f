//! EC2's part of a look at the city.
//!
//! An unchanged city is read with six calls: subnets, NAT gateways, route tables, flow logs, security groups, and one attribute of the
//! VPC. What they prove isn't asked for: the VPC's block (the `local` route), the internet
//! gateway (an active route to it), the Elastic IPs (their NAT gateways), the S3 endpoint (the routes that it keeps),
//! the launch template (the Auto Scaling group that starts instances from it).

use super::{list, tag};
use crate::aws::memo::{Memo, MemoMap};
use crate::aws::{Survey, call, tags};
use crate::engine::cloud::Stray;
use crate::engine::{Address, CloudError, CloudResult};
use aws_sdk_ec2::types::{
    Address as ElasticIp, Filter, FlowLog, InternetGateway, LaunchTemplateVersion, NatGateway, NatGatewayState,
    RouteTable, SecurityGroup, Subnet, Tag, Vpc, VpcAttributeName, VpcEndpoint, VpcPeeringConnection,
};
use std::sync::Arc;

/// EC2's lists.
#[derive(Default)]
pub struct Ec2Lists {
    vpcs: Memo<Vec<Vpc>>,
    subnets: Memo<Vec<Subnet>>,
    internet_gateways: Memo<Vec<InternetGateway>>,
    addresses: Memo<Vec<ElasticIp>>,
    nat_gateways: Memo<Vec<NatGateway>>,
    peerings: Memo<Vec<VpcPeeringConnection>>,
    route_tables: Memo<Vec<RouteTable>>,
    vpc_endpoints: Memo<Vec<VpcEndpoint>>,
    flow_logs: Memo<Vec<FlowLog>>,
    security_groups: Memo<Vec<SecurityGroup>>,
    dns_hostnames: MemoMap<String, Option<bool>>,
    templates: MemoMap<(String, String), Option<LaunchTemplateVersion>>,
}

impl Survey {
    fn whose(&self) -> Vec<Filter> {
        if self.only_city { list::of_city(&self.aws) } else { Vec::new() }
    }

    /// The city's VPCs.
    pub async fn vpcs(&self) -> CloudResult<Arc<Vec<Vpc>>> {
        self.ec2.vpcs.get(list::vpcs(&self.aws, self.whose())).await
    }

    /// The city's subnets.
    pub async fn subnets(&self) -> CloudResult<Arc<Vec<Subnet>>> {
        self.ec2.subnets.get(list::subnets(&self.aws, self.whose())).await
    }

    /// The city's internet gateways.
    pub async fn internet_gateways(&self) -> CloudResult<Arc<Vec<InternetGateway>>> {
        self.ec2.internet_gateways.get(list::internet_gateways(&self.aws, self.whose())).await
    }

    /// The city's Elastic IPs.
    pub async fn addresses(&self) -> CloudResult<Arc<Vec<ElasticIp>>> {
        self.ec2.addresses.get(list::addresses(&self.aws, self.whose())).await
    }

    /// The city's NAT gateways that aren't gone yet.
    pub async fn nat_gateways(&self) -> CloudResult<Arc<Vec<NatGateway>>> {
        self.ec2.nat_gateways.get(list::nat_gateways(&self.aws, self.whose())).await
    }

    /// The city's peering connections that aren't gone.
    pub async fn peerings(&self) -> CloudResult<Arc<Vec<VpcPeeringConnection>>> {
        self.ec2.peerings.get(list::peerings(&self.aws, self.whose())).await
    }

    /// The city's route tables.
    pub async fn route_tables(&self) -> CloudResult<Arc<Vec<RouteTable>>> {
        self.ec2.route_tables.get(list::route_tables(&self.aws, self.whose())).await
    }

    /// The city's VPC endpoints.
    pub async fn vpc_endpoints(&self) -> CloudResult<Arc<Vec<VpcEndpoint>>> {
        self.ec2.vpc_endpoints.get(list::vpc_endpoints(&self.aws, self.whose())).await
    }

    /// The city's flow logs.
    pub async fn flow_logs(&self) -> CloudResult<Arc<Vec<FlowLog>>> {
        self.ec2.flow_logs.get(list::flow_logs(&self.aws, self.whose())).await
    }

    /// The city's security groups with their rules.
    pub async fn security_groups(&self) -> CloudResult<Arc<Vec<SecurityGroup>>> {
        self.ec2.security_groups.get(list::security_groups(&self.aws, self.whose())).await
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

/// What the lists hold that were asked for: each with its tag.
pub fn tagged(survey: &Survey) -> Vec<Stray> {
    let lists = &survey.ec2;
    let mut all = Vec::new();
    add(&mut all, "ec2:vpc", &lists.vpcs, |one| (one.vpc_id(), one.tags()));
    add(&mut all, "ec2:subnet", &lists.subnets, |one| (one.subnet_id(), one.tags()));
    add(&mut all, "ec2:internet-gateway", &lists.internet_gateways, |one| (one.internet_gateway_id(), one.tags()));
    add(&mut all, "ec2:address", &lists.addresses, |one| (one.allocation_id(), one.tags()));
    add(&mut all, "ec2:nat-gateway", &lists.nat_gateways, |one| {
        let leaving = one.state().is_some_and(|state| *state == NatGatewayState::Deleting);
        (one.nat_gateway_id().filter(|_| !leaving), one.tags())
    });
    add(&mut all, "ec2:peering", &lists.peerings, |one| (one.vpc_peering_connection_id(), one.tags()));
    add(&mut all, "ec2:route-table", &lists.route_tables, |one| (one.route_table_id(), one.tags()));
    add(&mut all, "ec2:s3-endpoint", &lists.vpc_endpoints, |one| (one.vpc_endpoint_id(), one.tags()));
    add(&mut all, "ec2:flow-logs", &lists.flow_logs, |one| (one.flow_log_id(), one.tags()));
    add(&mut all, "ec2:security-group", &lists.security_groups, |one| (one.group_id(), one.tags()));
    all
}

fn add<T>(all: &mut Vec<Stray>, kind: &str, list: &Memo<Vec<T>>, of: impl Fn(&T) -> (Option<&str>, &[Tag])) {
    for one in list.peek().iter().flat_map(|list| list.iter()) {
        let (Some(id), own) = of(one) else { continue };
        let address = tag::value(own, tags::ADDRESS).map(Address::from);
        all.push(Stray { id: id.into(), kind: kind.into(), address });
    }
}

fn there<T>(answer: CloudResult<T>) -> CloudResult<Option<T>> {
    match answer {
        Err(CloudError { class: crate::engine::ErrorClass::NotFound, .. }) => Ok(None),
        other => other.map(Some),
    }
}
