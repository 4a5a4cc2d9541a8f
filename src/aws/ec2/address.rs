//! `ec2:address`: an Elastic IP, the public address of a NAT gateway. Other parties may admit the city's traffic by it.

use super::{answer, routes, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::CloudResult;
use crate::engine::kind::{Identity, KindInfo};
use aws_sdk_ec2::types::{DomainType, NatGateway, NatGatewayState, ResourceType};
use serde::{Deserialize, Serialize};

/// An Elastic IP.
pub struct ElasticIp;

/// What the city wants of an Elastic IP: only that it is there.
#[derive(Debug, Serialize, Deserialize)]
pub struct ElasticIpProps {}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct ElasticIpOutputs {
    /// `eipalloc-…`.
    pub allocation_id: String,
    /// The IPv4 address.
    pub public_ip: String,
}

impl Resource for ElasticIp {
    const INFO: KindInfo = KindInfo::new("ec2:address", Identity::Mark { made_by: "ec2:AllocateAddress" });
    const FOUND_BY: Option<&'static str> = Some("allocation_id");
    type Props = ElasticIpProps;
    type Outputs = ElasticIpOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let recorded = sought.recorded.map(|outputs| outputs.allocation_id.as_str());
        let found = |allocation_id: &str, public_ip: &str| {
            let outputs = ElasticIpOutputs { allocation_id: allocation_id.into(), public_ip: public_ip.into() };
            Ok(Some(Found::ready(ElasticIpProps {}, outputs)))
        };
        if let Some(recorded) = sought.recorded
            && let Some(gateway) = survey.census.as_ref().and_then(|census| census.gateway_of(&recorded.allocation_id))
            && routes::leading_to(&survey.route_tables().await?, gateway).is_some()
        {
            return found(&recorded.allocation_id, &recorded.public_ip);
        }
        if let Some(recorded) = sought.recorded.filter(|_| survey.proves())
            && uses(&survey.nat_gateways().await?, &recorded.allocation_id)
        {
            return found(&recorded.allocation_id, &recorded.public_ip);
        }
        let addresses = survey.addresses().await?;
        match tag::find(&addresses, |a| a.allocation_id(), |a| a.tags(), recorded, sought.address.as_str()) {
            Some(address) => {
                found(address.allocation_id().unwrap_or_default(), address.public_ip().unwrap_or_default())
            }
            None => Ok(None),
        }
    }

    async fn create(aws: &Aws, making: Making<'_>, _: &ElasticIpProps) -> CloudResult<ElasticIpOutputs> {
        let made = aws
            .ec2
            .allocate_address()
            .domain(DomainType::Vpc)
            .tag_specifications(tag::specification(aws, making, ResourceType::ElasticIp))
            .send()
            .await
            .map_err(call("ec2:AllocateAddress"))?;
        Ok(ElasticIpOutputs {
            allocation_id: answer::id(made.allocation_id(), "AllocateAddress")?,
            public_ip: made.public_ip().unwrap_or_default().into(),
        })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        outputs: ElasticIpOutputs,
        _: &ElasticIpProps,
        _: &ElasticIpProps,
    ) -> CloudResult<ElasticIpOutputs> {
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &ElasticIpOutputs, _: &ElasticIpProps) -> CloudResult<()> {
        let released = aws.ec2.release_address().allocation_id(&outputs.allocation_id).send().await;
        released.map(drop).map_err(call("ec2:ReleaseAddress"))
    }
}

/// Whether a NAT gateway that works, or soon will, has the address: one that is in use can't have been released.
fn uses(gateways: &[NatGateway], allocation: &str) -> bool {
    let works = |g: &&NatGateway| matches!(g.state(), Some(NatGatewayState::Available | NatGatewayState::Pending));
    let mut addresses = gateways.iter().filter(works).flat_map(|g| g.nat_gateway_addresses());
    addresses.any(|a| a.allocation_id() == Some(allocation))
}
