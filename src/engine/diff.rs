//! What differs between a resource as it is and as it is wanted, field by field.

use super::input::references;
use super::plan::FieldChange;
use serde_json::Value;

/// The fields in which `wanted` differs from `actual`. A wanted `null` is "not managed". `recorded`, what was last applied, tells drift
/// from an intended change.
pub fn diff(actual: &Value, wanted: &Value, recorded: Option<&Value>) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    compare(String::new(), actual, wanted, recorded, &mut fields);
    fields
}

fn compare(path: String, actual: &Value, wanted: &Value, recorded: Option<&Value>, fields: &mut Vec<FieldChange>) {
    if wanted.is_null() || actual == wanted {
        return;
    }
    let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (actual, wanted) {
        (Value::Object(old), Value::Object(new)) if !is_reference(wanted) => {
            // At the top, what the cloud doesn't tell isn't compared.
            let told = |key: &str| !path.is_empty() || old.get(key).is_some_and(|value| !value.is_null());
            for (key, value) in new.iter().filter(|(key, _)| told(key)) {
                let before = recorded.and_then(|r| r.get(key));
                compare(at(key), old.get(key).unwrap_or(&Value::Null), value, before, fields);
            }
            // At the top a missing field is "not told"; further in it is an entry of a map that is too much.
            if !path.is_empty() {
                for (key, value) in old.iter().filter(|(key, value)| !new.contains_key(*key) && !value.is_null()) {
                    let drift = recorded.is_some_and(|r| r.get(key).is_none());
                    fields.push(FieldChange { path: at(key), old: value.clone(), new: Value::Null, drift });
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() && new.iter().all(Value::is_object) => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(at(&index.to_string()), old, new, recorded.and_then(|r| r.get(index)), fields);
            }
        }
        _ => {
            let drift = recorded == Some(wanted);
            fields.push(FieldChange { path, old: actual.clone(), new: wanted.clone(), drift });
        }
    }
}

fn is_reference(value: &Value) -> bool {
    value.get("$ref").is_some()
}

/// All fields of something that is made (`old` is `null`) or, with `gone`, deleted (`new` is `null`).
pub fn whole(props: &Value, gone: bool) -> Vec<FieldChange> {
    let Value::Object(map) = props else { return Vec::new() };
    map.iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| {
            let (old, new) = if gone { (value.clone(), Value::Null) } else { (Value::Null, value.clone()) };
            FieldChange { path: key.clone(), old, new, drift: false }
        })
        .collect()
}

/// True if part of the value is known only after apply.
pub fn unknown(value: &Value) -> bool {
    !references(value).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_named_down_to_the_entry_and_drift_is_told_from_intent() {
        let recorded = json!({ "cidr": "a", "size": 2, "tags": { "x": 1 }, "open": [80, 443], "free": 7 });
        let actual = json!({ "cidr": "a", "size": 3, "tags": { "x": 1, "y": 2 }, "open": [80], "free": 9 });
        let wanted = json!({ "cidr": "b", "size": 2, "tags": { "x": 1 }, "open": [80, 443, 22], "free": null });
        let found: Vec<_> = diff(&actual, &wanted, Some(&recorded)).into_iter().map(|f| (f.path, f.drift)).collect();
        assert_eq!(
            found,
            [("cidr".into(), false), ("size".into(), true), ("tags.y".into(), true), ("open".into(), false)]
        );
        assert!(diff(&wanted, &wanted, None).is_empty());
    }

    #[test]
    fn a_reference_that_is_not_known_yet_is_a_change() {
        let fields = diff(&json!({ "vpc": "vpc-1" }), &json!({ "vpc": { "$ref": "vpc/vpc#id" } }), None);
        assert_eq!(fields.len(), 1);
        assert!(unknown(&fields[0].new));
    }
}
