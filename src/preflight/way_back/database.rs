//! Today's database: it answers, it has handed over and would take writes, and what was written since has arrived there.

use super::super::check::Subject;
use super::super::finding::Verdict;
use crate::aws::Resource;
use crate::aws::data::switch::Switched;
use crate::aws::data::{DataProps, as_far_as_there};
use crate::database::Side;
use crate::database::end::answer;
use crate::database::engine::{Following, Gate};
use crate::engine::CloudError;
use crate::engine::plan::Change;
use serde::Deserialize;

/// What the two sides say.
struct Facts {
    old: Result<Gate, String>,
    new: Result<Gate, String>,
    /// How the old side follows; asked where the new one serves.
    following: Option<Result<Following, String>>,
    /// Whether the service's own user could log in on the old side, read, and write once it serves.
    login: Option<Result<(), String>>,
}

pub async fn look(subject: &Subject<'_>, change: &Change) -> Verdict {
    let switched = change.kind == Switched::INFO.name;
    let facts = tokio::time::timeout(subject.patience * 2, facts(subject, change, switched)).await;
    let facts = match facts {
        Ok(Ok(facts)) => facts,
        Ok(Err(error)) => unseen(error.to_string()),
        Err(_) => unseen(format!("no answer within {} s", subject.patience.as_secs() * 2)),
    };
    let (name, lag) = (&subject.city.name, u64::from(subject.city.spec.cutover.lag));
    if switched { judge(&facts, subject.command, name, lag) } else { reached(&facts, subject.command, name) }
}

fn unseen(why: String) -> Facts {
    Facts { old: Err(why.clone()), new: Err(why), following: None, login: None }
}

async fn facts(subject: &Subject<'_>, change: &Change, switched: bool) -> Result<Facts, CloudError> {
    let props = if switched { &change.prior["data"] } else { &change.prior };
    let props = DataProps::deserialize(props).map_err(|error| CloudError::internal(error.to_string()))?;
    let (databases, gone) = as_far_as_there(subject.aws, &props).await?;
    let new = async {
        match gone {
            Some(why) => Err(why),
            None if switched => answer(&*databases, Side::New).await,
            None => Ok(Gate::None),
        }
    };
    let (old, new) = futures_util::future::join(answer(&*databases, Side::Old), new).await;
    let mut facts = Facts { old, new, following: None, login: None };
    if switched && facts.old.is_ok() && matches!(facts.new, Ok(Gate::Open | Gate::Frozen(_))) {
        facts.following = Some(databases.following(Side::New).await.map_err(|error| error.to_string()));
        facts.login = Some(databases.smoke(Side::Old, false).await.map_err(|error| error.to_string()));
    }
    Ok(facts)
}

/// Where the old side serves: what the move has put there can be removed if it answers.
fn reached(facts: &Facts, command: &str, city: &str) -> Verdict {
    let mut verdict = Verdict::default();
    if let Err(why) = &facts.old {
        verdict.fail(
            format!("the legacy database doesn't answer, and what the move has put there has to go: {why}"),
            format!(
                "run it from where it can be reached (docs/database.md); if it is gone for good: {command} abandon {city} --old-side-is-lost={city}"
            ),
        );
    }
    verdict
}

fn judge(facts: &Facts, command: &str, city: &str, limit: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let (old, new) = match (&facts.old, &facts.new) {
        (Ok(old), Ok(new)) => (*old, *new),
        (old, new) => {
            if let Err(why) = old {
                verdict.fail(
                    format!("the legacy database, which would serve, doesn't answer: {why}"),
                    format!(
                        "start it, or run this from where it can be reached; if it is gone for good: {command} finish {city} --old-side-is-lost={city}"
                    ),
                );
            }
            if let Err(why) = new {
                verdict.fail(
                    format!("the new database doesn't answer, so what was written there can't be brought back: {why}"),
                    format!(
                        "see that it runs and can be reached; if it is gone for good: {command} abandon {city} --new-side-is-lost={city}"
                    ),
                );
            }
            return verdict;
        }
    };
    match (old, new) {
        (Gate::None, _) => verdict.fail(
            "the legacy database has been left already: the move is finished, or its end was cut off",
            format!("{command} finish {city} records it"),
        ),
        (Gate::Given | Gate::Waiting, Gate::Open | Gate::Frozen(_)) => {}
        // A way back that was cut off, or a move that was before it handed over.
        (Gate::Open | Gate::Frozen(_), Gate::Given | Gate::Waiting | Gate::None) => {}
        _ => verdict.fail(
            format!("the databases disagree about who serves (old: {old:?}, new: {new:?})"),
            format!("{command} apply {city} goes on with a move that was cut off"),
        ),
    }
    match &facts.following {
        Some(Err(why)) => {
            verdict.fail(format!("how the legacy database follows can't be seen: {why}"), "mend what it says")
        }
        Some(Ok(Following { trouble: Some(trouble), .. })) => verdict.fail(
            format!("the legacy database no longer follows the new one: {trouble}"),
            "mend what it says; what was written on the new side isn't there yet",
        ),
        Some(Ok(following)) if following.lag / 1000 > limit => verdict.warn(
            format!("the legacy database is {} kB behind, more than `cutover.lag`", following.lag / 1000),
            "wait: nothing is frozen before it is in step",
        ),
        _ => {}
    }
    if let Some(Err(why)) = &facts.login {
        verdict.fail(
            format!("the city's own user couldn't work on the legacy database: {why}"),
            "mend its login, its rights, or what keeps the server from taking writes",
        );
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;
    use std::time::Duration;

    fn level(old: Gate, new: Gate, change: impl FnOnce(&mut Facts)) -> Level {
        let following = Some(Ok(Following { tables: 3, of: 3, ..Following::default() }));
        let mut facts = Facts { old: Ok(old), new: Ok(new), following, login: Some(Ok(())) };
        change(&mut facts);
        judge(&facts, "migrate", "malmo", 200).worst()
    }

    #[test]
    fn a_database_that_is_dead_behind_read_only_or_left_is_no_way_back() {
        assert_eq!(level(Gate::Given, Gate::Open, |_| ()), Level::Ok);
        assert_eq!(level(Gate::Open, Gate::Given, |facts| facts.following = None), Level::Ok, "cut off, it goes on");
        assert_eq!(level(Gate::Frozen(Duration::from_secs(1)), Gate::Waiting, |_| ()), Level::Ok);
        for (old, new) in
            [(Gate::None, Gate::Open), (Gate::None, Gate::None), (Gate::Open, Gate::Open), (Gate::Given, Gate::Given)]
        {
            assert_eq!(level(old, new, |_| ()), Level::Fail, "{old:?} {new:?}");
        }
        let broken: [fn(&mut Facts); 5] = [
            |facts| facts.old = Err("connection refused".into()),
            |facts| facts.new = Err("the secret is gone".into()),
            |facts| facts.login = Some(Err("cannot execute".into())),
            |facts| facts.following = Some(Err("connection refused".into())),
            |facts| {
                facts.following =
                    Some(Ok(Following { trouble: Some("the slot is gone".into()), ..Following::default() }))
            },
        ];
        for change in broken {
            assert_eq!(level(Gate::Given, Gate::Open, change), Level::Fail);
        }
        let behind = Following { lag: 9_000_000, ..Following::default() };
        assert_eq!(level(Gate::Given, Gate::Open, |facts| facts.following = Some(Ok(behind))), Level::Warn);
    }
}
