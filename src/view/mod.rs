//! The only place that prints. Results go to standard output, progress and problems to standard error.

pub mod assessment;
pub mod markdown;
pub mod moved;
pub mod plan_json;
pub mod plan_text;
pub mod progress;
pub mod report;
pub mod style;
pub mod values;

use std::io::Write;

/// Prints a result.
pub fn out(text: &str) {
    // A closed pipe (`| head`) is the reader's wish, not an error.
    let _ = anstream::stdout().write_all(text.as_bytes());
}

/// Prints a message for the person at the terminal.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
