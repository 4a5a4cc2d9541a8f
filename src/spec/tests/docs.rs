//! Committed documents say what the code says. `UPDATE_DOCS=1` writes them anew.

use std::path::Path;

use crate::spec::{reference, schema};

#[expect(clippy::unwrap_used, reason = "tests")]
fn holds(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "docs/{file} is out of date: UPDATE_DOCS=1 cargo test --lib spec::");
}

#[test]
fn the_committed_schema_is_the_codes() {
    holds("city.schema.json", &format!("{:#}\n", schema()));
}

#[test]
fn the_committed_reference_is_the_codes() {
    holds("city-file.md", &reference::markdown());
}

#[test]
fn every_field_is_described_and_every_form_has_a_parser() {
    fn visit(value: &serde_json::Value, path: &str) {
        for (name, field) in value["properties"].as_object().into_iter().flatten() {
            assert!(field["description"].is_string(), "{path}.{name} has no description");
        }
        if let Some(format) = value["format"].as_str().filter(|_| value["type"] == "string") {
            let form = crate::spec::form::FORMS.iter().find(|form| form.name == format);
            let form = form.unwrap_or_else(|| panic!("{path}: no parser for {format}"));
            assert!(value["examples"][0].is_string(), "{path}: no example to stand in for a broken value");
            for example in value["examples"].as_array().into_iter().flatten() {
                assert!((form.check)(example.as_str().unwrap_or_default()).is_ok(), "{path}: {example}");
            }
        }
        match value {
            serde_json::Value::Object(fields) => fields.iter().for_each(|(name, field)| visit(field, &format!("{path}/{name}"))),
            serde_json::Value::Array(items) => items.iter().for_each(|item| visit(item, path)),
            _ => {}
        }
    }
    visit(schema(), "");
}
