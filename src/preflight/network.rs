//! Whether the new network and that of today's servers can be connected, and what stands before the servers lets the new one in.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::Resource;
use crate::aws::ec2::peering::Peering;
use crate::aws::{Aws, call};
use crate::engine::CloudResult;
use crate::phases::{LegacyNetwork, overlap};
use crate::spec::{CitySpec, Legacy};
use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, NetworkInterface, SecurityGroup};
use futures_util::future::try_join;
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// The check.
pub struct Network;

/// A server of today that the new network talks to, and what its security groups let in.
#[derive(Clone, Debug, PartialEq)]
struct Server {
    address: Ipv4Addr,
    port: u16,
    /// The groups' ids.
    groups: Vec<String>,
    /// What they let in: first and last port, and from where.
    lets_in: Vec<(u16, u16, Ipv4Net)>,
    /// Whether one of them names a prefix list, which nobody has looked into.
    lists: bool,
}

#[async_trait]
impl Check for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        !subject.plan.lookups.finished && ["ec2:vpc", Peering::INFO.name].iter().any(|kind| subject.makes(kind))
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        look(subject.aws, &subject.city.spec, &subject.plan.lookups.legacy).await
    }
}

/// Looks at the path between today's servers and the new network.
pub async fn look(aws: &Aws, spec: &CitySpec, today: &LegacyNetwork) -> CloudResult<Verdict> {
    Ok(judge(&spec.network.cidr, today, &servers(aws, &spec.legacy, today).await?))
}

/// Those in the network, by the interfaces that have their addresses.
async fn servers(aws: &Aws, legacy: &Legacy, today: &LegacyNetwork) -> CloudResult<Vec<Server>> {
    let database = legacy.database.endpoint.host.parse().ok().map(|address| (address, legacy.database.endpoint.port));
    let wanted: Vec<(Ipv4Addr, u16)> =
        legacy.targets.iter().map(|address| (*address, legacy.port)).chain(database).collect();
    if today.vpc.is_empty() || wanted.is_empty() {
        return Ok(Vec::new());
    }
    let filter = |name: &str, values: Vec<String>| Filter::builder().name(name).set_values(Some(values)).build();
    let in_vpc = || filter("vpc-id", vec![today.vpc.clone()]);
    let addresses = wanted.iter().map(|(address, _)| address.to_string()).collect();
    let interfaces = aws.ec2.describe_network_interfaces().filters(in_vpc());
    let interfaces = interfaces.filters(filter("addresses.private-ip-address", addresses)).send();
    let groups = aws.ec2.describe_security_groups().filters(in_vpc()).into_paginator().items().send();
    let (interfaces, groups) =
        try_join(async { interfaces.await.map_err(call("ec2:DescribeNetworkInterfaces")) }, async {
            groups.collect::<Result<Vec<_>, _>>().await.map_err(call("ec2:DescribeSecurityGroups"))
        })
        .await?;
    let found = wanted.into_iter().filter_map(|(address, port)| {
        let has = |one: &&NetworkInterface| {
            let own = one.private_ip_addresses().iter().filter_map(|a| a.private_ip_address());
            own.chain(one.private_ip_address()).any(|own| own.parse() == Ok(address))
        };
        let interface = interfaces.network_interfaces().iter().find(has)?;
        let ids: Vec<String> =
            interface.groups().iter().filter_map(|group| Some(group.group_id()?.to_owned())).collect();
        let own = groups.iter().filter(|group| ids.iter().any(|id| group.group_id() == Some(id)));
        let permissions: Vec<_> = own.flat_map(SecurityGroup::ip_permissions).collect();
        let lets_in =
            permissions.iter().filter(|p| matches!(p.ip_protocol(), Some("tcp" | "6" | "-1"))).flat_map(|p| {
                let port = |port: Option<i32>, all: u16| port.and_then(|port| u16::try_from(port).ok()).unwrap_or(all);
                let (first, last) = (port(p.from_port(), 0), port(p.to_port(), u16::MAX));
                p.ip_ranges().iter().filter_map(move |range| Some((first, last, range.cidr_ip()?.parse().ok()?)))
            });
        let lists = permissions.iter().any(|permission| !permission.prefix_list_ids().is_empty());
        Some(Server { address, port, groups: ids, lets_in: lets_in.collect(), lists })
    });
    Ok(found.collect())
}

fn judge(new: &Ipv4Net, today: &LegacyNetwork, servers: &[Server]) -> Verdict {
    let mut verdict = Verdict::default();
    if today.vpc.is_empty() {
        verdict.warn(
            "today's servers don't stand in one VPC of this account: nothing leads from the new network to them",
            "mend `legacy.instances`, if that names others",
        );
        return verdict;
    }
    for block in today.blocks.iter().filter(|block| overlap(block, new)) {
        verdict.fail(
            format!(
                "{} has {block}, and the new network {new}: networks with the same addresses can't be connected",
                today.vpc
            ),
            "choose other addresses: `network.cidr`",
        );
    }
    for server in servers {
        let Server { address, port, groups, lets_in, lists } = server;
        if lets_in.iter().any(|(first, last, from)| (*first..=*last).contains(port) && from.contains(new)) {
            continue;
        }
        let says = format!("{address} takes nothing from {new} on port {port} ({})", groups.join(", "));
        let group = groups.first().map_or("GROUP", String::as_str);
        let mend = format!(
            "aws ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port {port} --cidr {new}"
        );
        if *lists {
            verdict.warn(format!("{says}, as far as can be seen: a prefix list may"), mend);
        } else {
            verdict.fail(says, mend);
        }
    }
    verdict.or_ok(format!("{} can be connected, and {} servers there let the new network in", today.vpc, servers.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    fn net(text: &str) -> Ipv4Net {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn a_server_that_lets_nobody_in_and_a_network_with_the_same_addresses_are_told() {
        let new = net("10.41.0.0/16");
        let today = LegacyNetwork { of: "x".into(), vpc: "vpc-1".into(), blocks: vec![net("10.40.0.0/16")] };
        let server = Server {
            address: [10, 40, 2, 20].into(),
            port: 5432,
            groups: vec!["sg-1".into()],
            lets_in: vec![(5432, 5432, net("10.0.0.0/8"))],
            lists: false,
        };
        assert_eq!(judge(&new, &today, std::slice::from_ref(&server)).worst(), Level::Ok);
        for lets_in in [vec![], vec![(5433, 6000, net("10.0.0.0/8"))], vec![(5432, 5432, net("10.41.0.0/24"))]] {
            let shut = Server { lets_in, ..server.clone() };
            let verdict = judge(&new, &today, std::slice::from_ref(&shut));
            assert_eq!(verdict.worst(), Level::Fail);
            assert!(verdict.0[0].2.as_ref().is_some_and(|mend| mend.contains("--group-id sg-1")), "{verdict:?}");
            assert_eq!(judge(&new, &today, &[Server { lists: true, ..shut }]).worst(), Level::Warn);
        }
        let same = LegacyNetwork { blocks: vec![net("10.41.8.0/24")], ..today.clone() };
        assert_eq!(judge(&new, &same, &[]).worst(), Level::Fail);
        assert_eq!(judge(&new, &LegacyNetwork::default(), &[]).worst(), Level::Warn);
    }
}
