//! `migrate schema`

use super::exit::Exit;
use crate::{spec, view};

/// Print the JSON Schema of city files, for editors.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  migrate schema > city.schema.json")]
pub struct Args {}

/// Runs it.
pub fn run(_: &Args) -> anyhow::Result<Exit> {
    view::out(&format!("{:#}\n", spec::schema()));
    Ok(Exit::Done)
}
