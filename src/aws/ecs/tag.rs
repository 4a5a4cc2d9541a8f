//! Tags in ECS's own types.

use crate::aws::{Aws, Making, tags};
use aws_sdk_ecs::types::Tag;

/// The tags for a create call.
pub fn all(aws: &Aws, making: Making<'_>) -> Vec<Tag> {
    tags::of(aws, making).into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The city that the tags name.
pub fn city(tags: &[Tag]) -> Option<&str> {
    tags.iter().find(|tag| tag.key() == Some(tags::CITY)).and_then(Tag::value)
}
