//! The JSON Schema of a city file: what editors complete by, and what files are held against.

use std::sync::LazyLock;

use serde_json::Value;

use super::CitySpec;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| schemars::schema_for!(CitySpec).to_value());

/// The JSON Schema (draft 2020-12) of a city file.
pub fn schema() -> &'static Value {
    &SCHEMA
}
