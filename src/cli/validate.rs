//! `migrate validate`

use super::exit::Exit;
use super::globals::Globals;
use super::plan::Format;
use crate::spec;
use crate::view::{note, out};
use serde_json::json;

/// Check city files: all mistakes at once, each with its place and the valid choices. Needs no AWS.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  migrate validate\n  migrate validate malmo --output json")]
pub struct Args {
    /// The cities; all of them if none is named.
    cities: Vec<String>,
    /// How to print the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// Runs it.
pub fn run(globals: &Globals, args: &Args) -> anyhow::Result<Exit> {
    match (spec::load(&globals.cities, &args.cities), args.output) {
        (Ok(cities), Format::Json) => out(&format!(
            "{:#}\n",
            json!({ "valid": true, "cities": cities.iter().map(|c| &c.name).collect::<Vec<_>>(), "problems": [] })
        )),
        (Ok(cities), _) => cities.iter().for_each(|city| out(&format!("{}: valid\n", city.name))),
        (Err(problems), Format::Json) => {
            out(&format!("{:#}\n", json!({ "valid": false, "problems": problems })));
            return Ok(Exit::Error);
        }
        (Err(problems), _) => {
            note(&problems.render(super::globals::colours(), super::globals::width()));
            return Ok(Exit::Error);
        }
    }
    Ok(Exit::Done)
}
