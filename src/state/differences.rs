//! What differs between two recorded states, field by field.

use super::model::{Record, State};
use crate::engine::diff::diff;
use crate::engine::plan::FieldChange;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What differs in one resource, or in one part of the rest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The address, `ADDRESS (deposed)`, or the name of the part: `lookups`.
    pub subject: String,
    /// True if only the second state has it.
    pub added: bool,
    /// True if only the first state has it.
    pub removed: bool,
    /// The fields that differ: `props.cidr`.
    pub fields: Vec<FieldChange>,
}

/// All that differs, apart from what every write changes (serial, time, author).
pub fn differences(from: &State, to: &State) -> Vec<Difference> {
    let (from, to) = (parts(from), parts(to));
    let subjects: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let one = |subject: &String| {
        let (old, new) = (from.get(subject), to.get(subject));
        let part = |value: Option<&Value>| json!({ "": value.cloned().unwrap_or_else(|| json!({})) });
        let mut fields = diff(&part(old), &part(new), None);
        fields.iter_mut().for_each(|field| field.path = field.path.trim_start_matches('.').to_owned());
        (!fields.is_empty() || old.is_none() != new.is_none()).then(|| Difference {
            subject: subject.clone(),
            added: old.is_none(),
            removed: new.is_none(),
            fields,
        })
    };
    subjects.into_iter().filter_map(one).collect()
}

fn parts(state: &State) -> BTreeMap<String, Value> {
    let record = |record: &Record| filled(json!(record));
    let resources = state.resources.iter().map(|(address, one)| (address.to_string(), record(one)));
    let deposed = state.deposed.iter().map(|old| (format!("{} (deposed)", old.address), record(&old.record)));
    let rest = [
        ("account", json!({ "account": state.account, "region": state.region, "lineage": state.lineage })),
        ("lookups", json!(state.lookups)),
        ("phases", json!(state.phases)),
    ];
    let rest = rest.into_iter().map(|(name, value)| (name.to_owned(), filled(value)));
    resources.chain(deposed).chain(rest).collect()
}

/// Without `null`s: in a record, "nothing" and "not there" are the same.
fn filled(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept =
                fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key, filled(value)));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(filled).collect()),
        other => other,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::state::Status;

    fn record(props: Value, outputs: Value) -> Record {
        let depends_on = BTreeSet::new();
        Record { kind: "ec2:vpc".into(), status: Status::Ready, intent: None, props, outputs, depends_on }
    }

    #[test]
    fn every_field_that_differs_is_named_and_nothing_else() {
        let mut from = State::new("malmo", "1", "r");
        from.resources.insert("vpc/a".into(), record(json!({ "cidr": "x", "kept": 1, "gone": 2 }), json!({ "id": 1 })));
        from.resources.insert("vpc/b".into(), record(json!({ "cidr": "x" }), Value::Null));
        let mut to = State { serial: 7, ..from.clone() };
        assert_eq!(differences(&from, &to), []);
        *to.resources.get_mut(&"vpc/a".into()).unwrap() =
            record(json!({ "cidr": "y", "kept": 1, "gone": null, "new": [1] }), json!({ "id": 1 }));
        let b = to.resources.remove(&"vpc/b".into()).unwrap();
        to.resources.insert("vpc/c".into(), b);
        to.lookups.hosted_zone = "Z".into();
        let found = differences(&from, &to);
        let named: Vec<_> = found.iter().map(|d| (d.subject.as_str(), d.added, d.removed)).collect();
        let expected =
            [("lookups", false, false), ("vpc/a", false, false), ("vpc/b", false, true), ("vpc/c", true, false)];
        assert_eq!(named, expected);
        let fields = |at: usize| -> Vec<(&str, &Value, &Value)> {
            found[at].fields.iter().map(|f| (f.path.as_str(), &f.old, &f.new)).collect()
        };
        assert_eq!(fields(0), [("hosted_zone", &json!(""), &json!("Z"))]);
        let mut of_a = fields(1);
        of_a.sort_by_key(|field| field.0);
        let (x, y, two, one) = (json!("x"), json!("y"), json!(2), json!([1]));
        let expected = [("props.cidr", &x, &y), ("props.gone", &two, &Value::Null), ("props.new", &Value::Null, &one)];
        assert_eq!(of_a, expected);
    }
}
