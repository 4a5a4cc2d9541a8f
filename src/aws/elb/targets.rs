//! `elb:targets`: servers registered with a target group by their private addresses.

use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, Input};
use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealthStateEnum};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Registrations.
pub struct Targets;

/// Who is registered where.
#[derive(Debug, Serialize, Deserialize)]
pub struct TargetsProps {
    /// The target group's ARN; its type is `ip`.
    pub target_group: Input,
    /// The servers' private addresses, outside the VPC.
    pub addresses: BTreeSet<Ipv4Addr>,
    /// The port that they answer on.
    pub port: i32,
    /// What else is registered there: other ports, or what isn't an address. The city always wants none.
    #[serde(default)]
    pub foreign: BTreeSet<String>,
}

/// It has no id of its own.
#[derive(Debug, Serialize, Deserialize)]
pub struct TargetsOutputs {}

/// What the service calls the addresses of other networks: without it they are refused as not being in the VPC.
const ANY_ZONE: &str = "all";

fn describe<'a>(addresses: impl IntoIterator<Item = &'a Ipv4Addr>, port: i32) -> Vec<TargetDescription> {
    let target = |address: &Ipv4Addr| {
        TargetDescription::builder().id(address.to_string()).port(port).availability_zone(ANY_ZONE).build()
    };
    addresses.into_iter().map(target).collect()
}

/// `10.40.1.99:8081`
fn text(target: &TargetDescription) -> String {
    format!("{}:{}", target.id().unwrap_or_default(), target.port().unwrap_or_default())
}

fn target(text: &str) -> Option<TargetDescription> {
    let (id, port) = text.rsplit_once(':')?;
    Some(TargetDescription::builder().id(id).port(port.parse().ok()?).build())
}

async fn register(aws: &Aws, group: &str, targets: Vec<TargetDescription>) -> CloudResult<()> {
    if targets.is_empty() {
        return Ok(());
    }
    let request = aws.elb.register_targets().target_group_arn(group).set_targets(Some(targets));
    request.send().await.map_err(call("elasticloadbalancing:RegisterTargets"))?;
    Ok(())
}

async fn deregister(aws: &Aws, group: &str, targets: Vec<TargetDescription>) -> CloudResult<()> {
    if targets.is_empty() {
        return Ok(());
    }
    let request = aws.elb.deregister_targets().target_group_arn(group).set_targets(Some(targets));
    request.send().await.map_err(call("elasticloadbalancing:DeregisterTargets"))?;
    Ok(())
}

impl Resource for Targets {
    const INFO: KindInfo = KindInfo {
        immutable: &["target_group", "port"],
        ..KindInfo::new("elb:targets", Identity::Same(&["target_group", "port"]))
    };
    type Props = TargetsProps;
    type Outputs = TargetsOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let Some(group) = sought.props.target_group.get() else {
            return Ok(None);
        };
        let health = survey.target_health(group).await?;
        // One that is draining has been deregistered already.
        let registered = health
            .iter()
            .filter(|one| one.target_health().and_then(|h| h.state()) != Some(&TargetHealthStateEnum::Draining));
        let (mut addresses, mut foreign) = (BTreeSet::new(), BTreeSet::new());
        for target in registered.filter_map(|one| one.target()) {
            match target.id().unwrap_or_default().parse() {
                Ok(address) if target.port() == Some(sought.props.port) => drop(addresses.insert(address)),
                _ => drop(foreign.insert(text(target))),
            }
        }
        if addresses.is_empty() && foreign.is_empty() {
            return Ok(None);
        }
        let port = sought.props.port;
        let props = TargetsProps { target_group: group.clone().into(), addresses, port, foreign };
        Ok(Some(Found::ready(props, TargetsOutputs {})))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &TargetsProps) -> CloudResult<TargetsOutputs> {
        register(aws, props.target_group.known()?, describe(&props.addresses, props.port)).await?;
        Ok(TargetsOutputs {})
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: TargetsOutputs,
        old: &TargetsProps,
        new: &TargetsProps,
    ) -> CloudResult<TargetsOutputs> {
        let group = new.target_group.known()?;
        register(aws, group, describe(new.addresses.difference(&old.addresses), new.port)).await?;
        deregister(aws, group, describe(old.addresses.difference(&new.addresses), new.port)).await?;
        deregister(aws, group, old.foreign.iter().filter_map(|text| target(text)).collect()).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, _: &TargetsOutputs, props: &TargetsProps) -> CloudResult<()> {
        deregister(aws, props.target_group.known()?, describe(&props.addresses, props.port)).await
    }
}
