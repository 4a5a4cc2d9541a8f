//! What the city's users reach: certificate, load balancer and its rules, and the ECS services behind it.

mod routing;
mod services;

use super::{Blueprint, names};
use crate::aws::Resource;
use crate::aws::acm::certificate::{Certificate, CertificateProps};
use crate::aws::elb::action::Action;
use crate::aws::elb::listener::{Listener, ListenerProps, Tls};
use crate::aws::elb::load_balancer::{LoadBalancer, LoadBalancerProps};
use crate::aws::route53::validation::{ValidationProps, ValidationRecords};
use crate::engine::Desired;
use crate::engine::input::output;
use crate::spec::CitySpec;
use std::collections::BTreeSet;

pub(super) use routing::{addresses as ways_to_services, health_check_address, health_paths};
pub(super) use services::front;

/// TLS 1.3 and 1.2 with forward secrecy and authenticated encryption, a post-quantum key exchange for clients that have one: what AWS
/// recommends (D). Nothing older, and nothing that today's browsers lack.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09";
/// Seconds that a connection may be silent; the clients of the case study's API answer well within it. AWS's default (D).
const IDLE_SECONDS: u32 = 60;

/// The resources of the phase.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let mut all = certificate(blueprint).to_vec();
    all.extend(services::target_groups(blueprint));
    all.push(load_balancer(blueprint));
    all.extend(listeners());
    all.extend(routing::reach(blueprint));
    all.extend(services::services(blueprint));
    all.extend(services::checks(blueprint));
    all.extend(routing::rules(blueprint));
    all
}

/// The load balancer's name. The city has one, and its name is the city's.
fn load_balancer_name(city: &str) -> String {
    city.to_owned()
}

/// Every name that the city answers to: those of today's records, and the services' own.
pub fn hosts(spec: &CitySpec) -> BTreeSet<String> {
    let services = spec.services.iter().flat_map(|(_, service)| &service.hosts);
    spec.legacy.records.iter().chain(services).map(ToString::to_string).collect()
}

fn certificate(blueprint: &Blueprint<'_>) -> [Desired; 2] {
    let names = hosts(blueprint.spec);
    // A certificate is issued to at most 64 characters (D); the other names may be longer.
    let shortest = names.iter().min_by_key(|name| name.len()).cloned().unwrap_or_default();
    let load_balancer = load_balancer_name(blueprint.city);
    let zone = blueprint.lookups.hosted_zone.clone();
    let records = ValidationProps {
        zone: zone.clone(),
        certificate: output("alb/certificate", "arn"),
        records: output("alb/certificate", "records"),
        load_balancer: load_balancer.clone(),
    };
    [
        Certificate::at(
            "alb/certificate",
            &CertificateProps { name: shortest, names, load_balancer, zone: Some(zone) },
        ),
        ValidationRecords::at("alb/certificate-records", &records),
    ]
}

fn load_balancer(blueprint: &Blueprint<'_>) -> Desired {
    let Blueprint { city, spec, .. } = *blueprint;
    let logs = names::log_bucket(spec.account.as_str(), spec.region.as_str());
    let attributes = [
        ("access_logs.s3.bucket", logs),
        ("access_logs.s3.enabled", "true".into()),
        ("access_logs.s3.prefix", city.to_owned()),
        ("deletion_protection.enabled", "true".into()),
        ("idle_timeout.timeout_seconds", IDLE_SECONDS.to_string()),
        // Requests that two servers could read in two ways are refused or rewritten before a container sees them.
        ("routing.http.desync_mitigation_mode", "defensive".into()),
        ("routing.http.drop_invalid_header_fields.enabled", "true".into()),
        ("routing.http2.enabled", "true".into()),
    ];
    let subnet = |zone| output(format!("vpc/subnet.public-{zone}").as_str(), "id");
    let props = LoadBalancerProps {
        name: load_balancer_name(city),
        subnets: spec.network.zones.iter().map(subnet).collect(),
        security_groups: [output("security-groups/load-balancer", "id")].into(),
        attributes: attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        foreign_listeners: BTreeSet::new(),
    };
    // AWS refuses an internet-facing one in a VPC without a way to the internet, and that way can't go before it does.
    LoadBalancer::at("alb/load-balancer", &props).after(["vpc/internet-gateway", "vpc/route-table.public"])
}

fn listeners() -> [Desired; 2] {
    let http = ListenerProps {
        load_balancer: output("alb/load-balancer", "arn"),
        port: 80,
        tls: None,
        default: Action::RedirectToHttps,
        foreign_rules: BTreeSet::new(),
        foreign_certificates: BTreeSet::new(),
    };
    let https = ListenerProps {
        load_balancer: output("alb/load-balancer", "arn"),
        port: 443,
        tls: Some(Tls { certificate: output("alb/certificate", "arn"), policy: TLS_POLICY.into() }),
        // A name that nobody gave the site (an attacker's that points here) gets no page.
        default: Action::NotFound,
        foreign_rules: BTreeSet::new(),
        foreign_certificates: BTreeSet::new(),
    };
    // The records are ready when the certificate is issued: no listener takes it before.
    let https = Listener::at("alb/listener.https", &https).after(["alb/certificate-records"]);
    [Listener::at("alb/listener.http", &http), https]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phases::testing::blueprint;
    use serde_json::{Value, json};

    fn props<'a>(all: &'a [Desired], address: &str) -> &'a Value {
        all.iter().find(|one| one.address.as_str() == address).map_or(&Value::Null, |one| &one.props)
    }

    #[test]
    fn nothing_is_served_without_tls() {
        let all = blueprint(json!({}), resources);
        assert_eq!(props(&all, "alb/listener.http")["default"], "redirect-to-https");
        assert_eq!(props(&all, "alb/listener.https")["tls"]["policy"], TLS_POLICY);
        let listeners = all.iter().filter(|one| one.kind == "elb:listener").map(|one| one.props["port"].clone());
        assert_eq!(listeners.collect::<Vec<_>>(), [80, 443]);
        let attributes = &props(&all, "alb/load-balancer")["attributes"];
        assert_eq!(attributes["deletion_protection.enabled"], "true");
        assert_eq!(attributes["access_logs.s3.bucket"], "migrate-logs-123456789012-eu-north-1");
    }

    #[test]
    fn the_certificate_holds_for_every_name_and_is_waited_for() {
        let changes = json!({ "services": { "web": { "hosts": ["malmobybike.example", "www.malmobybike.example"] } } });
        let all = blueprint(changes, resources);
        let certificate = props(&all, "alb/certificate");
        assert_eq!(certificate["names"], json!(["malmobybike.example", "www.malmobybike.example"]));
        assert_eq!(certificate["name"], "malmobybike.example");
        let listener = all.iter().find(|one| one.address.as_str() == "alb/listener.https");
        let before = listener.map(Desired::dependencies).unwrap_or_default();
        // Issued before it is served, and the old one served until the new one is.
        assert!(before.contains(&"alb/certificate-records".into()) && before.contains(&"alb/certificate".into()));
    }
}
