//! Asks before anything is changed.

use crate::cli::exit::Hint;
use crate::view::note;
use anyhow::anyhow;
use std::io::{BufRead, IsTerminal, Write};

/// True if the operator types exactly `word`. May be dropped while it waits for the answer.
pub async fn ask(question: &str, word: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(
            anyhow!("there is no terminal to ask on").context(Hint("say --yes to go on without a question".into()))
        );
    }
    let mut terminal = anstream::stderr();
    write!(terminal, "\n{question} Type `{word}` to go on: ")?;
    terminal.flush()?;
    let (tell, answer) = tokio::sync::oneshot::channel();
    // Not on the runtime's own blocking threads: it waits for those when it ends, and this one may never get an answer.
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = tell.send(std::io::stdin().lock().read_line(&mut line).map(|_| line));
    });
    let yes = answer.await??.trim() == word;
    if !yes {
        note("nothing was changed");
    }
    Ok(yes)
}
