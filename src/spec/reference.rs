//! `docs/city-file.md`, written from the JSON Schema: one table a section.

use std::fmt::Write as _;

use serde_json::Value;

use super::{schema, structure::words};

/// The reference of the city file in Markdown.
pub fn markdown() -> String {
    let mut text = String::from(INTRODUCTION);
    section(&mut text, schema(), "", "The file");
    text
}

const INTRODUCTION: &str = "\
# The city file

<!-- Written from the types in src/spec; `UPDATE_DOCS=1 cargo test --lib spec::` writes it anew. -->

A city is one file, `cities/<name>.yaml`. Its name is lower case letters, digits and hyphens, at most 16 characters: AWS names begin
with it. `migrate init CITY` writes one to begin with, `migrate validate` shows every mistake at its place, and an editor that reads
the first line of the files completes fields by `docs/city.schema.json`. What belongs to one city (a name, a server, a database) can't
stand in a second file. A file holds no secrets, only the ARNs of those in Secrets Manager: its text is kept in the state.

Texts that look like numbers stand in quotes (`\"16.8\"`, `\"02:00\"`). Durations are written `90s`, `5m`, `2h`, `1h30m`.
";

/// A section's table, then the sections in it.
fn section(text: &mut String, schema: &Value, path: &str, title: &str) {
    let _ = write!(text, "\n## {title}\n\n");
    if let Some(about) = schema["description"].as_str() {
        let _ = write!(text, "{}\n\n", one_line(about));
    }
    text.push_str("| field | type | default | |\n| --- | --- | --- | --- |\n");
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut below = Vec::new();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let (field, about) = (resolve(field), &field["description"]);
        let default = match &field["default"] {
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            Value::Null => String::new(),
            value => format!("`{}`", plain(value)),
        };
        let about = one_line(about.as_str().or(field["description"].as_str()).unwrap_or_default());
        let _ = writeln!(text, "| `{name}` | {} | {default} | {} |", kind(field), about.replace('|', "\\|"));
        let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if field["properties"].is_object() {
            below.push((field, inner.clone(), format!("`{inner}`")));
        }
        let entry = resolve(&field["additionalProperties"]);
        if entry["properties"].is_object() {
            below.push((entry, format!("{inner}.<name>"), format!("`{inner}.<name>`")));
        }
    }
    for (schema, path, title) in below {
        section(text, schema, &path, &title);
    }
}

fn resolve(field: &Value) -> &Value {
    let target = field["$ref"].as_str().and_then(|path| schema().pointer(path.strip_prefix('#')?));
    let optional = field["anyOf"].as_array().and_then(|all| all.first());
    target.or(optional).unwrap_or(field)
}

/// The type of a field as a reader needs it: the words, the range, an example.
fn kind(field: &Value) -> String {
    let words = words(field);
    // A few words are shown; of a catalogue an example is enough.
    if (1..10).contains(&words.len()) {
        return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ");
    }
    let name = field["type"].as_str().or_else(|| field["type"][0].as_str()).unwrap_or("text");
    match name {
        "string" => field["examples"][0]
            .as_str()
            .map_or_else(|| "text".to_owned(), |example| format!("text, like `{example}`").replace('|', "\\|")),
        "array" => format!("list of {}", kind(resolve(&field["items"]))),
        "integer" => match (field["minimum"].as_i64(), field["maximum"].as_i64()) {
            (Some(min), Some(max)) => format!("number, {min} to {max}"),
            (Some(min), None) => format!("number, from {min}"),
            _ => "number".to_owned(),
        },
        "boolean" => "`true` `false`".to_owned(),
        _ if field["properties"].is_object() => "section".to_owned(),
        _ => match resolve(&field["additionalProperties"]) {
            entry if entry["properties"].is_object() => "sections by name".to_owned(),
            entry => format!("by name: {}", kind(entry)),
        },
    }
}

/// A default as it would stand in the file.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => format!(
            "{{ {} }}",
            fields.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect::<Vec<_>>().join(", ")
        ),
        other => other.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
