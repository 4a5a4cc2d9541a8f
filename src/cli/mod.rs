//! The command line: one file a command, its arguments and a function. This is one match over them.

mod abandon;
mod apply;
mod assess;
mod bootstrap;
mod carry;
mod completions;
mod confirm;
mod consent;
mod destroy;
mod ending;
mod exit;
mod facts;
#[cfg(test)]
mod fields;
mod finish;
mod globals;
mod hold;
mod import;
mod init;
mod interrupt;
mod missing;
mod open;
mod plan;
mod policy;
mod preflight;
mod record;
mod rollback;
mod run;
mod sandbox;
mod saved;
mod schema;
mod standing;
mod state;
mod status;
mod validate;
mod verdict;
mod window;

pub use exit::Exit;

use clap::{Parser, Subcommand};
use globals::Globals;
use std::process::ExitCode;

/// Moves a city's live web service to a self-healing architecture on AWS, in one resumable run.
#[derive(Parser)]
#[command(name = "migrate", version, propagate_version = true, disable_help_subcommand = true, after_long_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  migrate --sandbox plan malmo           what would change, in a local AWS: no account needed
  migrate --sandbox apply malmo --yes    build the whole city there
  migrate plan malmo antwerp             two cities of the real AWS
  migrate apply antwerp --until rds      the first three phases only

Exit codes:
  0    done; with `plan --detailed-exitcode`: no changes
  1    an error: nothing further was changed, and what was done is recorded
  2    `plan --detailed-exitcode`: there are changes
  3    what users notice waits for the city's window; all else is done and recorded
  130  stopped by Ctrl-C (143: by a termination signal); what was done is recorded

Environment:
  AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and the other variables of the AWS SDKs; NO_COLOR;
  MIGRATE_CITIES, MIGRATE_STATE_BUCKET, MIGRATE_LEASE_SECONDS, MIGRATE_SANDBOX_HOME, MIGRATE_TIME_SCALE, MIGRATE_LOG;
  databases: MIGRATE_DATABASE_CA (PEM file), MIGRATE_DATABASE_ROUTES (host:port=host:port,…), MIGRATE_DATABASE_TLS";

#[derive(Subcommand)]
enum Command {
    Plan(plan::Args),
    Apply(apply::Args),
    Status(status::Args),
    Rollback(rollback::Args),
    Finish(finish::Args),
    Abandon(abandon::Args),
    Assess(assess::Args),
    Destroy(destroy::Args),
    Validate(validate::Args),
    Schema(schema::Args),
    Init(init::Args),
    Bootstrap(bootstrap::Args),
    Policy(policy::Args),
    Import(import::Args),
    #[command(subcommand)]
    State(state::Command),
    #[command(subcommand)]
    Sandbox(sandbox::Command),
    Completions(completions::Args),
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // Not clap's 2: that means "there are changes" here, and a typing mistake in CI must not look like it.
            return if error.use_stderr() { Exit::Error.into() } else { Exit::Done.into() };
        }
    };
    cli.globals.set_up();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&error.into()),
    };
    match runtime.block_on(dispatch(cli.globals, cli.command)) {
        Ok(exit) => exit.into(),
        Err(error) => exit::report(&error),
    }
}

async fn dispatch(globals: Globals, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Plan(args) => plan::run(&globals, args).await,
        Command::Apply(args) => apply::run(&globals, args).await,
        Command::Status(args) => status::run(&globals, args).await,
        Command::Rollback(args) => rollback::run(&globals, args).await,
        Command::Finish(args) => finish::run(&globals, args).await,
        Command::Abandon(args) => abandon::run(&globals, args).await,
        Command::Assess(args) => assess::run(&globals, args).await,
        Command::Destroy(args) => destroy::run(&globals, args).await,
        Command::Validate(args) => validate::run(&globals, &args),
        Command::Schema(args) => schema::run(&args),
        Command::Init(args) => init::run(&globals, &args),
        Command::Bootstrap(args) => bootstrap::run(&globals, args).await,
        Command::Policy(args) => policy::run(&globals, &args),
        Command::Import(args) => import::run(&globals, args).await,
        Command::State(command) => state::run(&globals, command).await,
        Command::Sandbox(command) => sandbox::run(command),
        Command::Completions(args) => completions::run::<Cli>(&args),
    }
}
