//! Attributes of load balancers and target groups: only those that the city sets are managed.

use super::survey::Attributes;

/// Of the attributes as they are, those that the city sets: AWS adds new ones with defaults every year.
pub fn managed(observed: &Attributes, wanted: &Attributes) -> Attributes {
    observed.iter().filter(|(key, _)| wanted.contains_key(*key)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Those that differ from what they were.
pub fn changed(old: &Attributes, new: &Attributes) -> Attributes {
    new.iter().filter(|(key, value)| old.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect()
}
