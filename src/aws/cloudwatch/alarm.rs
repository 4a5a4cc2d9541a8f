//! `cloudwatch:alarm`: tells somebody when a series of numbers crosses a line.

use super::query::Query;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, Input};
use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricAlarm, Tag};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An alarm.
pub struct Alarm;

/// What the city wants of an alarm.
#[derive(Debug, Serialize, Deserialize)]
pub struct AlarmProps {
    /// Name.
    pub name: String,
    /// What it means and what to look at: stands in the mail.
    pub description: String,
    /// Series by id; the one called [`RESULT`] is compared with the threshold.
    pub queries: BTreeMap<String, Query>,
    /// How the result is compared: one of AWS's operators.
    pub comparison: String,
    /// The line.
    pub threshold: f64,
    /// How many of the newest numbers are looked at.
    pub periods: i32,
    /// How many of them must be across the line.
    pub datapoints: i32,
    /// What a missing number counts as: `notBreaching`, `breaching`, `ignore` or `missing`.
    pub missing: String,
    /// The ARNs of the topics that hear of it, and of its end.
    pub notify: BTreeSet<Input>,
}

/// The id of the series that counts.
pub const RESULT: &str = "result";

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct AlarmOutputs {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
}

fn observe(alarm: &MetricAlarm) -> AlarmProps {
    let periods = alarm.evaluation_periods().unwrap_or_default();
    // Both lists are ours: an action that is missing from one of them is drift.
    let told: BTreeSet<Input> = alarm.alarm_actions().iter().map(|arn| arn.as_str().into()).collect();
    let told_of_end: BTreeSet<Input> = alarm.ok_actions().iter().map(|arn| arn.as_str().into()).collect();
    let silent = alarm.actions_enabled() == Some(false);
    AlarmProps {
        name: alarm.alarm_name().unwrap_or_default().into(),
        description: alarm.alarm_description().unwrap_or_default().into(),
        queries: alarm.metrics().iter().map(|q| (q.id().unwrap_or_default().into(), Query::from_aws(q))).collect(),
        comparison: alarm.comparison_operator().map(|op| op.as_str()).unwrap_or_default().into(),
        threshold: alarm.threshold().unwrap_or_default(),
        periods,
        datapoints: alarm.datapoints_to_alarm().unwrap_or(periods),
        missing: alarm.treat_missing_data().unwrap_or("missing").into(),
        notify: if silent { BTreeSet::new() } else { told.intersection(&told_of_end).cloned().collect() },
    }
}

impl Resource for Alarm {
    const INFO: KindInfo =
        KindInfo { immutable: &["name"], ..KindInfo::new("cloudwatch:alarm", Identity::Same(&["name"])) };
    type Props = AlarmProps;
    type Outputs = AlarmOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let alarms = survey.alarms().await?;
        let found = alarms.iter().find(|alarm| alarm.alarm_name() == Some(&sought.props.name));
        Ok(found.map(|alarm| {
            let arn = alarm.alarm_arn().unwrap_or_default().into();
            Found::ready(observe(alarm), AlarmOutputs { arn, name: sought.props.name.clone() })
        }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &AlarmProps) -> CloudResult<AlarmOutputs> {
        let tags = tags::of(aws, making).into_iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
        put(aws, props, Some(tags)).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        _: AlarmOutputs,
        _: &AlarmProps,
        new: &AlarmProps,
    ) -> CloudResult<AlarmOutputs> {
        put(aws, new, None).await
    }

    async fn delete(aws: &Aws, _: Making<'_>, _: &AlarmOutputs, props: &AlarmProps) -> CloudResult<()> {
        aws.cloudwatch
            .delete_alarms()
            .alarm_names(&props.name)
            .send()
            .await
            .map_err(call("cloudwatch:DeleteAlarms"))?;
        Ok(())
    }
}

/// Makes or changes it: one operation does both, but takes tags only from the one who makes it.
async fn put(aws: &Aws, props: &AlarmProps, tags: Option<Vec<Tag>>) -> CloudResult<AlarmOutputs> {
    let queries = props.queries.iter().map(|(id, query)| query.to_aws(id, id == RESULT));
    let notify: Vec<String> = props.notify.iter().map(|topic| topic.known().cloned()).collect::<CloudResult<_>>()?;
    aws.cloudwatch
        .put_metric_alarm()
        .alarm_name(&props.name)
        .alarm_description(&props.description)
        .actions_enabled(true)
        .set_alarm_actions(Some(notify.clone()))
        .set_ok_actions(Some(notify))
        .set_metrics(Some(queries.collect::<CloudResult<_>>()?))
        .comparison_operator(ComparisonOperator::from(props.comparison.as_str()))
        .threshold(props.threshold)
        .evaluation_periods(props.periods)
        .datapoints_to_alarm(props.datapoints)
        .treat_missing_data(&props.missing)
        .set_tags(tags)
        .send()
        .await
        .map_err(call("cloudwatch:PutMetricAlarm"))?;
    let arn = format!("arn:aws:cloudwatch:{}:{}:alarm:{}", aws.region, aws.account, props.name);
    Ok(AlarmOutputs { arn, name: props.name.clone() })
}
