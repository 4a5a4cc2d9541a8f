//! Whether the records that are moved can be moved: plain A records that point where the city file says, alone, and forgotten soon enough.

mod command;
mod judge;
#[cfg(test)]
mod tests;
mod zone;

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::call;
use crate::aws::route53::names::plain;
use crate::aws::route53::pair::Pair;
use crate::aws::{Aws, Survey, tags};
use crate::engine::CloudResult;
use crate::engine::plan::{Action, Goal};
use async_trait::async_trait;
use judge::{Facts, judge};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zone::Zone;

/// The check.
pub struct Records;

const RECORDS: &str = "route53:weighted-records";

#[async_trait]
impl Check for Records {
    fn name(&self) -> &'static str {
        "records"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        let moves = [RECORDS, "route53:shift", "route53:alias"];
        let changes = subject.plan.changes.iter().filter(|change| moves.contains(&change.kind.as_str()));
        let mut changes = changes.map(|change| change.action);
        subject.plan.goal == Goal::City && changes.any(|action| action.makes() || action == Action::Update)
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let (plan, spec) = (subject.plan, &subject.city.spec);
        let survey = Survey::new(Arc::new(subject.aws.clone()));
        let zone = Zone(survey.record_sets(&plan.lookups.hosted_zone).await?.to_vec());
        let named = |name: Option<&serde_json::Value>| name.and_then(|name| name.as_str()).map(str::to_owned);
        let made: BTreeSet<String> =
            subject.made(RECORDS).filter_map(|change| named(change.props.get("name"))).collect();
        let outputs = balancer(subject);
        let mut facts = Facts {
            spec,
            zone_id: &plan.lookups.hosted_zone,
            zone: &zone,
            balancer: named(outputs.and_then(|outputs| outputs.get("dns_name"))).map(|name| plain(&name)),
            balancer_zone: named(outputs.and_then(|outputs| outputs.get("zone_id"))),
            made,
            owners: BTreeMap::new(),
        };
        facts.owners = owners(&survey, &facts).await?;
        Ok(judge(&facts))
    }
}

/// The city's load balancer as it stands.
fn balancer<'s>(subject: &'s Subject<'_>) -> Option<&'s serde_json::Value> {
    let address = "alb/load-balancer".into();
    let changed =
        subject.plan.changes.iter().find(|change| change.address == address && change.action != Action::Create);
    changed.map(|change| &change.outputs).or_else(|| subject.plan.known.get(&address))
}

/// Whose the load balancers are that names lead to which are to be moved, as far as can be told.
async fn owners(survey: &Survey, facts: &Facts<'_>) -> CloudResult<BTreeMap<String, String>> {
    let mut owners = BTreeMap::new();
    for name in &facts.made {
        let pair = Pair::of(&facts.zone.0, name);
        let Some(balancer) = pair.new_side().or_else(|| pair.alias()) else { continue };
        let check = pair.new.as_ref().and_then(|record| record.health_check_id());
        // Whoever may not look at it may still move his city.
        let by_check = match check {
            Some(check) => survey.health_check_owner(check).await.ok().and_then(|owner| owner.as_ref().clone()),
            None => None,
        };
        let owner = match by_check {
            Some(city) => Some(city),
            None => tagged(&survey.aws, &balancer).await.unwrap_or(None),
        };
        let region = balancer.split('.').rev().nth(3).filter(|_| balancer.ends_with(".elb.amazonaws.com"));
        let place = region.map_or(String::new(), |region| format!(" in {region}"));
        if let Some(city) = owner {
            owners.insert(balancer, format!("the city {city}{place}"));
        }
    }
    Ok(owners)
}

/// The city that a load balancer of the account and region belongs to, by its tag.
async fn tagged(aws: &Aws, balancer: &str) -> CloudResult<Option<String>> {
    let pages = aws.elb.describe_load_balancers().into_paginator().items().send();
    let all: Vec<_> =
        pages.collect::<Result<_, _>>().await.map_err(call("elasticloadbalancing:DescribeLoadBalancers"))?;
    let named = |one: &&aws_sdk_elasticloadbalancingv2::types::LoadBalancer| {
        one.dns_name().is_some_and(|name| crate::aws::route53::pair::leads_to(balancer, name))
    };
    let Some(arn) = all.iter().find(named).and_then(|one| one.load_balancer_arn()) else { return Ok(None) };
    let answer = aws.elb.describe_tags().resource_arns(arn).send().await;
    let answer = answer.map_err(call("elasticloadbalancing:DescribeTags"))?;
    let mut of = answer.tag_descriptions().iter().flat_map(|one| one.tags());
    Ok(of.find(|tag| tag.key() == Some(tags::CITY)).and_then(|tag| tag.value()).map(str::to_owned))
}
