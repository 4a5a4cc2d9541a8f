//! Today's servers: the EC2 instances that a city file names by tags or ids.

use crate::aws::{Aws, call};
use crate::engine::CloudResult;
use crate::spec::Instances;
use aws_sdk_ec2::types::{Filter, Instance, InstanceStateName};

/// How they are asked for.
pub fn filters(wanted: &Instances) -> Vec<Filter> {
    let by_tag = |(key, value): (&String, &String)| Filter::builder().name(format!("tag:{key}")).values(value).build();
    let mut filters: Vec<_> = wanted.tags.iter().map(by_tag).collect();
    if !wanted.ids.is_empty() {
        let ids = wanted.ids.iter().map(ToString::to_string).collect();
        // By a filter: an id that isn't there is then missing from the answer, and no error.
        filters.push(Filter::builder().name("instance-id").set_values(Some(ids)).build());
    }
    filters
}

/// Those of them that aren't terminated.
pub async fn of(aws: &Aws, wanted: &Instances) -> CloudResult<Vec<Instance>> {
    let pages = aws.ec2.describe_instances().set_filters(Some(filters(wanted))).into_paginator().items().send();
    let reservations = pages.collect::<Result<Vec<_>, _>>().await.map_err(call("ec2:DescribeInstances"))?;
    let all = reservations.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default());
    let state = |one: &Instance| one.state().and_then(|state| state.name()).cloned();
    Ok(all.filter(|one| state(one) != Some(InstanceStateName::Terminated)).collect())
}
