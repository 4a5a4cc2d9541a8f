//! Runs every check that concerns the plan, all at once.

use super::finding::{Finding, Level, Verdict};
use super::{CHECKS, Check, Subject};
use crate::engine::{CloudResult, ErrorClass};
use futures_util::future::join_all;

/// The findings, in the order of the checks. No checks for a plan that changes nothing at AWS.
pub async fn run(subject: &Subject<'_>) -> Vec<Finding> {
    if !subject.changes() {
        return Vec::new();
    }
    let concerned = CHECKS.iter().filter(|check| check.concerns(subject));
    let looked = concerned.map(|check| async { named(*check, check.look(subject).await) });
    join_all(looked).await.into_iter().flatten().collect()
}

fn named(check: &dyn Check, looked: CloudResult<Verdict>) -> Vec<Finding> {
    let verdict = looked.unwrap_or_else(|error| {
        let mend = match error.class {
            ErrorClass::Denied => format!("allow {} (`migrate policy CITY --role plan`)", error.call),
            _ => "look yourself, or try again".to_owned(),
        };
        Verdict(vec![(Level::Warn, format!("could not be looked at: {error}"), Some(mend))])
    });
    let finding = |(level, says, mend)| Finding { check: check.name(), level, says, mend };
    verdict.0.into_iter().map(finding).collect()
}

/// The findings that stop `apply`.
pub fn failures(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.level == Level::Fail).count()
}
