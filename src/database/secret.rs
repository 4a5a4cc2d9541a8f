//! A password, kept out of everything that is printed.

use std::fmt;

/// A password. `Debug` and `Display` hide it; it has no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A new one: 122 random bits in 32 hexadecimal digits; a MySQL server takes no longer one to follow another server with.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    /// The password itself, for the call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("hunter2");
        assert!(!format!("{secret} {secret:?} {:?}", Some(&secret)).contains("hunter2"));
        assert_eq!(secret.reveal(), "hunter2");
        assert_ne!(Secret::random(), Secret::random());
    }
}
