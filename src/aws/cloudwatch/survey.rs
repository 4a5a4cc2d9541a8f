//! The city's alarms and dashboards.

use crate::aws::memo::{Memo, MemoMap};
use crate::aws::{Survey, call};
use crate::engine::CloudResult;
use aws_sdk_cloudwatch::types::MetricAlarm;
use std::sync::Arc;

/// CloudWatch's lists.
#[derive(Default)]
pub struct CloudWatchLists {
    alarms: Memo<Vec<MetricAlarm>>,
    dashboards: MemoMap<String, Option<String>>,
}

impl Survey {
    /// The alarms whose names begin with the city's.
    pub async fn alarms(&self) -> CloudResult<Arc<Vec<MetricAlarm>>> {
        let ask = async {
            let request = self.aws.cloudwatch.describe_alarms().alarm_name_prefix(format!("{}-", self.aws.city));
            let pages = request.into_paginator().send().collect::<Result<Vec<_>, _>>().await;
            let pages = pages.map_err(call("cloudwatch:DescribeAlarms"))?;
            Ok(pages.into_iter().flat_map(|page| page.metric_alarms.unwrap_or_default()).collect())
        };
        self.cloudwatch.alarms.get(ask).await
    }

    /// The body of a dashboard; `None` if it isn't there.
    pub async fn dashboard(&self, name: &str) -> CloudResult<Arc<Option<String>>> {
        let ask = async {
            let answer = self.aws.cloudwatch.get_dashboard().dashboard_name(name).send().await;
            match answer.map_err(call("cloudwatch:GetDashboard")) {
                Ok(answer) => Ok(answer.dashboard_body),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.cloudwatch.dashboards.get(name.into(), ask).await
    }
}
