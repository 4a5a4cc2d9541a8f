//! A name's A records during a move: a simple one before and after, two weighted ones meanwhile.

use super::names::same;
use crate::aws::{Aws, call};
use crate::engine::CloudResult;
use aws_sdk_route53::types::{ChangeAction, ResourceRecordSet, RrType};

/// The set identifier of the record that points at today's servers.
pub const LEGACY: &str = "legacy";
/// The set identifier of the record that points at the new load balancer.
pub const NEW: &str = "new";

/// A name's A records as they are.
#[derive(Debug, Default)]
pub struct Pair {
    /// The one without a set identifier.
    pub simple: Option<ResourceRecordSet>,
    /// The weighted one of today's servers.
    pub legacy: Option<ResourceRecordSet>,
    /// The weighted one of the new side.
    pub new: Option<ResourceRecordSet>,
}

impl Pair {
    /// The pair of `name` among a zone's records.
    pub fn of(records: &[ResourceRecordSet], name: &str) -> Self {
        let mut pair = Self::default();
        for record in records.iter().filter(|one| *one.r#type() == RrType::A && same(one.name(), name)) {
            match record.set_identifier() {
                None => pair.simple = Some(record.clone()),
                Some(LEGACY) => pair.legacy = Some(record.clone()),
                Some(NEW) => pair.new = Some(record.clone()),
                Some(_) => {}
            }
        }
        pair
    }

    /// The pair of `name` as it is this moment.
    pub async fn now(aws: &Aws, zone: &str, name: &str) -> CloudResult<Self> {
        let answer = aws
            .route53
            .list_resource_record_sets()
            .hosted_zone_id(zone)
            .start_record_name(name)
            .start_record_type(RrType::A)
            .max_items(10)
            .send()
            .await
            .map_err(call("route53:ListResourceRecordSets"))?;
        Ok(Self::of(answer.resource_record_sets(), name))
    }

    /// The new side's share of the answers in percent, rounded down; `None` without weighted records.
    pub fn share(&self) -> Option<u8> {
        let weight = |record: &Option<ResourceRecordSet>| record.as_ref().and_then(|r| r.weight()).map(|w| w.max(0));
        let (legacy, new) = (weight(&self.legacy)?, weight(&self.new)?);
        let share = (new * 100).checked_div(legacy + new).unwrap_or(0);
        u8::try_from(share).ok()
    }

    /// The changes that give the new side `percent` of the answers; the records stay as they are otherwise.
    pub fn shifted(self, percent: u8) -> Vec<(ChangeAction, ResourceRecordSet)> {
        let weigh = |record: Option<ResourceRecordSet>, weight: u8| {
            record.map(|mut record| {
                record.weight = Some(weight.into());
                (ChangeAction::Upsert, record)
            })
        };
        weigh(self.legacy, 100 - percent).into_iter().chain(weigh(self.new, percent)).collect()
    }
}
