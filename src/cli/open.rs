//! Opens a city: its file, the clients for its account and region, its state.

use super::exit::Hint;
use super::globals::Globals;
use crate::aws::client::{Access, config, without_retries};
use crate::aws::{Aws, AwsCloud, call, lookup};
use crate::engine::plan::{Goal, Plan};
use crate::engine::planner;
use crate::engine::wait::Pace;
use crate::phases::{Blueprint, desired};
use crate::sandbox::Seed;
use crate::spec::{self, City};
use crate::state::{S3Store, State, Store, StoreError, layout};
use crate::view::note;
use anyhow::{Context, anyhow};
use aws_config::SdkConfig;
use std::collections::HashMap;
use std::sync::Arc;

/// The cities' files, and where their calls go.
pub struct World {
    globals: Globals,
    sandbox: Option<Local>,
    configs: tokio::sync::Mutex<HashMap<(String, Option<String>), SdkConfig>>,
}

/// The sandbox that the calls go to.
struct Local {
    endpoint: String,
    speed: f64,
}

/// One city, ready to be looked at.
pub struct Opened {
    /// Its file.
    pub city: City,
    /// The clients that may repeat their calls.
    pub aws: Arc<Aws>,
    /// The engine's seam.
    pub cloud: AwsCloud,
    /// Its state bucket.
    pub store: Arc<S3Store>,
    /// The name of the state bucket.
    pub bucket: String,
    /// How fast time passes there.
    pub pace: Pace,
}

/// A recorded state, as it was read.
pub struct Recorded {
    /// The state; a new one if nothing is recorded.
    pub state: State,
    /// The tag of its object.
    pub etag: Option<String>,
    /// True if there is no state bucket.
    pub no_bucket: bool,
}

/// Reads the named cities (all of them if none is named) and says all that is wrong with them at once.
pub fn cities(globals: &Globals, names: &[String]) -> anyhow::Result<Vec<City>> {
    spec::load(&globals.cities, names).map_err(|problems| {
        note(&problems.render(super::globals::colours(), super::globals::width()));
        let files: std::collections::BTreeSet<_> = problems.0.iter().map(|problem| &problem.file).collect();
        anyhow!("{} mistakes in {} files: nothing was touched", problems.0.len(), files.len())
    })
}

impl World {
    /// The real AWS, or the sandbox, which is started if need be and given these cities' legacy sides.
    pub async fn new(globals: &Globals, cities: &[City]) -> anyhow::Result<Self> {
        let sandbox = match globals.sandbox {
            false => None,
            true => {
                let seeds: Vec<Seed> = cities.iter().map(super::sandbox::seed).collect();
                let sandbox = tokio::task::spawn_blocking(move || super::sandbox::start(&seeds)).await??;
                Some(Local { endpoint: sandbox.endpoint().to_owned(), speed: sandbox.status()?.speed })
            }
        };
        Ok(Self { globals: globals.clone(), sandbox, configs: tokio::sync::Mutex::default() })
    }

    /// Opens a city. Makes no call yet.
    pub async fn open(&self, city: City) -> Opened {
        let (account, region) = (city.spec.account.as_str().to_owned(), city.spec.region.as_str().to_owned());
        let scale = self.sandbox.as_ref().map_or_else(time_scale, |local| local.speed);
        let access = Access {
            region: region.clone(),
            endpoint: self.sandbox.as_ref().map(|local| local.endpoint.clone()),
            sandbox_key: self.sandbox.as_ref().map(|_| format!("SANDBOX{account}")),
            assume_role: city
                .spec
                .assume_role
                .as_ref()
                .map(|role| role.as_str().to_owned())
                .filter(|_| self.sandbox.is_none()),
            speed: scale,
        };
        let key = (access.sandbox_key.clone().unwrap_or_else(|| region.clone()) + &region, access.assume_role.clone());
        let config = match self.configs.lock().await.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.get().clone(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(config(&access).await).clone(),
        };
        let aws = Arc::new(Aws::new(&config, &city.name, &account, &region, scale));
        let writer = Arc::new(Aws::new(&without_retries(&config), &city.name, &account, &region, scale));
        let bucket = self.globals.state_bucket.clone().unwrap_or_else(|| layout::bucket(&account, &region));
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(access.endpoint.is_some() || config.endpoint_url().is_some());
        let store = Arc::new(S3Store::new(aws_sdk_s3::Client::from_conf(s3.build()), &bucket, &account));
        Opened { city, cloud: AwsCloud::new(aws.clone(), writer), aws, store, bucket, pace: Pace::scaled(scale) }
    }
}

fn time_scale() -> f64 {
    std::env::var("MIGRATE_TIME_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1.0)
}

impl Opened {
    /// Fails unless the credentials belong to the city's account.
    pub async fn check_account(&self) -> anyhow::Result<()> {
        let me = self.aws.sts.get_caller_identity().send().await.map_err(call("sts:GetCallerIdentity"))?;
        let (mine, wanted) = (me.account().unwrap_or_default(), self.city.spec.account.as_str());
        if mine == wanted {
            return Ok(());
        }
        let error = anyhow!(
            "the credentials are of account {mine} ({}), but {} lives in account {wanted}",
            me.arn().unwrap_or_default(),
            self.city.name
        );
        Err(error.context(Hint("set AWS_PROFILE, or `assume_role` in the city file; nothing was changed".into())))
    }

    /// The recorded state.
    pub async fn recorded(&self) -> anyhow::Result<Recorded> {
        let name = &self.city.name;
        let new = || State::new(name, self.city.spec.account.as_str(), self.city.spec.region.as_str());
        match self.store.get(&layout::state(name)).await {
            Ok(Some(object)) => {
                let place = format!("{}/{}", self.store.place(), layout::state(name));
                let state = State::parse(&object.bytes, name)
                    .with_context(|| format!("the state of {name} can't be used ({place})"))
                    .map_err(|e| {
                        e.context(Hint(format!(
                            "`migrate state history {name}` lists the states before; nothing was changed"
                        )))
                    })?;
                Ok(Recorded { state, etag: Some(object.etag), no_bucket: false })
            }
            Ok(None) => Ok(Recorded { state: new(), etag: None, no_bucket: false }),
            Err(StoreError::NoBucket { .. }) => Ok(Recorded { state: new(), etag: None, no_bucket: true }),
            Err(error) => Err(error).with_context(|| format!("reading the state of {name}")),
        }
    }

    /// Plans the city towards `goal`.
    pub async fn plan(&self, state: &State, goal: Goal) -> anyhow::Result<Plan> {
        if goal == Goal::Nothing {
            return Ok(planner::plan(&self.cloud, Vec::new(), state, goal, state.lookups.clone()).await?);
        }
        let lookups = lookup::all(&self.aws, &self.city.spec, &state.lookups).await?;
        let blueprint = Blueprint { city: &self.city.name, spec: &self.city.spec, lookups: &lookups };
        let plan = planner::plan(&self.cloud, desired(&blueprint), state, goal, lookups.clone()).await;
        plan.with_context(|| format!("looking at {}", self.city.name))
    }
}
