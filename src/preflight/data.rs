//! Whether the live database can be moved, as far as it can be reached from here: `migrate assess` says all of it.

use super::check::{Check, Subject};
use super::finding::{Level, Verdict};
use crate::aws::Resource;
use crate::aws::data::{copy::Copy, old_alone};
use crate::database::assess::Assessment;
use crate::engine::CloudResult;
use crate::phases::Blueprint;
use crate::phases::rds;
use async_trait::async_trait;

/// The check.
pub struct Data;

#[async_trait]
impl Check for Data {
    fn name(&self) -> &'static str {
        "data"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        subject.makes(Copy::INFO.name)
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let looked = tokio::time::timeout(subject.patience, looked(subject)).await;
        Ok(match looked {
            Ok(Ok(assessment)) => judge(&assessment),
            Ok(Err(error)) => unseen(subject, &error.to_string()),
            Err(_) => unseen(subject, &format!("no answer within {} s", subject.patience.as_secs())),
        })
    }
}

async fn looked(subject: &Subject<'_>) -> CloudResult<Assessment> {
    let city = subject.city;
    let blueprint = Blueprint { city: &city.name, spec: &city.spec, lookups: &subject.plan.lookups, data: true };
    let databases = old_alone(subject.aws, &rds::data(&blueprint)).await?;
    Ok(databases.assess(false, None).await?)
}

/// From where pull requests are planned it can't be reached, as a rule, nor may its password be read.
fn unseen(subject: &Subject<'_>, why: &str) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.warn(
        format!("the live database wasn't looked at from here: {why}"),
        format!("`{} assess {}` from a host in its network, or through a tunnel", subject.command, subject.city.name),
    );
    verdict
}

fn judge(assessment: &Assessment) -> Verdict {
    let mut verdict = Verdict::default();
    for finding in &assessment.findings {
        let (says, mend) = (format!("{}: {}", finding.place, finding.what), finding.mend.clone());
        match finding.level {
            Level::Ok => {}
            Level::Warn => verdict.warn(says, mend),
            Level::Fail => verdict.fail(says, mend),
        }
    }
    let looked = assessment.findings.len();
    match verdict.worst() {
        Level::Ok => verdict.or_ok(format!("the live database can be moved: {looked} things looked at")),
        _ => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::assess::Finding;

    #[test]
    fn only_what_is_not_well_takes_a_line() {
        let finding = |level| Finding { level, place: "source: x".into(), what: "y".into(), mend: "z".into() };
        let of = |levels: &[Level]| {
            judge(&Assessment { findings: levels.iter().map(|level| finding(*level)).collect(), estimate: None })
        };
        assert_eq!(of(&[Level::Ok, Level::Ok]).0.len(), 1);
        let bad = of(&[Level::Ok, Level::Warn, Level::Fail]);
        assert_eq!((bad.0.len(), bad.worst()), (2, Level::Fail));
    }
}
