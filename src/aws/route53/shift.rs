//! `route53:shift`: one step of the cutover. That it exists means: at least this share of the answers leads to the new side.
//!
//! Only what has changed moves: a name that was added later follows the others step by step, and none is ever taken back by a step.
//! Deleting the one that stands highest gives all users back at once: on the way back there is nothing to be careful with, since the
//! legacy side has served all of them before.

use super::bake::remaining;
use super::pair::{Changes, Pair};
use super::sight::Sight;
use super::write::submit;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::notice::Notice;
use crate::engine::plan::{Action, Change};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_elasticloadbalancingv2::types::{TargetHealthDescription, TargetHealthStateEnum};
use aws_sdk_route53::types::ChangeStatus;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// One step.
pub struct Shift;

/// How far, and what must hold there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShiftProps {
    /// The zone's id.
    pub zone: String,
    /// The names; those that aren't there yet are shifted in one batch.
    pub names: BTreeSet<String>,
    /// The new side's share in percent.
    pub percent: u8,
    /// The ARNs of the services' target groups, by service; each must have a healthy target.
    pub target_groups: BTreeMap<String, Input>,
    /// The host name of the new load balancer: a simple alias of it is a name whose move is over.
    #[serde(default)]
    pub target: Option<Input>,
    /// The id of the health check of the new side: Route 53 must see it as healthy.
    #[serde(default)]
    pub health_check: Option<Input>,
    /// Seconds that the new side must be well at this share.
    pub bake: u64,
    /// Whether it goes with a city that nobody serves afterwards: then nobody is led back. Set by the plan that takes such a city down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finished: bool,
}

/// What was changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShiftOutputs {
    /// The id of the change; `None` if the weights were there already.
    #[serde(default)]
    pub change: Option<String>,
    /// Whether the step has been passed: from then on it isn't looked at again.
    #[serde(default)]
    pub passed: bool,
}

impl ShiftProps {
    fn target(&self) -> Option<&str> {
        self.target.as_ref().and_then(Input::get).map(String::as_str)
    }

    fn health_check(&self) -> Option<&str> {
        self.health_check.as_ref().and_then(Input::get).map(String::as_str)
    }
}

fn healthy(targets: &[TargetHealthDescription]) -> bool {
    let state = |one: &TargetHealthDescription| one.target_health().and_then(|health| health.state()).cloned();
    targets.iter().any(|one| state(one) == Some(TargetHealthStateEnum::Healthy))
}

/// Whether the step has been passed: every answer is the new one, all services are well, and have been for long enough.
async fn readiness(survey: &Survey, props: &ShiftProps, change: Option<&str>) -> CloudResult<Readiness> {
    for (service, group) in &props.target_groups {
        let Some(group) = group.get() else {
            return Ok(Readiness::Pending(format!("{service} has no target group yet")));
        };
        if !healthy(&survey.target_health(group).await?) {
            return Ok(Readiness::Failed(format!("{service} has no healthy targets")));
        }
    }
    if let Some(check) = props.health_check() {
        let sight = Sight::of(&survey.aws, check).await?;
        if let Some(sight) = sight.filter(|sight| !sight.is_healthy()) {
            return Ok(Readiness::Failed(sight.to_string()));
        }
    }
    let Some(change) = change else {
        return Ok(Readiness::Ready);
    };
    let info = survey.change(change).await?;
    let Some(info) = info.as_ref() else {
        return Ok(Readiness::Ready);
    };
    if *info.status() != ChangeStatus::Insync {
        return Ok(Readiness::Pending(info.status().as_str().to_owned()));
    }
    let since = SystemTime::try_from(*info.submitted_at()).unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(remaining(since, survey.aws.clock.now(), props.bake, survey.aws.time_scale)
        .map_or(Readiness::Ready, Readiness::Pending))
}

fn not_yet(code: &str, message: String) -> CloudError {
    CloudError {
        class: ErrorClass::Dependency,
        call: "route53:ChangeResourceRecordSets".into(),
        code: code.into(),
        message,
    }
}

/// Moves the names that haven't come so far, all of them in one atomic batch.
async fn shift(aws: &Aws, props: &ShiftProps) -> CloudResult<ShiftOutputs> {
    let mut changes = Changes::new();
    for name in &props.names {
        let pair = Pair::now(aws, &props.zone, name).await?;
        match pair.share(props.target()) {
            None => return Err(not_yet("NoWeightedRecords", format!("{name} has no weighted records yet"))),
            Some(share) if share < props.percent => changes.extend(pair.shifted(props.percent)),
            Some(_) => {}
        }
    }
    if let (false, Some(check)) = (changes.is_empty(), props.health_check()) {
        Sight::must_be_healthy(aws, check).await?;
    }
    let comment = format!("{} % of the traffic to the new side", props.percent);
    let change = submit(aws, &props.zone, &comment, changes).await?;
    Ok(ShiftOutputs { change, passed: false })
}

/// What users notice: they are moved while both sides answer.
fn told(change: &Change) -> Option<Notice> {
    let percent = &change.props["percent"];
    let what = match change.action {
        Action::Delete if change.prior["finished"] == true => return None,
        Action::Delete => "all users go back to the legacy side".to_owned(),
        Action::Create => format!("{percent} % of the users go to the new side"),
        Action::Update => {
            let there =
                |name: &&str| change.prior["names"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
            let names = change.props["names"].as_array()?.iter().filter_map(|name| name.as_str());
            let late: Vec<&str> = names.filter(|name| !there(name)).collect();
            if late.is_empty() {
                return None;
            }
            format!("{percent} % of the users of {} go to the new side", late.join(", "))
        }
        _ => return None,
    };
    Some(Notice::moved(what))
}

impl Resource for Shift {
    const INFO: KindInfo = KindInfo {
        immutable: &["zone", "percent"],
        settles: true,
        leads: true,
        notice: told,
        // INSYNC within 60 s (D); then it must be well for the bake time.
        create: Latency::documented(5, 30, 60),
        update: Latency::documented(5, 30, 60),
        lasts: |props| props["bake"].as_u64().and_then(|seconds| seconds.try_into().ok()).unwrap_or(0),
        ..KindInfo::new("route53:shift", Identity::Same(&["zone", "percent"]))
    };
    type Props = ShiftProps;
    type Outputs = ShiftOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let wanted = sought.props;
        let zone = survey.records_for(&wanted.zone, sought.wanted).await?;
        let share = |name: &String| Pair::of(&zone, name).share(wanted.target()).unwrap_or(0);
        let names: BTreeSet<String> =
            wanted.names.iter().filter(|name| share(name) >= wanted.percent).cloned().collect();
        if names.is_empty() {
            return Ok(None);
        }
        if !sought.wanted {
            // What is left of it where others go on is its record: no user moves.
            let highest = wanted.names.iter().map(share).max().unwrap_or(0);
            let others = survey.census.as_ref().is_none_or(|census| census.steps_beyond(wanted.percent, highest));
            let found = || Found::ready(wanted.clone(), ShiftOutputs { change: None, passed: true });
            return Ok((!others).then(found));
        }
        // A later step stands, or the move is over: this one was passed.
        let beyond = names.len() == wanted.names.len() && names.iter().all(|name| share(name) > wanted.percent);
        let mut outputs = sought.recorded.cloned().unwrap_or(ShiftOutputs { change: None, passed: false });
        outputs.passed |= beyond;
        // A step that was passed stays passed: how the services are from then on is the alarms' business.
        let readiness = match outputs.passed {
            true => Readiness::Ready,
            false => readiness(survey, wanted, outputs.change.as_deref()).await?,
        };
        outputs.passed = readiness == Readiness::Ready;
        Ok(Some(Found { props: ShiftProps { names, ..wanted.clone() }, outputs, readiness }))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &ShiftProps) -> CloudResult<ShiftOutputs> {
        shift(aws, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: ShiftOutputs,
        _: &ShiftProps,
        props: &ShiftProps,
    ) -> CloudResult<ShiftOutputs> {
        let shifted = shift(aws, props).await?;
        Ok(if shifted.change.is_some() { shifted } else { outputs })
    }

    async fn delete(aws: &Aws, _: Making<'_>, _: &ShiftOutputs, props: &ShiftProps) -> CloudResult<()> {
        if props.finished {
            return Ok(());
        }
        let mut changes = Changes::new();
        for name in &props.names {
            let pair = Pair::now(aws, &props.zone, name).await?;
            // A name without a pair isn't ours to move; one that is back already needs nothing.
            if pair.new.is_some() && pair.share(props.target()).is_some_and(|share| share > 0) {
                changes.extend(pair.shifted(0));
            }
        }
        submit(aws, &props.zone, "all of the traffic back to the legacy side", changes).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(action: &str, prior: Value, props: Value) -> Option<String> {
        let change = json!({
            "address": "cutover/shift.25", "kind": "route53:shift", "action": action, "fields": [], "props": props, "prior": prior,
            "outputs": null, "depends_on": [], "depended_on": [],
        });
        told(&serde_json::from_value(change).ok()?).map(|notice| notice.what)
    }

    #[test]
    fn users_notice_a_step_that_moves_them_and_no_other() {
        let step = |names: &[&str]| json!({ "percent": 25, "names": names });
        let says = |action: &str, prior: Value, props: Value| said(action, prior, props).unwrap_or_default();
        assert_eq!(says("create", Value::Null, step(&["a"])), "25 % of the users go to the new side");
        let late = says("update", step(&["a"]), step(&["a", "b"]));
        assert_eq!(late, "25 % of the users of b go to the new side");
        assert_eq!(said("update", step(&["a", "b"]), step(&["a", "b"])), None, "only its record changes");
        assert_eq!(says("delete", step(&["a"]), Value::Null), "all users go back to the legacy side");
        let mut last = step(&["a"]);
        last["finished"] = true.into();
        assert_eq!(said("delete", last, Value::Null), None, "there is no way back");
        assert_eq!(said("adopt", step(&["a"]), step(&["a"])), None);
    }
}
