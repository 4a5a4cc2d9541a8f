//! `migrate sandbox …`

use super::exit::{Exit, Hint};
use super::plan::Format;
use crate::sandbox::{
    CityStatus, DEFAULT_MEGABYTES, DEFAULT_RIDES, DEFAULT_SPEED, Databases, Role, Sandbox, Seed, SeedDatabase,
    SeedInstances, SeedLegacy, ServerState, Servers, Start, default_home, interpreter,
};
use crate::spec::City;
use crate::view::{note, out};
use anyhow::anyhow;
use std::fmt::Display;
use std::str::FromStr;

/// A local AWS: no account, no credentials, nothing real is touched.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Start it if it isn't running, and print the variables that point other programs at it.
    #[command(after_help = "Example:\n  eval \"$(migrate sandbox start)\" && aws ec2 describe-vpcs")]
    Start {
        /// How many times as fast as at AWS time passes.
        #[arg(long, default_value_t = DEFAULT_SPEED, env = "MIGRATE_SANDBOX_SPEED")]
        speed: f64,
        /// Real servers behind databases: off, auto (where the engine is installed), on [default: auto].
        #[arg(long, value_name = "WHEN", num_args = 0..=1, default_missing_value = "on", env = "MIGRATE_SANDBOX_DATABASES")]
        databases: Option<Servers>,
        /// The size of a city's legacy database.
        #[arg(long, default_value_t = DEFAULT_MEGABYTES, env = "MIGRATE_SANDBOX_MEGABYTES")]
        megabytes: u32,
        /// The account of the dummy credentials.
        #[arg(long, value_name = "ACCOUNT", default_value = "123456789012")]
        account: String,
        /// The region to name.
        #[arg(long, value_name = "REGION", default_value = "eu-north-1")]
        region: String,
    },
    /// Stop it; what it holds is lost.
    Stop,
    /// Show where it is, how often it was called, and the cities' legacy sides.
    Status {
        /// How to print it.
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        output: Format,
    },
    /// Empty it: nothing stands, nothing is counted.
    Reset,
}

/// Runs it. These calls block: nothing else is going on.
pub fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Start { speed, databases, megabytes, account, region } => {
            let sandbox = tokio::task::block_in_place(|| begin(speed, databases.unwrap_or_default(), megabytes))?;
            for (name, value) in sandbox.exports(&account, &region) {
                out(&format!("export {name}={value}\n"));
            }
        }
        Command::Stop => match Sandbox::running(&default_home()?)? {
            Some(sandbox) => {
                sandbox.stop()?;
                note("the sandbox is stopped");
            }
            None => note("no sandbox is running"),
        },
        Command::Status { output } => return status(output),
        Command::Reset => running()?.reset()?,
    }
    Ok(Exit::Done)
}

fn running() -> anyhow::Result<Sandbox> {
    Sandbox::running(&default_home()?)?
        .ok_or_else(|| anyhow!("no sandbox is running: `migrate sandbox start` starts one"))
}

fn begin(speed: f64, databases: Servers, megabytes: u32) -> anyhow::Result<Sandbox> {
    let mut new = false;
    let sandbox = Sandbox::start(&Start { home: default_home()?, speed, databases, megabytes }, &mut |doing| {
        new = true;
        note(doing);
    })?;
    if new {
        for how in sandbox.status()?.databases.missing.values() {
            note(&format!("{how}: such databases are records here, nothing is moved"));
        }
    }
    Ok(sandbox)
}

fn status(output: Format) -> anyhow::Result<Exit> {
    let status = running()?.status()?;
    if output == Format::Json {
        let mut json = serde_json::to_value(&status)?;
        json["python"] = interpreter()?.to_string_lossy().into();
        out(&format!("{json:#}\n"));
        return Ok(Exit::Done);
    }
    out(&format!(
        "{}  process {}  {} times as fast as AWS  {} calls so far\n",
        status.endpoint, status.pid, status.speed, status.calls.total
    ));
    for city in &status.cities {
        let database = &city.database;
        out(&format!("{} in {}: today on {}\n", city.city, city.region, city.addresses.join(", ")));
        out(&format!("  records   {} (zone {})\n", city.hosted_zone.records.join(", "), city.hosted_zone.id));
        out(&format!(
            "  database  {} {} at {}, user {}\n",
            database.engine, database.name, database.endpoint, database.user
        ));
        out(&format!("  password  {}\n", database.log_in));
        servers(&status.databases, &city.city);
    }
    Ok(Exit::Done)
}

/// The real servers of a city's databases.
fn servers(databases: &Databases, city: &str) {
    let ours: Vec<_> = databases.servers.iter().filter(|server| server.city == city).collect();
    for server in &ours {
        let whose = if server.role == Role::Legacy { "legacy" } else { "RDS" };
        let version = server.version.as_deref().unwrap_or_default();
        let state = match server.state {
            ServerState::Ready => {
                format!("at {}:{}, database {}, user {}", server.host, server.port, server.name, server.user)
            }
            ServerState::Starting => "is starting".to_owned(),
            ServerState::Stopped => "is stopped".to_owned(),
            ServerState::Failed => format!("failed: {}", server.error.as_deref().unwrap_or_default()),
        };
        out(&format!("  server    {whose}: {} {version} {state}\n", server.engine));
        if let Some(rides) = &server.rides {
            out(&format!(
                "  rides     {} a second on {}: {} acknowledged, longest wait {} ms, turned away {} times\n",
                rides.per_second,
                rides.at.as_deref().unwrap_or("no database yet"),
                rides.acknowledged,
                rides.longest_wait_ms,
                rides.turned_away
            ));
        }
    }
    if let Some(ca) = databases.ca.as_ref().filter(|_| !ours.is_empty()) {
        out(&format!("  verify by {}\n", ca.display()));
    }
}

/// The running sandbox, or a new one, with these cities' legacy sides planted.
pub fn start(seeds: &[Seed]) -> anyhow::Result<Sandbox> {
    let speed = set("MIGRATE_SANDBOX_SPEED")?.unwrap_or(DEFAULT_SPEED);
    let rides = set("MIGRATE_SANDBOX_RIDES")?.unwrap_or(DEFAULT_RIDES);
    let databases = set("MIGRATE_SANDBOX_DATABASES")?.unwrap_or_default();
    let sandbox = begin(speed, databases, set("MIGRATE_SANDBOX_MEGABYTES")?.unwrap_or(DEFAULT_MEGABYTES))?;
    let planted = sandbox.status()?.cities;
    for seed in seeds {
        apart(seed, &planted)?;
        let mut seed = seed.clone();
        seed.legacy.database.rides = rides;
        sandbox.seed(&seed)?;
    }
    sandbox.settle(&mut |doing| note(doing))?;
    Ok(sandbox)
}

/// Two cities can't have one database here: its server would get the second one's password, and the first could no longer log in.
fn apart(seed: &Seed, planted: &[CityStatus]) -> anyhow::Result<()> {
    let ours = &seed.legacy.database;
    let twin = planted.iter().find(|other| other.city != seed.city && other.database.endpoint == ours.endpoint);
    let Some(twin) = twin else { return Ok(()) };
    let error = anyhow!(
        "{} has the database {} already in this sandbox: {} can't have it",
        twin.city,
        ours.endpoint,
        seed.city
    );
    Err(error.context(Hint("correct legacy.database.endpoint; `migrate sandbox reset` forgets all cities".into())))
}

/// The value of a variable of the environment, if it is set.
fn set<T: FromStr<Err: Display>>(name: &str) -> anyhow::Result<Option<T>> {
    let Some(text) = std::env::var(name).ok().filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|error| anyhow!("{name}={text}: {error}"))
}

/// What a city's file says of its legacy side.
pub fn seed(city: &City) -> Seed {
    let spec = &city.spec;
    let legacy = &spec.legacy;
    let text = |items: &[std::net::Ipv4Addr]| items.iter().map(ToString::to_string).collect();
    Seed {
        city: city.name.clone(),
        account: spec.account.to_string(),
        region: spec.region.to_string(),
        legacy: SeedLegacy {
            instances: SeedInstances {
                tags: legacy.instances.tags.clone(),
                ids: legacy.instances.ids.iter().map(ToString::to_string).collect(),
            },
            addresses: text(&legacy.addresses),
            targets: text(&legacy.targets),
            port: legacy.port,
            database: SeedDatabase {
                engine: legacy.database.engine.name().into(),
                endpoint: legacy.database.endpoint.to_string(),
                name: legacy.database.name.to_string(),
                credentials: legacy.database.credentials.to_string(),
                rides: 0,
            },
            hosted_zone: legacy.hosted_zone.to_string(),
            records: legacy.records.iter().map(ToString::to_string).collect(),
            ttl: legacy.ttl,
        },
        images: spec.services.iter().map(|(_, service)| service.image.to_string()).collect(),
        secrets: spec
            .services
            .iter()
            .flat_map(|(_, service)| service.secrets.values())
            .map(ToString::to_string)
            .collect(),
    }
}
