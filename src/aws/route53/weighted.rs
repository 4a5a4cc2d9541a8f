//! `route53:weighted-records`: a name of today's site answered by two weighted records, today's servers and the new load balancer.
//!
//! It begins with all weight on today's servers, so making it changes no answer. The weights belong to [`super::shift`].

use super::names::plain;
use super::pair::{LEGACY, NEW, Pair};
use super::write::{built, record, submit};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey};
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_route53::types::{AliasTarget, ChangeAction, ResourceRecordSet, RrType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Two weighted records of one name.
pub struct WeightedRecords;

/// Where a name may lead.
#[derive(Debug, Serialize, Deserialize)]
pub struct WeightedProps {
    /// The zone's id.
    pub zone: String,
    /// The name.
    pub name: String,
    /// The time to live of the legacy record, and of the simple one that comes back at the end, in seconds.
    pub ttl: u32,
    /// The addresses of today's servers.
    pub legacy: BTreeSet<Ipv4Addr>,
    /// The host name of the new load balancer.
    pub target: Input,
    /// The Route 53 zone of that host name.
    pub target_zone: Input,
    /// The id of the health check of the new side: unhealthy, its weight counts as none.
    pub health_check: Input,
}

/// They have no id of their own.
#[derive(Debug, Serialize, Deserialize)]
pub struct WeightedOutputs {
    /// The name.
    pub name: String,
}

fn addresses(record: Option<&ResourceRecordSet>) -> BTreeSet<Ipv4Addr> {
    let values = record.map(|record| record.resource_records()).unwrap_or_default();
    values.iter().filter_map(|value| value.value().parse().ok()).collect()
}

fn ttl(record: Option<&ResourceRecordSet>) -> u32 {
    record.and_then(|record| record.ttl()).and_then(|ttl| ttl.try_into().ok()).unwrap_or_default()
}

fn simple(props: &WeightedProps) -> CloudResult<ResourceRecordSet> {
    let values: Vec<String> = props.legacy.iter().map(Ipv4Addr::to_string).collect();
    record(&props.name, RrType::A, props.ttl, &values)
}

fn legacy(props: &WeightedProps, weight: i64) -> CloudResult<ResourceRecordSet> {
    let mut record = simple(props)?;
    record.set_identifier = Some(LEGACY.into());
    record.weight = Some(weight);
    Ok(record)
}

fn new(props: &WeightedProps, weight: i64) -> CloudResult<ResourceRecordSet> {
    let target = AliasTarget::builder()
        .dns_name(props.target.known()?)
        .hosted_zone_id(props.target_zone.known()?)
        // The health check tells. The alias's own look would take the whole load balancer out as soon as one of its target groups has
        // no healthy target (D): that of a service that is being made, for one.
        .evaluate_target_health(false);
    built(
        ResourceRecordSet::builder()
            .name(&props.name)
            .r#type(RrType::A)
            .set_identifier(NEW)
            .weight(weight)
            .alias_target(built(target.build())?)
            .health_check_id(props.health_check.known()?)
            .build(),
    )
}

/// Refuses to replace a record that isn't what the city file says: then the file is about another site.
fn must_be_legacy(found: &ResourceRecordSet, props: &WeightedProps) -> CloudResult<()> {
    let points_at: Vec<&str> = found.resource_records().iter().map(|value| value.value()).collect();
    if addresses(Some(found)) == props.legacy && found.alias_target().is_none() {
        return Ok(());
    }
    let points_at = found.alias_target().map_or(points_at.join(", "), |alias| alias.dns_name().to_owned());
    Err(CloudError {
        class: ErrorClass::Other,
        call: "route53:ChangeResourceRecordSets".into(),
        code: "NotTheLegacyRecord".into(),
        message: format!("{} points at {points_at}, not at legacy.addresses: correct the city file", props.name),
    })
}

fn observe(pair: &Pair, wanted: &WeightedProps) -> WeightedProps {
    let alias = pair.new.as_ref().and_then(|record| record.alias_target());
    let health_check = pair.new.as_ref().and_then(|record| record.health_check_id());
    let target = alias.map(|alias| alias.dns_name()).unwrap_or_default();
    WeightedProps {
        zone: wanted.zone.clone(),
        name: wanted.name.clone(),
        ttl: ttl(pair.legacy.as_ref()),
        legacy: addresses(pair.legacy.as_ref()),
        target: plain(target).into(),
        target_zone: alias.map(|alias| alias.hosted_zone_id()).unwrap_or_default().into(),
        health_check: health_check.unwrap_or_default().into(),
    }
}

impl Resource for WeightedRecords {
    const INFO: KindInfo = KindInfo {
        immutable: &["zone", "name"],
        lingers: true,
        // INSYNC within 60 s, and an alias's answer is kept for the 60 s that are the load balancer's TTL (D).
        delete: Latency::documented(60, 120, 120),
        serves: true,
        ..KindInfo::new("route53:weighted-records", Identity::Same(&["zone", "name"]))
    };
    type Props = WeightedProps;
    type Outputs = WeightedOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let pair = Pair::of(&survey.record_sets(&sought.props.zone).await?, &sought.props.name);
        if pair.legacy.is_none() && pair.new.is_none() {
            return Ok(None);
        }
        let outputs = WeightedOutputs { name: sought.props.name.clone() };
        Ok(Some(Found::ready(observe(&pair, sought.props), outputs)))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &WeightedProps) -> CloudResult<WeightedOutputs> {
        let pair = Pair::now(aws, &props.zone, &props.name).await?;
        let mut changes = Vec::new();
        // What is deleted must be told exactly as it is; if it changes in between, the whole batch is refused.
        if let Some(found) = pair.simple {
            must_be_legacy(&found, props)?;
            changes.push((ChangeAction::Delete, found));
        }
        if pair.legacy.is_none() && pair.new.is_none() {
            changes.push((ChangeAction::Create, legacy(props, 100)?));
            changes.push((ChangeAction::Create, new(props, 0)?));
        }
        submit(aws, &props.zone, "weighted records; all weight stays on today's servers", changes).await?;
        Ok(WeightedOutputs { name: props.name.clone() })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: WeightedOutputs,
        _: &WeightedProps,
        new_props: &WeightedProps,
    ) -> CloudResult<WeightedOutputs> {
        let pair = Pair::now(aws, &new_props.zone, &new_props.name).await?;
        let share = i64::from(pair.share().unwrap_or(0));
        let changes = vec![
            (ChangeAction::Upsert, legacy(new_props, 100 - share)?),
            (ChangeAction::Upsert, new(new_props, share)?),
        ];
        submit(aws, &new_props.zone, "weighted records, weights as they are", changes).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, _: &WeightedOutputs, props: &WeightedProps) -> CloudResult<()> {
        let pair = Pair::now(aws, &props.zone, &props.name).await?;
        let mut changes: Vec<_> =
            pair.legacy.into_iter().chain(pair.new).map(|record| (ChangeAction::Delete, record)).collect();
        if pair.simple.is_none() && !changes.is_empty() {
            changes.push((ChangeAction::Create, simple(props)?));
        }
        submit(aws, &props.zone, "back to the simple record of today's servers", changes).await?;
        Ok(())
    }
}
