//! `migrate init`

use super::exit::{Exit, Hint};
use super::globals::Globals;
use crate::spec;
use crate::view::out;
use anyhow::{Context, anyhow};
use std::io::Write;

/// Write a commented file for a new city.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  migrate init gent        writes cities/gent.yaml")]
pub struct Args {
    /// The city's name: lower case letters, digits, hyphens, at most 16 characters.
    city: String,
}

/// Runs it.
pub fn run(globals: &Globals, args: &Args) -> anyhow::Result<Exit> {
    spec::check_name(&args.city).map_err(|(what, help)| anyhow!(what).context(Hint(help)))?;
    std::fs::create_dir_all(&globals.cities).with_context(|| format!("making {}", globals.cities.display()))?;
    let path = globals.cities.join(format!("{}.yaml", args.city));
    let mut file = std::fs::File::create_new(&path)
        .with_context(|| format!("writing {}", path.display()))
        .map_err(|error| error.context(Hint("an existing city file is never overwritten".into())))?;
    file.write_all(spec::init::template(&args.city).as_bytes())?;
    out(&format!("{} is written: fill it in, then `migrate validate {}`\n", path.display(), args.city));
    Ok(Exit::Done)
}
