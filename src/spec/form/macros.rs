//! What all forms have in common: they go through serde as text and describe themselves in the schema.

/// Describes a type in the schema: a text of that format.
macro_rules! form_schema {
    ($name:ident, format: $format:literal, pattern: $pattern:literal, example: $example:literal) => {
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "format": $format,
                    "pattern": $pattern,
                    "examples": [$example],
                })
            }
        }
    };
}

/// Gives a type with `FromStr<Err = Fault>` and `Display` its serde and schema implementations.
macro_rules! form {
    ($name:ident, format: $format:literal, pattern: $pattern:literal, example: $example:literal) => {
        impl TryFrom<String> for $name {
            type Error = $crate::spec::form::Fault;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        $crate::spec::form::macros::form_schema!($name, format: $format, pattern: $pattern, example: $example);
    };
}

/// A form that is kept as the text it was written as, once `check` has agreed to it.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, format: $format:literal, pattern: $pattern:literal, example: $example:literal, check: $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it stands in the file.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::spec::form::Fault;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        $crate::spec::form::macros::form!($name, format: $format, pattern: $pattern, example: $example);
    };
}

pub(in crate::spec::form) use form;
pub(in crate::spec::form) use form_schema;
pub(in crate::spec::form) use text;
