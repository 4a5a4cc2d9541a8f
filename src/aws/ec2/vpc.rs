//! `ec2:vpc`: the city's network.

use super::{answer, list, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::CloudResult;
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, RouteTable, VpcState};
use serde::{Deserialize, Serialize};

/// A VPC.
pub struct Vpc;

/// What the city wants of its VPC.
#[derive(Debug, Serialize, Deserialize)]
pub struct VpcProps {
    /// IPv4 block, such as `10.41.0.0/16`.
    pub cidr: String,
    /// Whether interfaces get DNS names. Names of RDS and of endpoints then resolve to private addresses.
    pub dns_hostnames: bool,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct VpcOutputs {
    /// `vpc-…`.
    pub id: String,
    /// Whether its interfaces got DNS names when it was last seen or set. The only property that costs a call of its own: in an
    /// unchanged city it isn't asked for, since nothing there depends on it.
    #[serde(default)]
    pub dns_hostnames: bool,
}

impl Resource for Vpc {
    const INFO: KindInfo = KindInfo {
        immutable: &["cidr"],
        settles: true,
        vanishes: true,
        create: Latency::measured(2, 12, 15), // facts: VPC with DNS attributes
        serves: true,
        ..KindInfo::new("ec2:vpc", Identity::Mark { made_by: "ec2:CreateVpc" })
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = VpcProps;
    type Outputs = VpcOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        if let Some(VpcOutputs { id, dns_hostnames }) = sought.recorded
            && (survey.proves() && *dns_hostnames == sought.props.dns_hostnames)
            && is_local(&survey.route_tables().await?, id, &sought.props.cidr)
        {
            return Ok(Some(found(sought.props.cidr.clone(), id, *dns_hostnames, Readiness::Ready)));
        }
        let vpcs = survey.vpcs().await?;
        let Some(vpc) = tag::find(&vpcs, |v| v.vpc_id(), |v| v.tags(), recorded, sought.address.as_str()) else {
            return Ok(None);
        };
        let id = vpc.vpc_id().unwrap_or_default();
        let Some(dns_hostnames) = survey.dns_hostnames(id).await? else {
            return Ok(None);
        };
        let readiness = match vpc.state() {
            Some(VpcState::Pending) => Readiness::Pending("pending".into()),
            _ => Readiness::Ready,
        };
        Ok(Some(found(vpc.cidr_block().unwrap_or_default().into(), id, dns_hostnames, readiness)))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &VpcProps) -> CloudResult<VpcOutputs> {
        // No client token here: a create that is repeated because the second call failed finds the first one's VPC by its tag.
        let vpcs = list::vpcs(aws, list::of_city(aws)).await?;
        let made = tag::find(&vpcs, |v| v.vpc_id(), |v| v.tags(), None, making.address.as_str());
        let id = match made.filter(|vpc| vpc.cidr_block() == Some(&props.cidr)) {
            Some(vpc) => answer::id(vpc.vpc_id(), "DescribeVpcs")?,
            None => {
                let tags = tag::specification(aws, making, ResourceType::Vpc);
                let made = aws.ec2.create_vpc().cidr_block(&props.cidr).tag_specifications(tags).send().await;
                let made = made.map_err(call("ec2:CreateVpc"))?;
                answer::id(made.vpc().and_then(|vpc| vpc.vpc_id()), "CreateVpc")?
            }
        };
        set_dns_hostnames(aws, &id, props.dns_hostnames).await?;
        Ok(VpcOutputs { id, dns_hostnames: props.dns_hostnames })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: VpcOutputs,
        _: &VpcProps,
        new: &VpcProps,
    ) -> CloudResult<VpcOutputs> {
        set_dns_hostnames(aws, &outputs.id, new.dns_hostnames).await?;
        Ok(VpcOutputs { dns_hostnames: new.dns_hostnames, ..outputs })
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &VpcOutputs, _: &VpcProps) -> CloudResult<()> {
        aws.ec2.delete_vpc().vpc_id(&outputs.id).send().await.map_err(call("ec2:DeleteVpc"))?;
        Ok(())
    }
}

fn found(cidr: String, id: &str, dns_hostnames: bool, readiness: Readiness) -> Found<Vpc> {
    Found { props: VpcProps { cidr, dns_hostnames }, outputs: VpcOutputs { id: id.into(), dns_hostnames }, readiness }
}

/// Whether the VPC's tables have a `local` route for the block: then it is the VPC's. If none has, the VPC is asked: an emulator's tables
/// may say anything.
fn is_local(tables: &[RouteTable], vpc: &str, block: &str) -> bool {
    let routes = tables.iter().filter(|table| table.vpc_id() == Some(vpc)).flat_map(|table| table.routes());
    routes.filter(|r| r.gateway_id() == Some("local")).any(|r| r.destination_cidr_block() == Some(block))
}

async fn set_dns_hostnames(aws: &Aws, vpc: &str, on: bool) -> CloudResult<()> {
    let on = AttributeBooleanValue::builder().value(on).build();
    let set = aws.ec2.modify_vpc_attribute().vpc_id(vpc).enable_dns_hostnames(on).send().await;
    set.map_err(call("ec2:ModifyVpcAttribute"))?;
    Ok(())
}
