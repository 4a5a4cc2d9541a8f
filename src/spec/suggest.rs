//! The nearest valid word to a misspelt one.

/// `did you mean …?`, if one of `choices` is near enough to be meant.
pub fn did_you_mean<'a>(word: &str, choices: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(word, choices).map(|choice| format!("did you mean `{choice}`?"))
}

/// The nearest of the choices, compared without regard to case; `None` if none resembles the word.
pub fn nearest<'a>(word: &str, choices: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A long word is a different mistake, and comparing it costs its length squared.
    if word.len() > 100 {
        return None;
    }
    let word = word.to_lowercase();
    choices
        .map(|choice| (strsim::jaro_winkler(&word, &choice.to_lowercase()), choice))
        .filter(|(likeness, _)| *likeness > 0.82)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, choice)| choice)
}

/// The nearest choice, or all of them: what to say about a value out of a short list.
pub fn choices<'a>(word: &str, all: impl Iterator<Item = &'a str> + Clone) -> String {
    let list = all.clone().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
    match did_you_mean(word, all) {
        Some(question) => format!("{question} valid: {list}"),
        None => format!("valid: {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        let words = ["interval", "threshold", "path"];
        assert_eq!(nearest("treshold", words.into_iter()), Some("threshold"));
        assert_eq!(nearest("INTERVAL", words.into_iter()), Some("interval"));
        assert_eq!(nearest("zebra", words.into_iter()), None);
        assert_eq!(nearest(&"a".repeat(1 << 20), words.into_iter()), None);
        assert_eq!(choices("zebra", words.into_iter()), "valid: `interval`, `threshold`, `path`");
    }
}
