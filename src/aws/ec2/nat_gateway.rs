//! `ec2:nat-gateway`: the private subnets' way out.

use super::{answer, routes, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudResult, Input};
use aws_sdk_ec2::types::{NatGateway as Gateway, NatGatewayState, ResourceType};
use serde::{Deserialize, Serialize};

/// A NAT gateway.
pub struct NatGateway;

/// What the city wants of a NAT gateway.
#[derive(Debug, Serialize, Deserialize)]
pub struct NatGatewayProps {
    /// The id of the public subnet that it stands in.
    pub subnet: Input,
    /// The allocation id of its Elastic IP.
    pub allocation: Input,
}

/// Where it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NatGatewayOutputs {
    /// `nat-…`.
    pub id: String,
    /// The subnet that it stands in. A gateway can't be moved: while it is there, this holds.
    #[serde(default)]
    pub subnet: String,
    /// The allocation id of its address, which can't be taken from it either.
    #[serde(default)]
    pub allocation: String,
}

impl Resource for NatGateway {
    const INFO: KindInfo = KindInfo {
        immutable: &["subnet", "allocation"],
        settles: true,
        vanishes: true,
        create: Latency::measured(84, 115, 121),
        delete: Latency::measured(42, 61, 61),
        serves: true,
        ..KindInfo::new("ec2:nat-gateway", Identity::Token)
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = NatGatewayProps;
    type Outputs = NatGatewayOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        // Not for one that is waited for: a route turns into a black hole a while after the gateway began to go.
        if survey.proves()
            && let Some(outputs) = sought.recorded.filter(|outputs| !outputs.allocation.is_empty())
            && routes::leading_to(&survey.route_tables().await?, &outputs.id).is_some()
        {
            let (subnet, allocation) = (outputs.subnet.as_str().into(), outputs.allocation.as_str().into());
            return Ok(Some(Found::ready(NatGatewayProps { subnet, allocation }, outputs.clone())));
        }
        let gateways = survey.nat_gateways().await?;
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        let Some(gateway) = find(&gateways, recorded, sought.address.as_str()) else {
            return Ok(None);
        };
        let allocation = gateway.nat_gateway_addresses().iter().find_map(|a| a.allocation_id()).unwrap_or_default();
        let subnet = gateway.subnet_id().unwrap_or_default();
        let outputs = NatGatewayOutputs {
            id: gateway.nat_gateway_id().unwrap_or_default().into(),
            subnet: subnet.into(),
            allocation: allocation.into(),
        };
        let props = NatGatewayProps { subnet: subnet.into(), allocation: allocation.into() };
        Ok(Some(Found { props, outputs, readiness: readiness(gateway) }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &NatGatewayProps) -> CloudResult<NatGatewayOutputs> {
        let made = aws
            .ec2
            .create_nat_gateway()
            .client_token(making.token)
            .subnet_id(props.subnet.known()?)
            .allocation_id(props.allocation.known()?)
            .tag_specifications(tag::specification(aws, making, ResourceType::Natgateway))
            .send()
            .await
            .map_err(call("ec2:CreateNatGateway"))?;
        let id = answer::id(made.nat_gateway().and_then(|g| g.nat_gateway_id()), "CreateNatGateway")?;
        Ok(NatGatewayOutputs {
            id,
            subnet: props.subnet.known()?.clone(),
            allocation: props.allocation.known()?.clone(),
        })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        outputs: NatGatewayOutputs,
        _: &NatGatewayProps,
        _: &NatGatewayProps,
    ) -> CloudResult<NatGatewayOutputs> {
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &NatGatewayOutputs, _: &NatGatewayProps) -> CloudResult<()> {
        let deleted = aws.ec2.delete_nat_gateway().nat_gateway_id(&outputs.id).send().await;
        deleted.map(drop).map_err(call("ec2:DeleteNatGateway"))
    }
}

/// One that is being deleted is the last to be taken: its successor bears the same tag for a while.
fn find<'a>(gateways: &'a [Gateway], recorded: Option<&str>, address: &str) -> Option<&'a Gateway> {
    let ours = |g: &&Gateway| {
        (recorded.is_some() && g.nat_gateway_id() == recorded) || tag::value(g.tags(), tags::ADDRESS) == Some(address)
    };
    gateways.iter().filter(ours).min_by_key(|g| {
        let leaving = matches!(g.state(), Some(NatGatewayState::Deleting | NatGatewayState::Failed));
        (leaving, g.nat_gateway_id() != recorded)
    })
}

fn readiness(gateway: &Gateway) -> Readiness {
    match gateway.state() {
        Some(NatGatewayState::Available) | None => Readiness::Ready,
        Some(NatGatewayState::Failed) => {
            Readiness::Failed(gateway.failure_message().unwrap_or("the gateway failed").into())
        }
        Some(NatGatewayState::Deleting) => Readiness::Failed("it is being deleted: plan again in a minute".into()),
        Some(state) => Readiness::Pending(state.as_str().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::Tag;

    fn gateway(id: &str, state: NatGatewayState) -> Gateway {
        let tag = Tag::builder().key(tags::ADDRESS).value("vpc/nat-gateway.a").build();
        Gateway::builder().nat_gateway_id(id).state(state).tags(tag).build()
    }

    #[test]
    fn one_that_is_being_deleted_yields_to_its_successor() {
        let both = [gateway("nat-old", NatGatewayState::Deleting), gateway("nat-new", NatGatewayState::Pending)];
        let id = |all, recorded| find(all, recorded, "vpc/nat-gateway.a").and_then(Gateway::nat_gateway_id);
        assert_eq!(id(&both, Some("nat-old")), Some("nat-new"));
        assert_eq!(id(&both[..1], Some("nat-old")), Some("nat-old"), "a delete waits until it is gone");
        assert_eq!(find(&both, None, "vpc/nat-gateway.b"), None);
    }
}
