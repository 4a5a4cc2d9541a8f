//! `elb:rule`: which requests of a listener go to a service.
//!
//! A rule is made behind all others, where it takes nothing from them, and [`super::rule_order`] gives it its place.

use super::action::Action;
use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, PathPatternConditionConfig, Rule as AwsRule, RuleCondition, TargetHealthStateEnum,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A rule.
pub struct Rule;

/// What the city wants of a rule. A request must match one of the hosts and one of the paths; an empty set matches all.
/// All hosts and paths together are at most five (D: the quota of condition values in a rule).
#[derive(Debug, Serialize, Deserialize)]
pub struct RuleProps {
    /// The listener's ARN.
    pub listener: Input,
    /// Host names.
    pub hosts: BTreeSet<Input>,
    /// Path patterns.
    pub paths: BTreeSet<String>,
    /// What is done with the request.
    pub action: Action,
    /// How many healthy targets the group must have before the rule leads there. Never read: later that is ECS's business.
    #[serde(default)]
    pub needs: Option<u32>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct RuleOutputs {
    /// ARN.
    pub arn: String,
}

/// Where rules are made, and where those stay that nobody meets: behind all that have a place of their own.
pub const BACK: i32 = 20_000;
/// The last place (D).
const LAST: i32 = 50_000;

/// Its place; `None` for the default rule.
pub fn priority(rule: &AwsRule) -> Option<i32> {
    rule.priority().and_then(|text| text.parse().ok())
}

fn observe(listener: &str, rule: &AwsRule) -> RuleProps {
    let hosts = rule.conditions().iter().filter_map(|c| c.host_header_config()).flat_map(|c| c.values());
    let paths = rule.conditions().iter().filter_map(|c| c.path_pattern_config()).flat_map(|c| c.values());
    RuleProps {
        listener: listener.into(),
        hosts: hosts.map(|host| Input::from(host.to_lowercase())).collect(),
        paths: paths.cloned().collect(),
        action: Action::from_aws(rule.actions()),
        needs: None,
    }
}

fn conditions(props: &RuleProps) -> CloudResult<Vec<RuleCondition>> {
    let mut conditions = Vec::new();
    if !props.hosts.is_empty() {
        let hosts = props.hosts.iter().map(|host| host.known().cloned()).collect::<CloudResult<_>>()?;
        let values = HostHeaderConditionConfig::builder().set_values(Some(hosts)).build();
        conditions.push(RuleCondition::builder().field("host-header").host_header_config(values).build());
    }
    if !props.paths.is_empty() {
        let paths = props.paths.iter().cloned().collect();
        let values = PathPatternConditionConfig::builder().set_values(Some(paths)).build();
        conditions.push(RuleCondition::builder().field("path-pattern").path_pattern_config(values).build());
    }
    Ok(conditions)
}

impl Resource for Rule {
    const INFO: KindInfo = KindInfo {
        immutable: &["listener"],
        ..KindInfo::new("elb:rule", Identity::Same(&["listener", "hosts", "paths"]))
    };
    const FOUND_BY: Option<&'static str> = Some("arn");
    type Props = RuleProps;
    type Outputs = RuleOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let Some(listener) = sought.props.listener.get() else {
            return Ok(None);
        };
        let rules = survey.rules(listener).await?;
        let recorded = sought.recorded.map(|outputs| outputs.arn.as_str());
        let mut found = rules.iter().find(|rule| recorded.is_some() && rule.rule_arn() == recorded);
        if found.is_none() {
            for rule in alike(&rules, sought.props) {
                let arn = rule.rule_arn().unwrap_or_default();
                if tag::stands_at(survey, arn, sought.address.as_str()).await? {
                    found = Some(rule);
                }
            }
        }
        Ok(found.map(|rule| {
            let outputs = RuleOutputs { arn: rule.rule_arn().unwrap_or_default().into() };
            Found::ready(observe(listener, rule), outputs)
        }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &RuleProps) -> CloudResult<RuleOutputs> {
        let listener = props.listener.known()?;
        must_serve(aws, props).await?;
        let there = all(aws, listener).await?;
        if let Some(arn) = made_before(aws, making, &there, props).await? {
            modify(aws, &arn, props).await?;
            return Ok(RuleOutputs { arn });
        }
        let made = aws
            .elb
            .create_rule()
            .listener_arn(listener)
            .priority(place(&there, making.address.as_str())?)
            .set_conditions(Some(conditions(props)?))
            .actions(props.action.to_aws()?)
            .set_tags(Some(tag::of(aws, making)))
            .send()
            .await
            .map_err(call("elasticloadbalancing:CreateRule"))
            .map_err(place_was_taken)?;
        let rule = made.rules().first().and_then(|rule| rule.rule_arn());
        let arn = rule.ok_or_else(|| CloudError::internal("CreateRule answered without an ARN"))?;
        Ok(RuleOutputs { arn: arn.into() })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: RuleOutputs,
        old: &RuleProps,
        new: &RuleProps,
    ) -> CloudResult<RuleOutputs> {
        if old.action != new.action {
            must_serve(aws, new).await?;
        }
        modify(aws, &outputs.arn, new).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &RuleOutputs, _: &RuleProps) -> CloudResult<()> {
        let call_name = "elasticloadbalancing:DeleteRule";
        aws.elb.delete_rule().rule_arn(&outputs.arn).send().await.map_err(call(call_name))?;
        Ok(())
    }
}

/// All rules of a listener.
pub async fn all(aws: &Aws, listener: &str) -> CloudResult<Vec<AwsRule>> {
    let pages = aws.elb.describe_rules().listener_arn(listener).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(call("elasticloadbalancing:DescribeRules"))
}

async fn modify(aws: &Aws, arn: &str, props: &RuleProps) -> CloudResult<()> {
    let request = aws.elb.modify_rule().rule_arn(arn);
    let request = request.set_conditions(Some(conditions(props)?)).actions(props.action.to_aws()?);
    request.send().await.map_err(call("elasticloadbalancing:ModifyRule"))?;
    Ok(())
}

/// The rules that match the same requests.
fn alike<'a>(rules: &'a [AwsRule], props: &RuleProps) -> impl Iterator<Item = &'a AwsRule> {
    let same = |rule: &AwsRule| {
        let seen = observe("", rule);
        seen.hosts == props.hosts && seen.paths == props.paths
    };
    rules.iter().filter(|rule| rule.is_default() != Some(true)).filter(move |rule| same(rule))
}

/// The rule that an earlier call made, whose answer was lost: AWS would make a second one in another place.
async fn made_before(
    aws: &Aws,
    making: Making<'_>,
    there: &[AwsRule],
    props: &RuleProps,
) -> CloudResult<Option<String>> {
    for arn in alike(there, props).filter_map(|rule| rule.rule_arn()) {
        let answer = aws.elb.describe_tags().resource_arns(arn).send().await;
        let answer = answer.map_err(call("elasticloadbalancing:DescribeTags"))?;
        let mut all = answer.tag_descriptions().iter().flat_map(|one| one.tags());
        if all.any(|tag| tag.key() == Some(tags::ADDRESS) && tag.value() == Some(making.address.as_str())) {
            return Ok(Some(arn.to_owned()));
        }
    }
    Ok(None)
}

/// A free place at the back: the rule's own, out of its address, so that rules that are made at once don't meet; else the next one.
fn place(there: &[AwsRule], address: &str) -> CloudResult<i32> {
    let taken: BTreeSet<i32> = there.iter().filter_map(priority).collect();
    let hash = address.bytes().fold(0_i32, |hash, byte| (hash * 31 + i32::from(byte)) % (LAST - BACK));
    let free = (0..LAST - BACK).map(|step| BACK + (hash + step) % (LAST - BACK)).find(|place| !taken.contains(place));
    free.ok_or_else(|| CloudError::internal("the listener has no place left for a rule"))
}

/// Between the look and the call somebody took the place: the next attempt finds another one.
fn place_was_taken(error: CloudError) -> CloudError {
    let taken = error.code == "PriorityInUse";
    CloudError { class: if taken { ErrorClass::Dependency } else { error.class }, ..error }
}

/// Nobody is led to a group before it has the targets that it needs.
async fn must_serve(aws: &Aws, props: &RuleProps) -> CloudResult<()> {
    let (Some(needed), Action::Forward(group)) = (props.needs, &props.action) else { return Ok(()) };
    let (group, call_name) = (group.known()?, "elasticloadbalancing:DescribeTargetHealth");
    let answer = aws.elb.describe_target_health().target_group_arn(group).send().await.map_err(call(call_name))?;
    let states = answer.target_health_descriptions().iter().filter_map(|one| one.target_health()?.state());
    let healthy = states.filter(|state| **state == TargetHealthStateEnum::Healthy).count();
    if healthy >= needed as usize {
        return Ok(());
    }
    let name = group.split('/').nth(1).unwrap_or(group);
    Err(CloudError {
        class: ErrorClass::Dependency,
        call: call_name.into(),
        code: "TooFewHealthyTargets".into(),
        message: format!("{name} has {healthy} of {needed} healthy targets"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_made_behind_all_others_in_a_free_place() {
        let at = |place: i32| AwsRule::builder().priority(place.to_string()).build();
        let own = place(&[], "alb/rule.www.malmo.example").unwrap_or_default();
        assert!((BACK..LAST).contains(&own));
        assert_ne!(place(&[], "alb/rule.api.malmo.example").ok(), Some(own));
        assert_eq!(place(&[at(own), at(10)], "alb/rule.www.malmo.example").ok(), Some(own + 1));
    }
}
