//! `data:switch`: the new database serves. Deleting it is the way back, with the rows that were written meanwhile.

use super::complete::CompleteOutputs;
use super::pair::{DataProps, engine};
use super::pointer::SecretPointer;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey};
use crate::database::engine::Gate;
use crate::database::runbook::{Journal, Note, carry_out};
use crate::database::switch::{COMPARE, Course, OPEN, Switch};
use crate::database::{Engine, Side};
use crate::engine::journal::milliseconds;
use crate::engine::kind::{Identity, KindInfo, Latency, Source};
use crate::engine::notice::Notice;
use crate::engine::plan::{Action, Change};
use crate::engine::{CloudError, CloudResult};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the step `OPEN` has counted: milliseconds from the freeze until the other side was open.
pub const INTERRUPTION: &str = "interruption_ms";

/// The switch.
pub struct Switched;

/// The two databases, and what it may cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SwitchProps {
    /// The databases.
    pub data: DataProps,
    /// Seconds of interruption at most.
    pub budget: u64,
}

/// How it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SwitchOutputs {
    /// When the new side served.
    pub at: Timestamp,
    /// Milliseconds from the freeze until the new side was open; `None` where the run that froze was cut off and the databases
    /// completed it by themselves.
    #[serde(default)]
    pub interruption_ms: Option<u64>,
    /// Tables that were compared during it.
    pub tables: u64,
    /// Rows of theirs.
    pub rows: u64,
    /// When `migrate finish` took the way back away.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// What had been copied ahead: kept here from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied: Option<CompleteOutputs>,
}

impl SwitchOutputs {
    fn of(course: &Course) -> Self {
        let compared = course.compared.clone().unwrap_or_default();
        Self {
            at: Timestamp::now(),
            interruption_ms: course.interruption.map(milliseconds),
            tables: compared.tables,
            rows: compared.rows,
            finished_at: None,
            copied: None,
        }
    }
}

/// Moves the right to serve away from `from`.
async fn switch(
    aws: &Aws,
    making: Making<'_>,
    props: &SwitchProps,
    databases: &dyn Engine,
    from: Side,
) -> CloudResult<Course> {
    let pointer = SecretPointer { aws, props: &props.data };
    let switch = Switch::new(databases, &pointer, from, Duration::from_secs(props.budget));
    let journal = aws.journal.of(making.address);
    carry_out(&switch, &journal).await?;
    let course = switch.course();
    tell(&course, &journal);
    Ok(course)
}

/// What the report of the move is made from, both ways.
fn tell(course: &Course, journal: &dyn Journal) {
    if let Some(length) = course.interruption {
        journal.note(OPEN, Note::Counted(INTERRUPTION, milliseconds(length)));
    }
    if let Some(compared) = &course.compared {
        journal.note(COMPARE, Note::Counted("tables", compared.tables));
        journal.note(COMPARE, Note::Counted("rows", compared.rows));
    }
}

/// Seconds that a hand-over takes at most: 0.13 s for PostgreSQL and 0.48 s for MySQL were measured with 1 GB and 200 writes a second
/// (docs/database.md); longer where questions take longer.
const HAND_OVER: u32 = 1;
/// Seconds until caches have forgotten where a name led: INSYNC within 60 s, and 60 s that the load balancer's answer is kept (D).
const FORGOTTEN: u32 = 120;

/// What users notice. On the way back the database goes first; who is still led to the new side can't write there.
fn noticed(change: &Change) -> Notice {
    match change.action {
        Action::Delete => Notice::writes(
            "writes wait while the legacy database takes over, and where caches still lead to the new side",
            HAND_OVER + FORGOTTEN,
            Source::Documented,
        ),
        _ => Notice::writes("writes wait while the database is handed over", HAND_OVER, Source::Measured),
    }
}

impl Resource for Switched {
    const INFO: KindInfo = KindInfo {
        leads: true,
        notice: |change| Some(noticed(change)),
        create: Latency::estimated(1, 10, 90),
        delete: Latency::estimated(1, 10, 90),
        ..KindInfo::new("data:switch", Identity::Same(&["data"]))
    };
    type Props = SwitchProps;
    type Outputs = SwitchOutputs;

    async fn read(_: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        // One that was cut off may have come to pass: the databases know, who are asked when it is to go.
        let recorded =
            sought.recorded.cloned().or_else(|| (!sought.wanted).then(|| SwitchOutputs::of(&Course::default())));
        Ok(recorded.map(|recorded| Found::ready(sought.props.clone(), recorded)))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &SwitchProps) -> CloudResult<SwitchOutputs> {
        let databases = engine(aws, &props.data).await?;
        Ok(SwitchOutputs::of(&switch(aws, making, props, &*databases, Side::Old).await?))
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        was: SwitchOutputs,
        _: &SwitchProps,
        _: &SwitchProps,
    ) -> CloudResult<SwitchOutputs> {
        Ok(was)
    }

    async fn delete(aws: &Aws, making: Making<'_>, was: &SwitchOutputs, props: &SwitchProps) -> CloudResult<()> {
        // A finished move has no way back. `rollback` refuses then; what else leads here deletes the new database.
        if was.finished_at.is_some() {
            return Ok(());
        }
        let databases = engine(aws, &props.data).await?;
        let (old, new) = (databases.gate(Side::Old).await?, databases.gate(Side::New).await?);
        match (old, new) {
            (Gate::None, Gate::None | Gate::Open) => Err(CloudError::internal(
                "the databases say that the move is finished, so there is no way back: `migrate finish` records it",
            )),
            // It was cut off before anything was handed over.
            (Gate::Open | Gate::Frozen(_), Gate::None | Gate::Waiting) => {
                databases.thaw(Side::Old).await?;
                Ok(databases.unready(Side::Old).await?)
            }
            _ => switch(aws, making, props, &*databases, Side::New).await.map(drop),
        }
    }
}
