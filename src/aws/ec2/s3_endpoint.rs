//! `ec2:s3-endpoint`: S3 without the NAT gateway. Image layers come from S3: this is most of what a start of an instance downloads,
//! and it costs nothing.

use super::{answer, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudResult, Input};
use aws_sdk_ec2::types::{ResourceType, RouteTable, VpcEndpoint, VpcEndpointType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A gateway endpoint for S3 in the city's region.
pub struct S3Endpoint;

/// What the city wants of its S3 endpoint.
#[derive(Debug, Serialize, Deserialize)]
pub struct S3EndpointProps {
    /// The VPC's id.
    pub vpc: Input,
    /// The ids of the route tables that lead to it.
    pub route_tables: BTreeSet<Input>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct S3EndpointOutputs {
    /// `vpce-…`.
    pub id: String,
}

impl Resource for S3Endpoint {
    const INFO: KindInfo = KindInfo {
        immutable: &["vpc"],
        settles: true,
        vanishes: true,
        create: Latency::measured(8, 8, 8),
        ..KindInfo::new("ec2:s3-endpoint", Identity::Token)
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = S3EndpointProps;
    type Outputs = S3EndpointOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        if let Some(id) = recorded.filter(|_| survey.proves())
            && let Some(props) = routed(&survey.route_tables().await?, id)
            // A route comes and goes a little after its endpoint: what looks changed is asked for.
            && (&props.vpc, &props.route_tables) == (&sought.props.vpc, &sought.props.route_tables)
        {
            return Ok(Some(Found::ready(props, S3EndpointOutputs { id: id.into() })));
        }
        let endpoints = survey.vpc_endpoints().await?;
        let Some(endpoint) =
            tag::find(&endpoints, |e| e.vpc_endpoint_id(), |e| e.tags(), recorded, sought.address.as_str())
        else {
            return Ok(None);
        };
        let props = S3EndpointProps {
            vpc: endpoint.vpc_id().unwrap_or_default().into(),
            route_tables: endpoint.route_table_ids().iter().map(|id| id.as_str().into()).collect(),
        };
        let outputs = S3EndpointOutputs { id: endpoint.vpc_endpoint_id().unwrap_or_default().into() };
        Ok(Some(Found { props, outputs, readiness: readiness(endpoint) }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &S3EndpointProps) -> CloudResult<S3EndpointOutputs> {
        let made = aws
            .ec2
            .create_vpc_endpoint()
            .client_token(making.token)
            .vpc_endpoint_type(VpcEndpointType::Gateway)
            .service_name(format!("com.amazonaws.{}.s3", aws.region))
            .vpc_id(props.vpc.known()?)
            .set_route_table_ids(Some(ids(props.route_tables.iter())?))
            .tag_specifications(tag::specification(aws, making, ResourceType::VpcEndpoint))
            .send()
            .await
            .map_err(call("ec2:CreateVpcEndpoint"))?;
        let id = answer::id(made.vpc_endpoint().and_then(|e| e.vpc_endpoint_id()), "CreateVpcEndpoint")?;
        Ok(S3EndpointOutputs { id })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: S3EndpointOutputs,
        old: &S3EndpointProps,
        new: &S3EndpointProps,
    ) -> CloudResult<S3EndpointOutputs> {
        let added = ids(new.route_tables.difference(&old.route_tables))?;
        let removed = ids(old.route_tables.difference(&new.route_tables))?;
        aws.ec2
            .modify_vpc_endpoint()
            .vpc_endpoint_id(&outputs.id)
            .set_add_route_table_ids((!added.is_empty()).then_some(added))
            .set_remove_route_table_ids((!removed.is_empty()).then_some(removed))
            .send()
            .await
            .map_err(call("ec2:ModifyVpcEndpoint"))?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &S3EndpointOutputs, _: &S3EndpointProps) -> CloudResult<()> {
        let deleted = aws.ec2.delete_vpc_endpoints().vpc_endpoint_ids(&outputs.id).send().await;
        answer::complete(deleted.map_err(call("ec2:DeleteVpcEndpoints"))?.unsuccessful(), "ec2:DeleteVpcEndpoints")
    }
}

/// The endpoint, out of the routes that it keeps; `None`: no table has one.
fn routed(tables: &[RouteTable], endpoint: &str) -> Option<S3EndpointProps> {
    let leads = |table: &&RouteTable| table.routes().iter().any(|r| r.gateway_id() == Some(endpoint));
    let tables: Vec<_> = tables.iter().filter(leads).collect();
    Some(S3EndpointProps {
        vpc: tables.first()?.vpc_id()?.into(),
        route_tables: tables.iter().filter_map(|t| t.route_table_id()).map(Input::from).collect(),
    })
}

/// States compare without case: EC2's model and its answers differ in it.
fn readiness(endpoint: &VpcEndpoint) -> Readiness {
    let state = endpoint.state().map_or_else(|| "available".to_owned(), |s| s.as_str().to_ascii_lowercase());
    match state.as_str() {
        "available" => Readiness::Ready,
        "failed" | "rejected" | "expired" => {
            let reason = endpoint.last_error().and_then(|error| error.message());
            Readiness::Failed(reason.unwrap_or(&state).to_owned())
        }
        "deleting" => Readiness::Failed("it is being deleted: plan again in a minute".into()),
        _ => Readiness::Pending(state),
    }
}

fn ids<'a>(inputs: impl Iterator<Item = &'a Input>) -> CloudResult<Vec<String>> {
    inputs.map(|input| input.known().cloned()).collect()
}
