//! Text to tree: what isn't YAML, and what is too much of it, ends here.

use serde_saphyr::{Error, Options, options::DuplicateKeyPolicy};

use super::tree::{Node, Place};

/// A mistake of the YAML itself.
#[derive(Debug)]
pub struct SyntaxError {
    /// Where the parser stopped.
    pub place: Place,
    /// What it says.
    pub message: String,
}

/// Reads a text. A key that stands twice is a mistake, but doesn't keep the rest from being read.
pub fn parse(text: &str) -> (Option<Node>, Vec<SyntaxError>) {
    match serde_saphyr::from_str_with_options(text, options(DuplicateKeyPolicy::Error)) {
        Ok(node) => (Some(node), Vec::new()),
        Err(error) => {
            let twice = matches!(error.without_snippet(), Error::DuplicateMappingKey { .. });
            let rest = twice.then(|| serde_saphyr::from_str_with_options(text, options(DuplicateKeyPolicy::LastWins)).ok());
            (rest.flatten(), vec![describe(&error)])
        }
    }
}

fn describe(error: &Error) -> SyntaxError {
    let place = error.location().map_or(Place::START, Place::from);
    let whole = error.without_snippet().to_string();
    // The parser repeats the position in its text; the report shows it in its own way.
    let message = whole.split(" at line ").next().unwrap_or(&whole).trim().to_owned();
    SyntaxError { place, message }
}

/// Far more than any city needs and far less than what hurts: aliases that expand to millions of nodes are refused early.
fn options(duplicate_keys: DuplicateKeyPolicy) -> Options {
    let budget = serde_saphyr::budget! {
        max_depth: 32,
        max_nodes: 20_000,
        max_events: 60_000,
        max_aliases: 200,
        max_anchors: 200,
        max_documents: 1,
    };
    serde_saphyr::options! {
        budget: budget,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 20_000,
            max_replay_stack_depth: 16,
            max_alias_expansions_per_anchor: 200,
        },
        duplicate_keys: duplicate_keys,
        strict_booleans: true,
        with_snippet: false,
    }
}
