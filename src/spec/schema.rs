//! The JSON Schema of a city file: what editors complete by, and what files are held against.

use std::sync::LazyLock;

use serde_json::Value;

use super::{CitySpec, catalogue};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let mut schema = schemars::schema_for!(CitySpec).to_value();
    complete(&mut schema);
    schema
});

/// The JSON Schema (draft 2020-12) of a city file.
pub fn schema() -> &'static Value {
    &SCHEMA
}

/// Adds the catalogue's names to the fields that take them, for editors to offer.
fn complete(schema: &mut Value) {
    let names: Vec<&str> = match schema["format"].as_str() {
        Some("aws-region") => catalogue::REGIONS.iter().map(|region| region.name).collect(),
        Some("ec2-instance-type") => catalogue::INSTANCES.iter().map(|data| data.name).collect(),
        Some("rds-class") => catalogue::CLASSES.iter().map(|data| data.name).collect(),
        _ => Vec::new(),
    };
    if !names.is_empty() {
        schema["enum"] = names.into();
    }
    match schema {
        Value::Object(fields) => fields.values_mut().for_each(complete),
        Value::Array(items) => items.iter_mut().for_each(complete),
        _ => {}
    }
}
