//! `route53:alias`: the end of the move of the records. When the last step has passed, each pair becomes one simple alias of the new
//! load balancer: of a pair, Route 53 answers with the record of weight 0 as soon as the other one is unhealthy, and today's servers
//! refuse writes by then.
//!
//! Deleting it makes the pairs again, all weight on the new side: then the way back begins.

use super::pair::{Changes, Pair};
use super::records::{alias, legacy, new};
use super::write::submit;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey};
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_route53::types::ChangeAction;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The aliases of all names.
pub struct Alias;

/// Which names, where they lead, and what the pairs were.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AliasProps {
    /// The zone's id.
    pub zone: String,
    /// Each name, with the addresses that the zone had for it before the move.
    pub names: BTreeMap<String, BTreeSet<Ipv4Addr>>,
    /// The time to live of the legacy records in the pairs, in seconds.
    pub ttl: u32,
    /// The host name of the load balancer.
    pub target: Input,
    /// The Route 53 zone of that host name.
    pub target_zone: Input,
    /// The id of the health check of the new side, for the pairs.
    pub health_check: Input,
    /// Whether it goes with a city that nobody serves afterwards: then nobody is led back. Set by the plan that takes such a city down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finished: bool,
}

/// It has no id of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AliasOutputs {
    /// How many names are aliases.
    pub names: usize,
}

impl AliasProps {
    fn target(&self) -> Option<&str> {
        self.target.get().map(String::as_str)
    }
}

/// One batch for all names that aren't aliases yet.
async fn end(aws: &Aws, props: &AliasProps) -> CloudResult<AliasOutputs> {
    let (target, target_zone) = (props.target.known()?, props.target_zone.known()?);
    let mut changes = Changes::new();
    for name in props.names.keys() {
        let pair = Pair::now(aws, &props.zone, name).await?;
        if pair.is_over(Some(target)) {
            continue;
        }
        if pair.share(Some(target)) != Some(100) || pair.simple.is_some() {
            return Err(CloudError {
                class: ErrorClass::Other,
                call: "route53:ChangeResourceRecordSets".into(),
                code: "NotMoved".into(),
                message: format!(
                    "{name} isn't wholly on the new side any more: somebody has changed its records since the last step; \
                     run the command again"
                ),
            });
        }
        // What is deleted must be told exactly as it is; if it changes in between, the whole batch is refused.
        changes.extend(pair.gone());
        changes.push((ChangeAction::Create, alias(name, target, target_zone)?));
    }
    submit(aws, &props.zone, "the move is over: aliases of the new load balancer", changes).await?;
    Ok(AliasOutputs { names: props.names.len() })
}

impl Resource for Alias {
    const INFO: KindInfo = KindInfo {
        immutable: &["zone"],
        serves: true,
        create: Latency::documented(5, 30, 60),
        ..KindInfo::new("route53:alias", Identity::Same(&["zone"]))
    };
    type Props = AliasProps;
    type Outputs = AliasOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let wanted = sought.props;
        let Some(target) = wanted.target() else { return Ok(None) };
        let zone = survey.records_for(&wanted.zone, sought.wanted).await?;
        let over = |name: &String| Pair::of(&zone, name).is_over(Some(target));
        let names: BTreeMap<_, _> =
            wanted.names.iter().filter(|(name, _)| over(name)).map(|(name, at)| (name.clone(), at.clone())).collect();
        if names.is_empty() {
            return Ok(None);
        }
        let outputs = AliasOutputs { names: names.len() };
        Ok(Some(Found::ready(AliasProps { names, ..wanted.clone() }, outputs)))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &AliasProps) -> CloudResult<AliasOutputs> {
        end(aws, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        _: AliasOutputs,
        _: &AliasProps,
        props: &AliasProps,
    ) -> CloudResult<AliasOutputs> {
        end(aws, props).await
    }

    async fn delete(aws: &Aws, _: Making<'_>, _: &AliasOutputs, props: &AliasProps) -> CloudResult<()> {
        if props.finished {
            return Ok(());
        }
        let (target, target_zone) = (props.target.known()?, props.target_zone.known()?);
        let mut changes = Changes::new();
        for (name, addresses) in &props.names {
            let pair = Pair::now(aws, &props.zone, name).await?;
            if !pair.is_over(Some(target)) {
                continue;
            }
            changes.extend(pair.simple.map(|record| (ChangeAction::Delete, record)));
            let health_check = props.health_check.known()?;
            changes.push((ChangeAction::Create, legacy(name, props.ttl, addresses, 0)?));
            changes.push((ChangeAction::Create, new(name, target, target_zone, health_check, 100)?));
        }
        submit(aws, &props.zone, "pairs again: the way back", changes).await?;
        Ok(())
    }
}
