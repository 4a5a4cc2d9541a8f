//! What belongs to one city and to no other: names that users know, servers, data. A second file that names the same would take a living
//! city's traffic, or write into its database.

use super::Context;
use crate::spec::{CitySpec, finding::Finding};
use std::net::Ipv4Addr;

/// Something that a file claims for its city.
struct Claim {
    /// Where, and the other fields that say what it is.
    fields: Vec<String>,
    /// What: two claims of the same are one too many.
    what: String,
    /// What a city has of it, to be told.
    noun: &'static str,
    /// The same for people.
    shown: String,
}

/// Nothing is claimed that another file claims.
pub fn apart(context: &Context<'_>, out: &mut Vec<Finding>) {
    let mine = claims(context.spec);
    for other in &context.neighbours {
        let theirs: Vec<Claim> = claims(other.spec).into_iter().filter(|claim| other.says(&claim.fields)).collect();
        for claim in &mine {
            let Some(twin) = theirs.iter().find(|twin| twin.what == claim.what) else { continue };
            let message = format!("`{}` is {} of `{}` too ({})", claim.shown, claim.noun, other.name, twin.fields[0]);
            let finding = Finding { fields: claim.fields.clone(), ..Finding::at("", message) };
            out.push(finding.help("it belongs to one city: take it out of the other file, or correct it here"));
        }
    }
}

fn claims(spec: &CitySpec) -> Vec<Claim> {
    let legacy = &spec.legacy;
    let here = format!("{} {}", spec.account, spec.region);
    let mut all = Vec::new();
    let mut claim = |fields: Vec<String>, what: String, noun, shown: String| {
        all.push(Claim { fields, what, noun, shown });
    };
    for (index, record) in legacy.records.iter().enumerate() {
        claim(vec![format!("legacy.records[{index}]")], format!("name {record}"), "a name", record.to_string());
    }
    for (service, spec) in spec.services.iter() {
        for (index, host) in spec.hosts.iter().enumerate() {
            let field = format!("services.{service}.hosts[{index}]");
            claim(vec![field], format!("name {host}"), "a name", host.to_string());
        }
    }
    // The same private address is another server's in another account or region.
    let place = |field: String, ip: Option<Ipv4Addr>| match ip {
        Some(ip) if ip.is_private() => (vec![field, "account".into(), "region".into()], here.as_str()),
        _ => (vec![field], ""),
    };
    for (list, ips) in [("addresses", &legacy.addresses), ("targets", &legacy.targets)] {
        for (index, ip) in ips.iter().enumerate() {
            let (fields, place) = place(format!("legacy.{list}[{index}]"), Some(*ip));
            claim(fields, format!("server {ip} {place}"), "a server", ip.to_string());
        }
    }
    let (endpoint, name) = (&legacy.database.endpoint, &legacy.database.name);
    let (mut fields, place) = place("legacy.database.endpoint".into(), endpoint.host.parse().ok());
    fields.push("legacy.database.name".into());
    claim(fields, format!("database {endpoint} {name} {place}"), "the database", format!("{endpoint}/{name}"));
    for (index, id) in legacy.instances.ids.iter().enumerate() {
        claim(vec![format!("legacy.instances.ids[{index}]")], format!("instance {id}"), "a server", id.to_string());
    }
    if !legacy.instances.tags.is_empty() {
        let tags = &legacy.instances.tags;
        let shown: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut fields = vec!["legacy.instances.tags".into(), "account".into(), "region".into()];
        fields.extend(tags.keys().map(|name| format!("legacy.instances.tags.{name}")));
        claim(fields, format!("instances {} {here}", shown.join(",")), "the mark of the servers", shown.join(", "));
    }
    all
}
