//! Tags in EC2's own types.

use crate::aws::{Aws, Making, tags};
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

/// The tags.
pub fn all(aws: &Aws, making: Making<'_>) -> Vec<Tag> {
    tags::of(aws, making).into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The tags for a create call of one resource type.
pub fn specification(aws: &Aws, making: Making<'_>, resource: ResourceType) -> TagSpecification {
    TagSpecification::builder().resource_type(resource).set_tags(Some(all(aws, making))).build()
}

/// The value of `key`.
pub fn value<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key() == Some(key)).and_then(Tag::value)
}

/// Finds a resource among its city's: by its recorded id, else by the tag `migrate:address`.
pub fn find<'a, T>(
    all: &'a [T],
    id: impl Fn(&T) -> Option<&str>,
    tags: impl Fn(&T) -> &[Tag],
    recorded: Option<&str>,
    address: &str,
) -> Option<&'a T> {
    all.iter()
        .find(|one| recorded.is_some() && id(one) == recorded)
        .or_else(|| all.iter().find(|one| value(tags(one), tags::ADDRESS) == Some(address)))
}
