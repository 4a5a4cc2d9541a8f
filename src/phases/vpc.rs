//! The network: public and private subnets over the zones, the ways out, flow logs, and a default security group that lets nothing
//! pass.
//!
//! Everything that runs stands in private subnets. The public ones hold the load balancer and the NAT gateways, which get their
//! addresses themselves; an instance that starts there by mistake gets none.

use super::Blueprint;
use crate::aws::Resource;
use crate::aws::ec2::address::{ElasticIp, ElasticIpProps};
use crate::aws::ec2::default_security_group::{DefaultSecurityGroup, DefaultSecurityGroupProps};
use crate::aws::ec2::flow_logs::{FlowLogs, FlowLogsProps};
use crate::aws::ec2::internet_gateway::{InternetGateway, InternetGatewayProps};
use crate::aws::ec2::nat_gateway::{NatGateway, NatGatewayProps};
use crate::aws::ec2::peering::{Peering, PeeringProps};
use crate::aws::ec2::return_routes::{ReturnRoutes, ReturnRoutesProps};
use crate::aws::ec2::route_table::{RouteTable, RouteTableProps};
use crate::aws::ec2::s3_endpoint::{S3Endpoint, S3EndpointProps};
use crate::aws::ec2::subnet::{Subnet, SubnetProps};
use crate::aws::ec2::vpc::{Vpc, VpcProps};
use crate::aws::iam::role::{Role, RoleProps};
use crate::aws::logs::group::{LogGroup, LogGroupProps};
use crate::engine::input::output;
use crate::engine::{Address, Desired, Input};
use crate::spec::Nat;
use crate::spec::subnets::subnets;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// For how many days it is kept who talked to whom. 90 is what AWS Config and most audits ask for (E).
const FLOW_LOG_DAYS: i32 = 90;

/// The phase's resources.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let network = &blueprint.spec.network;
    let vpc = VpcProps { cidr: network.cidr.to_string(), dns_hostnames: true };
    let gateway = InternetGatewayProps { vpc: vpc_id(), attached: true };
    let default_group = DefaultSecurityGroupProps { vpc: vpc_id(), rules: BTreeSet::new() };
    let mut all = vec![
        Vpc::at("vpc/vpc", &vpc),
        DefaultSecurityGroup::at("vpc/default-security-group", &default_group),
        InternetGateway::at("vpc/internet-gateway", &gateway),
    ];
    all.extend(subnet_list(blueprint));
    all.extend(way_to_today(blueprint));
    all.extend(ways_out(blueprint));
    all.extend(flow_logs(blueprint));
    all
}

fn vpc_id() -> Input {
    output("vpc/vpc", "id")
}

fn subnet_list(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    #[expect(
        clippy::expect_used,
        reason = "a city file whose network is too small is refused before anything is planned"
    )]
    let subnets = subnets(blueprint.spec).expect("the network has room for its zones");
    subnets
        .into_iter()
        .map(|subnet| {
            let side = if subnet.public { "public" } else { "private" };
            let address = format!("vpc/subnet.{side}-{}", subnet.letter);
            let props = SubnetProps {
                vpc: vpc_id(),
                cidr: subnet.cidr.to_string(),
                zone: subnet.zone,
                public_addresses: false,
            };
            Subnet::at(address.as_str(), &props)
        })
        .collect()
}

/// NAT gateways, route tables and the S3 endpoint. Each zone has its private table, also where all of them lead to one NAT gateway:
/// a second gateway then changes a route and moves no subnet.
fn ways_out(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let zones: Vec<&str> = blueprint.spec.network.zones.iter().map(|letter| letter.as_str()).collect();
    let with_nat = match blueprint.spec.network.nat {
        Nat::One => &zones[..1],
        Nat::PerZone => &zones[..],
    };
    let routes = |default| {
        let to_today = blueprint.peer().into_iter().flat_map(|today| &today.blocks);
        let to_today = to_today.map(|block| (block.to_string(), output(PEERING, "id")));
        to_today.chain([("0.0.0.0/0".to_owned(), default)]).collect::<BTreeMap<_, _>>()
    };
    let ids = |what: &str| zones.iter().map(|z| output(format!("vpc/{what}-{z}").as_str(), "id")).collect();
    let public = RouteTableProps {
        vpc: vpc_id(),
        routes: routes(output("vpc/internet-gateway", "id")),
        subnets: ids("subnet.public"),
    };
    let mut all = vec![RouteTable::at("vpc/route-table.public", &public)];
    for zone in with_nat {
        let address = format!("vpc/address.{zone}");
        // Without the gateway, an address can't be reached, and can't be given back while it hangs on one.
        all.push(ElasticIp::at(address.as_str(), &ElasticIpProps {}).after(["vpc/internet-gateway"]));
        let nat = NatGatewayProps {
            subnet: output(format!("vpc/subnet.public-{zone}").as_str(), "id"),
            allocation: output(address.as_str(), "allocation_id"),
        };
        let nat = NatGateway::at(format!("vpc/nat-gateway.{zone}").as_str(), &nat);
        all.push(nat.after(["vpc/route-table.public"]));
    }
    for zone in &zones {
        let nat = if with_nat.contains(zone) { zone } else { zones[0] };
        let private = RouteTableProps {
            vpc: vpc_id(),
            routes: routes(output(format!("vpc/nat-gateway.{nat}").as_str(), "id")),
            subnets: [output(format!("vpc/subnet.private-{zone}").as_str(), "id")].into(),
        };
        all.push(RouteTable::at(format!("vpc/route-table.private-{zone}").as_str(), &private));
    }
    let endpoint = S3EndpointProps { vpc: vpc_id(), route_tables: ids("route-table.private") };
    all.push(S3Endpoint::at("vpc/s3-endpoint", &endpoint));
    all
}

/// Where the connection to the network of today's servers stands.
const PEERING: &str = "vpc/peering";
/// Where the way back stands: it comes last.
const RETURN: &str = "vpc/return-routes";

/// The connection to the network of today's servers, and the way back.
fn way_to_today(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let Some(today) = blueprint.peer() else { return Vec::new() };
    let peering = PeeringProps { vpc: vpc_id(), peer: today.vpc.clone(), accepted: true };
    let back = ReturnRoutesProps {
        vpc: today.vpc.clone(),
        to: blueprint.spec.network.cidr.to_string(),
        through: output(PEERING, "id"),
        everywhere: true,
    };
    let zones = blueprint.spec.network.zones.iter().map(|zone| format!("vpc/route-table.private-{zone}"));
    let there = zones.chain(["vpc/route-table.public".to_owned()]);
    vec![
        Peering::at(PEERING, &peering),
        ReturnRoutes::at(RETURN, &back).after(there.map(|address| Address::from(address.as_str()))),
    ]
}

/// What must stand before the two networks reach each other, and goes after whatever needs that.
pub fn both_ways(blueprint: &Blueprint<'_>) -> Option<&'static str> {
    blueprint.peer().map(|_| RETURN)
}

fn flow_logs(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let (region, account) = (blueprint.spec.region.as_str(), blueprint.spec.account.as_str());
    let name = format!("/migrate/{}/flow-logs", blueprint.city);
    let group = LogGroupProps { name: name.clone(), retention_days: FLOW_LOG_DAYS };
    // Only this account's flow logs may use the role, and only for this group.
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "vpc-flow-logs.amazonaws.com" },
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": { "aws:SourceAccount": account },
                "ArnLike": { "aws:SourceArn": format!("arn:aws:ec2:{region}:{account}:vpc-flow-log/*") },
            },
        }],
    });
    let write = json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": format!("arn:aws:logs:{region}:{account}:log-group:{name}:*"),
            },
            // The delivery looks for its group before it writes, and this call knows no narrower resource.
            { "Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*" },
        ],
    });
    let role = RoleProps {
        name: format!("{}-flow-logs", blueprint.city),
        trust,
        managed: BTreeSet::new(),
        inline: [("write".to_owned(), write)].into(),
    };
    let logs = FlowLogsProps {
        vpc: vpc_id(),
        log_group: output("vpc/flow-logs-group", "name"),
        role: output("vpc/flow-logs-role", "arn"),
        traffic: "ALL".into(),
    };
    vec![
        LogGroup::at("vpc/flow-logs-group", &group),
        Role::at("vpc/flow-logs-role", &role),
        FlowLogs::at("vpc/flow-logs", &logs),
    ]
}

#[cfg(test)]
mod tests {
    use crate::phases::testing::blueprint;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[test]
    fn one_nat_gateway_serves_every_zone_and_one_a_zone_only_its_own() {
        for (nat, target_of_b, gateways) in [("one", "a", 1), ("per_zone", "b", 2)] {
            let all = blueprint(json!({ "network": { "nat": nat } }), super::resources);
            let table = all.iter().find(|d| d.address.as_str() == "vpc/route-table.private-b");
            let routes = table.map(|d| d.props["routes"].clone());
            let out = json!({ "$ref": format!("vpc/nat-gateway.{target_of_b}#id") });
            let today = json!({ "$ref": "vpc/peering#id" });
            assert_eq!(routes, Some(json!({ "0.0.0.0/0": out, "10.40.0.0/16": today })));
            assert_eq!(all.iter().filter(|d| d.kind == "ec2:nat-gateway").count(), gateways);
            assert_eq!(all.iter().filter(|d| d.kind == "ec2:address").count(), gateways);
        }
    }

    /// The order of the zones says where the one NAT gateway stands, and nothing else; and a further zone changes nothing but lists.
    #[test]
    fn other_zones_move_nothing_of_those_that_are_there() {
        let city = |zones: Value, nat: &str| -> BTreeMap<String, Value> {
            let all = blueprint(json!({ "network": { "zones": zones, "nat": nat } }), crate::phases::desired);
            all.into_iter().map(|one| (one.address.to_string(), one.props)).collect()
        };
        assert_eq!(city(json!(["a", "b"]), "per_zone"), city(json!(["b", "a"]), "per_zone"));
        let lists = ["subnets", "route_tables"];
        for (from, to) in [(json!(["a", "b"]), json!(["a", "b", "c"])), (json!(["a", "c"]), json!(["a", "b", "c"]))] {
            for nat in ["one", "per_zone"] {
                let after = city(to.clone(), nat);
                for (address, old) in city(from.clone(), nat) {
                    let fields = old.as_object().into_iter().flatten();
                    let changed = fields.filter(|(name, value)| after[&address][name.as_str()] != **value);
                    let changed: Vec<&str> = changed.map(|(name, _)| name.as_str()).collect();
                    assert!(changed.iter().all(|name| lists.contains(name)), "{address}: {changed:?}");
                }
            }
        }
    }

    #[test]
    fn no_way_leads_to_a_network_with_the_same_addresses() {
        let all = blueprint(json!({ "network": { "cidr": "10.40.128.0/17" } }), super::resources);
        assert!(all.iter().all(|d| d.kind != "ec2:peering" && d.kind != "ec2:return-routes"));
        let tables = all.iter().filter(|d| d.kind == "ec2:route-table");
        assert!(tables.into_iter().all(|d| d.props["routes"].as_object().is_some_and(|routes| routes.len() == 1)));
    }

    #[test]
    fn each_subnet_has_its_table_and_none_gives_out_public_addresses() {
        let all = blueprint(json!({}), super::resources);
        let subnets: Vec<_> = all.iter().filter(|d| d.kind == "ec2:subnet").collect();
        assert_eq!(subnets.len(), 4);
        assert!(subnets.iter().all(|subnet| subnet.props["public_addresses"] == false));
        let tables = all.iter().filter(|d| d.kind == "ec2:route-table");
        let users: Vec<&Value> = tables.filter_map(|d| d.props["subnets"].as_array()).flatten().collect();
        for subnet in subnets {
            let id = json!({ "$ref": format!("{}#id", subnet.address) });
            assert_eq!(users.iter().filter(|user| ***user == id).count(), 1, "{}", subnet.address);
        }
    }

    #[test]
    fn everything_refers_to_something_that_is_there() {
        let all = blueprint(json!({}), super::resources);
        for one in &all {
            for needed in one.dependencies() {
                assert!(all.iter().any(|other| other.address == needed), "{} needs {needed}", one.address);
            }
        }
    }
}
