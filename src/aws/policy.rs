//! The IAM policies of a city's roles, made from [`super::calls`].

use super::calls::{Condition, Grant, Role, grants};
use crate::phases::names;
use crate::spec::City;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The longest managed policy, in characters without white space (D).
pub const LONGEST_MANAGED: usize = 6_144;

/// What the placeholders of a grant stand for.
pub struct Scope {
    /// The account, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The city.
    pub city: String,
    /// The state bucket.
    pub state: String,
    /// Every name that the city answers to.
    pub hosts: BTreeSet<String>,
}

impl Scope {
    /// A city's.
    pub fn of(city: &City, state_bucket: &str) -> Self {
        Self {
            account: city.spec.account.to_string(),
            region: city.spec.region.to_string(),
            city: city.name.clone(),
            state: state_bucket.to_owned(),
            hosts: crate::phases::alb::hosts(&city.spec),
        }
    }

    /// The ARN or value with everything filled in, once for each host where it names the host.
    pub fn fill(&self, template: &str) -> Vec<String> {
        let logs = names::log_bucket(&self.account, &self.region);
        let pairs = [
            ("{account}", &self.account),
            ("{region}", &self.region),
            ("{city}", &self.city),
            ("{state}", &self.state),
            ("{logs}", &logs),
        ];
        let filled = pairs.iter().fold(template.to_owned(), |text, (key, value)| text.replace(key, value));
        match filled.contains("{host}") {
            true => self.hosts.iter().map(|host| filled.replace("{host}", host)).collect(),
            false => vec![filled],
        }
    }
}

/// The policy with which `roles` can do their work.
pub fn whole(roles: &[Role], scope: &Scope) -> Value {
    document(&grants().filter(|grant| roles.contains(&grant.role)).map(|g| statement(g, scope)).collect::<Vec<_>>())
}

/// The same policy in as many parts as managed policies are needed to hold it.
pub fn parts(whole: &Value) -> Vec<Value> {
    let mut parts: Vec<Vec<Value>> = Vec::new();
    for statement in whole["Statement"].as_array().into_iter().flatten() {
        match parts.last_mut() {
            Some(part)
                if length(&document(&[part.as_slice(), std::slice::from_ref(statement)].concat()))
                    <= LONGEST_MANAGED =>
            {
                part.push(statement.clone());
            }
            _ => parts.push(vec![statement.clone()]),
        }
    }
    parts.iter().map(|part| document(part)).collect()
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn statement(grant: &Grant, scope: &Scope) -> Value {
    let resources = grant.on.iter().flat_map(|arn| scope.fill(arn)).collect();
    let mut statement = json!({
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": list(grant.actions().map(str::to_owned).collect()),
        "Resource": list(resources),
    });
    if !grant.when.is_empty() {
        statement["Condition"] = conditions(grant.when, scope);
    }
    statement
}

fn conditions(when: &[Condition], scope: &Scope) -> Value {
    let mut operators = Map::new();
    for (operator, key, values) in when {
        let values = list(values.iter().flat_map(|value| scope.fill(value)).collect());
        let keys = operators.entry(*operator).or_insert_with(|| json!({}));
        keys[*key] = values;
    }
    operators.into()
}

/// One text stands alone, as IAM allows: shorter, and easier to read.
fn list(mut values: Vec<String>) -> Value {
    if values.len() == 1 { values.remove(0).into() } else { values.into() }
}

/// The characters that count towards AWS's limit.
pub fn length(document: &Value) -> usize {
    document.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use std::path::Path;

    fn cities() -> Vec<City> {
        crate::spec::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cities"), &[]).unwrap()
    }

    #[test]
    fn the_policies_fit_where_they_are_attached() {
        for city in cities() {
            let scope = Scope::of(&city, "migrate-state-123456789012-eu-north-1");
            assert_eq!(parts(&whole(&[Role::Plan], &scope)).len(), 1, "{}", city.name);
            let whole = whole(&[Role::Plan, Role::Apply], &scope);
            let parts = parts(&whole);
            let lengths: Vec<_> = parts.iter().map(length).collect();
            assert!(lengths.iter().all(|length| *length <= LONGEST_MANAGED), "{}: {lengths:?}", city.name);
            assert!(parts.len() <= 10, "a role takes ten managed policies, {} needs {lengths:?}", city.name);
            let all: Vec<_> = parts.iter().flat_map(|part| part["Statement"].as_array().unwrap().clone()).collect();
            assert_eq!(document(&all), whole, "{}: nothing is lost between the parts", city.name);
        }
    }

    #[test]
    fn nothing_is_left_to_fill_in_and_nobody_elses_city_is_named() {
        for city in cities() {
            let scope = Scope::of(&city, "states");
            let text = whole(&[Role::Plan, Role::Apply, Role::Bootstrap], &scope).to_string();
            for placeholder in ["{account}", "{region}", "{city}", "{state}", "{logs}", "{host}"] {
                assert!(!text.contains(placeholder), "{placeholder} in {}", city.name);
            }
            assert!(text.contains(&format!("arn:aws:s3:::states/cities/{}/*", city.name)));
            assert!(!text.contains("arn:aws:s3:::states/*"));
        }
    }

    #[test]
    fn the_records_that_may_change_are_the_citys_and_its_certificates() {
        let city = cities().into_iter().find(|city| city.name == "drammen").unwrap();
        let policy = whole(&[Role::Apply], &Scope::of(&city, "states"));
        let records = policy["Statement"].as_array().unwrap().iter().find(|s| s["Sid"] == "Records").unwrap();
        let names =
            &records["Condition"]["ForAllValues:StringLike"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"];
        assert_eq!(*names, json!(["www.drammenbysykkel.example", "_*.www.drammenbysykkel.example"]));
    }
}
