//! `migrate state list`

use crate::cli::exit::Exit;
use crate::cli::globals::Globals;
use crate::cli::plan::Format;
use crate::view::out;
use serde_json::json;
use tabled::builder::Builder;
use tabled::settings::{Padding, Style};

/// List the recorded resources of a city.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  migrate state list malmo\n  migrate state list malmo --output json")]
pub struct Args {
    /// The city.
    city: String,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let city = super::open::one(globals, &args.city).await?;
    let state = super::state(&city, None).await?;
    if args.output == Format::Json {
        let rows: Vec<_> = state
            .resources
            .iter()
            .map(|(address, r)| json!({ "address": address, "kind": r.kind, "status": r.status, "outputs": r.outputs }))
            .collect();
        out(&format!("{:#}\n", json!(rows)));
        return Ok(Exit::Done);
    }
    let mut table = Builder::new();
    table.push_record(["ADDRESS", "KIND", "STATUS", "ID"]);
    for (address, record) in &state.resources {
        let id = ["id", "arn", "name", "identifier"]
            .iter()
            .find_map(|key| record.outputs.get(*key)?.as_str())
            .unwrap_or("-");
        table.push_record([
            address.to_string(),
            record.kind.clone(),
            format!("{:?}", record.status).to_lowercase(),
            id.to_owned(),
        ]);
    }
    out(&format!("{}\n", table.build().with(Style::empty()).with(Padding::new(0, 2, 0, 0))));
    Ok(Exit::Done)
}
