//! Whether the internet asks the zone that is changed: of two zones of one name, the domain is delegated to one.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::call;
use crate::aws::route53::names::plain;
use crate::engine::CloudResult;
use async_trait::async_trait;
use std::collections::BTreeSet;

/// The check.
pub struct Delegation;

#[async_trait]
impl Check for Delegation {
    fn name(&self) -> &'static str {
        "delegation"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        subject.services().contains("route53")
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let lookups = &subject.plan.lookups;
        let zone = subject.aws.route53.get_hosted_zone().id(&lookups.hosted_zone);
        let (zone, seen) = tokio::join!(zone.send(), subject.dns.name_servers(&lookups.hosted_zone_name));
        let zone = zone.map_err(call("route53:GetHostedZone"))?;
        let ours = zone.delegation_set().map(|set| set.name_servers()).unwrap_or_default();
        let ours = ours.iter().map(|name| plain(name)).collect();
        Ok(judge(&lookups.hosted_zone_name, &ours, seen))
    }
}

fn judge(zone: &str, ours: &BTreeSet<String>, seen: Result<BTreeSet<String>, String>) -> Verdict {
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let mend = format!("at {zone}'s registrar, set the name servers {}", list(ours));
    let mut verdict = Verdict::default();
    match seen {
        Err(why) => verdict.warn(
            format!("whether {zone} is delegated to this zone could not be looked at: {why}"),
            format!("dig NS {zone} should show {}", list(ours)),
        ),
        Ok(seen) if seen.is_empty() => {
            verdict.fail(format!("{zone} is delegated to nobody: no name of it resolves"), mend)
        }
        Ok(seen) if seen.is_disjoint(ours) => verdict.fail(
            format!("{zone} is delegated to {}, not to this zone: what is changed here, nobody sees", list(&seen)),
            format!("name the right zone (is there another of that name?), or {mend}"),
        ),
        Ok(seen) if seen != *ours => {
            verdict.warn(
                format!("{zone} is delegated to {}, and the zone's own name servers are others in part", list(&seen)),
                mend,
            );
        }
        Ok(_) => {}
    }
    verdict.or_ok(format!("{zone} is delegated to this zone"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    #[test]
    fn another_zones_name_servers_fail_and_no_answer_only_warns() {
        let names = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<BTreeSet<_>>();
        let ours = names(&["ns-1.awsdns.example", "ns-2.awsdns.example"]);
        let level = |seen| judge("city.example", &ours, seen).worst();
        assert_eq!(level(Ok(ours.clone())), Level::Ok);
        assert_eq!(level(Ok(names(&["ns-1.awsdns.example", "ns-9.old.example"]))), Level::Warn);
        assert_eq!(level(Ok(names(&["ns-9.old.example"]))), Level::Fail);
        assert_eq!(level(Ok(names(&[]))), Level::Fail);
        assert_eq!(level(Err("timed out".into())), Level::Warn);
    }
}
