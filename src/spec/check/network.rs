//! The network: large enough, where it says, and nobody else's.

use ipnet::Ipv4Net;

use super::{Context, Neighbour};
use crate::phases::overlap;
use crate::spec::{finding::Finding, subnets::subnets};

/// AWS's limits of a VPC (D), and room for the subnets.
pub fn size(context: &Context<'_>, out: &mut Vec<Finding>) {
    let cidr = context.spec.network.cidr;
    if cidr.prefix_len() < 16 {
        out.push(Finding::at("network.cidr", format!("`{cidr}` is too large for a VPC")).help("use a /16 or smaller"));
    }
    if let Err(too_small) = subnets(context.spec) {
        let zones = context.spec.network.zones.len();
        let message = format!("`{cidr}` is too small for public and private subnets in {zones} zones");
        let help = format!("use a /{} or larger", too_small.largest_prefix);
        out.push(Finding::at("network.cidr", message).and("network.zones").help(help));
    }
}

/// Private addresses, and not those of Docker's bridge on every instance.
pub fn private(context: &Context<'_>, out: &mut Vec<Finding>) {
    let cidr = context.spec.network.cidr;
    let private = [
        Ipv4Net::new_assert([10, 0, 0, 0].into(), 8),
        Ipv4Net::new_assert([172, 16, 0, 0].into(), 12),
        Ipv4Net::new_assert([192, 168, 0, 0].into(), 16),
    ];
    let docker = Ipv4Net::new_assert([172, 17, 0, 0].into(), 16);
    if !private.iter().any(|net| net.contains(&cidr)) {
        out.push(
            Finding::at("network.cidr", format!("`{cidr}` are not private addresses"))
                .help("use a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"),
        );
    } else if overlap(&docker, &cidr) {
        out.push(Finding::at(
            "network.cidr",
            format!("`{cidr}` overlaps 172.17.0.0/16, which Docker uses on every instance"),
        ));
    }
}

/// The zones are the region's.
pub fn zones(context: &Context<'_>, out: &mut Vec<Finding>) {
    let region = &context.spec.region;
    for (index, letter) in
        context.spec.network.zones.iter().enumerate().filter(|(_, l)| !region.zones().contains(l.as_str()))
    {
        let valid: Vec<String> = region.zones().chars().map(|letter| format!("`{letter}`")).collect();
        out.push(
            Finding::at(format!("network.zones[{index}]"), format!("there is no zone `{region}{letter}`"))
                .and("region")
                .help(format!("valid: {}", valid.join(", "))),
        );
    }
}

/// Whose network it is, and which.
const NETWORK: [&str; 3] = ["network.cidr", "account", "region"];

/// No other city of the account and region uses the addresses.
pub fn neighbours(context: &Context<'_>, out: &mut Vec<Finding>) {
    let spec = context.spec;
    for Neighbour { name, spec: other, .. } in context.neighbours.iter().filter(|other| other.says(&NETWORK)) {
        let here = other.account == spec.account && other.region == spec.region;
        if here && overlap(&spec.network.cidr, &other.network.cidr) {
            let message = format!(
                "`{}` overlaps `{}` of `{name}` in the same account and region",
                spec.network.cidr, other.network.cidr
            );
            out.push(Finding::at("network.cidr", message).and("account").and("region").help(free(context)));
        }
    }
}

/// Today's servers are reached from the new network, so they can't have its addresses.
pub fn legacy_addresses(context: &Context<'_>, out: &mut Vec<Finding>) {
    let spec = context.spec;
    let targets =
        spec.legacy.targets.iter().enumerate().map(|(index, ip)| (format!("legacy.targets[{index}]"), Some(*ip)));
    let database = ("legacy.database.endpoint".to_owned(), spec.legacy.database.endpoint.host.parse().ok());
    for (field, ip) in targets.chain([database]) {
        if let Some(ip) = ip.filter(|ip| spec.network.cidr.contains(ip)) {
            let message =
                format!("`{ip}` lies in the new network `{}`, from which it must be reached", spec.network.cidr);
            out.push(
                Finding::at(field, message).and("network.cidr").help("choose other addresses for the new network"),
            );
        }
    }
}

/// The first network of the same size in 10.0.0.0/8 that nobody uses.
fn free(context: &Context<'_>) -> String {
    let spec = context.spec;
    let taken = |net: &Ipv4Net| {
        let mut others = context.neighbours.iter().filter(|other| other.says(&NETWORK));
        let theirs = others.any(|other| overlap(net, &other.spec.network.cidr));
        let legacy =
            spec.legacy.targets.iter().chain(&spec.legacy.database.endpoint.host.parse()).any(|ip| net.contains(ip));
        theirs || legacy
    };
    let ten = Ipv4Net::new_assert([10, 0, 0, 0].into(), 8);
    let found =
        ten.subnets(spec.network.cidr.prefix_len().max(16)).ok().and_then(|mut nets| nets.find(|net| !taken(net)));
    found.map_or_else(|| "choose other addresses".to_owned(), |net| format!("`{net}` is free"))
}
