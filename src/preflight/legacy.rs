//! Whether today's servers are what the city file says: they run, and the addresses are theirs.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::ec2::servers;
use crate::engine::CloudResult;
use crate::engine::plan::Goal;
use crate::spec;
use async_trait::async_trait;
use aws_sdk_ec2::types::Instance;
use std::net::Ipv4Addr;

/// The check.
pub struct Legacy;

/// A server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Server {
    pub id: String,
    /// In EC2's words.
    pub state: String,
    pub addresses: Vec<Ipv4Addr>,
}

impl Server {
    pub fn runs(&self) -> bool {
        self.state == "running"
    }
}

#[async_trait]
impl Check for Legacy {
    fn name(&self) -> &'static str {
        "legacy"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        let of_today = ["elb:targets", "route53:weighted-records", "route53:shift"];
        let needed = subject.plan.goal == Goal::City && !subject.plan.lookups.finished;
        needed && of_today.iter().any(|kind| subject.makes(kind))
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let legacy = &subject.city.spec.legacy;
        let servers: Vec<Server> = servers::of(subject.aws, &legacy.instances).await?.iter().map(server).collect();
        Ok(judge(legacy, &servers))
    }
}

pub(super) fn server(instance: &Instance) -> Server {
    let interfaces = instance.network_interfaces().iter();
    let private = interfaces.clone().flat_map(|interface| interface.private_ip_addresses());
    let all = private.clone().filter_map(|a| a.private_ip_address());
    let public = private.filter_map(|a| a.association()?.public_ip());
    let own = [instance.public_ip_address(), instance.private_ip_address()].into_iter().flatten();
    Server {
        id: instance.instance_id().unwrap_or_default().into(),
        state: instance.state().and_then(|state| state.name()).map_or("unknown", |name| name.as_str()).into(),
        addresses: all.chain(public).chain(own).filter_map(|address| address.parse().ok()).collect(),
    }
}

fn judge(legacy: &spec::Legacy, servers: &[Server]) -> Verdict {
    let mut verdict = Verdict::default();
    if servers.is_empty() {
        verdict.fail("none of the servers in `legacy.instances` is there", "mend `legacy.instances` in the city file");
        return verdict;
    }
    let missing: Vec<_> = legacy
        .instances
        .ids
        .iter()
        .map(ToString::to_string)
        .filter(|id| servers.iter().all(|server| server.id != *id))
        .collect();
    if !missing.is_empty() {
        verdict.fail(format!("there is no instance {}", missing.join(", ")), "mend `legacy.instances.ids`");
    }
    for server in servers.iter().filter(|server| !server.runs()) {
        verdict.fail(
            format!("{} serves today, but is {}", server.id, server.state),
            format!("aws ec2 start-instances --instance-ids {}, or take it out of `legacy.instances`", server.id),
        );
    }
    for (addresses, field) in [(&legacy.addresses, "addresses"), (&legacy.targets, "targets")] {
        let strange =
            addresses.iter().filter(|address| servers.iter().all(|server| !server.addresses.contains(address)));
        let strange: Vec<_> = strange.map(ToString::to_string).collect();
        if !strange.is_empty() {
            // It may be a load balancer's, or another account's.
            verdict.warn(
                format!("{} in `legacy.{field}` is no address of those servers", strange.join(", ")),
                format!("nothing, if something else stands before them; or mend `legacy.{field}`"),
            );
        }
    }
    verdict.or_ok(format!("{} servers run, and the addresses are theirs", servers.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;
    use crate::spec::testing::malmo;

    fn servers() -> Vec<Server> {
        let legacy = malmo().spec.legacy;
        let pairs = legacy.addresses.iter().zip(&legacy.targets).enumerate();
        pairs
            .map(|(n, (public, private))| Server {
                id: format!("i-{n}"),
                state: "running".into(),
                addresses: vec![*public, *private],
            })
            .collect()
    }

    #[test]
    fn a_server_that_stopped_fails_and_a_strange_address_is_told() {
        let legacy = malmo().spec.legacy;
        assert_eq!(judge(&legacy, &servers()).worst(), Level::Ok);
        assert_eq!(judge(&legacy, &[]).worst(), Level::Fail);
        let mut stopped = servers();
        stopped[1].state = "stopped".into();
        let verdict = judge(&legacy, &stopped);
        assert!(verdict.worst() == Level::Fail && verdict.0[0].1.contains("i-1"), "{verdict:?}");
        assert_eq!(judge(&legacy, &servers()[..1]).worst(), Level::Warn);
    }
}
