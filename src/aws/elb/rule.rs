//! `elb:rule`: which requests of a listener go to a service.

use super::action::Action;
use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, PathPatternConditionConfig, Rule as AwsRule, RuleCondition, RulePriorityPair,
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
    /// Lower comes first; 1 to 50000.
    pub priority: i32,
    /// Host names.
    pub hosts: BTreeSet<Input>,
    /// Path patterns.
    pub paths: BTreeSet<String>,
    /// What is done with the request.
    pub action: Action,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct RuleOutputs {
    /// ARN.
    pub arn: String,
}

fn priority(rule: &AwsRule) -> Option<i32> {
    rule.priority().and_then(|text| text.parse().ok())
}

fn observe(listener: &str, rule: &AwsRule) -> RuleProps {
    let hosts = rule.conditions().iter().filter_map(|c| c.host_header_config()).flat_map(|c| c.values());
    let paths = rule.conditions().iter().filter_map(|c| c.path_pattern_config()).flat_map(|c| c.values());
    RuleProps {
        listener: listener.into(),
        priority: priority(rule).unwrap_or_default(),
        hosts: hosts.map(|host| Input::from(host.to_lowercase())).collect(),
        paths: paths.cloned().collect(),
        action: Action::from_aws(rule.actions()),
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
    const INFO: KindInfo =
        KindInfo { immutable: &["listener"], ..KindInfo::new("elb:rule", Identity::Taken(&["listener", "priority"])) };
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
            // Another rule may still hold this priority, on its way to another one: only the tag tells.
            let holder = rules.iter().find(|rule| priority(rule) == Some(sought.props.priority));
            if let Some(arn) = holder.and_then(|rule| rule.rule_arn())
                && tag::stands_at(survey, arn, sought.address.as_str()).await?
            {
                found = holder;
            }
        }
        Ok(found.map(|rule| {
            let outputs = RuleOutputs { arn: rule.rule_arn().unwrap_or_default().into() };
            Found::ready(observe(listener, rule), outputs)
        }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &RuleProps) -> CloudResult<RuleOutputs> {
        let listener = props.listener.known()?;
        give_way(aws, listener, props.priority).await?;
        let made = aws
            .elb
            .create_rule()
            .listener_arn(listener)
            .priority(props.priority)
            .set_conditions(Some(conditions(props)?))
            .actions(props.action.to_aws()?)
            .set_tags(Some(tag::of(aws, making)))
            .send()
            .await
            .map_err(call("elasticloadbalancing:CreateRule"))?;
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
        aws.elb
            .modify_rule()
            .rule_arn(&outputs.arn)
            .set_conditions(Some(conditions(new)?))
            .actions(new.action.to_aws()?)
            .send()
            .await
            .map_err(call("elasticloadbalancing:ModifyRule"))?;
        if old.priority != new.priority {
            give_way(aws, new.listener.known()?, new.priority).await?;
            set_priority(aws, &outputs.arn, new.priority).await?;
        }
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &RuleOutputs, _: &RuleProps) -> CloudResult<()> {
        let call_name = "elasticloadbalancing:DeleteRule";
        aws.elb.delete_rule().rule_arn(&outputs.arn).send().await.map_err(call(call_name))?;
        Ok(())
    }
}

/// Where rules wait that stand in the way of another: behind all of the city's, in their order. Their own change, which the
/// same plan holds, brings them to their place; until then they still take their requests.
const WAITING: i32 = 20_000;

/// Moves whichever rule holds `wanted` out of the way.
async fn give_way(aws: &Aws, listener: &str, wanted: i32) -> CloudResult<()> {
    let pages = aws.elb.describe_rules().listener_arn(listener).into_paginator().items().send();
    let rules: Vec<AwsRule> =
        pages.collect::<Result<_, _>>().await.map_err(call("elasticloadbalancing:DescribeRules"))?;
    let Some(holder) = rules.iter().find(|rule| priority(rule) == Some(wanted)) else {
        return Ok(());
    };
    match set_priority(aws, holder.rule_arn().unwrap_or_default(), WAITING + wanted).await {
        // It has left by itself in the meantime.
        Err(error) if error.class == ErrorClass::NotFound => Ok(()),
        other => other,
    }
}

async fn set_priority(aws: &Aws, rule: &str, priority: i32) -> CloudResult<()> {
    let pair = RulePriorityPair::builder().rule_arn(rule).priority(priority).build();
    let request = aws.elb.set_rule_priorities().rule_priorities(pair);
    request.send().await.map_err(call("elasticloadbalancing:SetRulePriorities"))?;
    Ok(())
}
