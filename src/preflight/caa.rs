//! Whether Amazon may issue the city's certificate: CAA records allow it, and the names are in the zone that proves them.

use super::check::{Check, Subject};
use super::finding::Verdict;
use super::resolver::CaaRecord;
use crate::engine::CloudResult;
use crate::phases::alb::hosts;
use async_trait::async_trait;
use futures_util::future::join_all;

/// The check.
pub struct Caa;

/// The names under which Amazon issues (D).
const AMAZON: [&str; 4] = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];

/// What holds for a name: the records of it, or of the nearest name above that has any.
type Effective = Result<Vec<CaaRecord>, String>;

#[async_trait]
impl Check for Caa {
    fn name(&self) -> &'static str {
        "certificate"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        subject.plan.changes.iter().any(|change| change.kind == "acm:certificate" && change.action.makes())
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let hosts = hosts(&subject.city.spec);
        let looked = hosts.iter().map(|host| async move { (host.as_str(), climb(subject, host).await) });
        Ok(judge(&subject.plan.lookups.hosted_zone_name, &join_all(looked).await))
    }
}

/// The records that hold for `host`: an authority climbs from the name towards the root and stops at the first it finds.
async fn climb(subject: &Subject<'_>, host: &str) -> Effective {
    let mut name = host;
    loop {
        let found = subject.dns.caa(name).await?;
        match name.split_once('.') {
            Some((_, above)) if found.is_empty() && above.contains('.') => name = above,
            _ => return Ok(found),
        }
    }
}

fn judge(zone: &str, hosts: &[(&str, Effective)]) -> Verdict {
    let mut verdict = Verdict::default();
    for (host, effective) in hosts {
        if *host != zone && !host.ends_with(&format!(".{zone}")) {
            verdict.fail(
                format!("{host} is not in the zone {zone}, where the certificate is proven"),
                "take it out of `hosts`, or move it into the zone",
            );
        }
        match effective {
            Err(why) => verdict.warn(
                format!("whether a CAA record keeps Amazon from issuing for {host} could not be looked at: {why}"),
                format!("dig CAA {host} should show nothing, or amazon.com"),
            ),
            Ok(records) if !allows(records) => verdict.fail(
                format!("CAA records keep Amazon from issuing a certificate for {host}"),
                format!("add the record `{host} CAA 0 issue \"amazon.com\"`"),
            ),
            Ok(_) => {}
        }
    }
    verdict.or_ok(format!("Amazon may issue for {} names", hosts.len()))
}

fn allows(records: &[CaaRecord]) -> bool {
    let mut issue = records.iter().filter(|record| record.tag.eq_ignore_ascii_case("issue")).peekable();
    // Parameters may follow: `amazon.com; validationmethods=dns-01`.
    let authority = |record: &CaaRecord| record.value.split(';').next().unwrap_or_default().trim().to_lowercase();
    issue.peek().is_none() || issue.any(|record| AMAZON.contains(&authority(record).as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    fn record(tag: &str, value: &str) -> CaaRecord {
        CaaRecord { tag: tag.into(), value: value.into() }
    }

    #[test]
    fn only_a_record_for_others_alone_keeps_amazon_out() {
        assert!(allows(&[]));
        assert!(allows(&[record("iodef", "mailto:ops@city.example")]));
        assert!(allows(&[record("issue", "letsencrypt.org"), record("issue", "amazon.com")]));
        assert!(allows(&[record("ISSUE", "AmazonAWS.com; validationmethods=dns-01")]));
        assert!(!allows(&[record("issue", "letsencrypt.org")]));
        assert!(!allows(&[record("issue", ";")]));
        assert!(!allows(&[record("issue", "notamazon.com")]));
    }

    #[test]
    fn a_name_outside_the_zone_can_not_be_proven() {
        let level = |host| judge("city.example", &[(host, Ok(Vec::new()))]).worst();
        assert_eq!(level("www.city.example"), Level::Ok);
        assert_eq!(level("city.example"), Level::Ok);
        assert_eq!(level("www.othercity.example"), Level::Fail);
        assert_eq!(judge("city.example", &[("city.example", Err("no DNS".into()))]).worst(), Level::Warn);
    }
}
