//! What serves the city today.

use super::Context;
use crate::spec::finding::Finding;

/// Instances are found by tags or by ids.
pub fn instances(context: &Context<'_>, out: &mut Vec<Finding>) {
    let instances = &context.spec.legacy.instances;
    let message = match (instances.tags.is_empty(), instances.ids.is_empty()) {
        (true, true) => "neither `tags` nor `ids` says which instances serve the city",
        (false, false) => "both `tags` and `ids` say which instances serve the city",
        _ => return,
    };
    out.push(Finding::at("legacy.instances", message).help("write one of them: tags: { Name: malmo-web } or ids: [i-0123456789abcdef0]"));
}

/// The records are in the hosted zone.
pub fn records(context: &Context<'_>, out: &mut Vec<Finding>) {
    let legacy = &context.spec.legacy;
    for (index, record) in legacy.records.iter().enumerate().filter(|(_, record)| !record.is_within(&legacy.hosted_zone)) {
        out.push(
            Finding::at(format!("legacy.records[{index}]"), format!("`{record}` is not in the zone `{}`", legacy.hosted_zone))
                .and("legacy.hosted_zone")
                .help(format!("names in it end in .{}", legacy.hosted_zone)),
        );
    }
}

/// The role that is assumed is one of the account.
pub fn role(context: &Context<'_>, out: &mut Vec<Finding>) {
    let spec = context.spec;
    if let Some(role) = spec.assume_role.as_ref().filter(|role| role.account() != spec.account.as_str()) {
        out.push(
            Finding::at("assume_role", format!("the role is in account {}, the city in {}", role.account(), spec.account)).and("account"),
        );
    }
}
