//! Whether today's side can take the city back: asked before any way back, so that nobody is sent to a server that is dead or refuses writes.

mod database;
mod servers;

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::Resource;
use crate::aws::data::copy::Copy;
use crate::aws::data::switch::Switched;
use crate::aws::route53::shift::Shift;
use crate::engine::CloudResult;
use crate::engine::plan::{Action, Change, Goal};
use async_trait::async_trait;

/// The check.
pub struct WayBack;

#[async_trait]
impl Check for WayBack {
    fn name(&self) -> &'static str {
        "way back"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        leaves(subject, Shift::INFO.name) || data(subject).is_some()
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let users = leaves(subject, Shift::INFO.name) || leaves(subject, Switched::INFO.name);
        let (servers, database) = futures_util::future::join(
            async { if users { servers::look(subject).await } else { Ok(Verdict::default()) } },
            async {
                match data(subject) {
                    Some(change) => database::look(subject, change).await,
                    None => Verdict::default(),
                }
            },
        )
        .await;
        let all = Verdict([servers?.0, database.0].concat());
        Ok(all.or_ok("today's servers run and answer, and their database can take the city back"))
    }
}

/// Whether the plan takes something of that kind away, on the way back to today's side.
fn leaves(subject: &Subject<'_>, kind: &str) -> bool {
    taken(subject, kind).is_some()
}

fn taken<'a>(subject: &'a Subject<'_>, kind: &str) -> Option<&'a Change> {
    let plan = subject.plan;
    let back = plan.goal != Goal::City && !plan.lookups.finished;
    let goes = |change: &&Change| matches!(change.action, Action::Delete | Action::Forget) && change.kind == kind;
    plan.changes.iter().filter(|_| back).find(goes)
}

/// The change that needs today's database: the switch back, or else the end of the copy.
fn data<'a>(subject: &'a Subject<'_>) -> Option<&'a Change> {
    subject.aws.network.as_ref()?;
    taken(subject, Switched::INFO.name).or_else(|| taken(subject, Copy::INFO.name))
}
