//! Holds a tree against the JSON Schema and finds every mistake of form: unknown and missing fields, wrong types, values out
//! of range, malformed texts.
//!
//! What is wrong is replaced by a stand-in (the schema's own example), so that the rest of the file still becomes a
//! [`super::CitySpec`] whose meaning can be checked. `broken` names the replaced fields: nothing is said about their meaning.

use std::collections::HashSet;

use serde_json::{Map, Value as Json, json};

use super::{
    finding::Finding,
    form::{FORMS, Form},
    init::FILL_IN,
    suggest::{choices, nearest},
    tree::{Key, Node, Value, join},
};

/// No value with a form is longer, and a longer one isn't repeated in a message.
const LONGEST: usize = 1024;

/// What the walk over a tree found.
pub struct Structure {
    /// The tree as JSON that fits the schema.
    pub repaired: Json,
    /// The mistakes.
    pub findings: Vec<Finding>,
    /// Paths of what was replaced.
    pub broken: HashSet<String>,
}

/// Holds a tree against a schema.
pub fn check(schema: &Json, root: &Node) -> Structure {
    let mut walk = Walk { root: schema, findings: Vec::new(), broken: HashSet::new() };
    let repaired = walk.node(schema, root, "");
    Structure { repaired, findings: walk.findings, broken: walk.broken }
}

struct Walk<'a> {
    root: &'a Json,
    findings: Vec<Finding>,
    broken: HashSet<String>,
}

impl<'a> Walk<'a> {
    /// The schema behind a reference, and behind the `anyOf` that makes a field optional.
    fn resolve(&self, schema: &'a Json) -> &'a Json {
        if let Some(path) = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
            return self.root.pointer(path).map_or(schema, |target| self.resolve(target));
        }
        match schema["anyOf"].as_array().and_then(|all| all.iter().find(|s| s["type"] != "null")) {
            Some(one) => self.resolve(one),
            None => schema,
        }
    }

    fn fault(&mut self, schema: &'a Json, path: &str, message: String, help: Option<String>) -> Json {
        let finding = Finding::at(path, message);
        self.findings.push(Finding { help, ..finding });
        self.broken.insert(path.to_owned());
        self.stand_in(schema)
    }

    fn node(&mut self, schema: &'a Json, node: &Node, path: &str) -> Json {
        let schema = self.resolve(schema);
        match (kind(schema), &node.value) {
            (expected, Value::Text(text)) if text == FILL_IN => {
                let help = filling(schema, expected);
                self.fault(schema, path, format!("still to be filled in: `{path}`"), Some(help))
            }
            ("object", Value::Map(entries)) => self.object(schema, entries, path),
            ("array", Value::List(items)) => self.array(schema, items, path),
            ("string", Value::Text(text)) => self.text(schema, text, path),
            ("integer", Value::Number(number)) => match number.as_i64() {
                Some(number) => self.integer(schema, number, path),
                None => self.fault(schema, path, format!("expected a whole number, found {number}"), None),
            },
            ("boolean", Value::Bool(value)) => json!(value),
            (expected, found) => {
                let help = match (expected, found) {
                    ("string", Value::Number(_) | Value::Bool(_)) => Some("put it in quotes".to_owned()),
                    ("integer", Value::Text(text)) if text.parse::<i64>().is_ok() => {
                        Some("leave out the quotes".to_owned())
                    }
                    ("array", _) => Some("write it as a list: [one, another]".to_owned()),
                    ("boolean", _) => Some("valid: `true`, `false`".to_owned()),
                    _ => schema["examples"][0].as_str().map(|example| format!("write it like {example}")),
                };
                self.fault(schema, path, format!("expected {}, found {}", article(expected), found.describe()), help)
            }
        }
    }

    fn object(&mut self, schema: &'a Json, entries: &[(Key, Node)], path: &str) -> Json {
        let none = Map::new();
        let properties = schema["properties"].as_object();
        let names: Vec<&str> = properties.unwrap_or(&none).keys().map(String::as_str).collect();
        let mut repaired = Map::new();
        let mut meant = HashSet::new();
        for (key, child) in entries {
            let path = join(path, &key.text);
            if let Some(property) = properties.and_then(|p| p.get(&key.text)) {
                // A field that is written but empty is as if it weren't there.
                if !matches!(child.value, Value::Null) {
                    repaired.insert(key.text.clone(), self.node(property, child, &path));
                }
            } else if schema["additionalProperties"].is_object() {
                repaired.insert(key.text.clone(), self.node(&schema["additionalProperties"], child, &path));
            } else {
                let absent = names.iter().copied().filter(|name| !entries.iter().any(|(k, _)| k.text == *name));
                meant.extend(nearest(&key.text, absent).map(str::to_owned));
                let help = choices(&key.text, names.iter().copied());
                self.findings.push(Finding::at(&path, format!("unknown field `{}`", key.text)).help(help).on_key());
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if repaired.contains_key(name) {
                continue;
            }
            let (path, property) = (join(path, name), &schema["properties"][name]);
            let stand_in = if meant.contains(name) {
                self.broken.insert(path);
                self.stand_in(property)
            } else {
                let about = property["description"].as_str().map(str::to_owned);
                self.fault(property, &path, format!("missing field `{name}`"), about)
            };
            repaired.insert(name.to_owned(), stand_in);
        }
        // A field that was misspelt has its default now, which nobody asked for.
        self.broken.extend(meant.iter().map(|name| join(path, name)));
        if schema["minProperties"].as_u64().is_some_and(|min| (entries.len() as u64) < min) {
            return self.fault(schema, path, "expected at least one entry, found none".to_owned(), None);
        }
        Json::Object(repaired)
    }

    fn array(&mut self, schema: &'a Json, items: &[Node], path: &str) -> Json {
        let count = items.len() as u64;
        if let Some(min) = schema["minItems"].as_u64().filter(|min| count < *min) {
            return self.fault(schema, path, format!("expected at least {min} in the list, found {count}"), None);
        }
        if let Some(max) = schema["maxItems"].as_u64().filter(|max| count > *max) {
            return self.fault(schema, path, format!("expected at most {max} in the list, found {count}"), None);
        }
        let mut repaired: Vec<Json> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let value = self.node(&schema["items"], item, &path);
            if schema["uniqueItems"] == true && repaired.contains(&value) && !self.broken.contains(&path) {
                self.findings.push(Finding::at(&path, format!("{value} stands twice in the list")));
            }
            repaired.push(value);
        }
        Json::Array(repaired)
    }

    fn text(&mut self, schema: &'a Json, text: &str, path: &str) -> Json {
        if let Some(form) = form(schema) {
            if text.len() > LONGEST {
                return self.fault(schema, path, format!("expected a short text, found {} bytes", text.len()), None);
            }
            if let Err(fault) = (form.check)(text) {
                return self.fault(schema, path, fault.message, fault.help);
            }
        }
        let words = words(schema);
        if !words.is_empty() && !words.contains(&text) {
            let help = choices(text, words.iter().copied());
            return self.fault(schema, path, format!("`{}` is not a valid value", super::tree::clip(text)), Some(help));
        }
        json!(text)
    }

    fn integer(&mut self, schema: &'a Json, number: i64, path: &str) -> Json {
        let (min, max) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
        if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
            let range = match (min, max) {
                (Some(min), Some(max)) => format!("from {min} to {max}"),
                (Some(min), None) => format!("{min} or more"),
                _ => format!("{} or less", max.unwrap_or_default()),
            };
            return self.fault(schema, path, format!("{number} is out of range"), Some(format!("valid: {range}")));
        }
        json!(number)
    }

    /// A value that fits the schema: its default, its example, or the least that it allows.
    fn stand_in(&self, schema: &'a Json) -> Json {
        let schema = self.resolve(schema);
        if let Some(value) = schema.get("default").or_else(|| schema["examples"].get(0)) {
            return value.clone();
        }
        match kind(schema) {
            "object" => {
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str);
                required
                    .map(|name| (name.to_owned(), self.stand_in(&schema["properties"][name])))
                    .collect::<Map<_, _>>()
                    .into()
            }
            "array" => (0..schema["minItems"].as_u64().unwrap_or(0)).map(|_| self.stand_in(&schema["items"])).collect(),
            "integer" => json!(schema["minimum"].as_i64().unwrap_or(1)),
            "boolean" => json!(false),
            _ => json!(words(schema).first().copied().unwrap_or_default()),
        }
    }
}

fn form(schema: &Json) -> Option<&'static Form> {
    let name = schema["format"].as_str()?;
    FORMS.iter().find(|form| form.name == name)
}

/// The type that a schema asks for; an optional one's first.
fn kind(schema: &Json) -> &str {
    let kind = &schema["type"];
    kind.as_str().or_else(|| kind[0].as_str()).unwrap_or("string")
}

/// The words that an enum allows, whether its variants are documented (`oneOf`) or not (`enum`).
pub fn words(schema: &Json) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let documented = schema["oneOf"].as_array().into_iter().flatten();
    listed
        .chain(documented.flat_map(|one| one["const"].as_str().map(|c| vec![c]).unwrap_or_else(|| words(one))))
        .collect()
}

/// What a value to fill in looks like.
fn filling(schema: &Json, kind: &str) -> String {
    let words = words(schema);
    match schema["examples"][0].as_str() {
        Some(example) => format!("write it like {example}"),
        None if !words.is_empty() => format!("valid: `{}`", words.join("`, `")),
        None => format!("write {} here", article(kind)),
    }
}

fn article(kind: &str) -> &str {
    match kind {
        "object" => "a section with fields of its own",
        "array" => "a list",
        "integer" => "a whole number",
        "boolean" => "`true` or `false`",
        _ => "a text",
    }
}
