//! Whether the account's quotas hold what the plan makes beside what is there.

use super::check::{Check, Subject};
use super::finding::Verdict;
use super::usage;
use crate::aws::{Aws, call};
use crate::engine::{CloudError, CloudResult};
use async_trait::async_trait;
use futures_util::future::try_join_all;
use std::collections::BTreeMap;

/// The check.
pub struct Quotas;

/// A quota that a city can run into.
pub(super) struct Quota {
    /// What is counted.
    pub what: &'static str,
    /// The service's code at Service Quotas.
    pub service: &'static str,
    /// The quota's code.
    pub code: &'static str,
    /// The kind that takes it up.
    pub kind: &'static str,
}

/// Those with small defaults, and those whose shortage shows late. Codes as Service Quotas lists them (D).
pub(super) static QUOTAS: &[Quota] = &[
    Quota { what: "Elastic IPs", service: "ec2", code: "L-0263D0A3", kind: "ec2:address" },
    Quota { what: "VPCs", service: "vpc", code: "L-F678F1CE", kind: "ec2:vpc" },
    Quota { what: "internet gateways", service: "vpc", code: "L-A4707A72", kind: "ec2:internet-gateway" },
    Quota { what: "NAT gateways in one zone", service: "vpc", code: "L-FE5A380F", kind: "ec2:nat-gateway" },
    Quota { what: "security groups", service: "vpc", code: "L-E79EC296", kind: "ec2:security-group" },
    Quota {
        what: "rules of one direction in a security group",
        service: "vpc",
        code: "L-0EA8095F",
        kind: "ec2:security-group-rule",
    },
    Quota {
        what: "vCPUs of on-demand standard instances",
        service: "ec2",
        code: "L-1216C47A",
        kind: "autoscaling:group",
    },
    Quota { what: "RDS instances", service: "rds", code: "L-7B6409FD", kind: "rds:instance" },
    Quota { what: "load balancers", service: "elasticloadbalancing", code: "L-53DA6B97", kind: "elb:load-balancer" },
];

/// How much of a quota there is, is used, and is wanted.
struct Line {
    quota: &'static Quota,
    most: f64,
    used: usize,
    /// At once.
    wanted: usize,
    /// At the highest load.
    later: usize,
}

#[async_trait]
impl Check for Quotas {
    fn name(&self) -> &'static str {
        "quotas"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        QUOTAS.iter().any(|quota| subject.makes(quota.kind))
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let lines = QUOTAS.iter().filter(|quota| subject.makes(quota.kind)).map(|quota| async move {
            let (most, used) = tokio::try_join!(most(subject.aws, quota), usage::of(subject.aws, quota))?;
            let (wanted, later) = wanted(subject, quota);
            Ok::<_, CloudError>(Line { quota, most, used, wanted, later })
        });
        Ok(judge(&try_join_all(lines).await?, &subject.aws.region))
    }
}

/// The account's own value, or else AWS's default.
async fn most(aws: &Aws, quota: &Quota) -> CloudResult<f64> {
    let own = aws.quotas.get_service_quota().service_code(quota.service).quota_code(quota.code).send().await;
    let answer = match own.map_err(call("servicequotas:GetServiceQuota")) {
        Ok(answer) => answer.quota,
        Err(error) if error.code == "NoSuchResourceException" => {
            let ask = aws.quotas.get_aws_default_service_quota().service_code(quota.service).quota_code(quota.code);
            ask.send().await.map_err(call("servicequotas:GetAWSDefaultServiceQuota"))?.quota
        }
        Err(error) => return Err(error),
    };
    Ok(answer.and_then(|quota| quota.value).unwrap_or(f64::INFINITY))
}

/// How many the plan takes at once, and how many the city may grow to.
fn wanted(subject: &Subject<'_>, quota: &Quota) -> (usize, usize) {
    let made: Vec<_> = subject.made(quota.kind).collect();
    let count = match quota.kind {
        "autoscaling:group" => {
            let capacity = &subject.city.spec.capacity;
            let known = capacity.instances.iter().filter_map(|name| crate::spec::catalogue::instance(name.as_str()));
            // Mixed types: the largest may be the one that is launched.
            let vcpus = known.map(|data| data.vcpus as usize).max().unwrap_or(0);
            return (capacity.min as usize * vcpus, capacity.max as usize * vcpus);
        }
        "ec2:nat-gateway" => 1,
        "ec2:security-group-rule" => {
            let mut groups: BTreeMap<String, usize> = BTreeMap::new();
            for rule in made {
                *groups.entry(format!("{} {}", rule.props["group"], rule.props["direction"])).or_default() += 1;
            }
            groups.into_values().max().unwrap_or(0)
        }
        _ => made.len(),
    };
    (count, count)
}

fn judge(lines: &[Line], region: &str) -> Verdict {
    let mut verdict = Verdict::default();
    for Line { quota, most, used, wanted, later } in lines {
        let fits = |more: usize| (used + more) as f64 <= *most;
        let raise = |to: usize| {
            format!(
                "aws service-quotas request-service-quota-increase --region {region} --service-code {} --quota-code {} \
                 --desired-value {to}, or give back what isn't needed",
                quota.service, quota.code
            )
        };
        if !fits(*wanted) {
            let says = format!("{}: {used} of {most} are taken, {wanted} more are needed", quota.what);
            verdict.fail(says, raise(used + later));
        } else if !fits(*later) {
            let says =
                format!("{}: {used} of {most} are taken; at the highest load the city needs {later}", quota.what);
            verdict.warn(says, raise(used + later));
        }
    }
    verdict.or_ok(format!("{} quotas of {region} hold what is made", lines.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    fn level(most: f64, used: usize, wanted: usize, later: usize) -> Level {
        judge(&[Line { quota: &QUOTAS[0], most, used, wanted, later }], "eu-north-1").worst()
    }

    #[test]
    fn a_quota_is_used_up_to_its_last_and_not_beyond() {
        assert_eq!(level(5.0, 4, 1, 1), Level::Ok);
        assert_eq!(level(5.0, 5, 1, 1), Level::Fail);
        assert_eq!(level(5.0, 2, 2, 4), Level::Warn);
    }

    #[test]
    fn the_mend_asks_for_enough() {
        let verdict = judge(&[Line { quota: &QUOTAS[0], most: 5.0, used: 5, wanted: 2, later: 2 }], "eu-north-1");
        let mend = verdict.0[0].2.clone().unwrap_or_default();
        assert!(mend.contains("--quota-code L-0263D0A3") && mend.contains("--desired-value 7"), "{mend}");
    }
}
