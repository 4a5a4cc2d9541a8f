//! `data:copy`: the new database copies the legacy one and follows it. That it exists means: replication runs.

use super::pair::{DataProps, as_far_as_there, engine};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey};
use crate::database::Side;
use crate::database::end::give_up;
use crate::database::engine::{Following, pace};
use crate::database::follow::{Begin, moved};
use crate::database::runbook::carry_out;
use crate::engine::CloudResult;
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The copy.
pub struct Copy;

/// How far it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CopyOutputs {
    /// When it began.
    pub begun_at: Timestamp,
    /// Whether everything was copied: from then on it isn't looked at again, and a plan needs no way to the databases.
    pub copied: bool,
}

impl Resource for Copy {
    const INFO: KindInfo = KindInfo {
        settles: true,
        // 1 GB in a minute to a small instance; the slowest would be a terabyte at 50 MB/s.
        create: Latency::estimated(15, 120, 21_600),
        delete: Latency::estimated(1, 5, 60),
        ..KindInfo::new("data:copy", Identity::Same(&["old_host", "old_port", "old_database", "host"]))
    };
    type Props = DataProps;
    type Outputs = CopyOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let Some(recorded) = sought.recorded else {
            // A beginning that was cut off: what it has left on the old side is to go.
            let begun = CopyOutputs { begun_at: Timestamp::now(), copied: false };
            return Ok((!sought.wanted).then(|| Found::ready(sought.props.clone(), begun)));
        };
        if recorded.copied || !sought.wanted {
            return Ok(Some(Found::ready(sought.props.clone(), recorded.clone())));
        }
        let databases = engine(&survey.aws, sought.props).await?;
        let looking = async {
            let moved = moved(&*databases).await?;
            if moved { Ok(None) } else { databases.following(Side::Old).await.map(Some) }
        };
        let readiness = match looking.await {
            Ok(None) => Readiness::Ready,
            // Somebody took the subscription away, so that it is copied anew.
            Ok(Some(following)) if following.of == 0 && following.trouble.is_some() => return Ok(None),
            Ok(Some(following)) => readiness(&following, recorded.begun_at),
            Err(error) if error.passes() => Readiness::Pending(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        let outputs = CopyOutputs { copied: readiness == Readiness::Ready, ..recorded.clone() };
        Ok(Some(Found { props: sought.props.clone(), outputs, readiness }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &DataProps) -> CloudResult<CopyOutputs> {
        let databases = engine(aws, props).await?;
        let begun_at = Timestamp::now();
        carry_out(&Begin(&*databases), &aws.journal.of(making.address)).await?;
        Ok(CopyOutputs { begun_at, copied: false })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        was: CopyOutputs,
        _: &DataProps,
        _: &DataProps,
    ) -> CloudResult<CopyOutputs> {
        Ok(was)
    }

    /// The streams, gates and users go, and on the old side this is checked; the rows on the new side stay, which may be gone already.
    async fn delete(aws: &Aws, _: Making<'_>, _: &CopyOutputs, props: &DataProps) -> CloudResult<()> {
        let (databases, new) = as_far_as_there(aws, props).await?;
        Ok(give_up(&*databases, new, false).await.map(drop)?)
    }
}

fn readiness(following: &Following, begun_at: Timestamp) -> Readiness {
    if let Some(trouble) = &following.trouble {
        return Readiness::Failed(trouble.clone());
    }
    if following.copied() {
        return Readiness::Ready;
    }
    let seconds = Timestamp::now().duration_since(begun_at).as_secs().unsigned_abs();
    let (rate, left) = pace(following.bytes, following.total, seconds);
    let lag = match following.lag / 1_000_000 {
        0 => String::new(),
        lag => format!(", {lag} MB of log wait on the old side"),
    };
    Readiness::Pending(format!(
        "{} of {} tables, {} of {} MB, {} MB/s, {left} s left{lag}",
        following.tables,
        following.of,
        following.bytes / 1_000_000,
        following.total / 1_000_000,
        rate / 1_000_000,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_in_figures_and_trouble_ends_the_wait() {
        let begun = Timestamp::now() - jiff::SignedDuration::from_secs(10);
        let following = Following { tables: 4, of: 7, bytes: 310_000_000, total: 620_000_000, ..Following::default() };
        let Readiness::Pending(text) = readiness(&following, begun) else { unreachable!("it isn't done") };
        assert_eq!(text, "4 of 7 tables, 310 of 620 MB, 31 MB/s, 10 s left");
        let Readiness::Pending(text) = readiness(&Following { lag: 64_000_000, ..following.clone() }, begun) else {
            unreachable!("it isn't done")
        };
        assert!(text.ends_with("10 s left, 64 MB of log wait on the old side"), "{text}");
        assert_eq!(readiness(&Following { tables: 7, ..following.clone() }, begun), Readiness::Ready);
        let lost = Following { trouble: Some("the slot is gone".into()), ..following };
        assert_eq!(readiness(&lost, begun), Readiness::Failed("the slot is gone".into()));
    }
}
