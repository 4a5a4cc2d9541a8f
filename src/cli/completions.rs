//! `migrate completions`

use super::exit::Exit;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print the completion script of a shell.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  migrate completions bash > /etc/bash_completion.d/migrate")]
pub struct Args {
    /// The shell.
    shell: Shell,
}

/// Runs it.
pub fn run<C: CommandFactory>(args: &Args) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut C::command(), "migrate", &mut script);
    crate::view::out(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
