//! Cities whose files are gone, or can't be used: what works on what stands goes by the file as it was applied, which the state keeps.

use super::exit::Hint;
use super::globals::Globals;
use super::open;
use crate::aws::buckets::{self, Place};
use crate::aws::call;
use crate::aws::client::{Access, config};
use crate::sandbox::{Sandbox, default_home};
use crate::spec::{self, City, Problems};
use crate::state::{State, recorded};
use crate::view::note;
use anyhow::{Context, anyhow};
use aws_config::SdkConfig;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;

/// What is kept of a city that has no file.
struct Kept {
    state: State,
    /// The bucket.
    bucket: String,
}

/// The named cities, for a command that works on what stands: each by its file, or else by the file as it was applied.
pub async fn cities(globals: &Globals, names: &[String]) -> anyhow::Result<Vec<City>> {
    let (mut cities, mut problems) = (Vec::new(), Vec::new());
    for name in names {
        match spec::load(&globals.cities, std::slice::from_ref(name)) {
            Ok(found) => cities.extend(found),
            Err(found) => match kept(globals, name).await {
                Ok(Some(kept)) => cities.push(as_applied(globals, name, kept, &found)?),
                Ok(None) => problems.extend(found.0),
                Err(error) => {
                    note(&format!("whether {name} stands can't be seen: {error:#}"));
                    problems.extend(found.0);
                }
            },
        }
    }
    match (names, &problems[..]) {
        ([], _) => open::cities(globals, names),
        (_, []) => Ok(cities),
        _ => Err(open::mistakes(&Problems(problems))),
    }
}

/// The named cities (all of them if none is named), for a command that goes by what the files say. A city that stands and has no file is
/// told.
pub async fn wanted(globals: &Globals, names: &[String]) -> anyhow::Result<Vec<City>> {
    for name in names.iter().filter(|name| !spec::is_there(&globals.cities, name)) {
        match kept(globals, name).await {
            Ok(Some(kept)) if !kept.state.resources.is_empty() => return Err(without_file(globals, name, &kept)),
            Ok(_) => {}
            Err(error) => note(&format!("whether {name} stands can't be seen: {error:#}")),
        }
    }
    open::cities(globals, names)
}

fn without_file(globals: &Globals, name: &str, kept: &Kept) -> anyhow::Error {
    let (file, prefix) = (globals.cities.join(format!("{name}.yaml")), globals.prefix());
    let (file, count) = (file.display(), kept.state.resources.len());
    let error = anyhow!("{name} stands ({count} resources in s3://{}), but its file {file} isn't there", kept.bucket);
    error.context(Hint(format!(
        "`{prefix} state show {name} --file > {file}` writes it as it was applied; `{prefix} destroy {name}` takes the city down \
         without it; nothing was changed"
    )))
}

/// The city by the file that the state keeps; says that it is that one.
fn as_applied(globals: &Globals, name: &str, kept: Kept, why: &Problems) -> anyhow::Result<City> {
    let path = globals.cities.join(format!("{name}.yaml"));
    let (serial, at) = (kept.state.serial, kept.state.written_at);
    let Some(text) = kept.state.file else {
        let error = anyhow!("{name} stands, but its state ({serial}) keeps no city file: an older `migrate` wrote it");
        return Err(error.context(Hint(format!("bring {} back, from the history of your repository", path.display()))));
    };
    let what = if spec::is_there(&globals.cities, name) {
        note(&why.render(super::globals::colours(), super::globals::width()));
        "can't be used"
    } else {
        "isn't there"
    };
    let city = spec::from_text(name, &path, text).map_err(|problems| open::mistakes(&problems))?;
    note(&format!(
        "{} {what}: going by the file as it was applied (state {serial} of {at:.0} in s3://{})",
        path.display(),
        kept.bucket
    ));
    Ok(city)
}

/// What is recorded of a city, found without its file: in the buckets of the account that the credentials are of.
async fn kept(globals: &Globals, name: &str) -> anyhow::Result<Option<Kept>> {
    let Some(access) = access(globals, name).await? else { return Ok(None) };
    let region = (!access.region.is_empty()).then(|| access.region.clone());
    let access = Access { region: region.clone().unwrap_or_else(|| "us-east-1".into()), ..access };
    let config: SdkConfig = config(&access).await;
    let sts = aws_sdk_sts::Client::new(&config);
    let me = sts.get_caller_identity().send().await.map_err(call("sts:GetCallerIdentity"))?;
    let account = me.account().unwrap_or_default();
    let s3 = buckets::client(&config);
    let mut places: Vec<Place> = match &globals.state_bucket {
        Some(bucket) => vec![Place { bucket: bucket.clone(), region: access.region }],
        None => region.iter().map(|region| Place::of(account, region)).collect(),
    };
    let mut found = search(&s3, account, name, &places).await?;
    if found.is_none() && globals.state_bucket.is_none() {
        let tried = std::mem::take(&mut places);
        places = buckets::all(&s3, account).await.context("looking for state buckets")?;
        places.retain(|place| !tried.contains(place));
        found = search(&s3, account, name, &places).await?;
    }
    Ok(found)
}

async fn search(s3: &aws_sdk_s3::Client, account: &str, name: &str, places: &[Place]) -> anyhow::Result<Option<Kept>> {
    for place in places {
        let found = recorded::last(&place.store(s3, account), name).await;
        if let Some(state) = found.with_context(|| format!("reading the state of {name}"))? {
            return Ok(Some(Kept { state, bucket: place.bucket.clone() }));
        }
    }
    Ok(None)
}

/// Where to look: the sandbox that is running, or AWS as the environment says. The region is empty where nothing says it.
async fn access(globals: &Globals, name: &str) -> anyhow::Result<Option<Access>> {
    if !globals.sandbox {
        let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
        let region = chain.or_else(ProfileFileRegionProvider::new()).region().await;
        let region = region.map(|region| region.to_string()).unwrap_or_default();
        return Ok(Some(Access { region, speed: 1.0, ..Access::default() }));
    }
    let status = tokio::task::block_in_place(|| {
        let running = Sandbox::running(&default_home()?)?;
        running.map(|sandbox| sandbox.status()).transpose()
    })?;
    let Some(status) = status else { return Ok(None) };
    let planted = status.cities.iter().find(|city| city.city == name);
    let Some(planted) = planted else { return Ok(None) };
    Ok(Some(Access {
        region: planted.region.clone(),
        endpoint: Some(status.endpoint.clone()),
        sandbox_key: Some(format!("SANDBOX{}", planted.account)),
        speed: status.speed,
        ..Access::default()
    }))
}
