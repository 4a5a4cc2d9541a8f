//! What a zone answers, as far as it leads users somewhere.

use crate::aws::route53::names::{plain, same};
use aws_sdk_route53::types::ResourceRecordSet;

/// Types that lead users to a site.
const LEADING: [&str; 5] = ["A", "AAAA", "CNAME", "HTTPS", "SVCB"];

/// How far one alias or CNAME after the other is followed: Route 53 itself goes no further than 8 (E).
const DEEPEST: usize = 8;

/// The record sets of a zone.
pub struct Zone(pub Vec<ResourceRecordSet>);

impl Zone {
    /// The record sets of exactly this name that lead users.
    pub fn of(&self, name: &str) -> Vec<&ResourceRecordSet> {
        self.0.iter().filter(|set| same(set.name(), name) && LEADING.contains(&set.r#type().as_str())).collect()
    }

    /// The wildcard that answers for a name which has no record of its own, of whatever type.
    pub fn wildcard(&self, name: &str) -> Option<Vec<&ResourceRecordSet>> {
        if self.0.iter().any(|set| same(set.name(), name)) {
            return None;
        }
        let mut parent = plain(name);
        while let Some((_, above)) = parent.split_once('.') {
            let found = self.of(&format!("*.{above}"));
            if !found.is_empty() {
                return Some(found);
            }
            // A name in between that exists keeps wildcards above it away.
            if self.0.iter().any(|set| same(set.name(), above)) {
                return None;
            }
            parent = above.to_owned();
        }
        None
    }

    /// What answers for a name: its own records, or a wildcard's.
    pub fn answers(&self, name: &str) -> Vec<&ResourceRecordSet> {
        let own = self.of(name);
        if own.is_empty() { self.wildcard(name).unwrap_or_default() } else { own }
    }

    /// Whether all that answers for a name leads, by aliases and CNAMEs, to a name that `ends` says is an end.
    pub fn follows(&self, name: &str, ends: &impl Fn(&str) -> bool) -> bool {
        self.follow(name, ends, DEEPEST)
    }

    fn follow(&self, name: &str, ends: &impl Fn(&str) -> bool, deep: usize) -> bool {
        let answers = self.answers(name);
        let leads = |set: &&ResourceRecordSet| {
            next(set).is_some_and(|next| ends(&next) || (deep > 0 && self.follow(&next, ends, deep - 1)))
        };
        !answers.is_empty() && answers.iter().all(leads)
    }
}

/// The name that an alias or a CNAME leads to.
pub fn next(set: &ResourceRecordSet) -> Option<String> {
    if let Some(alias) = set.alias_target() {
        return Some(plain(alias.dns_name()));
    }
    let cname = set.r#type().as_str() == "CNAME";
    set.resource_records().first().filter(|_| cname).map(|record| plain(record.value()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::route53::write::record;

    fn zone(sets: &[(&str, &str, &str)]) -> Zone {
        let set =
            |(name, kind, value): &(&str, &str, &str)| record(name, (*kind).into(), 60, &[(*value).to_owned()]).ok();
        Zone(sets.iter().filter_map(set).collect())
    }

    #[test]
    fn a_wildcard_answers_for_names_that_have_nothing_and_cnames_are_followed() {
        let zone = zone(&[
            ("\\052.city.example.", "A", "192.0.2.1"),
            ("www.city.example.", "A", "192.0.2.2"),
            ("txt.city.example.", "TXT", "\"x\""),
            ("shop.city.example.", "CNAME", "m.city.example"),
            ("m.city.example.", "CNAME", "WWW.city.example."),
        ]);
        assert!(zone.wildcard("api.city.example").is_some() && zone.wildcard("www.city.example").is_none());
        assert!(zone.wildcard("txt.city.example").is_none(), "it has a record, of whatever type");
        assert!(zone.wildcard("a.txt.city.example").is_none(), "the name above it exists");
        assert!(zone.follows("shop.city.example", &|name| name == "www.city.example"));
        assert!(!zone.follows("shop.city.example", &|name| name == "other.example"));
        assert!(!zone.follows("www.city.example", &|_| true), "an address leads to no name");
    }
}
