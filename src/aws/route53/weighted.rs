//! `route53:weighted-records`: a name of today's site while it moves. Two weighted records answer it, today's servers and the new load
//! balancer; after the move a simple alias does ([`super::alias`]).
//!
//! It begins with all weight on today's servers, so making it changes no answer. The weights belong to [`super::shift`].

use super::names::plain;
use super::pair::{Changes, Pair};
use super::records::{addresses, alias, leads, legacy, new, simple, ttl};
use super::write::submit;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey};
use crate::engine::kind::{Identity, KindInfo, Latency, Source};
use crate::engine::notice::{FOR_GOOD, Notice};
use crate::engine::plan::{Action, Change};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_route53::types::{ChangeAction, ResourceRecordSet};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// The records of one name.
pub struct WeightedRecords;

/// Where a name may lead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WeightedProps {
    /// The zone's id.
    pub zone: String,
    /// The name.
    pub name: String,
    /// The time to live of the legacy record during the move, in seconds.
    pub ttl: u32,
    /// The addresses that the zone had for the name before.
    pub legacy: BTreeSet<Ipv4Addr>,
    /// The time to live that it had there; `None`: `ttl`.
    #[serde(default)]
    pub ttl_before: Option<u32>,
    /// The host name of the new load balancer.
    pub target: Input,
    /// The Route 53 zone of that host name.
    pub target_zone: Input,
    /// The id of the health check of the new side: unhealthy, its weight counts as none.
    pub health_check: Input,
    /// The new side's share in percent, as it was seen. Wanted by nobody: it belongs to the shifts.
    #[serde(default)]
    pub share: Option<u8>,
    /// Who answers when it is gone, nobody if it is empty. Set by the plan that takes a city down whose move is finished.
    #[serde(default)]
    pub then: Option<BTreeSet<Ipv4Addr>>,
}

/// They have no id of their own.
#[derive(Debug, Serialize, Deserialize)]
pub struct WeightedOutputs {
    /// The name.
    pub name: String,
}

impl WeightedProps {
    fn weighted(&self, share: u8) -> CloudResult<[ResourceRecordSet; 2]> {
        let (share, name) = (i64::from(share), &self.name);
        let health_check = self.health_check.known()?;
        Ok([
            legacy(name, self.ttl, &self.legacy, 100 - share)?,
            new(name, self.target.known()?, self.target_zone.known()?, health_check, share)?,
        ])
    }

    fn target(&self) -> Option<&str> {
        self.target.get().map(String::as_str)
    }
}

/// Refuses to replace what isn't what was seen when the plan was made: somebody has changed it since.
fn must_be_legacy<'a>(pair: &'a Pair, props: &WeightedProps) -> CloudResult<&'a ResourceRecordSet> {
    let error = |code: &str, message: String| CloudError {
        class: ErrorClass::Other,
        call: "route53:ChangeResourceRecordSets".into(),
        code: code.into(),
        message: format!("{message}: run the command again, preflight says what to do"),
    };
    let name = &props.name;
    if let Some(other) = pair.others.first() {
        let what = other.set_identifier().map_or(other.r#type().as_str().to_owned(), |id| format!("A, {id}"));
        return Err(error("NotAlone", format!("{name} has a record that can't be moved ({what})")));
    }
    if let Some(other) = pair.new_side() {
        return Err(error("NotOurs", format!("{name} is being moved to {other}, which isn't this city's")));
    }
    let Some(found) = &pair.simple else {
        return Err(error("NoLegacyRecord", format!("{name} has no A record")));
    };
    let same_ttl = props.ttl_before.is_none_or(|before| before == ttl(Some(found)));
    if found.alias_target().is_none() && addresses(Some(found)) == props.legacy && same_ttl {
        return Ok(found);
    }
    let (now, then) = (leads(found), props.legacy.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(", "));
    Err(error("NotTheLegacyRecord", format!("{name} points at {now} now (TTL {}), not at {then}", ttl(Some(found)))))
}

fn observe(pair: &Pair, wanted: &WeightedProps) -> WeightedProps {
    let share = pair.share(None);
    let of = |record: &ResourceRecordSet| {
        let alias = record.alias_target();
        let name = alias.map(|alias| plain(alias.dns_name())).unwrap_or_default();
        (name, alias.map(|alias| alias.hosted_zone_id().to_owned()).unwrap_or_default())
    };
    let (target, zone) = pair.new.as_ref().or(pair.simple.as_ref()).map(of).unwrap_or_default();
    let seen = WeightedProps { target: target.into(), target_zone: zone.into(), share, ..wanted.clone() };
    if pair.legacy.is_none() && pair.new.is_none() {
        return seen;
    }
    let health_check = pair.new.as_ref().and_then(|record| record.health_check_id()).unwrap_or_default();
    WeightedProps {
        ttl: ttl(pair.legacy.as_ref()),
        legacy: addresses(pair.legacy.as_ref()),
        health_check: health_check.into(),
        ..seen
    }
}

/// Whom users of a name find who is taken out of the city after they were moved: nobody. Today's servers would refuse what they write.
fn told(change: &Change) -> Option<Notice> {
    let moved = change.prior["share"].as_u64().is_some_and(|share| share > 0);
    let name = change.prior["name"].as_str().unwrap_or_default();
    let gone = change.action == Action::Delete && moved;
    let what = format!("nobody answers {name} from then on");
    gone.then(|| Notice::out(what, FOR_GOOD, Source::Documented))
}

impl Resource for WeightedRecords {
    const INFO: KindInfo = KindInfo {
        immutable: &["zone", "name"],
        lingers: true,
        // INSYNC within 60 s, and an alias's answer is kept for the 60 s that are the load balancer's TTL (D).
        delete: Latency::documented(60, 120, 120),
        serves: true,
        notice: told,
        ..KindInfo::new("route53:weighted-records", Identity::Same(&["zone", "name"]))
    };
    type Props = WeightedProps;
    type Outputs = WeightedOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let pair = Pair::of(&survey.records_for(&sought.props.zone, sought.wanted).await?, &sought.props.name);
        let leads = |pair: &Pair, target| pair.is_over(target) || pair.is_towards(target);
        let own = sought.props.target().is_some_and(|target| leads(&pair, Some(target)));
        // What was recorded and leads elsewhere is a change by hand, which is told and taken back; what is to go and leads elsewhere is
        // nothing of ours, nor is what another city has made.
        let changed = sought.wanted && sought.recorded.is_some() && (pair.legacy.is_some() || leads(&pair, None));
        if !own && !changed {
            return Ok(None);
        }
        let outputs = WeightedOutputs { name: sought.props.name.clone() };
        Ok(Some(Found::ready(observe(&pair, sought.props), outputs)))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &WeightedProps) -> CloudResult<WeightedOutputs> {
        let pair = Pair::now(aws, &props.zone, &props.name).await?;
        let mut changes = Changes::new();
        if !pair.is_over(props.target()) && !pair.is_towards(props.target()) {
            // What is deleted must be told exactly as it is; if it changes in between, the whole batch is refused.
            changes.push((ChangeAction::Delete, must_be_legacy(&pair, props)?.clone()));
            changes.extend(props.weighted(0)?.map(|record| (ChangeAction::Create, record)));
        }
        submit(aws, &props.zone, "weighted records; all weight stays on today's servers", changes).await?;
        Ok(WeightedOutputs { name: props.name.clone() })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: WeightedOutputs,
        _: &WeightedProps,
        props: &WeightedProps,
    ) -> CloudResult<WeightedOutputs> {
        let pair = Pair::now(aws, &props.zone, &props.name).await?;
        let records = match pair.simple {
            Some(_) => vec![alias(&props.name, props.target.known()?, props.target_zone.known()?)?],
            None => props.weighted(pair.share(None).unwrap_or(0))?.into(),
        };
        let changes = records.into_iter().map(|record| (ChangeAction::Upsert, record)).collect();
        submit(aws, &props.zone, "records of the move, weights as they are", changes).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, _: &WeightedOutputs, props: &WeightedProps) -> CloudResult<()> {
        let pair = Pair::now(aws, &props.zone, &props.name).await?;
        let moved = pair.share(props.target()).is_some_and(|share| share > 0);
        let (over, own) = (pair.is_over(props.target()), pair.is_towards(props.target()));
        let free = over || pair.simple.is_none();
        let mut changes = Changes::new();
        if over {
            changes.extend(pair.simple.clone().map(|record| (ChangeAction::Delete, record)));
        }
        if own {
            changes.extend(pair.gone());
        }
        let next = match &props.then {
            Some(addresses) => Some((props.ttl, addresses)).filter(|(_, addresses)| !addresses.is_empty()),
            // Today's servers would refuse what those write who have moved.
            None if moved => None,
            None => Some((props.ttl_before.unwrap_or(props.ttl), &props.legacy)),
        };
        let mut comment = "the city no longer answers";
        if let (Some((ttl, addresses)), true, false) = (next, free, changes.is_empty()) {
            changes.push((ChangeAction::Create, simple(&props.name, ttl, addresses)?));
            comment = "the record of those who answer instead of the city";
        }
        submit(aws, &props.zone, comment, changes).await?;
        Ok(())
    }
}
