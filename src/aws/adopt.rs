//! Marks what was made by hand as the city's: the tags that a create would have given it. Each service has its own call for that.

use super::{Aws, Making, call, ec2, iam, tags};
use crate::engine::{CloudError, CloudResult, ErrorClass};
use serde_json::Value;

/// Gives the tags to what has these outputs. Safe to repeat.
pub async fn mark(aws: &Aws, making: Making<'_>, kind: &str, outputs: &Value) -> CloudResult<()> {
    let output = |name: &str| outputs.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (service, what) = kind.split_once(':').unwrap_or((kind, ""));
    let rds = |kind: &str| format!("arn:aws:rds:{}:{}:{kind}:{}", aws.region, aws.account, output("name"));
    match (service, what) {
        ("ec2", "address") => ec2_tags(aws, making, output("allocation_id")).await,
        ("ec2", _) => ec2_tags(aws, making, output("id")).await,
        ("iam", "role") => {
            let request = aws.iam.tag_role().role_name(output("name")).set_tags(Some(iam::tag::all(aws, making)?));
            request.send().await.map(drop).map_err(call("iam:TagRole"))
        }
        ("iam", _) => {
            let request = aws.iam.tag_instance_profile().instance_profile_name(output("name"));
            let request = request.set_tags(Some(iam::tag::all(aws, making)?));
            request.send().await.map(drop).map_err(call("iam:TagInstanceProfile"))
        }
        ("rds", "parameter-group") => tag(aws, making, rds("pg")).await,
        ("rds", "subnet-group") => tag(aws, making, rds("subgrp")).await,
        _ => tag(aws, making, output("arn")).await,
    }
}

async fn ec2_tags(aws: &Aws, making: Making<'_>, id: String) -> CloudResult<()> {
    let tags = ec2::tag::all(aws, making);
    let tagged = aws.ec2.create_tags().resources(id).set_tags(Some(tags)).send().await;
    tagged.map(drop).map_err(call("ec2:CreateTags"))
}

/// By ARN, whatever the service: this call hands them on, and tells failures inside a successful answer.
async fn tag(aws: &Aws, making: Making<'_>, arn: String) -> CloudResult<()> {
    let tags = tags::of(aws, making).into_iter().collect();
    let request = aws.tagging.tag_resources().resource_arn_list(&arn).set_tags(Some(tags));
    let answer = request.send().await.map_err(call("tag:TagResources"))?;
    match answer.failed_resources_map().and_then(|failed| failed.get(&arn)) {
        None => Ok(()),
        Some(failure) => Err(CloudError {
            class: ErrorClass::Other,
            call: "tag:TagResources".into(),
            code: failure.error_code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
            message: format!("{arn}: {}", failure.error_message().unwrap_or("no message")),
        }),
    }
}
