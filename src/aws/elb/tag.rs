//! Tags in Elastic Load Balancing's own types, and whose a thing is that was found by its name.

use crate::aws::{Aws, Making, Survey, tags};
use crate::engine::CloudResult;
use aws_sdk_elasticloadbalancingv2::types::Tag;

/// The tags for a create call.
pub fn of(aws: &Aws, making: Making<'_>) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags::of(aws, making).into_iter().map(tag).collect()
}

fn value<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key() == Some(key)).and_then(Tag::value)
}

/// Refuses what was found by its name and bears another city's tag. What is on record is the city's without asking.
pub async fn must_be_ours(survey: &Survey, arn: &str, recorded: Option<&str>) -> CloudResult<()> {
    if recorded == Some(arn) {
        return Ok(());
    }
    let found = survey.elb_tags(arn).await?;
    let owner = value(&found, tags::CITY);
    if owner == Some(&survey.aws.city) {
        return Ok(());
    }
    Err(tags::not_ours(&survey.aws, "elasticloadbalancing:DescribeTags", arn, owner))
}

/// Whether the thing bears the city's tag: an address that isn't known yet, or whose record was lost, may have it.
pub async fn of_city(survey: &Survey, arn: &str) -> CloudResult<bool> {
    Ok(value(&survey.elb_tags(arn).await?, tags::CITY) == Some(&survey.aws.city))
}

/// Whether the thing bears the tag `migrate:address` of that address.
pub async fn stands_at(survey: &Survey, arn: &str, address: &str) -> CloudResult<bool> {
    Ok(value(&survey.elb_tags(arn).await?, tags::ADDRESS) == Some(address))
}
