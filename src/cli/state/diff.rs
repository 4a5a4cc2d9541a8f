//! `migrate state diff`

use crate::cli::exit::Exit;
use crate::cli::globals::Globals;
use crate::cli::plan::Format;
use crate::state::differences::{Difference, differences};
use crate::view::out;
use crate::view::style::{BOLD, GREEN, RED, YELLOW, paint};
use crate::view::values::value;
use serde_json::json;
use std::fmt::Write;

/// Show what differs between two recorded states of a city, field by field.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  migrate state diff malmo 11 12\n  migrate state diff malmo 11      against what is recorded now"
)]
pub struct Args {
    /// The city.
    city: String,
    /// The serial of one state.
    from: u64,
    /// The serial of the other; what is recorded now if none is named.
    to: Option<u64>,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let city = super::open::one(globals, &args.city).await?;
    let (from, to) = (super::state(&city, Some(args.from)).await?, super::state(&city, args.to).await?);
    let found = differences(&from, &to);
    out(&match args.output {
        Format::Json => format!("{:#}\n", json!({ "from": from.serial, "to": to.serial, "differences": found })),
        _ => text(&args.city, from.serial, to.serial, &found),
    });
    Ok(Exit::Done)
}

fn text(city: &str, from: u64, to: u64, found: &[Difference]) -> String {
    let mut text = format!("{}  state {from} → {to}\n", paint(BOLD, city));
    if found.is_empty() {
        text.push_str("  nothing differs\n");
    }
    for one in found {
        let (sign, style) = match (one.added, one.removed) {
            (true, _) => ("+", GREEN),
            (_, true) => ("-", RED),
            _ => ("~", YELLOW),
        };
        let _ = writeln!(text, "  {} {}", paint(style, sign), one.subject);
        for field in &one.fields {
            let _ = writeln!(text, "        {}: {} → {}", field.path, value(&field.old), value(&field.new));
        }
    }
    text
}
