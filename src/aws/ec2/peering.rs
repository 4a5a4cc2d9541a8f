//! `ec2:peering`: the connection between the city's VPC and the one in which today's servers stand.

use super::{answer, routes, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudResult, Input};
use aws_sdk_ec2::types::{
    ResourceType, VpcPeeringConnection, VpcPeeringConnectionStateReasonCode as Status, VpcPeeringConnectionVpcInfo,
};
use serde::{Deserialize, Serialize};

/// A VPC peering connection within one account and region.
pub struct Peering;

/// What the city wants of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct PeeringProps {
    /// The city's VPC, which asks for it.
    pub vpc: Input,
    /// The other VPC's id.
    pub peer: String,
    /// Whether it was accepted. The city always wants it.
    pub accepted: bool,
}

/// Where it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PeeringOutputs {
    /// `pcx-…`.
    pub id: String,
    /// The other VPC's id: a connection never leads elsewhere.
    #[serde(default)]
    pub peer: String,
}

fn status(connection: &VpcPeeringConnection) -> Option<&Status> {
    connection.status().and_then(|status| status.code())
}

fn readiness(connection: &VpcPeeringConnection) -> Readiness {
    match status(connection) {
        // One that waits to be accepted is there; that it must be, its properties say.
        Some(Status::Active | Status::PendingAcceptance) => Readiness::Ready,
        Some(Status::Failed) => {
            let why = connection.status().and_then(|status| status.message());
            Readiness::Failed(why.unwrap_or("no reason given").into())
        }
        other => Readiness::Pending(other.map_or("unknown", |code| code.as_str()).into()),
    }
}

impl Resource for Peering {
    const INFO: KindInfo = KindInfo {
        immutable: &["vpc", "peer"],
        settles: true,
        vanishes: true,
        create: Latency::estimated(1, 5, 30),
        delete: Latency::estimated(1, 5, 30),
        // D: two VPCs have one connection; asking for it again answers with the one that is there.
        ..KindInfo::new("ec2:peering", Identity::Same(&["vpc", "peer"]))
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = PeeringProps;
    type Outputs = PeeringOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        // An active route to it proves it; not for one that is waited for, since a route turns into a black hole later.
        if survey.proves()
            && let Some(outputs) = sought.recorded.filter(|outputs| !outputs.peer.is_empty())
            && let Some(table) = routes::leading_to(&survey.route_tables().await?, &outputs.id)
            && table.vpc_id() == sought.props.vpc.get().map(String::as_str)
        {
            let props = PeeringProps { vpc: sought.props.vpc.clone(), peer: outputs.peer.clone(), accepted: true };
            return Ok(Some(Found::ready(props, outputs.clone())));
        }
        let connections = survey.peerings().await?;
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        let found = tag::find(
            &connections,
            VpcPeeringConnection::vpc_peering_connection_id,
            |one| one.tags(),
            recorded,
            sought.address.as_str(),
        );
        let Some(connection) = found else { return Ok(None) };
        let end =
            |vpc: Option<&VpcPeeringConnectionVpcInfo>| vpc.and_then(|vpc| vpc.vpc_id()).unwrap_or_default().to_owned();
        let peer = end(connection.accepter_vpc_info());
        let props = PeeringProps {
            vpc: end(connection.requester_vpc_info()).as_str().into(),
            peer: peer.clone(),
            accepted: status(connection) != Some(&Status::PendingAcceptance),
        };
        let id = connection.vpc_peering_connection_id().unwrap_or_default().into();
        let outputs = PeeringOutputs { id, peer };
        Ok(Some(Found { props, outputs, readiness: readiness(connection) }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &PeeringProps) -> CloudResult<PeeringOutputs> {
        let made = aws
            .ec2
            .create_vpc_peering_connection()
            .vpc_id(props.vpc.known()?)
            .peer_vpc_id(&props.peer)
            .tag_specifications(tag::specification(aws, making, ResourceType::VpcPeeringConnection))
            .send()
            .await
            .map_err(call("ec2:CreateVpcPeeringConnection"))?;
        let made = made.vpc_peering_connection();
        let id = answer::id(made.and_then(|one| one.vpc_peering_connection_id()), "CreateVpcPeeringConnection")?;
        accept(aws, &id).await?;
        Ok(PeeringOutputs { id, peer: props.peer.clone() })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: PeeringOutputs,
        _: &PeeringProps,
        _: &PeeringProps,
    ) -> CloudResult<PeeringOutputs> {
        accept(aws, &outputs.id).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &PeeringOutputs, _: &PeeringProps) -> CloudResult<()> {
        let deleted = aws.ec2.delete_vpc_peering_connection().vpc_peering_connection_id(&outputs.id).send().await;
        match deleted.map(drop).map_err(call("ec2:DeleteVpcPeeringConnection")) {
            // It is going already.
            Err(error) if error.code == "InvalidStateTransition" => Ok(()),
            other => other,
        }
    }
}

async fn accept(aws: &Aws, id: &str) -> CloudResult<()> {
    let accepted = aws.ec2.accept_vpc_peering_connection().vpc_peering_connection_id(id).send().await;
    match accepted.map(drop).map_err(call("ec2:AcceptVpcPeeringConnection")) {
        // It was accepted before, or can't be: what it has become, a read shows.
        Err(error) if error.code == "InvalidStateTransition" => Ok(()),
        other => other,
    }
}
