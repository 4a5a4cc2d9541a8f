//! What parsers of outside input are fed in tests: bytes that mean nothing, and documents that once were valid.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

/// So many cases each, and no file that remembers a failure: it is printed, and becomes a test of its own.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(count) }
}

/// Any bytes, up to a few lines.
pub fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..300)
}

/// `document` after a few cuts, swaps and doublings of bytes.
pub fn mutated(document: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<Index>(), any::<Index>(), 0..4_u8, any::<u8>());
    proptest::collection::vec(edit, 1..5).prop_map(move |edits| {
        let mut text = document.clone();
        for (from, to, what, byte) in edits {
            if text.is_empty() {
                break;
            }
            let (a, b) = (from.index(text.len()), to.index(text.len()));
            let (a, b) = (a.min(b), a.max(b));
            match what {
                0 => drop(text.drain(a..b.min(a + 40))),
                1 => text[a] = byte,
                2 => text.truncate(b),
                _ => {
                    let again = text[a..b.min(a + 40)].to_vec();
                    text.splice(a..a, again);
                }
            }
        }
        text
    })
}

/// `document`, a JSON value, with one of its values replaced by another JSON value, left out, or under another name.
pub fn reshaped(document: Value) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), json(), 0..3_u8).prop_map(move |(place, value, what)| {
        let mut document = document.clone();
        let mut left = place.index(count(&document));
        reshape(&mut document, &mut left, &value, what);
        document.to_string().into_bytes()
    })
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Fractions that decimal digits hold exactly.
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("vpc/vpc#id")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let name = prop_oneof![".{0,6}", Just("$ref".to_owned()), Just("id".to_owned())];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(name, inner, 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn count(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.values().map(|one| 1 + count(one)).sum(),
        Value::Array(items) => items.iter().map(|one| 1 + count(one)).sum(),
        _ => 0,
    }
}

/// True when it is done.
fn reshape(value: &mut Value, left: &mut usize, new: &Value, what: u8) -> bool {
    if let Value::Object(fields) = value {
        for name in fields.keys().cloned().collect::<Vec<_>>() {
            if *left == 0 {
                match what {
                    0 => drop(fields.remove(&name)),
                    1 => drop(fields.insert(name, new.clone())),
                    _ => drop(fields.insert(format!("{name}s"), new.clone())),
                }
                return true;
            }
            *left -= 1;
            if fields.get_mut(&name).is_some_and(|one| reshape(one, left, new, what)) {
                return true;
            }
        }
    }
    if let Value::Array(items) = value {
        for item in items {
            if *left == 0 {
                *item = new.clone();
                return true;
            }
            *left -= 1;
            if reshape(item, left, new, what) {
                return true;
            }
        }
    }
    false
}
