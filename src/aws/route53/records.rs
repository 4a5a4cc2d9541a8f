//! The records that a move makes of a name, and the one that it had before.

use super::pair::{LEGACY, NEW};
use super::write::{built, record};
use crate::engine::CloudResult;
use aws_sdk_route53::types::{AliasTarget, ResourceRecordSet, RrType};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// The plain record of these addresses.
pub fn simple(name: &str, ttl: u32, addresses: &BTreeSet<Ipv4Addr>) -> CloudResult<ResourceRecordSet> {
    let values: Vec<String> = addresses.iter().map(Ipv4Addr::to_string).collect();
    record(name, RrType::A, ttl, &values)
}

/// Today's servers in a pair.
pub fn legacy(name: &str, ttl: u32, addresses: &BTreeSet<Ipv4Addr>, weight: i64) -> CloudResult<ResourceRecordSet> {
    let mut record = simple(name, ttl, addresses)?;
    record.set_identifier = Some(LEGACY.into());
    record.weight = Some(weight);
    Ok(record)
}

/// The new side in a pair. The health check alone says whether it is well: were the load balancer's own view taken too, one service
/// without a healthy target would send everybody away from all of them.
pub fn new(
    name: &str,
    target: &str,
    target_zone: &str,
    health_check: &str,
    weight: i64,
) -> CloudResult<ResourceRecordSet> {
    let mut record = alias(name, target, target_zone)?;
    record.set_identifier = Some(NEW.into());
    record.weight = Some(weight);
    record.health_check_id = Some(health_check.into());
    Ok(record)
}

/// The new side alone. It has no alternative, so nothing is to be evaluated.
pub fn alias(name: &str, target: &str, target_zone: &str) -> CloudResult<ResourceRecordSet> {
    let target = AliasTarget::builder().dns_name(target).hosted_zone_id(target_zone).evaluate_target_health(false);
    built(ResourceRecordSet::builder().name(name).r#type(RrType::A).alias_target(built(target.build())?).build())
}

/// The addresses that a record holds; none of an alias.
pub fn addresses(record: Option<&ResourceRecordSet>) -> BTreeSet<Ipv4Addr> {
    let values = record.map(|record| record.resource_records()).unwrap_or_default();
    values.iter().filter_map(|value| value.value().parse().ok()).collect()
}

/// Its time to live; 0 of an alias.
pub fn ttl(record: Option<&ResourceRecordSet>) -> u32 {
    record.and_then(|record| record.ttl()).and_then(|ttl| ttl.try_into().ok()).unwrap_or_default()
}

/// Where it leads, for messages: addresses, or the name of an alias.
pub fn leads(record: &ResourceRecordSet) -> String {
    let values = || record.resource_records().iter().map(|value| value.value()).collect::<Vec<_>>().join(", ");
    record.alias_target().map_or_else(values, |alias| super::names::plain(alias.dns_name()))
}
