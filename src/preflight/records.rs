//! Whether the records that are moved point where the city file says, and are forgotten soon enough.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::call;
use crate::aws::route53::names::same;
use crate::engine::CloudResult;
use crate::spec;
use async_trait::async_trait;

/// The check.
pub struct Records;

/// An A record set, as it is.
#[derive(Clone, Debug, PartialEq)]
struct Record {
    name: String,
    values: Vec<String>,
    /// `None` for an alias.
    ttl: Option<i64>,
    weighted: bool,
}

#[async_trait]
impl Check for Records {
    fn name(&self) -> &'static str {
        "records"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        subject.makes("route53:weighted-records")
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let zone = &subject.plan.lookups.hosted_zone;
        let mut records = Vec::new();
        let mut next: Option<(String, String, Option<String>)> = None;
        loop {
            let mut ask = subject.aws.route53.list_resource_record_sets().hosted_zone_id(zone);
            if let Some((name, kind, identifier)) = next.take() {
                ask = ask
                    .start_record_name(name)
                    .start_record_type(kind.as_str().into())
                    .set_start_record_identifier(identifier);
            }
            let answer = ask.send().await.map_err(call("route53:ListResourceRecordSets"))?;
            let sets = answer.resource_record_sets().iter().filter(|set| set.r#type().as_str() == "A");
            records.extend(sets.map(|set| Record {
                name: set.name().to_owned(),
                values: set.resource_records().iter().map(|record| record.value().to_owned()).collect(),
                ttl: set.ttl(),
                weighted: set.weight().is_some(),
            }));
            match (answer.is_truncated(), answer.next_record_name(), answer.next_record_type()) {
                (true, Some(name), Some(kind)) => {
                    next =
                        Some((name.into(), kind.as_str().into(), answer.next_record_identifier().map(str::to_owned)));
                }
                _ => return Ok(judge(&subject.city.spec.legacy, &records)),
            }
        }
    }
}

fn judge(legacy: &spec::Legacy, records: &[Record]) -> Verdict {
    let mut verdict = Verdict::default();
    for name in &legacy.records {
        let Some(record) = records.iter().find(|record| same(&record.name, name.as_str())) else {
            verdict.fail(
                format!("there is no A record {name} in {}", legacy.hosted_zone),
                "mend `legacy.records`, or the zone: what isn't there can't be moved without anybody noticing",
            );
            continue;
        };
        // What an apply that was interrupted has made already.
        if record.weighted {
            continue;
        }
        let strange: Vec<_> = record
            .values
            .iter()
            .filter(|value| legacy.addresses.iter().all(|address| address.to_string() != **value))
            .map(String::as_str)
            .collect();
        if !strange.is_empty() || record.values.is_empty() {
            let what = if strange.is_empty() { "an alias".to_owned() } else { strange.join(", ") };
            verdict.fail(
                format!("{name} points at {what}, which isn't in `legacy.addresses`"),
                "mend `legacy.addresses`: the way back leads to what stands there",
            );
        }
        if let Some(ttl) = record.ttl.filter(|ttl| *ttl > i64::from(legacy.ttl)) {
            verdict.warn(
                format!(
                    "{name} is remembered for {ttl} s: for so long after a shift, visitors go where they went before"
                ),
                format!(
                    "set its TTL to {} now, and move {ttl} s later at the earliest (48 hours are better)",
                    legacy.ttl
                ),
            );
        }
    }
    verdict.or_ok(format!("{} records point at today's servers", legacy.records.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;
    use crate::spec::testing::malmo;

    fn records() -> Vec<Record> {
        let legacy = malmo().spec.legacy;
        let values: Vec<_> = legacy.addresses.iter().map(ToString::to_string).collect();
        let record = |name: &spec::form::HostName| Record {
            name: format!("{name}."),
            values: values.clone(),
            ttl: Some(60),
            weighted: false,
        };
        legacy.records.iter().map(record).collect()
    }

    fn level(change: impl FnOnce(&mut Vec<Record>)) -> Level {
        let mut records = records();
        change(&mut records);
        judge(&malmo().spec.legacy, &records).worst()
    }

    #[test]
    fn records_must_be_there_point_at_todays_servers_and_be_forgotten_soon() {
        assert_eq!(level(|_| {}), Level::Ok);
        assert_eq!(level(|records| drop(records.pop())), Level::Fail);
        assert_eq!(level(|records| records[0].values = vec!["203.0.113.99".into()]), Level::Fail);
        assert_eq!(level(|records| records[0].values.clear()), Level::Fail);
        assert_eq!(level(|records| records[0].ttl = Some(3600)), Level::Warn);
        assert_eq!(level(|records| (records[0].weighted, records[0].ttl) = (true, Some(3600))), Level::Ok);
    }
}
