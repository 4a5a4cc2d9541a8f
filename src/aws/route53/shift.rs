//! `route53:shift`: one step of the cutover. That it exists means: at least this share of the answers leads to the new side.
//!
//! Deleting it gives the traffic back to the step before, so taking a city down takes its traffic back first, step by step, by the
//! ordinary order of deletes.

use super::bake::remaining;
use super::pair::Pair;
use super::write::submit;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::notice::Notice;
use crate::engine::plan::Change;
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_elasticloadbalancingv2::types::{TargetHealthDescription, TargetHealthStateEnum};
use aws_sdk_route53::types::ChangeStatus;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// One step.
pub struct Shift;

/// How far, and what must hold there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShiftProps {
    /// The zone's id.
    pub zone: String,
    /// The names, all of them shifted in one batch.
    pub names: BTreeSet<String>,
    /// The new side's share in percent.
    pub percent: u8,
    /// The share of the step before: what a delete goes back to.
    pub before: u8,
    /// The ARNs of the services' target groups, by service; each must have a healthy target.
    pub target_groups: BTreeMap<String, Input>,
    /// Seconds that the new side must be well at this share.
    pub bake: u64,
}

/// What was changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShiftOutputs {
    /// The id of the change; `None` if the weights were there already.
    #[serde(default)]
    pub change: Option<String>,
    /// Whether the step has been passed: from then on it isn't looked at again.
    #[serde(default)]
    pub passed: bool,
}

fn healthy(targets: &[TargetHealthDescription]) -> bool {
    let state = |one: &TargetHealthDescription| one.target_health().and_then(|health| health.state()).cloned();
    targets.iter().any(|one| state(one) == Some(TargetHealthStateEnum::Healthy))
}

/// Whether the step has been passed: every answer is the new one, all services are well, and have been for long enough.
async fn readiness(survey: &Survey, props: &ShiftProps, change: Option<&str>) -> CloudResult<Readiness> {
    for (service, group) in &props.target_groups {
        let Some(group) = group.get() else {
            return Ok(Readiness::Pending(format!("{service} has no target group yet")));
        };
        if !healthy(&survey.target_health(group).await?) {
            return Ok(Readiness::Failed(format!("{service} has no healthy targets")));
        }
    }
    let Some(change) = change else {
        return Ok(Readiness::Ready);
    };
    let info = survey.change(change).await?;
    let Some(info) = info.as_ref() else {
        return Ok(Readiness::Ready);
    };
    if *info.status() != ChangeStatus::Insync {
        return Ok(Readiness::Pending(info.status().as_str().to_owned()));
    }
    let since = SystemTime::try_from(*info.submitted_at()).unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(remaining(since, SystemTime::now(), props.bake, survey.aws.time_scale)
        .map_or(Readiness::Ready, Readiness::Pending))
}

/// One atomic batch for all names.
async fn shift(aws: &Aws, props: &ShiftProps, pairs: Vec<Pair>, percent: u8) -> CloudResult<Option<String>> {
    let comment = format!("{percent} % of the traffic to the new side");
    submit(aws, &props.zone, &comment, pairs.into_iter().flat_map(|pair| pair.shifted(percent)).collect()).await
}

async fn pairs(aws: &Aws, props: &ShiftProps) -> CloudResult<Vec<Pair>> {
    let mut pairs = Vec::new();
    for name in &props.names {
        pairs.push(Pair::now(aws, &props.zone, name).await?);
    }
    Ok(pairs)
}

/// What users notice: they are moved while both sides answer.
fn noticed(change: &Change) -> Notice {
    let (props, back) = match change.props.is_null() {
        true => (&change.prior, true),
        false => (&change.props, false),
    };
    let percent = &props[if back { "before" } else { "percent" }];
    let what = if back { "back to the legacy side, which keeps" } else { "to the new side, which gets" };
    Notice::moved(match back {
        true => format!("users go {what} all but {percent} %"),
        false => format!("users go {what} {percent} % of them"),
    })
}

/// The smallest share among the names; none if one of them has no weighted records.
fn share(pairs: &[Pair]) -> u8 {
    pairs.iter().map(|pair| pair.share().unwrap_or(0)).min().unwrap_or(0)
}

impl Resource for Shift {
    const INFO: KindInfo = KindInfo {
        immutable: &["zone", "percent"],
        settles: true,
        leads: true,
        notice: |change| Some(noticed(change)),
        // INSYNC within 60 s (D); then it must be well for the bake time.
        create: Latency::documented(5, 30, 60),
        lasts: |props| props["bake"].as_u64().and_then(|seconds| seconds.try_into().ok()).unwrap_or(0),
        ..KindInfo::new("route53:shift", Identity::Same(&["zone", "percent"]))
    };
    type Props = ShiftProps;
    type Outputs = ShiftOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let wanted = sought.props;
        let zone = survey.record_sets(&wanted.zone).await?;
        let pairs: Vec<Pair> = wanted.names.iter().map(|name| Pair::of(&zone, name)).collect();
        if share(&pairs) < wanted.percent {
            return Ok(None);
        }
        let change = sought.recorded.and_then(|recorded| recorded.change.clone());
        let mut outputs = ShiftOutputs { change, passed: true };
        // A step that was passed stays passed: how the services are from then on is the alarms' business.
        let readiness = match sought.recorded {
            Some(recorded) if recorded.passed => Readiness::Ready,
            _ => readiness(survey, wanted, outputs.change.as_deref()).await?,
        };
        outputs.passed = readiness == Readiness::Ready;
        Ok(Some(Found { props: wanted.clone(), outputs, readiness }))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &ShiftProps) -> CloudResult<ShiftOutputs> {
        let pairs = pairs(aws, props).await?;
        if let Some(name) =
            props.names.iter().zip(&pairs).find_map(|(name, pair)| pair.share().is_none().then_some(name))
        {
            return Err(CloudError {
                class: ErrorClass::Dependency,
                call: "route53:ChangeResourceRecordSets".into(),
                code: "NoWeightedRecords".into(),
                message: format!("{name} has no weighted records yet"),
            });
        }
        let change = shift(aws, props, pairs, props.percent).await?;
        Ok(ShiftOutputs { change, passed: false })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        outputs: ShiftOutputs,
        _: &ShiftProps,
        _: &ShiftProps,
    ) -> CloudResult<ShiftOutputs> {
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, _: &ShiftOutputs, props: &ShiftProps) -> CloudResult<()> {
        let pairs = pairs(aws, props).await?;
        let share = share(&pairs);
        if share != props.percent {
            // A later step has gone on from here (the city file no longer names this one), or the traffic is back already.
            return Err(CloudError {
                class: ErrorClass::NotFound,
                call: "route53:ChangeResourceRecordSets".into(),
                code: "NotAtThisStep".into(),
                message: format!("{share} % of the traffic goes to the new side, not {} %", props.percent),
            });
        }
        shift(aws, props, pairs, props.before).await?;
        Ok(())
    }
}
