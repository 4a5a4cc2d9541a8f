//! What of a zone can be moved, and what stands in the way: each finding with the command that mends it.

use super::command::{as_written, change, plain_record, replace, values};
use super::zone::Zone;
use crate::aws::route53::names::plain;
use crate::aws::route53::pair::{LEGACY, NEW, Pair, leads_to};
use crate::aws::route53::records::leads;
use crate::preflight::finding::Verdict;
use crate::spec::CitySpec;
use aws_sdk_route53::types::ResourceRecordSet;
use std::collections::{BTreeMap, BTreeSet};

/// What is judged.
pub struct Facts<'a> {
    /// The city's file.
    pub spec: &'a CitySpec,
    /// The zone's id.
    pub zone_id: &'a str,
    /// What is in the zone.
    pub zone: &'a Zone,
    /// The names whose records are to be made: those of the others are the city's own.
    pub made: BTreeSet<String>,
    /// The host name of the city's load balancer, if it stands.
    pub balancer: Option<String>,
    /// The route 53 zone of that host name.
    pub balancer_zone: Option<String>,
    /// Who owns a load balancer that isn't the city's, by its host name: `the city lund`.
    pub owners: BTreeMap<String, String>,
}

/// All that is wrong.
pub fn judge(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    for name in facts.spec.legacy.records.iter().map(ToString::to_string) {
        facts.beside(&name, &mut verdict);
        if facts.made.contains(&name) {
            facts.before(&name, &mut verdict);
        }
    }
    facts.hosts(&mut verdict);
    verdict.or_ok(format!("{} records are plain and point at today's servers", facts.spec.legacy.records.len()))
}

/// How a record set with a set identifier is chosen.
fn policy(set: &ResourceRecordSet) -> &'static str {
    match set {
        _ if set.weight().is_some() => "weighted",
        _ if set.region().is_some() => "latency",
        _ if set.failover().is_some() => "failover",
        _ if set.geo_location().is_some() => "geolocation",
        _ if set.multi_value_answer().is_some() => "multivalue",
        _ => "routing",
    }
}

impl Facts<'_> {
    fn own(&self, alias: &str) -> bool {
        self.balancer.as_ref().is_some_and(|own| leads_to(alias, own))
    }

    fn addresses(&self) -> Vec<String> {
        self.spec.legacy.addresses.iter().map(ToString::to_string).collect()
    }

    fn today(&self, name: &str) -> serde_json::Value {
        plain_record(name, self.spec.legacy.ttl.into(), &self.addresses())
    }

    fn whose(&self, alias: &str) -> String {
        self.owners.get(alias).map_or_else(|| alias.to_owned(), |owner| format!("{alias}, a load balancer of {owner}"))
    }

    /// What would keep a part of the users where they are.
    fn beside(&self, name: &str, verdict: &mut Verdict) {
        for set in
            self.zone.of(name).into_iter().filter(|set| ["AAAA", "HTTPS", "SVCB"].contains(&set.r#type().as_str()))
        {
            let kind = set.r#type().as_str();
            let who = if kind == "AAAA" { "users with IPv6" } else { "browsers that ask for it" };
            let delete = change(self.zone_id, vec![("DELETE", as_written(set))]);
            let ttl =
                set.ttl().map_or(String::new(), |ttl| format!(", and wait {ttl} s until caches have forgotten it"));
            verdict.fail(
                format!("{name} has a record of type {kind} beside its A record: {who} would stay on today's servers"),
                format!("{delete}{ttl}"),
            );
        }
        let strange = |set: &&&ResourceRecordSet| {
            let ours = [LEGACY, NEW].map(Some).contains(&set.set_identifier()) && set.weight().is_some();
            set.r#type().as_str() == "A" && set.set_identifier().is_some() && !ours
        };
        let sets = self.zone.of(name);
        let strange: Vec<&ResourceRecordSet> = sets.iter().filter(strange).copied().collect();
        if let Some(first) = strange.first() {
            let ids: Vec<&str> = strange.iter().filter_map(|set| set.set_identifier()).collect();
            let (many, policy) = (strange.len(), policy(first));
            let says = format!(
                "{name} is answered by {many} {policy} records ({}): a move needs one plain A record",
                ids.join(", ")
            );
            verdict.fail(says, replace(self.zone_id, &strange, self.today(name)));
        }
    }

    /// What a name must be before it is moved: a plain A record of today's servers.
    fn before(&self, name: &str, verdict: &mut Verdict) {
        let sets = self.zone.of(name);
        let cname = sets.iter().find(|set| set.r#type().as_str() == "CNAME");
        let pair = Pair::of(&self.zone.0, name);
        if let Some(side) = pair.new_side().filter(|side| !self.own(side)) {
            let first = "move or destroy it there first, or take the name out of `legacy.records`: two cities can't have one name";
            verdict.fail(format!("{name} is being moved to {} already", self.whose(&side)), first);
        } else if let Some(cname) = cname {
            let mend = format!(
                "if {} leads to today's servers: {}; if it is a CDN's, let the CDN fetch from a name that is moved, and take {name} out \
                 of `legacy.records`",
                leads(cname),
                replace(self.zone_id, &[*cname], self.today(name))
            );
            verdict.fail(format!("{name} is a CNAME of {}: a move needs one plain A record", leads(cname)), mend);
        } else if let Some(set) = &pair.simple {
            self.plain(name, set, verdict);
        } else if pair.legacy.is_none() && pair.others.iter().all(|set| set.r#type().as_str() != "A") {
            self.missing(name, verdict);
        }
    }

    fn plain(&self, name: &str, set: &ResourceRecordSet, verdict: &mut Verdict) {
        if let Some(alias) = set.alias_target().map(|alias| plain(alias.dns_name())) {
            if self.own(&alias) {
                return;
            }
            let mend = format!(
                "if today's servers stand behind it: {}; if it is another city's or a CDN's, take {name} out of `legacy.records`",
                replace(self.zone_id, &[set], self.today(name))
            );
            return verdict
                .fail(format!("{name} is an alias of {}: a move needs one plain A record", self.whose(&alias)), mend);
        }
        let known = self.addresses();
        let values: Vec<String> = set.resource_records().iter().map(|record| record.value().to_owned()).collect();
        let strange: Vec<&str> = values.iter().filter(|value| !known.contains(value)).map(String::as_str).collect();
        if !strange.is_empty() {
            verdict.fail(
                format!("{name} points at {}, which isn't in `legacy.addresses`", strange.join(", ")),
                "correct `legacy.addresses`: the way back leads to what stands there",
            );
        }
        let wanted = i64::from(self.spec.legacy.ttl);
        if let Some(ttl) = set.ttl().filter(|ttl| *ttl > wanted) {
            let sooner = change(self.zone_id, vec![("UPSERT", plain_record(name, wanted, &values))]);
            verdict.warn(
                format!(
                    "{name} is remembered for {ttl} s: for so long after a shift, visitors go where they went before"
                ),
                format!("{sooner}, and move {ttl} s later at the earliest (48 hours are better)"),
            );
        }
    }

    /// A name without a record of its own.
    fn missing(&self, name: &str, verdict: &mut Verdict) {
        if self.zone.wildcard(name).is_some() {
            let found = values(self.zone, name);
            let own = if found.is_empty() {
                self.today(name)
            } else {
                plain_record(name, self.spec.legacy.ttl.into(), &found)
            };
            return verdict.fail(
                format!("{name} has no record of its own, a wildcard answers for it: a move needs one plain A record"),
                change(self.zone_id, vec![("CREATE", own)]),
            );
        }
        let mend = match (&self.balancer, &self.balancer_zone) {
            (Some(balancer), Some(zone)) => {
                let alias =
                    serde_json::json!({ "HostedZoneId": zone, "DNSName": balancer, "EvaluateTargetHealth": false });
                let alias = serde_json::json!({ "Name": name, "Type": "A", "AliasTarget": alias });
                let today = change(self.zone_id, vec![("CREATE", self.today(name))]);
                let moved = change(self.zone_id, vec![("CREATE", alias)]);
                format!("if the new side serves: {moved}; if today's servers do: {today}; or correct `legacy.records`")
            }
            _ => format!("{}; or correct `legacy.records`", change(self.zone_id, vec![("CREATE", self.today(name))])),
        };
        verdict.fail(
            format!("there is no A record {name} in {}: what isn't there can't be moved", self.spec.legacy.hosted_zone),
            mend,
        );
    }

    /// Names that services answer to and the move leaves where they are.
    fn hosts(&self, verdict: &mut Verdict) {
        let moved: BTreeSet<String> = self.spec.legacy.records.iter().map(ToString::to_string).collect();
        let ends = |name: &str| moved.contains(name) || self.own(name);
        for (service, host) in
            self.spec.services.iter().flat_map(|(name, s)| s.hosts.iter().map(move |host| (name, host)))
        {
            let host = host.to_string();
            if moved.contains(&host) || self.zone.follows(&host, &ends) {
                continue;
            }
            let answers = self.zone.answers(&host);
            let field = format!("`services.{service}.hosts`");
            match answers.first() {
                Some(set) => verdict.fail(
                    format!(
                        "{host} in {field} leads to {} and isn't in `legacy.records`: its users would stay there",
                        leads(set)
                    ),
                    format!("add {host} to `legacy.records`, or take it out of {field}"),
                ),
                None => verdict.fail(
                    format!("{host} in {field} has no record: nobody could ask for it"),
                    format!(
                        "{}, and add it to `legacy.records`; or take it out of {field}",
                        change(self.zone_id, vec![("CREATE", self.today(&host))])
                    ),
                ),
            }
        }
    }
}
