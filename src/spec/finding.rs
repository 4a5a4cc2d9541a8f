//! A mistake by the paths of its fields, before it is known where in the file they stand.

/// A mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The fields that it is about; the report points at the first one. Empty if it is about the file.
    pub fields: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// Whether the name of the field is wrong, and not its value.
    pub on_key: bool,
}

impl Finding {
    /// A mistake in one field.
    pub fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { fields: vec![field.into()], message: message.into(), help: None, on_key: false }
    }

    /// Names another field that the mistake depends on.
    #[must_use]
    pub fn and(mut self, field: impl Into<String>) -> Self {
        self.fields.push(field.into());
        self
    }

    /// Adds what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The report points at the field's name.
    #[must_use]
    pub fn on_key(mut self) -> Self {
        self.on_key = true;
        self
    }

    /// Whether one of the fields is `broken` or belongs to it: then nothing can be said about its meaning.
    pub fn rests_on(&self, broken: &str) -> bool {
        let below = |inner: &str, outer: &str, steps: &[char]| {
            outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(steps))
        };
        // A list with a broken item is broken; a section with a broken field isn't.
        self.fields.iter().any(|field| below(field, broken, &['.', '[']) || below(broken, field, &['[']))
    }
}
