//! `elb:rule-order`: which of a listener's rules comes first. One call sets the whole order, so there is no moment between an old one and
//! a new one.

use super::rule::{BACK, priority};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, Input};
use aws_sdk_elasticloadbalancingv2::types::{Rule, RulePriorityPair};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The order of rules.
pub struct RuleOrder;

/// What the city wants of the order.
#[derive(Debug, Serialize, Deserialize)]
pub struct RuleOrderProps {
    /// The listener's ARN.
    pub listener: Input,
    /// The ARNs of the rules, the first one first. One that still stands where rules are made isn't among those that are observed.
    pub rules: Vec<Input>,
}

/// It has no id of its own.
#[derive(Debug, Serialize, Deserialize)]
pub struct RuleOrderOutputs {}

/// Between two rules: room for one that somebody added by hand, until it is taken away.
const STRIDE: i32 = 10;

impl Resource for RuleOrder {
    const INFO: KindInfo =
        KindInfo { immutable: &["listener"], ..KindInfo::new("elb:rule-order", Identity::Same(&["listener"])) };
    type Props = RuleOrderProps;
    type Outputs = RuleOrderOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let Some(listener) = sought.props.listener.get() else {
            return Ok(None);
        };
        let wanted: BTreeSet<&str> = sought.props.rules.iter().filter_map(Input::get).map(String::as_str).collect();
        let ours = |rule: &&Rule| rule.rule_arn().is_some_and(|arn| wanted.contains(arn));
        let rules = survey.rules(listener).await?;
        let mut placed: Vec<(i32, &str)> = rules
            .iter()
            .filter(ours)
            .filter_map(|rule| Some((priority(rule).filter(|place| *place < BACK)?, rule.rule_arn()?)))
            .collect();
        placed.sort_unstable();
        if placed.is_empty() {
            return Ok(None);
        }
        let rules = placed.into_iter().map(|(_, arn)| arn.into()).collect();
        let props = RuleOrderProps { listener: listener.clone().into(), rules };
        Ok(Some(Found::ready(props, RuleOrderOutputs {})))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &RuleOrderProps) -> CloudResult<RuleOrderOutputs> {
        set(aws, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        _: RuleOrderOutputs,
        _: &RuleOrderProps,
        new: &RuleOrderProps,
    ) -> CloudResult<RuleOrderOutputs> {
        set(aws, new).await
    }

    /// It goes with its rules.
    async fn delete(_: &Aws, _: Making<'_>, _: &RuleOrderOutputs, _: &RuleOrderProps) -> CloudResult<()> {
        Ok(())
    }
}

async fn set(aws: &Aws, props: &RuleOrderProps) -> CloudResult<RuleOrderOutputs> {
    let wanted = props.rules.iter().map(|rule| rule.known().cloned()).collect::<CloudResult<Vec<_>>>()?;
    let there = super::rule::all(aws, props.listener.known()?).await?;
    // Rules that go later in the same plan, and those that somebody added: they keep their places.
    let others = there.iter().filter(|rule| !wanted.iter().any(|arn| rule.rule_arn() == Some(arn)));
    let taken = others.filter_map(priority).collect();
    let pair = |(arn, place)| RulePriorityPair::builder().rule_arn(arn).priority(place).build();
    let pairs = wanted.iter().zip(free(&taken)).map(pair).collect();
    let request = aws.elb.set_rule_priorities().set_rule_priorities(Some(pairs));
    request.send().await.map_err(call("elasticloadbalancing:SetRulePriorities"))?;
    Ok(RuleOrderOutputs {})
}

/// Places that nobody has, rising.
fn free(taken: &BTreeSet<i32>) -> impl Iterator<Item = i32> + '_ {
    (1..BACK / STRIDE).flat_map(|nth| (nth * STRIDE..(nth + 1) * STRIDE).find(|place| !taken.contains(place)))
}

#[cfg(test)]
mod tests {
    use super::free;

    #[test]
    fn places_rise_and_leave_others_theirs() {
        assert_eq!(free(&[10, 11, 25].into()).take(3).collect::<Vec<_>>(), [12, 20, 30]);
        assert_eq!(free(&(20..30).collect()).take(2).collect::<Vec<_>>(), [10, 30]);
    }
}
