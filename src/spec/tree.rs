//! YAML as a tree in which every node knows its place in the file.
//!
//! Deserialising straight into [`super::CitySpec`] would stop at the first mistake. The tree only fails on what isn't YAML;
//! everything else is found by walking it.

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Deserializer, de::{Error as _, MapAccess, SeqAccess, Visitor}};
use serde_saphyr::{Location, Spanned};

/// A stretch of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line and column, from 1; the column counts characters.
    pub line: usize,
    /// See `line`.
    pub column: usize,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// Its length in bytes.
    pub length: usize,
}

impl Place {
    /// The beginning of a file.
    pub const START: Self = Self { line: 1, column: 1, offset: 0, length: 0 };
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        let size = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        Self {
            line: size(Some(location.line())).max(1),
            column: size(Some(location.column())).max(1),
            offset: size(location.span().byte_offset()),
            length: size(location.span().byte_len()),
        }
    }
}

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without quotes.
    Number(serde_json::Number),
    /// Any other scalar.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub struct Key {
    /// Where it stands.
    pub place: Place,
    /// Its text.
    pub text: String,
}

impl Value {
    /// What the value is, in the words of a message.
    pub fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".into(),
            Self::Bool(value) => format!("{value}"),
            Self::Number(number) => format!("the number {number}"),
            Self::Text(text) => format!("the text `{}`", clip(text)),
            Self::List(_) => "a list".into(),
            Self::Map(_) => "a section with fields of its own".into(),
        }
    }
}

/// A text short enough for a message.
pub fn clip(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Where each field of a file stands, by path (`services.web.health.path`, `legacy.addresses[0]`).
#[derive(Clone, Debug, Default)]
pub struct Places {
    fields: HashMap<String, Place>,
    keys: HashMap<String, Place>,
}

impl Places {
    /// The places of all fields under a node: a scalar's is its value, a section's its key.
    pub fn of(root: &Node) -> Self {
        let mut places = Self::default();
        places.visit("", root);
        places
    }

    fn visit(&mut self, path: &str, node: &Node) {
        match &node.value {
            Value::Map(entries) => {
                for (key, child) in entries {
                    let path = join(path, &key.text);
                    let nested = matches!(child.value, Value::Map(_) | Value::List(_) | Value::Null);
                    self.keys.insert(path.clone(), key.place);
                    self.fields.insert(path.clone(), if nested { key.place } else { child.place });
                    self.visit(&path, child);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.fields.insert(path.clone(), item.place);
                    self.visit(&path, item);
                }
            }
            _ => {}
        }
    }

    /// Where the name of a field stands.
    pub fn key(&self, path: &str) -> Place {
        self.keys.get(path).copied().unwrap_or_else(|| self.find(path))
    }

    /// Where a field stands, or else the section that it is missing from.
    pub fn find(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.fields.get(path) {
                return *place;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return Place::START,
            }
        }
    }
}

/// The path of a field in a section.
pub fn join(section: &str, field: &str) -> String {
    if section.is_empty() { field.to_owned() } else { format!("{section}.{field}") }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { place: spanned.referenced.into(), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Untyped)
    }
}

struct Untyped;

impl<'de> Visitor<'de> for Untyped {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("numbers must be finite"))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if key.value.len() > 256 {
                return Err(A::Error::custom("a key is longer than 256 bytes"));
            }
            entries.push((Key { place: key.referenced.into(), text: key.value }, map.next_value()?));
        }
        Ok(Value::Map(entries))
    }
}
