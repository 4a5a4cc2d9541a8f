//! Asks before anything is changed.

use crate::cli::exit::Hint;
use crate::view::note;
use anyhow::anyhow;
use std::io::{BufRead, IsTerminal, Write};

/// True if the operator types exactly `word`.
pub fn ask(question: &str, word: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(
            anyhow!("there is no terminal to ask on").context(Hint("say --yes to go on without a question".into()))
        );
    }
    let mut terminal = anstream::stderr();
    write!(terminal, "\n{question} Type `{word}` to go on: ")?;
    terminal.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    let yes = answer.trim() == word;
    if !yes {
        note("nothing was changed");
    }
    Ok(yes)
}
