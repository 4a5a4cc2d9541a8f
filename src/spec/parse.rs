//! Text to tree: what isn't YAML, and what is too much of it, ends here.

use serde_saphyr::{Error, Options, budget::BudgetBreach, options::DuplicateKeyPolicy};

use super::tree::{Node, Place, clip};

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
            let rest =
                twice.then(|| serde_saphyr::from_str_with_options(text, options(DuplicateKeyPolicy::LastWins)).ok());
            (rest.flatten(), vec![describe(text, error.without_snippet())])
        }
    }
}

fn describe(text: &str, error: &Error) -> SyntaxError {
    let mut place = error.location().map_or(Place::START, Place::from);
    if error.location().is_some_and(|location| location.span().byte_offset().is_none()) {
        place.offset = offset(text, &place);
    }
    SyntaxError { place, message: message(error) }
}

/// The parser's words, where they aren't about its own options.
fn message(error: &Error) -> String {
    match error {
        Error::DuplicateMappingKey { key, .. } => {
            format!("the field `{}` stands twice", clip(key.as_deref().unwrap_or_default()))
        }
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } | Error::MultipleDocuments { .. } => {
            "a file holds one city: there is a second document".to_owned()
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "the file holds far more than a city: too many values, too deeply nested, or aliases that expand without end"
                .to_owned()
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => "the alias stands inside of what it names".to_owned(),
        Error::AliasError { error, .. } => message(error),
        Error::NullIntoString { .. } => "a field must have a name".to_owned(),
        Error::NonFiniteFloat { .. } => "the number is not finite".to_owned(),
        other => {
            let whole = other.to_string();
            // The report shows the position in its own way.
            whole.split(" at line ").next().unwrap_or(&whole).trim().to_owned()
        }
    }
}

/// The byte that line and column name: the parser counts characters.
fn offset(text: &str, place: &Place) -> usize {
    let before: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let line = text[before..].split('\n').next().unwrap_or_default();
    before + line.char_indices().nth(place.column - 1).map_or(line.len(), |(index, _)| index)
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
