//! A saved plan: written, read again, and refused unless it still is exactly what the plan comes to.
//!
//! What a plan file says is never carried out: the plan is made anew, and carried out if it is the same. So a file that somebody made or
//! changed can at most be refused.

use super::exit::Hint;
use crate::aws::cloud::kind;
use crate::engine::plan::{self, Change, Goal, Plan};
use crate::phases::PHASES;
use crate::spec::City;
use crate::state::State;
use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Saves a plan. An existing file is not overwritten with half a plan: it is written beside and moved.
pub fn save(plan: &Plan, file: &Path) -> anyhow::Result<()> {
    let beside = file.with_extension("partial");
    std::fs::write(&beside, serde_json::to_vec_pretty(plan)?)
        .and_then(|()| std::fs::rename(&beside, file))
        .with_context(|| format!("saving the plan to {}", file.display()))
}

/// Reads a saved plan.
pub fn load(file: &Path) -> anyhow::Result<Plan> {
    let bytes = std::fs::read(file).with_context(|| format!("reading the plan {}", file.display()))?;
    parse(&bytes).map_err(|error| {
        error
            .context(format!("{} is not a plan of this version of migrate", file.display()))
            .context(Hint("make it again with `migrate plan CITY --out FILE`".into()))
    })
}

/// Reads the bytes of a saved plan.
pub fn parse(bytes: &[u8]) -> anyhow::Result<Plan> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let head: Head = serde_json::from_slice(bytes).context("it has no format version")?;
    if head.version != plan::VERSION {
        return Err(anyhow!("it has plan format {}, this program knows {}", head.version, plan::VERSION));
    }
    Ok(serde_json::from_slice(bytes)?)
}

/// Refuses a plan that is of no use for `city`, before anything is touched or asked.
pub fn check(plan: &Plan, city: &City) -> anyhow::Result<()> {
    let (account, region) = (city.spec.account.as_str(), city.spec.region.as_str());
    let phases: BTreeSet<&str> = PHASES.iter().map(|phase| phase.name).collect();
    let error = if (plan.city.as_str(), plan.account.as_str(), plan.region.as_str()) != (&city.name, account, region) {
        anyhow!(
            "the plan is for {} in {} of account {}; {} lives in {region} of account {account}",
            plan.city,
            plan.region,
            plan.account,
            city.name
        )
    } else if plan.goal == Goal::Nothing {
        return Err(anyhow!("that plan destroys {}; nothing was changed", city.name)
            .context(Hint(format!("use `migrate destroy {}`", city.name))));
    } else if let Some(odd) = plan.changes.iter().find(|change| kind(&change.kind).is_none()) {
        anyhow!("{} is of kind {}, which this version doesn't know", odd.address, odd.kind)
    } else if let Some(odd) = plan.changes.iter().find(|change| !phases.contains(change.address.phase())) {
        anyhow!("{} is in no phase that this version knows", odd.address)
    } else {
        return Ok(());
    };
    Err(error.context("the saved plan is refused; nothing was changed").context(again(&city.name)))
}

/// Refuses a saved plan that `now`, made from the present `state`, isn't the same as.
pub fn unmoved(saved: &Plan, now: &Plan, state: &State) -> anyhow::Result<()> {
    if saved.base != now.base {
        let error = anyhow!(
            "the state has moved on: the plan was made from serial {}, now it is {}",
            saved.base.serial,
            state.serial
        );
        return Err(error.context(again(&now.city)));
    }
    let (before, after) = (changes(saved), changes(now));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let moved: Vec<String> = keys
        .into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|(address, _)| address.clone())
        .collect();
    if moved.is_empty() && saved.lookups == now.lookups && saved.known == now.known {
        return Ok(());
    }
    let what = if moved.is_empty() { "what the changes refer to".into() } else { moved.join(", ") };
    let error = anyhow!(
        "the world has moved on since the plan was made, or the city file or the plan file was changed: {what}"
    );
    Err(error.context(again(&now.city)))
}

/// What each change does. Progress ("1 of 2 tasks") is no news.
fn changes(plan: &Plan) -> BTreeMap<(String, bool), Value> {
    let essence = |change: &Change| json!(Change { readiness: None, ..change.clone() });
    plan.changes.iter().map(|change| ((change.address.to_string(), change.deposed), essence(change))).collect()
}

fn again(city: &str) -> Hint {
    Hint(format!("make it again: migrate plan {city} --out FILE; nothing was changed"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::hostile::{bytes, cases, mutated, reshaped};
    use crate::spec;
    use proptest::prelude::*;

    /// What the refusal says, and what was changed in the plan.
    type Forgery = (&'static str, fn(&mut Value));

    fn document() -> Value {
        let change = |address: &str, kind: &str, action: Value| {
            json!({
                "address": address, "kind": kind, "action": action, "fields": [{ "path": "cidr", "old": "a", "new": "b" }],
                "props": { "vpc": { "$ref": "vpc/vpc#id" } }, "prior": null, "outputs": null,
                "depends_on": ["vpc/vpc"], "depended_on": [], "readiness": { "pending": "creating" }
            })
        };
        json!({
            "version": plan::VERSION,
            "city": "malmo",
            "account": "123456789012",
            "region": "eu-north-1",
            "made_at": "2026-11-24T01:14:09Z",
            "goal": "city",
            "serves": true,
            "base": { "lineage": "5f1c2a0e-0b7a-4a43-9d2c-6f1f6a1f9a10", "serial": 7 },
            "lookups": { "hosted_zone": "Z1", "hosted_zone_name": "malmobybike.example", "images": {} },
            "changes": [
                change("vpc/vpc", "ec2:vpc", json!("create")),
                change("vpc/subnet.a", "ec2:subnet", json!({ "replace": { "order": "create-first" } })),
            ],
            "known": { "vpc/other": { "id": "x" } },
        })
    }

    fn plan(change: impl FnOnce(&mut Value)) -> Plan {
        let mut document = document();
        change(&mut document);
        parse(document.to_string().as_bytes()).unwrap()
    }

    fn malmo() -> City {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cities");
        spec::load(&folder, &["malmo".into()]).unwrap_or_else(|p| panic!("{}", p.render(false, 100))).remove(0)
    }

    #[test]
    fn a_plan_that_is_of_no_use_is_refused_before_anything_is_touched() {
        check(&plan(|_| ()), &malmo()).unwrap();
        let hostile: [Forgery; 6] = [
            ("account 999999999999", |p| p["account"] = json!("999999999999")),
            ("plan is for drammen", |p| p["city"] = json!("drammen")),
            ("in us-east-1", |p| p["region"] = json!("us-east-1")),
            ("kind iam:root", |p| p["changes"][0]["kind"] = json!("iam:root")),
            ("no phase", |p| p["changes"][1]["address"] = json!("elsewhere/database")),
            ("destroys malmo", |p| p["goal"] = json!("nothing")),
        ];
        for (why, change) in hostile {
            let told = format!("{:#}", check(&plan(change), &malmo()).unwrap_err());
            assert!(told.contains(why) && told.contains("nothing was changed"), "{why}: {told}");
        }
    }

    #[test]
    fn a_plan_is_carried_out_only_if_it_still_comes_to_the_same() {
        let (now, state) = (plan(|_| ()), State::new("malmo", "123456789012", "eu-north-1"));
        let same: [fn(&mut Value); 2] = [
            |p| p["made_at"] = json!("2026-11-25T01:14:09Z"),
            |p| p["changes"][0]["readiness"] = json!({ "pending": "1 of 2" }),
        ];
        for change in same {
            unmoved(&plan(change), &now, &state).unwrap();
        }
        let other: [Forgery; 7] = [
            ("serial 6", |p| p["base"]["serial"] = json!(6)),
            ("serial 7", |p| p["base"]["lineage"] = json!(null)),
            ("vpc/vpc", |p| p["changes"][0]["props"]["vpc"] = json!("vpc-of-somebody-else")),
            ("vpc/subnet.a", |p| drop(p["changes"].as_array_mut().unwrap().pop())),
            ("vpc/vpc", |p| p["changes"][0]["address"] = json!("vpc/other")),
            ("refer to", |p| p["known"]["vpc/other"]["id"] = json!("y")),
            ("refer to", |p| p["lookups"]["hosted_zone"] = json!("Z2")),
        ];
        for (why, change) in other {
            let told = format!("{:#}", unmoved(&plan(change), &now, &state).unwrap_err());
            assert!(told.contains(why) && told.contains("moved on"), "{why}: {told}");
        }
    }

    fn survive(bytes: &[u8]) -> Result<(), TestCaseError> {
        let Ok(plan) = parse(bytes) else {
            let told = format!("{:#}", parse(bytes).unwrap_err());
            prop_assert!(told.len() > 10, "{}", told);
            return Ok(());
        };
        // Whatever was read can be looked at by all that comes before the refusal.
        if let Err(why) = check(&plan, &malmo()) {
            let told = format!("{why:#}");
            prop_assert!(told.contains("nothing was changed"), "{}", told);
        }
        let (now, state) = (self::plan(|_| ()), State::new("malmo", "1", "r"));
        let _ = unmoved(&plan, &now, &state);
        Ok(())
    }

    proptest! {
        #![proptest_config(cases(40))]

        #[test]
        fn any_bytes_for_a_plan(bytes in bytes()) {
            survive(&bytes)?;
        }

        #[test]
        fn a_plan_with_bytes_changed(bytes in mutated(document().to_string().into_bytes())) {
            survive(&bytes)?;
        }

        #[test]
        fn a_plan_with_values_changed(bytes in reshaped(document())) {
            survive(&bytes)?;
        }
    }
}
