//! `ec2:route-table`: where some subnets' traffic goes, with its routes and the subnets that use it.

use super::{answer, routes, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, Input};
use aws_sdk_ec2::types::ResourceType;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A route table.
pub struct RouteTable;

/// What the city wants of a route table.
#[derive(Debug, Serialize, Deserialize)]
pub struct RouteTableProps {
    /// The VPC's id.
    pub vpc: Input,
    /// IPv4 block to the id of the gateway that its traffic goes to; there are no other routes but those that AWS keeps itself.
    pub routes: BTreeMap<String, Input>,
    /// The ids of the subnets that use it; no others do.
    pub subnets: BTreeSet<Input>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct RouteTableOutputs {
    /// `rtb-…`.
    pub id: String,
    /// Subnet id to the id of its association.
    #[serde(default)]
    pub associations: BTreeMap<String, String>,
}

impl Resource for RouteTable {
    const INFO: KindInfo = KindInfo {
        immutable: &["vpc"],
        volatile: &["associations"],
        serves: true,
        ..KindInfo::new("ec2:route-table", Identity::Token)
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = RouteTableProps;
    type Outputs = RouteTableOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let tables = survey.route_tables().await?;
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        let Some(table) = tag::find(&tables, |t| t.route_table_id(), |t| t.tags(), recorded, sought.address.as_str())
        else {
            return Ok(None);
        };
        let associations = routes::associations(table);
        let props = RouteTableProps {
            vpc: table.vpc_id().unwrap_or_default().into(),
            routes: routes::of(table).into_iter().map(|(to, via)| (to, via.into())).collect(),
            subnets: associations.keys().map(|subnet| subnet.as_str().into()).collect(),
        };
        let id = table.route_table_id().unwrap_or_default().into();
        Ok(Some(Found::ready(props, RouteTableOutputs { id, associations })))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &RouteTableProps) -> CloudResult<RouteTableOutputs> {
        let made = aws
            .ec2
            .create_route_table()
            .client_token(making.token)
            .vpc_id(props.vpc.known()?)
            .tag_specifications(tag::specification(aws, making, ResourceType::RouteTable))
            .send()
            .await
            .map_err(call("ec2:CreateRouteTable"))?;
        let id = answer::id(made.route_table().and_then(|t| t.route_table_id()), "CreateRouteTable")?;
        let empty = RouteTableProps { vpc: props.vpc.clone(), routes: BTreeMap::new(), subnets: BTreeSet::new() };
        change(aws, RouteTableOutputs { id, associations: BTreeMap::new() }, &empty, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: RouteTableOutputs,
        old: &RouteTableProps,
        new: &RouteTableProps,
    ) -> CloudResult<RouteTableOutputs> {
        change(aws, outputs, old, new).await
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &RouteTableOutputs, _: &RouteTableProps) -> CloudResult<()> {
        for association in outputs.associations.values() {
            routes::disassociate(aws, association).await?;
        }
        let deleted = aws.ec2.delete_route_table().route_table_id(&outputs.id).send().await;
        deleted.map(drop).map_err(call("ec2:DeleteRouteTable"))
    }
}

/// New routes stand before a subnet uses them, and old ones go last: nothing is cut off in between.
async fn change(
    aws: &Aws,
    mut outputs: RouteTableOutputs,
    old: &RouteTableProps,
    new: &RouteTableProps,
) -> CloudResult<RouteTableOutputs> {
    for (destination, target) in &new.routes {
        if old.routes.get(destination) != Some(target) {
            routes::put(aws, &outputs.id, destination, target.known()?).await?;
        }
    }
    for subnet in new.subnets.difference(&old.subnets) {
        let subnet = subnet.known()?;
        let association = routes::associate(aws, &outputs.id, subnet).await?;
        outputs.associations.insert(subnet.clone(), association);
    }
    for subnet in old.subnets.difference(&new.subnets) {
        if let Some(association) = outputs.associations.remove(subnet.known()?) {
            routes::disassociate(aws, &association).await?;
        }
    }
    for destination in old.routes.keys().filter(|to| !new.routes.contains_key(*to)) {
        routes::remove(aws, &outputs.id, destination).await?;
    }
    Ok(outputs)
}
