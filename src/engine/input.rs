//! A property that is either known now or an output of another resource. The graph of a plan comes from these.
//!
//! As JSON a known value is itself, an output is `{"$ref": "vpc/vpc#id"}`, with an optional `"format": "{}:password::"` that the
//! output is set into. References may stand anywhere in a property, a policy document for example.

use super::{Address, CloudError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A value, or the place where it will come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Input<T = String> {
    /// Known when the plan is made.
    Known(T),
    /// The output `field` of the resource at `from`.
    Output(Reference),
}

/// Names one output of one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The resource that has the output.
    pub from: Address,
    /// The field among its outputs.
    pub field: String,
    /// A text in which `{}` stands for the output.
    pub format: Option<String>,
}

/// The output `field` of the resource at `from`.
pub fn output<T>(from: impl Into<Address>, field: &str) -> Input<T> {
    Input::Output(Reference { from: from.into(), field: field.to_owned(), format: None })
}

/// The output `field` of the resource at `from`, set into `format` where its `{}` stands.
pub fn formatted(from: impl Into<Address>, field: &str, format: &str) -> Input<String> {
    Input::Output(Reference { from: from.into(), field: field.to_owned(), format: Some(format.to_owned()) })
}

impl<T> Input<T> {
    /// The value. Kinds call it in `create` and `update`, where the executor has resolved every reference.
    pub fn known(&self) -> Result<&T, CloudError> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Output(r) => Err(CloudError::internal(format!("{}#{} is not known yet", r.from, r.field))),
        }
    }

    /// The value, or `None` while it is an output of something that isn't there yet. For `read`.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Output(_) => None,
        }
    }
}

impl From<&str> for Input<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

impl From<String> for Input<String> {
    fn from(value: String) -> Self {
        Self::Known(value)
    }
}

impl Reference {
    fn to_json(&self) -> Value {
        let target = format!("{}#{}", self.from, self.field);
        match &self.format {
            None => json!({ "$ref": target }),
            Some(format) => json!({ "$ref": target, "format": format }),
        }
    }

    /// Reads `{"$ref": "address#field"}`; `None` for any other value.
    pub fn from_json(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let (from, field) = object.get("$ref")?.as_str()?.split_once('#')?;
        let format = object.get("format").and_then(Value::as_str).map(str::to_owned);
        Some(Self { from: from.into(), field: field.to_owned(), format })
    }
}

impl<T: Serialize> Serialize for Input<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Output(reference) => reference.to_json().serialize(serializer),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Input<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match Reference::from_json(&value) {
            Some(reference) => Ok(Self::Output(reference)),
            None => serde_json::from_value(value).map(Self::Known).map_err(serde::de::Error::custom),
        }
    }
}

/// All resources that `value` refers to, at any depth.
pub fn references(value: &Value) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<Address>) {
    if let Some(reference) = Reference::from_json(value) {
        found.insert(reference.from);
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        _ => {}
    }
}

/// `value` with every reference replaced that `lookup` knows; the others stay as they are ("known after apply").
pub fn resolve(value: &Value, lookup: &impl Fn(&Address, &str) -> Option<Value>) -> Value {
    if let Some(reference) = Reference::from_json(value) {
        return match (lookup(&reference.from, &reference.field), &reference.format) {
            (Some(Value::String(text)), Some(format)) => Value::String(format.replace("{}", &text)),
            (Some(found), _) => found,
            (None, _) => value.clone(),
        };
    }
    match value {
        Value::Array(items) => items.iter().map(|item| resolve(item, lookup)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, field)| (name.clone(), resolve(field, lookup))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Props {
        vpc: Input<String>,
        secret: Input<String>,
        count: Input<u32>,
    }

    #[test]
    fn a_reference_survives_json_and_is_resolved_in_place() {
        let props = Props {
            vpc: output("vpc/vpc", "id"),
            secret: formatted("rds/instance", "secret", "{}:password::"),
            count: Input::Known(3),
        };
        let json = serde_json::to_value(&props).unwrap();
        assert_eq!(serde_json::from_value::<Props>(json.clone()).unwrap(), props);
        assert_eq!(references(&json), ["rds/instance".into(), "vpc/vpc".into()].into());
        let known = resolve(&json, &|from, field| {
            (from.as_str() == "rds/instance" && field == "secret").then(|| "arn:x".into())
        });
        let known: Props = serde_json::from_value(known).unwrap();
        assert_eq!(known.secret.known().unwrap(), "arn:x:password::");
        assert!(known.vpc.get().is_none() && known.vpc.known().is_err());
    }
}
