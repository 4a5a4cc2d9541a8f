//! `ec2:subnet`: one zone's share of the network.

use super::{answer, interfaces, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudResult, Input};
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, SubnetState};
use serde::{Deserialize, Serialize};

/// A subnet.
pub struct Subnet;

/// What the city wants of a subnet.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubnetProps {
    /// The VPC's id.
    pub vpc: Input,
    /// IPv4 block within the VPC's.
    pub cidr: String,
    /// Zone name, such as `eu-north-1a`.
    pub zone: String,
    /// Whether instances that start in it get a public address by themselves.
    pub public_addresses: bool,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubnetOutputs {
    /// `subnet-…`.
    pub id: String,
}

impl Resource for Subnet {
    const INFO: KindInfo = KindInfo {
        immutable: &["vpc", "cidr", "zone"],
        settles: true,
        vanishes: true,
        create: Latency::measured(1, 2, 4), // facts: private subnet
        serves: true,
        ..KindInfo::new("ec2:subnet", Identity::Taken(&["vpc", "cidr"]))
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = SubnetProps;
    type Outputs = SubnetOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let subnets = survey.subnets().await?;
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        let Some(subnet) = tag::find(&subnets, |s| s.subnet_id(), |s| s.tags(), recorded, sought.address.as_str())
        else {
            return Ok(None);
        };
        let props = SubnetProps {
            vpc: subnet.vpc_id().unwrap_or_default().into(),
            cidr: subnet.cidr_block().unwrap_or_default().into(),
            zone: subnet.availability_zone().unwrap_or_default().into(),
            public_addresses: subnet.map_public_ip_on_launch().unwrap_or_default(),
        };
        let readiness = match subnet.state() {
            Some(SubnetState::Available) | None => Readiness::Ready,
            Some(state) => Readiness::Pending(state.as_str().into()),
        };
        let outputs = SubnetOutputs { id: subnet.subnet_id().unwrap_or_default().into() };
        Ok(Some(Found { props, outputs, readiness }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &SubnetProps) -> CloudResult<SubnetOutputs> {
        let made = aws
            .ec2
            .create_subnet()
            .vpc_id(props.vpc.known()?)
            .cidr_block(&props.cidr)
            .availability_zone(&props.zone)
            .tag_specifications(tag::specification(aws, making, ResourceType::Subnet))
            .send()
            .await
            .map_err(call("ec2:CreateSubnet"))?;
        let id = answer::id(made.subnet().and_then(|s| s.subnet_id()), "CreateSubnet")?;
        if props.public_addresses {
            set_public_addresses(aws, &id, true).await?;
        }
        Ok(SubnetOutputs { id })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: SubnetOutputs,
        _: &SubnetProps,
        new: &SubnetProps,
    ) -> CloudResult<SubnetOutputs> {
        set_public_addresses(aws, &outputs.id, new.public_addresses).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &SubnetOutputs, _: &SubnetProps) -> CloudResult<()> {
        let deleted = aws.ec2.delete_subnet().subnet_id(&outputs.id).send().await;
        let deleted = deleted.map(drop).map_err(call("ec2:DeleteSubnet"));
        interfaces::clear_on_dependency(aws, deleted, "subnet-id", &outputs.id).await
    }
}

async fn set_public_addresses(aws: &Aws, subnet: &str, on: bool) -> CloudResult<()> {
    let on = AttributeBooleanValue::builder().value(on).build();
    let set = aws.ec2.modify_subnet_attribute().subnet_id(subnet).map_public_ip_on_launch(on).send().await;
    set.map_err(call("ec2:ModifySubnetAttribute"))?;
    Ok(())
}
