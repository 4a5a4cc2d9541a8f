//! What somebody added to the load balancer by hand: listeners, rules, certificates. Each is a line of text that tells it apart.

use super::tag;
use crate::aws::{Aws, Survey, call};
use crate::engine::CloudResult;
use crate::engine::error::gone_is_fine;
use aws_sdk_elasticloadbalancingv2::types::{Action, Certificate, Listener, Rule};
use std::collections::BTreeSet;

/// The listeners of the load balancer that no address of the city has.
pub async fn listeners(survey: &Survey, load_balancer: &str) -> CloudResult<BTreeSet<String>> {
    let Some(census) = &survey.census else { return Ok(BTreeSet::new()) };
    let mut foreign = BTreeSet::new();
    for listener in survey.listeners(load_balancer).await?.iter() {
        let arn = listener.listener_arn().unwrap_or_default();
        if !census.knows(arn) && !tag::of_city(survey, arn).await? {
            foreign.insert(listener_text(listener));
        }
    }
    Ok(foreign)
}

/// Deletes those listeners that the plan showed.
pub async fn remove_listeners(aws: &Aws, load_balancer: &str, shown: &BTreeSet<String>) -> CloudResult<()> {
    if shown.is_empty() {
        return Ok(());
    }
    let pages = aws.elb.describe_listeners().load_balancer_arn(load_balancer).into_paginator().items().send();
    let all: Vec<Listener> =
        pages.collect::<Result<_, _>>().await.map_err(call("elasticloadbalancing:DescribeListeners"))?;
    for listener in all.into_iter().filter(|listener| shown.contains(&listener_text(listener))) {
        let deleted = aws.elb.delete_listener().set_listener_arn(listener.listener_arn).send().await;
        gone_is_fine(deleted.map(drop).map_err(call("elasticloadbalancing:DeleteListener")))?;
    }
    Ok(())
}

/// The rules of the listener that no address of the city has.
pub async fn rules(survey: &Survey, listener: &str) -> CloudResult<BTreeSet<String>> {
    let Some(census) = &survey.census else { return Ok(BTreeSet::new()) };
    let mut foreign = BTreeSet::new();
    for rule in survey.rules(listener).await?.iter().filter(|rule| rule.is_default() != Some(true)) {
        let arn = rule.rule_arn().unwrap_or_default();
        if !census.knows(arn) && !tag::of_city(survey, arn).await? {
            foreign.insert(rule_text(rule));
        }
    }
    Ok(foreign)
}

/// Deletes those rules that the plan showed.
pub async fn remove_rules(aws: &Aws, listener: &str, shown: &BTreeSet<String>) -> CloudResult<()> {
    if shown.is_empty() {
        return Ok(());
    }
    let pages = aws.elb.describe_rules().listener_arn(listener).into_paginator().items().send();
    let all: Vec<Rule> = pages.collect::<Result<_, _>>().await.map_err(call("elasticloadbalancing:DescribeRules"))?;
    for rule in all.into_iter().filter(|rule| shown.contains(&rule_text(rule))) {
        let deleted = aws.elb.delete_rule().set_rule_arn(rule.rule_arn).send().await;
        gone_is_fine(deleted.map(drop).map_err(call("elasticloadbalancing:DeleteRule")))?;
    }
    Ok(())
}

/// The ARNs of the certificates that the listener serves besides its default one.
pub async fn certificates(survey: &Survey, listener: &Listener) -> CloudResult<BTreeSet<String>> {
    let (Some(_), Some(default)) = (&survey.census, listener.certificates().first()) else {
        return Ok(BTreeSet::new());
    };
    let all = survey.listener_certificates(listener.listener_arn().unwrap_or_default()).await?;
    let arns = all.iter().filter_map(Certificate::certificate_arn);
    Ok(arns.filter(|arn| Some(*arn) != default.certificate_arn()).map(str::to_owned).collect())
}

/// Takes certificates away from the listener.
pub async fn remove_certificates(aws: &Aws, listener: &str, shown: &BTreeSet<String>) -> CloudResult<()> {
    if shown.is_empty() {
        return Ok(());
    }
    let list = shown.iter().map(|arn| Certificate::builder().certificate_arn(arn).build()).collect();
    let request = aws.elb.remove_listener_certificates().listener_arn(listener).set_certificates(Some(list));
    let removed = request.send().await.map(drop);
    gone_is_fine(removed.map_err(call("elasticloadbalancing:RemoveListenerCertificates")))
}

/// `HTTP 8080: forward`
fn listener_text(listener: &Listener) -> String {
    let protocol = listener.protocol().map_or("", |protocol| protocol.as_str());
    format!("{protocol} {}: {}", listener.port().unwrap_or_default(), actions(listener.default_actions()))
}

/// `5: path-pattern /old/* → redirect`
fn rule_text(rule: &Rule) -> String {
    let conditions: Vec<String> = rule
        .conditions()
        .iter()
        .map(|one| {
            let hosts = one.host_header_config().map(|config| config.values());
            let paths = one.path_pattern_config().map(|config| config.values());
            let values = hosts.or(paths).unwrap_or(one.values());
            format!("{} {}", one.field().unwrap_or_default(), values.join(","))
        })
        .collect();
    format!("{}: {} → {}", rule.priority().unwrap_or_default(), conditions.join(" and "), actions(rule.actions()))
}

fn actions(actions: &[Action]) -> String {
    let names: Vec<&str> = actions.iter().filter_map(|action| Some(action.r#type()?.as_str())).collect();
    names.join(" and ")
}
