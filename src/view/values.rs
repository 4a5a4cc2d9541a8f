//! Property values and durations as people read them.

use crate::engine::input::Reference;
use serde_json::Value;

/// The longest value that is shown in full, in characters.
const LONGEST: usize = 96;

/// A property value on one line. A reference is "known after apply".
pub fn value(value: &Value) -> String {
    let text = whole(value);
    if text.chars().count() <= LONGEST {
        return text;
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{start}… ({} characters)", text.chars().count())
}

fn whole(value: &Value) -> String {
    if let Some(reference) = Reference::from_json(value) {
        return format!("(known after apply: {}#{})", reference.from, reference.field);
    }
    match value {
        Value::Null => "(none)".into(),
        Value::Array(items) => format!("[{}]", items.iter().map(whole).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| format!("{k}: {}", whole(v))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// Seconds as `45 s`, `12 min`, `1 h 5 min`.
pub fn duration(seconds: u32) -> String {
    match seconds {
        0..=90 => format!("{seconds} s"),
        91..=5399 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_read_well() {
        assert_eq!(value(&json!({ "a": [1, "x"], "b": null })), "{ a: [1, \"x\"] }");
        assert_eq!(value(&json!({ "$ref": "vpc/vpc#id" })), "(known after apply: vpc/vpc#id)");
        assert_eq!(value(&json!("y".repeat(200))).chars().count(), 96 + "… (202 characters)".chars().count());
        assert_eq!([duration(80), duration(1090), duration(7500)], ["80 s", "18 min", "2 h 5 min"]);
    }
}
