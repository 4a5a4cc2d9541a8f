//! Changes of record sets. A batch takes effect as a whole or not at all.

use crate::aws::{Aws, call};
use crate::engine::{CloudError, CloudResult};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};

/// Turns a builder's complaint into an error of ours: a mistake of this program.
pub fn built<T>(result: Result<T, impl std::fmt::Display>) -> CloudResult<T> {
    result.map_err(|error| CloudError::internal(error.to_string()))
}

/// A record set with plain values.
pub fn record(name: &str, kind: RrType, ttl: u32, values: &[String]) -> CloudResult<ResourceRecordSet> {
    let values = values.iter().map(|value| built(ResourceRecord::builder().value(value).build()));
    let values = values.collect::<CloudResult<_>>()?;
    built(
        ResourceRecordSet::builder().name(name).r#type(kind).ttl(ttl.into()).set_resource_records(Some(values)).build(),
    )
}

/// One batch; answers with the id of the change. Without changes nothing is sent.
pub async fn submit(
    aws: &Aws,
    zone: &str,
    comment: &str,
    changes: Vec<(ChangeAction, ResourceRecordSet)>,
) -> CloudResult<Option<String>> {
    if changes.is_empty() {
        return Ok(None);
    }
    let change = |(action, record)| built(Change::builder().action(action).resource_record_set(record).build());
    let changes = changes.into_iter().map(change).collect::<CloudResult<_>>()?;
    let batch = built(ChangeBatch::builder().comment(comment).set_changes(Some(changes)).build())?;
    let answer = aws
        .route53
        .change_resource_record_sets()
        .hosted_zone_id(zone)
        .change_batch(batch)
        .send()
        .await
        .map_err(call("route53:ChangeResourceRecordSets"))?;
    Ok(answer.change_info.map(|info| info.id.trim_start_matches("/change/").to_owned()))
}
