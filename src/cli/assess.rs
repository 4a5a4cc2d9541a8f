//! `migrate assess`

use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::open::{self, Opened};
use super::plan::Format;
use crate::aws::data::{DataProps, engine, old_alone};
use crate::aws::lookup;
use crate::database::assess::{Assessment, Finding, Level, worst};
use crate::engine::{CloudError, Input};
use crate::phases::rds;
use crate::preflight::{self, finding::Verdict};
use crate::state::State;
use crate::view::assessment::{Report, markdown, text};
use crate::view::{note, out};
use anyhow::Context;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Say whether a city's live database can be moved, and how long that would take: connects to it, reads, changes nothing.
#[derive(clap::Args)]
#[command(
    after_help = "Findings are fail, warn or ok; whatever isn't ok says how it is mended. Exit code 1 if any is fail.\n\
                  Copy time and interruption are estimates: from a sample that is read now, and two constants (a copy takes\n\
                  twice as long as the reading; 40 questions stand between freeze and opening).\n\n\
                  Examples:\n  migrate assess malmo\n  migrate assess malmo --output json"
)]
pub struct Args {
    /// The city.
    city: String,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
    /// Seconds over which the write rate is measured.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    sample: u64,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let city = open::one(globals, &args.city).await?;
    city.check_account().await?;
    let state = city.recorded().await?.state;
    if let Some(moved) = super::ending::moved(&city, &state).filter(|moved| !moved.is_ahead()) {
        note(&format!("the data of {} has moved: there is nothing to assess", args.city));
        out(&moved.text());
        return Ok(Exit::Done);
    }
    let props = props(&city, &state);
    let new = props.host.known().ok().cloned();
    let assessment = assess(&city, &props, new.is_some(), Duration::from_secs(args.sample));
    let mut assessment =
        assessment.await.with_context(|| format!("assessing the database of {}", args.city)).map_err(|error| {
            error.context(Hint(
                "run it on a host in the VPC, or through a tunnel named by MIGRATE_DATABASE_ROUTES (docs/database.md)"
                    .into(),
            ))
        })?;
    assessment.findings.extend(path(&city, &state).await);
    let report = Report {
        city: &args.city,
        engine: &props.engine,
        old: format!("{}:{}/{}", props.old_host, props.old_port, props.old_database),
        new,
        assessment: &assessment,
    };
    match args.output {
        Format::Text => out(&text(&report)),
        Format::Json => super::ending::json(&report),
        Format::Markdown => out(&markdown(&report)),
    }
    Ok(if worst(&assessment.findings) == Level::Fail { Exit::Error } else { Exit::Done })
}

async fn assess(city: &Opened, props: &DataProps, both: bool, sample: Duration) -> Result<Assessment, CloudError> {
    let databases = if both { engine(&city.aws, props).await? } else { old_alone(&city.aws, props).await? };
    Ok(databases.assess(both, Some(sample)).await?)
}

/// Whether the new network and the legacy one reach each other, as far as AWS tells.
async fn path(city: &Opened, state: &State) -> Vec<Finding> {
    let spec = &city.city.spec;
    let looked = async {
        let today = lookup::legacy(&city.aws, &spec.legacy.instances, &state.lookups.legacy).await?;
        preflight::network::look(&city.aws, spec, &today).await
    };
    let verdict = looked.await.unwrap_or_else(|error| {
        let mut unseen = Verdict::default();
        unseen.warn(format!("could not be looked at: {error}"), "look yourself: routes, security groups, network ACLs");
        unseen
    });
    let finding = |(level, what, mend): (Level, String, Option<String>)| Finding {
        level,
        place: "network".into(),
        what,
        mend: mend.unwrap_or_default(),
    };
    verdict.0.into_iter().map(finding).collect()
}

/// The databases of the city; the new one's address only if it is there.
fn props(city: &Opened, state: &State) -> DataProps {
    let mut props = rds::data(&city.blueprint(&state.lookups));
    let Some(instance) = state.resources.get(&"rds/instance".into()) else { return props };
    if let Some(host) = output(&instance.outputs["address"]) {
        props.host = Input::Known(host);
        props.port = output(&instance.outputs["port"]).map_or(props.port, Input::Known);
        props.master = output(&instance.outputs["secret_arn"]).map_or(props.master, Input::Known);
    }
    props
}

fn output<T: DeserializeOwned>(value: &serde_json::Value) -> Option<T> {
    T::deserialize(value).ok()
}
