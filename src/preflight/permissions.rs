//! Whether the credentials may make the calls that the plan takes: IAM is asked, and where it doesn't let itself be asked, EC2's dry
//! runs say at least something.

use super::check::{Check, Subject};
use super::finding::Verdict;
use super::simulate::{self, Denied};
use crate::aws::Aws;
use crate::aws::calls::{Grant, Role, grants};
use crate::aws::policy::Scope;
use crate::engine::plan::Goal;
use crate::engine::{CloudResult, ErrorClass};
use async_trait::async_trait;
use aws_sdk_ec2::error::ProvideErrorMetadata;

/// The check.
pub struct Permissions;

#[async_trait]
impl Check for Permissions {
    fn name(&self) -> &'static str {
        "permissions"
    }

    fn concerns(&self, _: &Subject<'_>) -> bool {
        true
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let scope = Scope::of(subject.city, subject.bucket);
        let needed = needed(subject);
        let count: usize = needed.iter().map(|(_, actions)| actions.len()).sum();
        let who = match simulate::principal(subject.aws).await? {
            Some(who) => who,
            None => return Ok(Verdict::ok("the account's root may do everything")),
        };
        match simulate::denied(subject.aws, &who, &needed, &scope).await {
            Ok(denied) => Ok(judge(&denied, &who, count, subject)),
            Err(error) if error.class == ErrorClass::Denied => {
                Ok(judge_dry_run(&dry_runs(subject.aws).await?, subject))
            }
            Err(error) => Err(error),
        }
    }
}

/// The grants that the plan needs, each with its actions.
fn needed(subject: &Subject<'_>) -> Vec<(&'static Grant, Vec<&'static str>)> {
    let services = services(subject);
    let wanted = |action: &&str| {
        let (service, operation) = action.split_once(':').unwrap_or_default();
        services.contains(&service) && (subject.plan.goal == Goal::City || !makes(operation))
    };
    let of = |grant: &'static Grant| (grant, grant.actions().filter(wanted).collect::<Vec<_>>());
    grants().filter(|grant| grant.role == Role::Apply).map(of).filter(|(_, actions)| !actions.is_empty()).collect()
}

/// IAM's names of the services that the plan changes, and of those that these call for it.
fn services(subject: &Subject<'_>) -> Vec<&'static str> {
    let of = |kind: &str| -> &'static [&'static str] {
        match kind {
            "acm" => &["acm"],
            "autoscaling" => &["autoscaling", "ssm", "iam"],
            "cloudwatch" => &["cloudwatch"],
            "ec2" => &["ec2"],
            "ecs" => &["ecs", "iam"],
            "elb" => &["elasticloadbalancing"],
            "iam" => &["iam"],
            "logs" => &["logs"],
            "rds" => &["rds", "secretsmanager", "iam"],
            "route53" => &["route53"],
            "scaling" => &["application-autoscaling"],
            "sns" => &["sns"],
            _ => &[],
        }
    };
    subject.services().into_iter().flat_map(of).copied().chain(["s3"]).collect()
}

/// True for what a deletion never does.
fn makes(operation: &str) -> bool {
    [
        "Add",
        "Allocate",
        "Attach",
        "Authorize",
        "Create",
        "Pass",
        "Register",
        "Request",
        "Run",
        "Start",
        "Subscribe",
        "Tag",
    ]
    .iter()
    .any(|verb| operation.starts_with(verb))
}

fn mend(subject: &Subject<'_>) -> String {
    format!("attach what `migrate policy {} --role apply` prints", subject.city.name)
}

fn judge(denied: &[Denied], who: &str, count: usize, subject: &Subject<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let names = |certain: bool| listed(denied.iter().filter(|one| one.certain == certain).collect());
    let (certain, unsure) = (names(true), names(false));
    if !certain.is_empty() {
        verdict.fail(format!("{who} may not {certain}"), mend(subject));
    }
    if !unsure.is_empty() {
        verdict.warn(format!("{who} perhaps may not {unsure}"), mend(subject));
    }
    verdict.or_ok(format!("{who} has the {count} rights that it takes"))
}

/// The actions, those that a policy denies first. Of many, a few: the mend is one for all.
fn listed(mut denied: Vec<&Denied>) -> String {
    const SHOWN: usize = 10;
    denied.sort_by_key(|one| !one.explicit);
    let text =
        |one: &&Denied| if one.explicit { format!("{} (a policy denies it)", one.action) } else { one.action.clone() };
    let mut texts: Vec<_> = denied.iter().take(SHOWN).map(text).collect();
    if denied.len() > SHOWN {
        texts.push(format!("and {} others", denied.len() - SHOWN));
    }
    texts.join(", ")
}

/// What EC2's dry runs say of calls that need nothing to be there: call, and whether it is allowed.
async fn dry_runs(aws: &Aws) -> CloudResult<Vec<(&'static str, bool)>> {
    // A dry run always fails: with `DryRunOperation` where the real call would have been allowed.
    let allowed = |code: Option<&str>| code == Some("DryRunOperation");
    let (vpc, address, gateway) = tokio::join!(
        aws.ec2.create_vpc().cidr_block("10.0.0.0/16").dry_run(true).send(),
        aws.ec2.allocate_address().dry_run(true).send(),
        aws.ec2.create_internet_gateway().dry_run(true).send(),
    );
    let code = |error: &dyn ProvideErrorMetadata| allowed(error.code());
    let mut results = Vec::new();
    if let Err(error) = vpc {
        results.push(("ec2:CreateVpc", code(&error)));
    }
    if let Err(error) = address {
        results.push(("ec2:AllocateAddress", code(&error)));
    }
    if let Err(error) = gateway {
        results.push(("ec2:CreateInternetGateway", code(&error)));
    }
    Ok(results)
}

fn judge_dry_run(results: &[(&str, bool)], subject: &Subject<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let denied: Vec<_> = results.iter().filter(|(_, allowed)| !allowed).map(|(name, _)| *name).collect();
    if !denied.is_empty() && subject.makes("ec2:vpc") {
        verdict.fail(format!("dry runs say: you may not {}", denied.join(", ")), mend(subject));
    }
    verdict.warn(
        "the rights could not be looked at: iam:SimulatePrincipalPolicy is not allowed; dry runs say something of EC2 only",
        mend(subject),
    );
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_denied_actions_those_that_a_policy_denies_are_told_first() {
        let denied: Vec<_> =
            (0..14).map(|n| Denied { action: format!("ec2:Do{n}"), explicit: n == 13, certain: true }).collect();
        let text = listed(denied.iter().collect());
        assert!(text.starts_with("ec2:Do13 (a policy denies it), ec2:Do0, "), "{text}");
        assert!(text.ends_with("ec2:Do8, and 4 others"), "{text}");
    }
}
