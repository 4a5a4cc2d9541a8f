//! Asks IAM what it would decide, without doing anything.

use crate::aws::calls::Grant;
use crate::aws::policy::Scope;
use crate::aws::{Aws, call};
use crate::engine::CloudResult;
use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType as Decision,
};
use futures_util::future::try_join_all;

/// What stands for the parts of an ARN that are numbers: a resource that could be.
const EXAMPLE: &str = "example";
/// IAM has few calls a second for this; more at once are throttled.
const AT_ONCE: usize = 5;

/// An action that IAM would deny.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Denied {
    /// The action.
    pub action: String,
    /// True where a policy denies it, false where none allows it.
    pub explicit: bool,
    /// False where a policy asks about something that can't be known beforehand.
    pub certain: bool,
}

/// The ARN of the user or role whose policies hold for these credentials; `None` for the account's root.
pub(super) async fn principal(aws: &Aws) -> CloudResult<Option<String>> {
    let me = aws.sts.get_caller_identity().send().await.map_err(call("sts:GetCallerIdentity"))?;
    let arn = me.arn().unwrap_or_default();
    if arn.ends_with(":root") {
        return Ok(None);
    }
    let Some(role) = arn.split(":assumed-role/").nth(1).and_then(|rest| rest.split('/').next()) else {
        return Ok(Some(arn.replacen(":sts:", ":iam:", 1)));
    };
    // The session's ARN leaves the role's path out.
    let answer = aws.iam.get_role().role_name(role).send().await.map_err(call("iam:GetRole"));
    let known = answer.ok().and_then(|answer| Some(answer.role()?.arn().to_owned()));
    Ok(Some(known.unwrap_or_else(|| format!("arn:aws:iam::{}:role/{role}", aws.account))))
}

/// The actions among `needed` that `who` may not do on a resource of the city.
pub(super) async fn denied(
    aws: &Aws,
    who: &str,
    needed: &[(&'static Grant, Vec<&'static str>)],
    scope: &Scope,
) -> CloudResult<Vec<Denied>> {
    let mut answers = Vec::new();
    for some in needed.chunks(AT_ONCE) {
        let asked = some.iter().map(|(grant, actions)| of_grant(aws, who, grant, actions, scope));
        answers.extend(try_join_all(asked).await?);
    }
    let mut all: Vec<Denied> = Vec::new();
    for one in answers.into_iter().flatten() {
        // A call that stands in two grants is told once.
        if all.iter().all(|known| known.action != one.action) {
            all.push(one);
        }
    }
    Ok(all)
}

async fn of_grant(aws: &Aws, who: &str, grant: &Grant, actions: &[&str], scope: &Scope) -> CloudResult<Vec<Denied>> {
    let names = actions.iter().map(|action| (*action).to_owned()).collect();
    let ask = aws
        .iam
        .simulate_principal_policy()
        .policy_source_arn(who)
        .set_action_names(Some(names))
        .set_resource_arns(Some(resources(grant, scope)))
        .set_context_entries(Some(context(grant, scope)));
    let pages = ask.into_paginator().items().send();
    let results = pages.collect::<Result<Vec<_>, _>>().await.map_err(call("iam:SimulatePrincipalPolicy"))?;
    Ok(actions.iter().filter_map(|action| verdict(action, &results)).collect())
}

/// Denied if it is allowed on none of the examples: an action fits one or two of a grant's kinds of resources. Only tags are put on
/// all of them.
fn verdict(action: &str, results: &[EvaluationResult]) -> Option<Denied> {
    let of_action: Vec<_> = results.iter().filter(|result| result.eval_action_name() == action).collect();
    let mut decisions = of_action.iter().flat_map(|result| match result.resource_specific_results() {
        [] => vec![result.eval_decision()],
        specific => specific.iter().map(|one| one.eval_resource_decision()).collect(),
    });
    let allowed = |decision: &Decision| decision == &Decision::Allowed;
    let enough = match action {
        "ec2:CreateTags" => !of_action.is_empty() && decisions.all(allowed),
        _ => decisions.any(allowed),
    };
    if enough {
        return None;
    }
    let explicit = of_action.iter().any(|result| result.eval_decision() == &Decision::ExplicitDeny);
    let certain = of_action.iter().all(|result| result.missing_context_values().is_empty());
    Some(Denied { action: action.to_owned(), explicit, certain })
}

/// An example of each kind of resource that the grant is for.
fn resources(grant: &Grant, scope: &Scope) -> Vec<String> {
    const EC2: &[&str] = &[
        "elastic-ip",
        "instance",
        "internet-gateway",
        "launch-template",
        "natgateway",
        "network-interface",
        "route-table",
        "security-group",
        "security-group-rule",
        "subnet",
        "volume",
        "vpc",
        "vpc-endpoint",
        "vpc-flow-log",
        "vpc-peering-connection",
    ];
    let filled = grant.on.iter().flat_map(|arn| scope.fill(arn));
    let examples = filled.flat_map(|arn| match arn.rsplit_once(':') {
        Some((account, resource)) if arn.starts_with("arn:aws:ec2:") && resource.ends_with("/*") => {
            let kinds = EC2.iter().filter(|kind| fits(resource.trim_end_matches("/*"), kind));
            let all = kinds.map(|kind| format!("{account}:{kind}/{EXAMPLE}")).collect::<Vec<_>>();
            if all.is_empty() { vec![arn.replace('*', EXAMPLE)] } else { all }
        }
        _ if arn == "*" => vec![arn],
        _ => vec![arn.replace('*', EXAMPLE)],
    });
    examples.collect()
}

/// Whether `kind` fits a pattern with at most one `*`.
fn fits(pattern: &str, kind: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => kind.starts_with(start) && kind.ends_with(end),
        None => pattern == kind,
    }
}

/// The conditions as they will be when the call is made.
fn context(grant: &Grant, scope: &Scope) -> Vec<ContextEntry> {
    let entries = grant.when.iter().filter_map(|(operator, key, values)| {
        let values: Vec<String> = match *operator {
            // `Null: true` asks that the key isn't there.
            "Null" if values.contains(&"true") => return None,
            "Null" => vec!["CreateVpc".into()],
            _ => values.iter().flat_map(|value| scope.fill(value)).map(|value| value.replace('*', EXAMPLE)).collect(),
        };
        let many = operator.starts_with("ForAllValues:");
        let kind = if many { ContextKeyTypeEnum::StringList } else { ContextKeyTypeEnum::String };
        let values = if many { values } else { values.into_iter().take(1).collect() };
        Some(
            ContextEntry::builder()
                .context_key_name(*key)
                .context_key_type(kind)
                .set_context_key_values(Some(values))
                .build(),
        )
    });
    entries.collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::aws::calls::grants;

    fn scope() -> Scope {
        Scope {
            account: "123456789012".into(),
            region: "eu-north-1".into(),
            city: "malmo".into(),
            state: "states".into(),
            hosts: ["www.malmobybike.example".to_owned()].into(),
        }
    }

    fn result(action: &str, decision: Decision, missing: Option<&str>) -> EvaluationResult {
        let result = EvaluationResult::builder().eval_action_name(action).eval_decision(decision);
        result.set_missing_context_values(missing.map(|key| vec![key.to_owned()])).build().unwrap()
    }

    #[test]
    fn allowed_on_one_of_the_examples_is_allowed() {
        let results =
            [result("ec2:CreateVpc", Decision::ImplicitDeny, None), result("ec2:CreateVpc", Decision::Allowed, None)];
        assert_eq!(verdict("ec2:CreateVpc", &results), None);
        let denied = verdict("ec2:CreateVpc", &results[..1]).unwrap();
        assert!(denied.certain && !denied.explicit);
        let denied =
            verdict("ec2:CreateVpc", &[result("ec2:CreateVpc", Decision::ExplicitDeny, Some("aws:SourceIp"))]).unwrap();
        assert!(!denied.certain && denied.explicit, "who knows from where the call will come");
    }

    #[test]
    fn tags_must_be_allowed_on_all_of_them() {
        let some =
            [result("ec2:CreateTags", Decision::Allowed, None), result("ec2:CreateTags", Decision::ImplicitDeny, None)];
        assert!(verdict("ec2:CreateTags", &some).is_some() && verdict("ec2:CreateTags", &[]).is_some());
        assert_eq!(verdict("ec2:CreateTags", &some[..1]), None);
    }

    #[test]
    fn examples_are_arns_that_could_be() {
        let examples = |sid: &str| resources(grants().find(|grant| grant.sid == sid).unwrap(), &scope());
        assert!(examples("NetworkMake").contains(&"arn:aws:ec2:eu-north-1:123456789012:vpc/example".to_owned()));
        assert!(!examples("NetworkMakeIn").iter().any(|arn| arn.contains(":vpc/")));
        assert!(examples("Launch").contains(&"arn:aws:ec2:eu-north-1::image/example".to_owned()));
        assert_eq!(examples("Unscoped"), ["*"]);
        for grant in grants() {
            let all = resources(grant, &scope());
            assert!(
                !all.is_empty() && all.iter().all(|arn| arn == "*" || !arn.contains(['*', '{'])),
                "{}: {all:?}",
                grant.sid
            );
        }
    }

    #[test]
    fn the_context_is_that_of_the_real_call() {
        let of = |sid: &str| context(grants().find(|grant| grant.sid == sid).unwrap(), &scope());
        let keys = |sid: &str| of(sid).iter().map(|e| e.context_key_name().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(keys("DefaultGroupTag"), ["aws:RequestTag/migrate:city"], "the group has no tag yet");
        assert_eq!(keys("NetworkTag"), ["aws:RequestTag/migrate:city", "ec2:CreateAction"]);
        assert_eq!(
            of("Records")[0].context_key_values(),
            ["www.malmobybike.example", "_example.www.malmobybike.example"]
        );
    }
}
