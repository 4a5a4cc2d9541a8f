//! A name's A records around a move: a simple one of today's servers before, two weighted ones meanwhile, a simple alias of the new
//! load balancer after.

use super::names::{plain, same};
use crate::aws::{Aws, call};
use crate::engine::CloudResult;
use aws_sdk_route53::types::{ChangeAction, ResourceRecordSet, RrType};

/// The set identifier of the record that points at today's servers.
pub const LEGACY: &str = "legacy";
/// The set identifier of the record that points at the new load balancer.
pub const NEW: &str = "new";

/// What is changed in one batch.
pub type Changes = Vec<(ChangeAction, ResourceRecordSet)>;

/// A name's A records as they are.
#[derive(Debug, Default)]
pub struct Pair {
    /// The one without a set identifier.
    pub simple: Option<ResourceRecordSet>,
    /// The weighted one of today's servers.
    pub legacy: Option<ResourceRecordSet>,
    /// The weighted one of the new side.
    pub new: Option<ResourceRecordSet>,
    /// What else would answer users who ask for the name: set identifiers of somebody else's, and other types.
    pub others: Vec<ResourceRecordSet>,
}

/// Types by which a browser finds a site, besides A.
fn leads_users(kind: &RrType) -> bool {
    ["AAAA", "CNAME", "HTTPS", "SVCB"].contains(&kind.as_str())
}

impl Pair {
    /// The pair of `name` among a zone's records.
    pub fn of(records: &[ResourceRecordSet], name: &str) -> Self {
        let mut pair = Self::default();
        for record in records.iter().filter(|one| same(one.name(), name)) {
            let weighted = record.weight().is_some();
            match (record.r#type(), record.set_identifier()) {
                (RrType::A, None) => pair.simple = Some(record.clone()),
                (RrType::A, Some(LEGACY)) if weighted => pair.legacy = Some(record.clone()),
                (RrType::A, Some(NEW)) if weighted => pair.new = Some(record.clone()),
                (RrType::A, _) => pair.others.push(record.clone()),
                (kind, _) if leads_users(kind) => pair.others.push(record.clone()),
                _ => {}
            }
        }
        pair
    }

    /// The pair of `name` as it is this moment.
    pub async fn now(aws: &Aws, zone: &str, name: &str) -> CloudResult<Self> {
        let list = aws.route53.list_resource_record_sets().hosted_zone_id(zone).start_record_name(name).max_items(100);
        let answer = list.send().await.map_err(call("route53:ListResourceRecordSets"))?;
        Ok(Self::of(answer.resource_record_sets(), name))
    }

    /// The host name that the simple record is an alias of.
    pub fn alias(&self) -> Option<String> {
        Some(plain(self.simple.as_ref()?.alias_target()?.dns_name()))
    }

    /// Whether the move of the name is over: it is a simple alias of `target` (of anything, where that isn't known).
    pub fn is_over(&self, target: Option<&str>) -> bool {
        self.alias().is_some_and(|alias| target.is_none_or(|target| leads_to(&alias, target)))
    }

    /// The host name that the weighted record of the new side is an alias of.
    pub fn new_side(&self) -> Option<String> {
        Some(plain(self.new.as_ref()?.alias_target()?.dns_name()))
    }

    /// Whether the pair leads to the load balancer of that name (any, where that isn't known), and not to another city's.
    pub fn is_towards(&self, target: Option<&str>) -> bool {
        self.new_side().is_some_and(|side| target.is_none_or(|target| leads_to(&side, target)))
    }

    /// The new side's share of the answers in percent, rounded down; `None` where the name isn't ours to move.
    pub fn share(&self, target: Option<&str>) -> Option<u8> {
        if self.is_over(target) {
            return Some(100);
        }
        if !self.is_towards(target) {
            return None;
        }
        let weight = |record: &Option<ResourceRecordSet>| record.as_ref().and_then(|r| r.weight()).map(|w| w.max(0));
        let (legacy, new) = (weight(&self.legacy)?, weight(&self.new)?);
        let share = (new * 100).checked_div(legacy + new).unwrap_or(0);
        u8::try_from(share).ok()
    }

    /// The changes that give the new side `percent` of the answers; the records stay as they are otherwise.
    pub fn shifted(self, percent: u8) -> Changes {
        let weigh = |record: Option<ResourceRecordSet>, weight: u8| {
            record.map(|mut record| {
                record.weight = Some(weight.into());
                (ChangeAction::Upsert, record)
            })
        };
        weigh(self.legacy, 100 - percent).into_iter().chain(weigh(self.new, percent)).collect()
    }

    /// The changes that take both away.
    pub fn gone(self) -> Changes {
        self.legacy.into_iter().chain(self.new).map(|record| (ChangeAction::Delete, record)).collect()
    }
}

/// Whether an alias leads to the load balancer of that name: the console puts `dualstack.` before it.
pub fn leads_to(alias: &str, balancer: &str) -> bool {
    let undressed = |name: &str| plain(name).trim_start_matches("dualstack.").to_owned();
    undressed(alias) == undressed(balancer)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::aws::route53::records::{alias, legacy, new, simple};
    use crate::aws::route53::write::record;

    const OWN: &str = "malmo-1.eu-north-1.elb.amazonaws.com";
    const OTHER: &str = "lund-2.eu-north-1.elb.amazonaws.com";

    fn pair(share: i64, balancer: &str) -> Vec<ResourceRecordSet> {
        let old = legacy("www.city.example", 60, &[[192, 0, 2, 1].into()].into(), 100 - share).unwrap();
        vec![old, new("www.city.example.", &format!("dualstack.{balancer}."), "Z", "check", share).unwrap()]
    }

    #[test]
    fn a_name_has_come_as_far_as_its_own_side_has_weight() {
        let share = |records: &[ResourceRecordSet]| Pair::of(records, "WWW.city.example").share(Some(OWN));
        assert_eq!(share(&pair(25, OWN)), Some(25));
        assert_eq!(share(&pair(100, OTHER)), None, "another city's");
        assert_eq!(share(&[alias("www.city.example", OWN, "Z").unwrap()]), Some(100));
        assert_eq!(share(&[alias("www.city.example", OTHER, "Z").unwrap()]), None);
        assert_eq!(share(&[simple("www.city.example", 60, &[[192, 0, 2, 1].into()].into()).unwrap()]), None);
    }

    #[test]
    fn what_else_answers_a_name_is_seen() {
        let mut records = pair(0, OWN);
        let mut strange = records[0].clone();
        strange.set_identifier = Some("eu".into());
        let aaaa = record("www.city.example", RrType::Aaaa, 60, &["2001:db8::1".into()]).unwrap();
        let text = record("www.city.example", RrType::Txt, 60, &["\"x\"".into()]).unwrap();
        records.extend([strange, aaaa, text]);
        let pair = Pair::of(&records, "www.city.example");
        assert_eq!((pair.others.len(), pair.share(None), pair.legacy.is_some()), (2, Some(0), true));
        assert_eq!(Pair::of(&records, "city.example").others.len(), 0);
    }
}
