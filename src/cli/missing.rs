//! A city of which nothing is recorded is a new one only if nothing of it stands. Otherwise its state is missing, and no plan can be made:
//! it would take what serves for foreign.

use super::exit::Hint;
use super::open::{Opened, mistakes};
use crate::aws::{buckets, stray};
use crate::engine::plan::Goal;
use crate::spec::living::{self, Standing};
use crate::spec::{City, from_text, locate};
use crate::state::{State, recorded};
use crate::view::note;
use anyhow::{Context, anyhow};

impl Opened {
    /// Fails if something of the city stands, although nothing is recorded in the bucket (or there is none).
    pub async fn check_new(&self, no_bucket: bool) -> anyhow::Result<()> {
        self.check_account().await?;
        let name = &self.city.name;
        let standing = stray::standing(&self.aws).await.with_context(|| format!("looking whether {name} stands"))?;
        let elsewhere = self.elsewhere().await;
        if let Some((state, bucket)) = elsewhere.filter(|(state, _)| !state.resources.is_empty()) {
            return Err(self.recorded_elsewhere(&state, &bucket));
        }
        if standing.is_empty() {
            if no_bucket {
                note(&format!("nothing is recorded of {name}: there is no bucket s3://{}", self.bucket));
            }
            return Ok(());
        }
        let (count, prefix) = (standing.len(), self.prefix);
        let error = anyhow!("{count} resources of {name} stand, and their state is missing in s3://{}", self.bucket);
        let first =
            if no_bucket { format!("`{prefix} bootstrap {name}` makes the bucket, then ") } else { String::new() };
        Err(error.context(Hint(format!(
            "if it is in another bucket, name that with --state-bucket; if it is lost, {first}`{prefix} state rebuild {name}` makes it \
             again from what is there; nothing was changed"
        ))))
    }

    /// The state of the city in another bucket of its account. What can't be seen is no reason to stop.
    async fn elsewhere(&self) -> Option<(State, String)> {
        let (s3, account) = (self.store.client(), &self.aws.account);
        let places = buckets::all(s3, account).await.unwrap_or_default();
        for place in places.into_iter().filter(|place| place.bucket != self.bucket) {
            if let Ok(Some(state)) = recorded::last(&place.store(s3, account), &self.city.name).await {
                return Some((state, place.bucket));
            }
        }
        None
    }

    fn recorded_elsewhere(&self, state: &State, bucket: &str) -> anyhow::Error {
        let (name, count) = (&self.city.name, state.resources.len());
        if state.region == self.aws.region {
            let error = anyhow!(
                "nothing is recorded of {name} in s3://{}, but its {count} resources are in s3://{bucket}",
                self.bucket
            );
            return error.context(Hint(format!("say --state-bucket {bucket}, or leave it out; nothing was changed")));
        }
        match self.check_living(state, Goal::City) {
            Err(error) => error,
            Ok(()) => {
                anyhow!("{name} stands in {} ({count} resources in s3://{bucket}); nothing was changed", state.region)
            }
        }
    }

    /// Fails, with every place, if the city's file wants what a city that stands can't become.
    pub fn check_living(&self, state: &State, goal: Goal) -> anyhow::Result<()> {
        let Some(applied) = state.file.as_ref().filter(|_| goal != Goal::Nothing) else { return Ok(()) };
        let applied: City = match from_text(&self.city.name, &self.city.file, applied.clone()) {
            Ok(city) => city,
            Err(problems) => {
                note(&format!("the city file as it was applied can't be compared with: {problems}"));
                return Ok(());
            }
        };
        let found = living::changes(&applied.spec, &self.city.spec, standing(state));
        if found.is_empty() {
            return Ok(());
        }
        let (name, prefix) = (&self.city.name, self.prefix);
        Err(mistakes(&locate(&self.city, found))
            .context(format!("{name} stands, and can't become what its file says"))
            .context(Hint(format!(
                "`{prefix} state show {name} --file` prints the file as it was applied; nothing was changed"
            ))))
    }

    /// The same city by its file as it was applied: a way back does nothing that the file asks for since, and isn't kept by it.
    pub async fn by_applied_file(mut self) -> anyhow::Result<Self> {
        let state = self.recorded().await?.state;
        let Some(text) = state.file.filter(|text| *text != self.city.text) else { return Ok(self) };
        match from_text(&self.city.name, &self.city.file, text) {
            Ok(city) => {
                let file = city.file.display();
                note(&format!("{file} was changed since: going by it as it was applied (state {})", state.serial));
                self.city = city;
            }
            Err(problems) => note(&format!("the city file as it was applied can't be used: {problems}")),
        }
        Ok(self)
    }

    /// Keeps the file with the state that is made by it. A run that does only a part of what it says (`part`) keeps none instead of
    /// another.
    pub fn keep_file(&self, state: &mut State, goal: Goal, part: bool) {
        if goal != Goal::Nothing && (!part || state.file.is_none()) {
            state.file = Some(self.city.text.clone());
        }
    }
}

fn standing(state: &State) -> Standing {
    let there = |address: &str| state.resources.get(&address.into()).is_some_and(|record| !record.outputs.is_null());
    Standing {
        network: there("vpc/vpc"),
        database: there("rds/instance"),
        data: there("rds/data") && !state.lookups.finished,
    }
}
