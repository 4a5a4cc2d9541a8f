//! `ec2:vpc`: the city's network.

use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{KindInfo, Latency};
use crate::engine::{CloudError, CloudResult};
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType};
use serde::{Deserialize, Serialize};

/// A VPC.
pub struct Vpc;

/// What the city wants of its VPC.
#[derive(Debug, Serialize, Deserialize)]
pub struct VpcProps {
    /// IPv4 block, such as `10.41.0.0/16`.
    pub cidr: String,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct VpcOutputs {
    /// `vpc-…`.
    pub id: String,
}

impl Resource for Vpc {
    const INFO: KindInfo = KindInfo {
        immutable: &["cidr"],
        settles: true,
        create: Latency::measured(2, 12, 15), // facts: VPC with DNS attributes
        ..KindInfo::new("ec2:vpc")
    };
    type Props = VpcProps;
    type Outputs = VpcOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let vpcs = survey.vpcs().await?;
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        let Some(vpc) = tag::find(&vpcs, |v| v.vpc_id(), |v| v.tags(), recorded, sought.address.as_str()) else {
            return Ok(None);
        };
        let props = VpcProps { cidr: vpc.cidr_block().unwrap_or_default().into() };
        Ok(Some(Found::ready(props, VpcOutputs { id: vpc.vpc_id().unwrap_or_default().into() })))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &VpcProps) -> CloudResult<VpcOutputs> {
        let tags = tag::specification(aws, making, ResourceType::Vpc);
        let made = aws
            .ec2
            .create_vpc()
            .cidr_block(&props.cidr)
            .tag_specifications(tags)
            .send()
            .await
            .map_err(call("ec2:CreateVpc"))?;
        let id = made
            .vpc()
            .and_then(|vpc| vpc.vpc_id())
            .ok_or_else(|| CloudError::internal("CreateVpc answered without an id"))?;
        let on = AttributeBooleanValue::builder().value(true).build();
        aws.ec2
            .modify_vpc_attribute()
            .vpc_id(id)
            .enable_dns_hostnames(on)
            .send()
            .await
            .map_err(call("ec2:ModifyVpcAttribute"))?;
        Ok(VpcOutputs { id: id.into() })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        outputs: VpcOutputs,
        _: &VpcProps,
        _: &VpcProps,
    ) -> CloudResult<VpcOutputs> {
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &VpcOutputs, _: &VpcProps) -> CloudResult<()> {
        aws.ec2.delete_vpc().vpc_id(&outputs.id).send().await.map_err(call("ec2:DeleteVpc"))?;
        Ok(())
    }
}
