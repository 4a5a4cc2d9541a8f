//! What a check is, and what it is about.

use super::finding::Verdict;
use super::resolver::Resolver;
use crate::aws::Aws;
use crate::engine::CloudResult;
use crate::engine::plan::{Action, Change, Plan};
use crate::spec::City;
use async_trait::async_trait;
use std::time::Duration;

/// One check.
#[async_trait]
pub trait Check: Send + Sync {
    /// Its name, as findings bear it.
    fn name(&self) -> &'static str;

    /// True where the plan would do something that it is about.
    fn concerns(&self, subject: &Subject<'_>) -> bool;

    /// Reads its facts and judges them. An error means that it couldn't look, and becomes a warning.
    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict>;
}

/// What is looked at: a city, what the plan would do to it, and whom to ask.
pub struct Subject<'a> {
    /// The city.
    pub city: &'a City,
    /// What would be done.
    pub plan: &'a Plan,
    /// The AWS clients; none of the calls changes anything.
    pub aws: &'a Aws,
    /// The client of the state bucket.
    pub s3: &'a aws_sdk_s3::Client,
    /// The state bucket.
    pub bucket: &'a str,
    /// Who knows what the internet sees of the city's names.
    pub dns: &'a dyn Resolver,
    /// True where the calls go to an emulator: there are no machines behind its addresses.
    pub emulated: bool,
    /// How long the live database may take to answer.
    pub patience: Duration,
    /// How `migrate` was called, for the commands in mends: `migrate --sandbox`.
    pub command: &'a str,
}

impl Subject<'_> {
    /// The changes that make something new of that kind.
    pub fn made<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Change> + 's {
        self.plan.changes.iter().filter(move |change| change.action == Action::Create && change.kind == kind)
    }

    /// True where the plan makes something of that kind.
    pub fn makes(&self, kind: &str) -> bool {
        self.made(kind).next().is_some()
    }

    /// True where the plan changes something at AWS.
    pub fn changes(&self) -> bool {
        self.plan
            .changes
            .iter()
            .any(|change| change.action.makes() || change.action.removes() || change.action == Action::Update)
    }

    /// The parts of kinds' names before the colon, of whatever the plan changes.
    pub fn services(&self) -> std::collections::BTreeSet<&str> {
        let at_aws = |change: &&Change| !matches!(change.action, Action::Adopt | Action::Await | Action::Forget);
        self.plan.changes.iter().filter(at_aws).filter_map(|change| change.kind.split(':').next()).collect()
    }
}
