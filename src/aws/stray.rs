//! What belongs to the city, by its tag, and stands at none of its addresses: it is told, never touched by itself.
//!
//! Two sources. Lists that a look asks for anyway cost nothing. All the rest is asked of the Resource Groups Tagging API, a call for
//! every hundred things, and only where something is going on (docs/decisions/reading.md).

use super::census::Census;
use super::{Aws, Survey, call, ec2, iam, tags};
use crate::engine::cloud::{Sought, Stray};
use crate::engine::{Address, CloudResult};
use aws_sdk_ec2::types::{NatGateway, NatGatewayState};
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What AWS calls things in their ARNs, and what the same is called here.
const KINDS: &[(&str, &str)] = &[
    ("acm certificate", "acm:certificate"),
    ("autoscaling autoScalingGroup", "autoscaling:group"),
    ("cloudwatch alarm", "cloudwatch:alarm"),
    ("ec2 elastic-ip", "ec2:address"),
    ("ec2 flow-logs", "ec2:flow-logs"),
    ("ec2 internet-gateway", "ec2:internet-gateway"),
    ("ec2 launch-template", "ec2:launch-template"),
    ("ec2 natgateway", NAT_GATEWAY),
    ("ec2 route-table", "ec2:route-table"),
    ("ec2 security-group", "ec2:security-group"),
    ("ec2 subnet", "ec2:subnet"),
    ("ec2 vpc", "ec2:vpc"),
    ("ec2 vpc-endpoint", "ec2:s3-endpoint"),
    ("ec2 vpc-flow-log", "ec2:flow-logs"),
    ("ec2 vpc-peering-connection", "ec2:peering"),
    ("ecs capacity-provider", "ecs:capacity-provider"),
    ("ecs cluster", "ecs:cluster"),
    ("ecs service", "ecs:service"),
    ("elasticloadbalancing listener", "elb:listener"),
    ("elasticloadbalancing listener-rule", "elb:rule"),
    ("elasticloadbalancing loadbalancer", "elb:load-balancer"),
    ("elasticloadbalancing targetgroup", "elb:target-group"),
    ("logs log-group", "logs:group"),
    ("rds db", "rds:instance"),
    ("rds pg", "rds:parameter-group"),
    ("rds subgrp", "rds:subnet-group"),
    ("sns topic", "sns:topic"),
];

/// What comes and goes, or comes in numbers, as a part of what stands at its address: it is no stray while that address is one.
const PARTS: &[&str] = &[
    "application-autoscaling scalable-target",
    "ec2 instance",
    "ec2 network-interface",
    "ec2 security-group-rule",
    "ec2 spot-instances-request",
    "ec2 volume",
    "ecs container-instance",
    "ecs task",
    "ecs task-definition",
];

const NAT_GATEWAY: &str = "ec2:nat-gateway";

fn going(gateway: &NatGateway) -> bool {
    matches!(gateway.state(), Some(NatGatewayState::Deleting | NatGatewayState::Deleted))
}

/// Backups outlive what they are of; that is what they are for.
const BACKUPS: &[&str] = &["ec2 snapshot", "rds auto-backup", "rds snapshot"];

/// Strays in the lists that the look has asked for.
pub fn listed(survey: &Survey, census: &Census) -> Vec<Stray> {
    let all = ec2::survey::tagged(survey).into_iter().chain(super::autoscaling::survey::tagged(survey));
    let all = all.chain(iam::survey::tagged(survey));
    all.filter(|one| !census.knows(&one.id)).collect()
}

/// Everything that bears the city's tag and isn't known: from the Tagging API, IAM's roles, which aren't in it, and addresses.
pub async fn all(reader: &Arc<Aws>, known: &[Sought]) -> CloudResult<Vec<Stray>> {
    let census = Census::new(known);
    let survey = Survey::new(reader.clone());
    // Addresses are in that API too, but not in every emulator's; and each costs money, used or not.
    let lists = futures_util::future::try_join(survey.roles(), survey.addresses());
    let (tagged, _) = futures_util::future::try_join(tagged(reader, &census), lists).await?;
    let both: BTreeSet<Stray> = tagged.into_iter().chain(listed(&survey, &census)).collect();
    let mut strays: Vec<Stray> = both.into_iter().collect();
    // Deleted gateways are remembered for an hour, by that API too.
    if strays.iter().any(|stray| stray.kind == NAT_GATEWAY) {
        let there = survey.nat_gateways().await?;
        let stands = |id: &str| there.iter().any(|one| one.nat_gateway_id() == Some(id) && !going(one));
        strays.retain(|stray| stray.kind != NAT_GATEWAY || stands(&stray.id));
    }
    Ok(strays)
}

/// Everything that bears the city's tag, whatever is recorded: for a city whose state is missing. Without parts and backups.
pub async fn standing(reader: &Arc<Aws>) -> CloudResult<Vec<Stray>> {
    let mut all = all(reader, &[]).await?;
    all.retain(|one| !PARTS.iter().any(|part| part.replace(' ', ":") == one.kind));
    Ok(all)
}

async fn tagged(aws: &Aws, census: &Census) -> CloudResult<Vec<Stray>> {
    let city = TagFilter::builder().key(tags::CITY).values(&aws.city).build();
    let pages = aws.tagging.get_resources().tag_filters(city).resources_per_page(100).into_paginator().items().send();
    let all: Vec<ResourceTagMapping> = pages.collect::<Result<_, _>>().await.map_err(call("tag:GetResources"))?;
    let strays: BTreeSet<Stray> = all.iter().filter_map(|one| stray(one, census)).collect();
    Ok(strays.into_iter().collect())
}

fn stray(one: &ResourceTagMapping, census: &Census) -> Option<Stray> {
    let arn = one.resource_arn()?;
    let address = one.tags().iter().find(|tag| tag.key() == tags::ADDRESS).map(|tag| Address::from(tag.value()));
    let (what, name) = parts(arn)?;
    if BACKUPS.contains(&what.as_str()) || census.knows(arn) || census.knows(name) {
        return None;
    }
    if PARTS.contains(&what.as_str()) && address.as_ref().is_some_and(|address| census.knows_address(address)) {
        return None;
    }
    let kind = KINDS.iter().find(|(theirs, _)| *theirs == what).map(|(_, ours)| (*ours).to_owned());
    // EC2's things are called by their ids everywhere but here.
    let id = if what.starts_with("ec2 ") { name } else { arn };
    Some(Stray { id: id.into(), kind: kind.unwrap_or_else(|| what.replace(' ', ":")), address })
}

/// `ec2 subnet` and `subnet-1` of `arn:aws:ec2:eu-north-1:123456789012:subnet/subnet-1`. A topic's ARN has no type.
fn parts(arn: &str) -> Option<(String, &str)> {
    let mut fields = arn.splitn(6, ':').skip(2);
    let (service, rest) = (fields.next()?, fields.nth(2)?);
    let whole = (if service == "sns" { "topic" } else { "" }, rest);
    let (kind, name) = rest.split_once(['/', ':']).unwrap_or(whole);
    Some((format!("{service} {kind}").trim_end().to_owned(), name))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use aws_sdk_resourcegroupstagging::types::Tag;
    use serde_json::json;

    #[test]
    fn an_unknown_thing_is_a_stray_unless_it_is_a_part_or_a_backup_of_a_known_one() {
        let census = Census::new(&[Sought {
            address: "ecs/group".into(),
            kind: "autoscaling:group".into(),
            props: json!({}),
            outputs: Some(json!({ "id": "vpc-1", "name": "malmo", "arn": "arn:aws:sns:r:1:malmo-alarms" })),
            wanted: true,
        }]);
        let found = |rest: &str, address: &str| {
            let tag = Tag::builder().key(tags::ADDRESS).value(address).build().unwrap();
            let one = ResourceTagMapping::builder().resource_arn(format!("arn:aws:{rest}")).tags(tag).build();
            stray(&one, &census).map(|stray| (stray.id, stray.kind))
        };
        let stray = |id: &str, kind: &str| Some((id.to_owned(), kind.to_owned()));
        assert_eq!(found("ec2:r:1:vpc/vpc-1", "vpc/vpc"), None);
        assert_eq!(found("ec2:r:1:vpc/vpc-2", "vpc/vpc"), stray("vpc-2", "ec2:vpc"));
        assert_eq!(found("ec2:r:1:instance/i-1", "ecs/group"), None);
        assert_eq!(found("ec2:r:1:instance/i-1", "ecs/gone"), stray("i-1", "ec2:instance"));
        assert_eq!(found("rds:r:1:subgrp:malmo", "rds/subnet-group"), None);
        assert_eq!(found("rds:r:1:snapshot:malmo-final", "rds/instance"), None);
        assert_eq!(found("sns:r:1:malmo-alarms", "x/y"), None);
        assert_eq!(found("sns:r:1:other", "x/y"), stray("arn:aws:sns:r:1:other", "sns:topic"));
        let group = "logs:r:1:log-group:/migrate/malmo/old";
        assert_eq!(found(group, "x/y"), stray(&format!("arn:aws:{group}"), "logs:group"));
    }
}
