//! What is refused, and how it is mended.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::judge::{Facts, judge};
use super::zone::Zone;
use crate::aws::route53::records::{alias, legacy, new, simple};
use crate::aws::route53::write::record;
use crate::preflight::Level;
use crate::preflight::finding::Verdict;
use crate::spec::CitySpec;
use crate::spec::testing::malmo;
use aws_sdk_route53::types::{ResourceRecordSet, ResourceRecordSetFailover};

const WWW: &str = "www.malmobybike.example";
const API: &str = "api.malmobybike.example";
const OWN: &str = "malmo-1.eu-north-1.elb.amazonaws.com";
const LUND: &str = "lund-2.eu-north-1.elb.amazonaws.com";

fn plain(name: &str, last: u8) -> ResourceRecordSet {
    simple(name, 60, &[[198, 51, 100, last].into()].into()).unwrap()
}

fn other(name: &str, kind: &str, value: &str) -> ResourceRecordSet {
    record(name, kind.into(), 300, &[value.to_owned()]).unwrap()
}

/// What is found where the zone has the two names, each with an address of its own, after `change`.
fn found(change: impl FnOnce(&mut Vec<ResourceRecordSet>, &mut CitySpec)) -> Verdict {
    let mut spec = malmo().spec;
    let mut sets = vec![plain(WWW, 10), plain(API, 11)];
    change(&mut sets, &mut spec);
    let zone = Zone(sets);
    judge(&Facts {
        spec: &spec,
        zone_id: "Z1",
        zone: &zone,
        made: spec.legacy.records.iter().map(ToString::to_string).collect(),
        balancer: Some(OWN.into()),
        balancer_zone: Some("ZELB".into()),
        owners: [(LUND.to_owned(), "the city lund in eu-north-1".to_owned())].into(),
    })
}

#[track_caller]
fn fails(change: impl FnOnce(&mut Vec<ResourceRecordSet>, &mut CitySpec), says: &str, mend: &str) {
    let verdict = found(change);
    assert_eq!(verdict.worst(), Level::Fail, "{says}");
    let told = |(level, what, how): &(Level, String, Option<String>)| {
        *level == Level::Fail && what.contains(says) && how.as_ref().is_some_and(|how| how.contains(mend))
    };
    assert!(verdict.0.iter().any(told), "no `{says}` … `{mend}` in {verdict:#?}");
}

#[test]
fn plain_records_move_whatever_addresses_of_the_city_each_has() {
    assert_eq!(found(|_, _| {}).worst(), Level::Ok);
    let slow = found(|sets, _| sets[0].ttl = Some(3600));
    assert_eq!(slow.worst(), Level::Warn);
    let mend = slow.0[0].2.as_deref().unwrap();
    assert!(
        mend.contains(r#""Action":"UPSERT""#) && mend.contains(r#""TTL":60"#) && mend.contains("198.51.100.10"),
        "{mend}"
    );
}

#[test]
fn what_is_no_plain_a_record_is_refused_with_the_command_that_makes_it_one() {
    fails(|sets, _| sets[0] = plain(WWW, 99), "198.51.100.99", "correct `legacy.addresses`");
    fails(|sets, _| drop(sets.remove(0)), "there is no A record www", OWN);
    fails(
        |sets, _| sets[0] = plain("\\052.malmobybike.example.", 10),
        "a wildcard answers for it",
        r#"{"Action":"CREATE","ResourceRecordSet":{"Name":"www.malmobybike.example","Type":"A","TTL":60,"ResourceRecords":[{"Value":"198.51.100.10"}]}}"#,
    );
    fails(
        |sets, _| sets[0] = other(WWW, "CNAME", "cdn.example."),
        "is a CNAME of cdn.example",
        r#"{"Action":"DELETE","ResourceRecordSet":{"Name":"www.malmobybike.example","Type":"CNAME","TTL":300"#,
    );
    fails(
        |sets, _| sets[0] = alias(WWW, "d1.cloudfront.net", "Z2").unwrap(),
        "an alias of d1.cloudfront.net",
        "DELETE",
    );
    fails(|sets, _| sets.push(other(API, "AAAA", "2001:db8::1")), "users with IPv6 would stay", r#""Type":"AAAA""#);
    fails(|sets, _| sets.push(other(API, "HTTPS", "1 . alpn=h2")), "record of type HTTPS", "wait 300 s");
}

#[test]
fn somebody_elses_record_sets_are_refused_whatever_their_policy() {
    let strange = |change: fn(&mut ResourceRecordSet)| {
        let mut set = plain(WWW, 10);
        set.set_identifier = Some("eu".into());
        change(&mut set);
        set
    };
    let weighted = strange(|set| set.weight = Some(50));
    let latency = strange(|set| set.region = Some("eu-west-1".into()));
    let failover = strange(|set| set.failover = Some(ResourceRecordSetFailover::Primary));
    let many = strange(|set| set.multi_value_answer = Some(true));
    for (set, says) in [(weighted, "weighted"), (latency, "latency"), (failover, "failover"), (many, "multivalue")] {
        let says = format!("is answered by 1 {says} records (eu)");
        fails(|sets, _| sets[0] = set, &says, r#""SetIdentifier":"eu""#);
    }
}

#[test]
fn another_citys_names_are_told_as_its_own() {
    let pair = |balancer: &str| {
        let old = legacy(WWW, 60, &[[198, 51, 100, 10].into()].into(), 0).unwrap();
        [old, new(WWW, balancer, "ZELB", "check", 100).unwrap()]
    };
    fails(
        |sets, _| sets.splice(..1, pair(LUND)).for_each(drop),
        "a load balancer of the city lund in eu-north-1",
        "two cities",
    );
    fails(
        |sets, _| sets[0] = alias(WWW, LUND, "ZELB").unwrap(),
        "of the city lund",
        "take www.malmobybike.example out",
    );
    assert_eq!(found(|sets, _| sets.splice(..1, pair(OWN)).for_each(drop)).worst(), Level::Ok);
    assert_eq!(found(|sets, _| sets[0] = alias(WWW, OWN, "ZELB").unwrap()).worst(), Level::Ok);
}

#[test]
fn a_host_that_the_move_would_leave_behind_is_refused() {
    let only_www = |spec: &mut CitySpec| spec.legacy.records.truncate(1);
    fails(
        |_, spec| only_www(spec),
        "api.malmobybike.example in `services.web.hosts` leads to 198.51.100.11",
        "add api.",
    );
    let nowhere = |sets: &mut Vec<ResourceRecordSet>, spec: &mut CitySpec| {
        only_www(spec);
        sets.pop();
    };
    fails(nowhere, "api.malmobybike.example in `services.web.hosts` has no record", "CREATE");
    let follows = found(|sets, spec| {
        only_www(spec);
        sets[1] = other(API, "CNAME", "www.malmobybike.example.");
    });
    assert_eq!(follows.worst(), Level::Ok, "{follows:?}");
}
