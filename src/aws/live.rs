//! How a city does right now: services, targets, records. For `migrate status`.

use super::{Aws, call};
use crate::engine::CloudResult;
use crate::state::State;
use futures_util::future::try_join_all;

/// Facts as name and text, in the order in which traffic passes: records, targets, services.
pub async fn facts(aws: &Aws, state: &State) -> CloudResult<Vec<(String, String)>> {
    let (records, targets, services) =
        futures_util::future::try_join3(records(aws, state), targets(aws, state), services(aws, state)).await?;
    Ok(records.into_iter().chain(targets).chain(services).collect())
}

fn output<'a>(state: &'a State, kind: &str, field: &str) -> Vec<(&'a str, &'a str)> {
    let of_kind = state.resources.iter().filter(|(_, record)| record.kind == kind);
    of_kind.filter_map(|(address, record)| Some((address.name(), record.outputs.get(field)?.as_str()?))).collect()
}

async fn services(aws: &Aws, state: &State) -> CloudResult<Vec<(String, String)>> {
    let arns: Vec<String> = output(state, "ecs:service", "arn").into_iter().map(|(_, arn)| arn.to_owned()).collect();
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let cluster = crate::phases::names::cluster(&aws.city);
    let answer = aws
        .ecs
        .describe_services()
        .cluster(cluster)
        .set_services(Some(arns))
        .send()
        .await
        .map_err(call("ecs:DescribeServices"))?;
    let fact = |service: &aws_sdk_ecs::types::Service| {
        let rollout =
            service.deployments().first().and_then(|d| d.rollout_state()).map_or("unknown", |state| state.as_str());
        let text =
            format!("{} of {} tasks running, deployment {rollout}", service.running_count(), service.desired_count());
        (format!("service {}", service.service_name().unwrap_or_default()), text)
    };
    Ok(answer.services().iter().map(fact).collect())
}

async fn targets(aws: &Aws, state: &State) -> CloudResult<Vec<(String, String)>> {
    let groups = output(state, "elb:target-group", "arn");
    try_join_all(groups.into_iter().map(|(name, arn)| async move {
        let answer = aws
            .elb
            .describe_target_health()
            .target_group_arn(arn)
            .send()
            .await
            .map_err(call("elasticloadbalancing:DescribeTargetHealth"))?;
        let states: Vec<&str> = answer
            .target_health_descriptions()
            .iter()
            .filter_map(|d| Some(d.target_health()?.state()?.as_str()))
            .collect();
        let healthy = states.iter().filter(|state| **state == "healthy").count();
        Ok((
            format!("targets {}", name.trim_start_matches("target-group.")),
            format!("{healthy} of {} healthy", states.len()),
        ))
    }))
    .await
}

async fn records(aws: &Aws, state: &State) -> CloudResult<Vec<(String, String)>> {
    if state.lookups.hosted_zone.is_empty() {
        return Ok(Vec::new());
    }
    let list = aws.route53.list_resource_record_sets().hosted_zone_id(&state.lookups.hosted_zone);
    let answer = match list.send().await.map_err(call("route53:ListResourceRecordSets")) {
        Err(error) if error.is_not_found() => {
            let zone = &state.lookups;
            let says = format!("is gone; `plan` looks for another zone {}", zone.hosted_zone_name);
            return Ok(vec![(format!("hosted zone {}", zone.hosted_zone), says)]);
        }
        answer => answer?,
    };
    let fact = |set: &aws_sdk_route53::types::ResourceRecordSet| {
        let target = match set.alias_target() {
            Some(alias) => alias.dns_name().to_owned(),
            None => set.resource_records().iter().map(|record| record.value()).collect::<Vec<_>>().join(", "),
        };
        let weight =
            set.weight().map(|weight| format!(" (weight {weight}, {})", set.set_identifier().unwrap_or_default()));
        (format!("record {}", set.name().trim_end_matches('.')), format!("→ {target}{}", weight.unwrap_or_default()))
    };
    Ok(answer.resource_record_sets().iter().filter(|set| set.r#type().as_str() == "A").map(fact).collect())
}
