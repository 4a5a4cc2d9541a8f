//! What an alarm looks at: metrics, and expressions over them.

use crate::engine::{CloudResult, Input};
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One series of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Query {
    /// A metric as it is measured.
    Metric {
        /// `AWS/RDS`.
        namespace: String,
        /// `CPUUtilization`.
        name: String,
        /// What it is measured of.
        dimensions: BTreeMap<String, Input>,
        /// `Average`, `Sum`, `p95`.
        statistic: String,
        /// Seconds that make one number.
        period: i32,
    },
    /// Metric math over other queries, by their ids.
    Expression(String),
}

impl Query {
    /// In AWS's shape; `result` is the series that is compared with the threshold.
    pub fn to_aws(&self, id: &str, result: bool) -> CloudResult<MetricDataQuery> {
        let query = MetricDataQuery::builder().id(id).return_data(result);
        let (namespace, name, dimensions, statistic, period) = match self {
            Self::Expression(expression) => return Ok(query.expression(expression).label(id).build()),
            Self::Metric { namespace, name, dimensions, statistic, period } => {
                (namespace, name, dimensions, statistic, *period)
            }
        };
        let dimension =
            |(name, value): (&String, &Input)| Ok(Dimension::builder().name(name).value(value.known()?).build());
        let dimensions = dimensions.iter().map(dimension).collect::<CloudResult<_>>()?;
        let metric = Metric::builder().namespace(namespace).metric_name(name).set_dimensions(Some(dimensions)).build();
        Ok(query.metric_stat(MetricStat::builder().metric(metric).stat(statistic).period(period).build()).build())
    }

    /// From AWS's shape.
    pub fn from_aws(query: &MetricDataQuery) -> Self {
        let Some(stat) = query.metric_stat() else {
            return Self::Expression(query.expression().unwrap_or_default().into());
        };
        let metric = stat.metric();
        let dimensions = metric.map(|metric| metric.dimensions()).unwrap_or_default().iter();
        let pair = |d: &Dimension| (d.name().unwrap_or_default().to_owned(), d.value().unwrap_or_default().into());
        Self::Metric {
            namespace: metric.and_then(|metric| metric.namespace()).unwrap_or_default().into(),
            name: metric.and_then(|metric| metric.metric_name()).unwrap_or_default().into(),
            dimensions: dimensions.map(pair).collect(),
            statistic: stat.stat().unwrap_or_default().into(),
            period: stat.period().unwrap_or_default(),
        }
    }
}
