//! Tags in RDS's own types.

use crate::aws::{Aws, Making, call, tags};
use crate::engine::CloudResult;
use aws_sdk_rds::types::Tag;

/// The tags for a create call.
pub fn all(aws: &Aws, making: Making<'_>) -> Vec<Tag> {
    tags::of(aws, making).into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The city that the tags name.
pub fn city(tags: &[Tag]) -> Option<&str> {
    tags.iter().find(|tag| tag.key() == Some(tags::CITY)).and_then(Tag::value)
}

/// That the group of that type (`pg`, `subgrp`) and name is the city's: RDS doesn't tell groups' tags in its lists.
pub async fn group_is_ours(aws: &Aws, call_made: &str, resource: &str, name: &str) -> CloudResult<()> {
    let arn = format!("arn:aws:rds:{}:{}:{resource}:{name}", aws.region, aws.account);
    let answer = aws.rds.list_tags_for_resource().resource_name(arn).send().await;
    let answer = answer.map_err(call("rds:ListTagsForResource"))?;
    tags::ours(aws, call_made, name, city(answer.tag_list()))
}
