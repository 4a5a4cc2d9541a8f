//! Opens a city: its file, the clients for its account and region, its state.

use super::exit::Hint;
use super::finish::is_finished;
use super::globals::Globals;
use super::standing;
use crate::aws::client::{Access, config, without_retries};
use crate::aws::clock::AwsClock;
use crate::aws::elb::neighbours::Neighbours;
use crate::aws::web::Web;
use crate::aws::{Aws, AwsCloud, call, lookup};
use crate::database::{Network, Routes, Tls};
use crate::engine::cloud::Stray;
use crate::engine::plan::{Goal, Plan};
use crate::engine::planner;
use crate::engine::wait::Pace;
use crate::engine::{CloudError, CloudResult, Desired};
use crate::phases::{Blueprint, Lookups, cutover, desired, way_back};
use crate::sandbox::{DatabaseServer, Databases, Role, Seed};
use crate::spec::{self, City, Problems};
use crate::state::recorded::{self, Found};
use crate::state::{Home, S3Store, State, StateProblem, Store, StoreError, layout};
use crate::view::note;
use anyhow::{Context, anyhow};
use aws_config::SdkConfig;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// The cities' files, and where their calls go.
pub struct World {
    globals: Globals,
    /// Whether there are several, each of which is looked at once.
    many: bool,
    sandbox: Option<Local>,
    /// How databases are reached, outside the sandbox.
    network: Network,
    regions: tokio::sync::Mutex<HashMap<(String, Option<String>), Region>>,
}

/// What the cities of one account and region share.
#[derive(Clone)]
struct Region {
    config: SdkConfig,
    clock: AwsClock,
    neighbours: Arc<Neighbours>,
}

/// The sandbox that the calls go to.
struct Local {
    endpoint: String,
    speed: f64,
    databases: Databases,
}

impl Local {
    /// The way to a city's databases, if they are real servers.
    fn network(&self, city: &str) -> Option<Network> {
        let legacy = |server: &&DatabaseServer| server.city == city && server.role == Role::Legacy;
        self.databases.servers.iter().find(legacy)?;
        let mut routes = Routes::default();
        for (from, to) in &self.databases.routes {
            let (host, port) = to.rsplit_once(':')?;
            routes.insert(from, host, port.parse().ok()?);
        }
        Some(Network { between: routes.clone(), routes, tls: Tls::Verify(self.databases.ca.clone()) })
    }
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
    /// The words that begin a command for the same world, for hints.
    pub prefix: &'static str,
    /// True where the calls go to an emulator.
    pub emulated: bool,
}

/// A recorded state, as it was read.
pub struct Recorded {
    /// The state; a new one if nothing is recorded.
    pub state: State,
    /// The tag of its object.
    pub etag: Option<String>,
}

/// Reads the named cities (all of them if none is named) and says all that is wrong with them at once.
pub fn cities(globals: &Globals, names: &[String]) -> anyhow::Result<Vec<City>> {
    spec::load(&globals.cities, names).map_err(|problems| mistakes(&problems))
}

/// Says all that is wrong with files, each at its place.
pub fn mistakes(problems: &Problems) -> anyhow::Error {
    note(&problems.render(super::globals::colours(), super::globals::width()));
    let files: std::collections::BTreeSet<_> = problems.0.iter().map(|problem| &problem.file).collect();
    anyhow!("{} mistakes in {} files: nothing was touched", problems.0.len(), files.len())
}

/// Opens the city of that name: by its file, or by the one that its state keeps.
pub async fn one(globals: &Globals, name: &str) -> anyhow::Result<Opened> {
    let mut cities = standing::cities(globals, &[name.to_owned()]).await?;
    let world = World::new(globals, &cities).await?;
    Ok(world.open(cities.pop().ok_or_else(|| anyhow!("no city {name}"))?).await)
}

/// Opens the city of that name by its file, and nothing else.
pub async fn by_file(globals: &Globals, name: &str) -> anyhow::Result<Opened> {
    let mut cities = standing::wanted(globals, &[name.to_owned()]).await?;
    let world = World::new(globals, &cities).await?;
    Ok(world.open(cities.pop().ok_or_else(|| anyhow!("no city {name}"))?).await)
}

impl World {
    /// The real AWS, or the sandbox, which is started if need be and given these cities' legacy sides.
    pub async fn new(globals: &Globals, cities: &[City]) -> anyhow::Result<Self> {
        let sandbox = match globals.sandbox {
            false => None,
            true => {
                let seeds: Vec<Seed> = cities.iter().map(super::sandbox::seed).collect();
                let sandbox = tokio::task::spawn_blocking(move || super::sandbox::start(&seeds)).await??;
                let status = sandbox.status()?;
                Some(Local {
                    endpoint: sandbox.endpoint().to_owned(),
                    speed: status.speed,
                    databases: status.databases,
                })
            }
        };
        let network = Network::from_env().map_err(|why| anyhow!(why))?;
        Ok(Self {
            globals: globals.clone(),
            many: cities.len() > 1,
            sandbox,
            network,
            regions: tokio::sync::Mutex::default(),
        })
    }

    /// Opens a city. Makes no call yet.
    pub async fn open(&self, city: City) -> Opened {
        let (account, region) = (city.spec.account.as_str().to_owned(), city.spec.region.as_str().to_owned());
        let scale = self.sandbox.as_ref().map_or_else(time_scale, |local| local.speed);
        let access = access(&city, self.sandbox.as_ref().map(|local| local.endpoint.as_str()), scale);
        let key = (access.sandbox_key.clone().unwrap_or_else(|| region.clone()) + &region, access.assume_role.clone());
        let Region { config, clock, neighbours } = match self.regions.lock().await.entry(key) {
            Entry::Occupied(entry) => entry.get().clone(),
            Entry::Vacant(entry) => {
                let region =
                    Region { config: config(&access).await, clock: access.clock.clone(), neighbours: Arc::default() };
                entry.insert(region).clone()
            }
        };
        let emulated = access.endpoint.is_some() || config.endpoint_url().is_some();
        let network = match &self.sandbox {
            Some(local) => local.network(&city.name),
            // Behind an emulator's addresses there are no servers, unless a route leads to them.
            None if emulated && self.network.routes.is_empty() => None,
            None => Some(self.network.clone()),
        };
        let web = match &self.sandbox {
            Some(local) => Web::Sandbox(local.endpoint.clone()),
            None if emulated => Web::Nobody,
            None => Web::Internet,
        };
        let aws = Arc::new(Aws { clock, network, web, ..Aws::new(&config, &city.name, &account, &region, scale) });
        let bucket = self.globals.state_bucket.clone().unwrap_or_else(|| layout::bucket(&account, &region));
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(emulated);
        let store = Arc::new(S3Store::new(aws_sdk_s3::Client::from_conf(s3.build()), &bucket, &account));
        let writer = {
            let (reader, config) = (aws.clone(), without_retries(&config));
            move || Arc::new(reader.anew(&config))
        };
        let (cloud, pace, prefix) = (AwsCloud::new(aws.clone(), writer), Pace::scaled(scale), self.globals.prefix());
        let cloud = if self.many { cloud.beside(neighbours) } else { cloud };
        Opened { city, cloud, aws, store, bucket, pace, emulated, prefix }
    }
}

/// Where the calls for a city go, and as whom; `sandbox`: the one that they go to.
pub fn access(city: &City, sandbox: Option<&str>, speed: f64) -> Access {
    let role = city.spec.assume_role.as_ref().filter(|_| sandbox.is_none());
    Access {
        region: city.spec.region.as_str().to_owned(),
        endpoint: sandbox.map(str::to_owned),
        sandbox_key: sandbox.map(|_| format!("SANDBOX{}", city.spec.account)),
        assume_role: role.map(|role| role.as_str().to_owned()),
        speed,
        clock: AwsClock::default(),
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

    /// Which state is the city's.
    pub fn home(&self) -> Home<'_> {
        Home { city: &self.city.name, account: self.city.spec.account.as_str(), region: self.city.spec.region.as_str() }
    }

    /// The recorded state.
    pub async fn recorded(&self) -> anyhow::Result<Recorded> {
        let name = &self.city.name;
        let found = recorded::look(&*self.store, self.home()).await;
        match found.with_context(|| format!("reading the state of {name}"))? {
            Found::State(state, etag) => Ok(Recorded { state: *state, etag: Some(etag) }),
            found @ (Found::Nothing | Found::NoBucket) => {
                self.check_new(matches!(found, Found::NoBucket)).await?;
                Ok(Recorded { state: self.home().empty(), etag: None })
            }
            Found::Gone(last) => Err(self.lost(last)),
            Found::Unusable(problem, _) => Err(self.unusable(problem)),
        }
    }

    fn lost(&self, last: u64) -> anyhow::Error {
        let name = &self.city.name;
        let error = anyhow!(
            "the state of {name} is gone ({}/{}), although states were written before, up to serial {last}",
            self.store.place(),
            layout::state(name)
        );
        error.context(self.rebuilding())
    }

    fn unusable(&self, problem: StateProblem) -> anyhow::Error {
        let (name, place) = (&self.city.name, self.store.place());
        let hint = match &problem {
            StateProblem::FromTheFuture(_) => Hint("use the newer `migrate` that wrote it; nothing was changed".into()),
            StateProblem::Elsewhere { .. } => Hint(format!(
                "correct the account and region in {name}'s file, or name another bucket with --state-bucket; nothing was changed"
            )),
            StateProblem::Damaged(_) | StateProblem::AnotherCity(_) => self.rebuilding(),
        };
        let error = anyhow::Error::from(problem);
        error.context(format!("the state of {name} can't be used ({place}/{})", layout::state(name))).context(hint)
    }

    fn rebuilding(&self) -> Hint {
        let (name, prefix) = (&self.city.name, self.prefix);
        Hint(format!(
            "`{prefix} state rebuild {name}` makes it again from what is there (and keeps what it replaces); \
             `{prefix} state history {name}` lists the states before; nothing was changed"
        ))
    }

    /// Fails unless every version of the state would be kept.
    pub async fn check_versioned(&self) -> anyhow::Result<()> {
        let bootstrap = || Hint(format!("`{} bootstrap {}` brings it to that", self.prefix, self.city.name));
        match self.store.versioned().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(anyhow!(
                "the state bucket {} is not versioned: a state that is overwritten or deleted there is lost; nothing was changed",
                self.bucket
            )
            .context(bootstrap())),
            Err(error @ StoreError::NoBucket { .. }) => {
                self.check_new(true).await?;
                Err(anyhow::Error::from(error)
                    .context("there is no place for the state; nothing was changed")
                    .context(bootstrap()))
            }
            Err(error) => {
                note(&format!("whether the bucket {} is versioned can't be seen: {error}", self.bucket));
                Ok(())
            }
        }
    }

    /// What the city wants.
    pub async fn desired(&self, recorded: &Lookups) -> anyhow::Result<(Vec<Desired>, Lookups)> {
        let lookups = lookup::all(&self.aws, &self.city.spec, recorded).await?;
        Ok((self.wanted(&lookups), lookups))
    }

    /// Plans the city towards `goal`.
    pub async fn plan(&self, state: &State, goal: Goal) -> anyhow::Result<Plan> {
        let known = Lookups { finished: is_finished(state), ..lookup::kept(state) };
        if goal == Goal::Nothing {
            let mut plan = planner::plan(&self.cloud, Vec::new(), state, goal, known).await?;
            way_back::database_first(&mut plan);
            return Ok(plan);
        }
        let mut plan = self.towards(state, goal, &known).await?;
        if plan.as_ref().is_err_and(lookup::zone_is_gone) {
            // Somebody has deleted it, and perhaps made it again.
            plan = self.towards(state, goal, &lookup::without_zone(&known)).await?;
        }
        let mut plan = plan.with_context(|| format!("looking at {}", self.city.name))?;
        if goal == Goal::Legacy {
            // The way back is no time for anything else: what was built stays as it is.
            plan.changes.retain(|change| change.address.phase() == "cutover");
        }
        way_back::database_first(&mut plan);
        Ok(plan)
    }

    async fn towards(&self, state: &State, goal: Goal, known: &Lookups) -> anyhow::Result<CloudResult<Plan>> {
        let (mut desired, lookups) = match self.desired(known).await {
            Ok(looked) => looked,
            Err(error) => return error.downcast::<CloudError>().map(Err),
        };
        if goal == Goal::Legacy {
            desired.retain(|want| !cutover::moves_users(want));
        }
        Ok(planner::plan(&self.cloud, desired, state, goal, lookups).await)
    }

    /// What the city file wants, with what was looked up.
    pub fn wanted(&self, lookups: &Lookups) -> Vec<Desired> {
        desired(&self.blueprint(lookups))
    }

    /// What its phases are made from.
    pub fn blueprint<'a>(&'a self, lookups: &'a Lookups) -> Blueprint<'a> {
        // Data moves between real servers.
        let data = self.aws.network.is_some();
        Blueprint { city: &self.city.name, spec: &self.city.spec, lookups, data }
    }

    /// Everything that belongs to the city and stands at none of its addresses. `plan` is the plan of the city.
    pub async fn strays(&self, state: &State, plan: &Plan) -> anyhow::Result<Vec<Stray>> {
        Ok(planner::strays(&self.cloud, self.wanted(&plan.lookups), state, plan).await?)
    }
}
