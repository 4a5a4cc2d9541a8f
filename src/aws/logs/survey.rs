//! The city's log groups, in one call.

use crate::aws::memo::Memo;
use crate::aws::{Survey, call};
use crate::engine::CloudResult;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use std::sync::Arc;

/// CloudWatch Logs' lists.
#[derive(Default)]
pub struct LogsLists {
    groups: Memo<Vec<LogGroup>>,
}

impl Survey {
    /// Every log group with `/<city>/` in its name: the city's own (`/migrate/malmo/web`) and those that AWS services write to
    /// on its behalf (`/aws/rds/instance/malmo/postgresql`).
    pub async fn log_groups(&self) -> CloudResult<Arc<Vec<LogGroup>>> {
        let ask = async {
            let pattern = format!("/{}/", self.aws.city);
            let pages = self.aws.logs.describe_log_groups().log_group_name_pattern(pattern).into_paginator().items();
            pages.send().collect::<Result<_, _>>().await.map_err(call("logs:DescribeLogGroups"))
        };
        self.logs.groups.get(ask).await
    }
}
