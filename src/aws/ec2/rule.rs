//! Security group rules as values. EC2 groups them into permissions; here each is one line: direction, protocol, ports, peer.
//!
//! A rule that `migrate` makes says in its description what it is. One whose description says anything else, or nothing, was made
//! or changed by somebody else: that is how a hole that was opened by hand is found without asking for every rule's tags.

use super::list;
use crate::aws::census::Census;
use crate::aws::{Aws, call};
use crate::engine::CloudResult;
use crate::engine::error::gone_is_fine;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, UserIdGroupPair};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Which way the traffic goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Into what bears the group.
    Ingress,
    /// Out of it.
    Egress,
}

/// One thing that a group lets pass. All of it is its identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// Which way.
    pub direction: Direction,
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    pub protocol: String,
    /// First and last port; `None`: all of them.
    pub ports: Option<(i32, i32)>,
    /// An IPv4 or IPv6 block, a security group's id or a prefix list's.
    pub peer: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.protocol == "-1" { "all" } else { &self.protocol };
        let direction = match self.direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        };
        f.write_str(protocol)?;
        match self.ports {
            Some((first, last)) if first == last => write!(f, " {first}")?,
            Some((first, last)) => write!(f, " {first}-{last}")?,
            None => {}
        }
        write!(f, " {direction} {}", self.peer)
    }
}

impl Rule {
    /// What EC2 gives a new group by itself.
    pub fn default_egress() -> Self {
        Self { direction: Direction::Egress, protocol: "-1".into(), ports: None, peer: "0.0.0.0/0".into() }
    }

    /// The description that makes it ours.
    pub fn mark(&self) -> String {
        format!("migrate: {self}")
    }

    /// The same in EC2's terms.
    pub fn permission(&self, description: Option<String>) -> IpPermission {
        let to = IpPermission::builder()
            .ip_protocol(&self.protocol)
            .set_from_port(self.ports.map(|(first, _)| first))
            .set_to_port(self.ports.map(|(_, last)| last));
        let peer = &self.peer;
        let to = match peer {
            group if group.starts_with("sg-") => {
                to.user_id_group_pairs(UserIdGroupPair::builder().group_id(group).set_description(description).build())
            }
            list if list.starts_with("pl-") => {
                to.prefix_list_ids(PrefixListId::builder().prefix_list_id(list).set_description(description).build())
            }
            v6 if v6.contains(':') => {
                to.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(v6).set_description(description).build())
            }
            v4 => to.ip_ranges(IpRange::builder().cidr_ip(v4).set_description(description).build()),
        };
        to.build()
    }
}

/// Every rule of the group, with whether it is ours.
pub fn of(group: &SecurityGroup) -> Vec<(Rule, bool)> {
    let ingress = group.ip_permissions().iter().map(|permission| (Direction::Ingress, permission));
    let egress = group.ip_permissions_egress().iter().map(|permission| (Direction::Egress, permission));
    ingress.chain(egress).flat_map(|(direction, permission)| split(direction, permission)).collect()
}

/// The rules of the group that aren't ours: those that don't say so, and those that only pretend to.
pub fn foreign(group: &SecurityGroup, census: Option<&Census>) -> BTreeSet<String> {
    let id = group.group_id().unwrap_or_default();
    let wanted = |rule: &str| census.is_none_or(|census| census.knows_rule(id, rule));
    let rules = of(group).into_iter().map(|(rule, ours)| (rule.to_string(), ours));
    rules.filter(|(rule, ours)| !ours || !wanted(rule)).map(|(rule, _)| rule).collect()
}

/// Takes those of the group's rules out that are in `shown`: a rule that was added since then is the next plan's.
pub async fn revoke_shown(aws: &Aws, group: &SecurityGroup, shown: &BTreeSet<String>) -> CloudResult<()> {
    let id = group.group_id().unwrap_or_default();
    for (rule, ours) in of(group).into_iter().filter(|(rule, _)| shown.contains(&rule.to_string())) {
        revoke(aws, id, [rule], ours).await?;
    }
    Ok(())
}

fn split(direction: Direction, permission: &IpPermission) -> Vec<(Rule, bool)> {
    let protocol = permission.ip_protocol().unwrap_or("-1");
    let ports = permission.from_port().zip(permission.to_port()).filter(|_| protocol != "-1");
    let v4 = permission.ip_ranges().iter().map(|r| (r.cidr_ip(), r.description()));
    let v6 = permission.ipv6_ranges().iter().map(|r| (r.cidr_ipv6(), r.description()));
    let lists = permission.prefix_list_ids().iter().map(|l| (l.prefix_list_id(), l.description()));
    let groups = permission.user_id_group_pairs().iter().map(|g| (g.group_id(), g.description()));
    let peers = v4.chain(v6).chain(lists).chain(groups);
    peers
        .map(|(peer, description)| {
            let peer = peer.unwrap_or_default().to_owned();
            let rule = Rule { direction, protocol: protocol.to_owned(), ports, peer };
            let ours = description == Some(&rule.mark());
            (rule, ours)
        })
        .collect()
}

/// The group as it is now; `None`: it isn't there.
pub async fn group(aws: &Aws, id: &str) -> CloudResult<Option<SecurityGroup>> {
    let found = aws.ec2.describe_security_groups().filters(list::filter("group-id", id)).send().await;
    let found = found.map_err(call("ec2:DescribeSecurityGroups"))?;
    Ok(found.security_groups.unwrap_or_default().into_iter().next())
}

/// Takes the rules out of the group. That one is gone already is a success.
pub async fn revoke(aws: &Aws, group: &str, rules: impl IntoIterator<Item = Rule>, ours: bool) -> CloudResult<()> {
    for rule in rules {
        // AWS finds a rule without its description; emulators find ours only by it.
        let mark = ours.then(|| rule.mark());
        let permission = rule.permission(mark);
        let revoked = match rule.direction {
            Direction::Ingress => {
                let request = aws.ec2.revoke_security_group_ingress().group_id(group).ip_permissions(permission);
                request.send().await.map(drop).map_err(call("ec2:RevokeSecurityGroupIngress"))
            }
            Direction::Egress => {
                let request = aws.ec2.revoke_security_group_egress().group_id(group).ip_permissions(permission);
                request.send().await.map(drop).map_err(call("ec2:RevokeSecurityGroupEgress"))
            }
        };
        gone_is_fine(revoked)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_ours_only_while_its_description_says_what_it_is() {
        let https = Rule {
            direction: Direction::Ingress,
            protocol: "tcp".into(),
            ports: Some((443, 443)),
            peer: "0.0.0.0/0".into(),
        };
        assert_eq!(https.mark(), "migrate: tcp 443 from 0.0.0.0/0");
        let ours = https.permission(Some(https.mark()));
        // Somebody widened it by hand and left the description.
        let widened = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(22)
            .to_port(443)
            .ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").description(https.mark()).build())
            .ip_ranges(IpRange::builder().cidr_ip("192.0.2.0/24").build())
            .build();
        let group = SecurityGroup::builder()
            .ip_permissions(ours)
            .ip_permissions(widened)
            .ip_permissions_egress(Rule::default_egress().permission(None))
            .build();
        assert_eq!(of(&group)[0], (https, true));
        let expected = ["all to 0.0.0.0/0", "tcp 22-443 from 0.0.0.0/0", "tcp 22-443 from 192.0.2.0/24"];
        assert_eq!(foreign(&group, None).into_iter().collect::<Vec<_>>(), expected);
        let nobody = Census::new(&[]);
        assert!(foreign(&group, Some(&nobody)).contains("tcp 443 from 0.0.0.0/0"), "a copied description is no proof");
    }

    #[test]
    fn a_peer_keeps_its_kind() {
        for peer in ["10.40.1.10/32", "2001:db8::/32", "sg-0a", "pl-0b"] {
            let rule = Rule {
                direction: Direction::Egress,
                protocol: "tcp".into(),
                ports: Some((32768, 65535)),
                peer: peer.into(),
            };
            let group = SecurityGroup::builder().ip_permissions_egress(rule.permission(Some(rule.mark()))).build();
            assert_eq!(of(&group), [(rule, true)]);
        }
    }
}
