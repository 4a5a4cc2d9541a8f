//! What every command understands.

use crate::state::lock::LEASE_SECONDS;
use std::path::PathBuf;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// What every command understands.
#[derive(Clone, Debug, clap::Args)]
pub struct Globals {
    /// Work in a local AWS that is started if need be: no account, no credentials, nothing real is touched.
    #[arg(long, global = true)]
    pub sandbox: bool,
    /// The folder of the city files.
    #[arg(
        id = "folder",
        long = "cities",
        global = true,
        value_name = "FOLDER",
        default_value = "cities",
        env = "MIGRATE_CITIES"
    )]
    pub cities: PathBuf,
    /// The bucket that keeps the states [default: migrate-state-ACCOUNT-REGION].
    #[arg(long, global = true, value_name = "BUCKET", env = "MIGRATE_STATE_BUCKET")]
    pub state_bucket: Option<String>,
    /// Seconds that the lock on a city holds without being renewed: how long others wait for a process that died.
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "SECONDS",
        default_value_t = LEASE_SECONDS,
        env = "MIGRATE_LEASE_SECONDS",
        value_parser = clap::value_parser!(u64).range(2..=3600)
    )]
    pub lease_seconds: u64,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Colour,
    /// Show what the AWS SDK does (same as MIGRATE_LOG=debug).
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Globals {
    /// Sets colours and logging up.
    pub fn set_up(&self) {
        match self.color {
            Colour::Auto => {}
            Colour::Always => anstream::ColorChoice::Always.write_global(),
            Colour::Never => anstream::ColorChoice::Never.write_global(),
        }
        let level = if self.verbose { "info,migrate=debug,aws_smithy_runtime=debug" } else { "warn,aws_config=error" };
        let asked = std::env::var("MIGRATE_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
        let filter = asked.or_else(|| level.parse().ok()).unwrap_or_default();
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(self.verbose);
        tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    }

    /// The flags that lead back to the same world: for the commands in hints.
    pub fn prefix(&self) -> &'static str {
        if self.sandbox { "migrate --sandbox" } else { "migrate" }
    }
}

/// True where standard error shows colours.
pub fn colours() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// The width of the terminal, 100 columns where there is none.
pub fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}
