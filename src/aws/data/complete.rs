//! `data:complete`: the copy has all that a service needs, every row was compared, and it is in step. That it exists means: it may
//! be switched to.

use super::pair::{DataProps, engine};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey};
use crate::database::Side;
use crate::database::follow::Complete;
use crate::database::runbook::carry_out;
use crate::engine::CloudResult;
use crate::engine::kind::{Identity, KindInfo, Latency};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The completed copy.
pub struct Completed;

/// The two databases, and how close they must be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompleteProps {
    /// The databases.
    pub data: DataProps,
    /// Kilobytes that the new one may be behind at most.
    pub lag: u64,
    /// For how many seconds without a break.
    pub lag_for: u64,
}

/// What was compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompleteOutputs {
    /// When it was complete.
    pub at: Timestamp,
    /// Tables that were compared.
    pub tables: u64,
    /// Rows that were compared.
    pub rows: u64,
    /// Bytes of the tables on the old side, without indexes.
    #[serde(default)]
    pub bytes: u64,
}

impl Resource for Completed {
    const INFO: KindInfo = KindInfo {
        create: Latency::estimated(10, 90, 7200),
        ..KindInfo::new("data:complete", Identity::Same(&["data"]))
    };
    type Props = CompleteProps;
    type Outputs = CompleteOutputs;

    async fn read(_: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        Ok(sought.recorded.map(|recorded| Found::ready(sought.props.clone(), recorded.clone())))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &CompleteProps) -> CloudResult<CompleteOutputs> {
        let databases = engine(aws, &props.data).await?;
        let in_step_for = Duration::from_secs(props.lag_for).div_f64(aws.time_scale);
        let complete = Complete::new(&*databases, props.lag * 1000, in_step_for);
        carry_out(&complete, &aws.journal.of(making.address)).await?;
        let compared = complete.compared();
        let bytes = databases.following(Side::Old).await?.total;
        Ok(CompleteOutputs { at: Timestamp::now(), tables: compared.tables, rows: compared.rows, bytes })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        was: CompleteOutputs,
        _: &CompleteProps,
        _: &CompleteProps,
    ) -> CloudResult<CompleteOutputs> {
        Ok(was)
    }

    /// It is no more than a judgement.
    async fn delete(_: &Aws, _: Making<'_>, _: &CompleteOutputs, _: &CompleteProps) -> CloudResult<()> {
        Ok(())
    }
}
