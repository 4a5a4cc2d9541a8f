//! The routes of a table and its associations with subnets: each call of its own, each safe to repeat.

use super::{answer, list};
use crate::aws::{Aws, call};
use crate::engine::error::gone_is_fine;
use crate::engine::{CloudError, CloudResult, ErrorClass};
use aws_sdk_ec2::types::{
    Route, RouteOrigin, RouteState, RouteTable, RouteTableAssociation, RouteTableAssociationStateCode,
};
use std::collections::BTreeMap;

/// Where the table sends what: destination to target id. Without what AWS keeps by itself: the VPC's own block, the routes of
/// gateway endpoints, and those that a virtual private gateway propagates.
pub fn of(table: &RouteTable) -> BTreeMap<String, String> {
    let kept_by_aws = |route: &&Route| {
        route.gateway_id().is_some_and(|id| id == "local" || id.starts_with("vpce-"))
            || route.origin() == Some(&RouteOrigin::EnableVgwRoutePropagation)
    };
    let routes = table.routes().iter().filter(|route| !kept_by_aws(route));
    routes.filter_map(|route| Some((destination(route)?.to_owned(), target(route)?.to_owned()))).collect()
}

fn destination(route: &Route) -> Option<&str> {
    route.destination_cidr_block().or(route.destination_ipv6_cidr_block()).or(route.destination_prefix_list_id())
}

/// The id of what it leads to.
pub fn target(route: &Route) -> Option<&str> {
    route
        .gateway_id()
        .or(route.nat_gateway_id())
        .or(route.vpc_peering_connection_id())
        .or(route.transit_gateway_id())
        .or(route.egress_only_internet_gateway_id())
        .or(route.network_interface_id())
        .or(route.local_gateway_id())
        .or(route.carrier_gateway_id())
        .or(route.core_network_arn())
}

/// The table that has an active route to the gateway. After a gateway's detachment or deletion its routes are black holes: an active
/// one proves that it is there.
pub fn leading_to<'a>(tables: &'a [RouteTable], gateway: &str) -> Option<&'a RouteTable> {
    let leads = |route: &Route| target(route) == Some(gateway) && route.state() == Some(&RouteState::Active);
    tables.iter().find(|table| table.routes().iter().any(leads))
}

/// Subnet id to association id.
pub fn associations(table: &RouteTable) -> BTreeMap<String, String> {
    let stands = |association: &&RouteTableAssociation| {
        use RouteTableAssociationStateCode::{Disassociated, Disassociating, Failed};
        let state = association.association_state().and_then(|state| state.state());
        !matches!(state, Some(Disassociated | Disassociating | Failed))
    };
    let all = table.associations().iter().filter(stands);
    all.filter_map(|a| Some((a.subnet_id()?.to_owned(), a.route_table_association_id()?.to_owned()))).collect()
}

/// Sends the IPv4 block `destination` to `target`, whether or not the table has a route for it.
pub async fn put(aws: &Aws, table: &str, destination: &str, target: &str) -> CloudResult<()> {
    let create = aws.ec2.create_route().route_table_id(table).destination_cidr_block(destination);
    let replace = aws.ec2.replace_route().route_table_id(table).destination_cidr_block(destination);
    let (create, replace) = match target.split('-').next() {
        Some("igw") => (create.gateway_id(target), replace.gateway_id(target)),
        Some("nat") => (create.nat_gateway_id(target), replace.nat_gateway_id(target)),
        Some("pcx") => (create.vpc_peering_connection_id(target), replace.vpc_peering_connection_id(target)),
        _ => return Err(CloudError::internal(format!("a route to {target} isn't among those that are made"))),
    };
    match create.send().await.map(drop).map_err(call("ec2:CreateRoute")) {
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            replace.send().await.map(drop).map_err(call("ec2:ReplaceRoute"))
        }
        other => other,
    }
}

/// Takes the route to `destination` (IPv4, IPv6 or a prefix list) out of the table.
pub async fn remove(aws: &Aws, table: &str, destination: &str) -> CloudResult<()> {
    let request = aws.ec2.delete_route().route_table_id(table);
    let request = match destination {
        list if list.starts_with("pl-") => request.destination_prefix_list_id(list),
        v6 if v6.contains(':') => request.destination_ipv6_cidr_block(v6),
        v4 => request.destination_cidr_block(v4),
    };
    gone_is_fine(request.send().await.map(drop).map_err(call("ec2:DeleteRoute")))
}

/// Makes the subnet use the table, whichever it used before. Answers with the association's id.
pub async fn associate(aws: &Aws, table: &str, subnet: &str) -> CloudResult<String> {
    let made = aws.ec2.associate_route_table().route_table_id(table).subnet_id(subnet).send().await;
    match made.map_err(call("ec2:AssociateRouteTable")) {
        Ok(made) => answer::id(made.association_id(), "AssociateRouteTable"),
        Err(error) if error.code == "Resource.AlreadyAssociated" => take_over(aws, table, subnet, error).await,
        Err(error) => Err(error),
    }
}

/// The subnet uses some table: this one, if an answer was lost, or one that somebody chose by hand.
async fn take_over(aws: &Aws, table: &str, subnet: &str, error: CloudError) -> CloudResult<String> {
    let filter = list::filter("association.subnet-id", subnet);
    let users = aws.ec2.describe_route_tables().filters(filter).send().await;
    let users = users.map_err(call("ec2:DescribeRouteTables"))?;
    let user = users.route_tables().first().ok_or(error)?;
    let association = associations(user).remove(subnet);
    if user.route_table_id() == Some(table) {
        return answer::id(association.as_deref(), "DescribeRouteTables");
    }
    let replace = aws.ec2.replace_route_table_association().route_table_id(table).set_association_id(association);
    let made = replace.send().await.map_err(call("ec2:ReplaceRouteTableAssociation"))?;
    answer::id(made.new_association_id(), "ReplaceRouteTableAssociation")
}

/// Ends an association: the subnet falls back to the VPC's main table.
pub async fn disassociate(aws: &Aws, association: &str) -> CloudResult<()> {
    let ended = aws.ec2.disassociate_route_table().association_id(association).send().await;
    gone_is_fine(ended.map(drop).map_err(call("ec2:DisassociateRouteTable")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_keeps_by_itself_is_no_drift_and_a_foreign_route_is() {
        let route = || Route::builder();
        let table = RouteTable::builder()
            .routes(route().destination_cidr_block("10.41.0.0/16").gateway_id("local").build())
            .routes(route().destination_prefix_list_id("pl-c3aa4faa").gateway_id("vpce-1").build())
            .routes(route().destination_cidr_block("0.0.0.0/0").nat_gateway_id("nat-1").build())
            .routes(route().destination_cidr_block("10.40.0.0/16").vpc_peering_connection_id("pcx-1").build())
            .build();
        let expected = [("0.0.0.0/0", "nat-1"), ("10.40.0.0/16", "pcx-1")];
        assert_eq!(of(&table), expected.map(|(to, via)| (to.to_owned(), via.to_owned())).into());
    }
}
