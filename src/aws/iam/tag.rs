//! Tags in IAM's own types.

use crate::aws::{Aws, Making, tags};
use crate::engine::{CloudError, CloudResult};
use aws_sdk_iam::types::Tag;

/// The tags for a create call.
pub fn all(aws: &Aws, making: Making<'_>) -> CloudResult<Vec<Tag>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags::of(aws, making)
        .into_iter()
        .map(tag)
        .collect::<Result<_, _>>()
        .map_err(|e| CloudError::internal(e.to_string()))
}

/// The city that the tags name.
pub fn city(tags: &[Tag]) -> Option<&str> {
    tags.iter().find(|tag| tag.key() == tags::CITY).map(Tag::value)
}
