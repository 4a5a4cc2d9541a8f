//! What procedures tell while a run goes on: shown at once, recorded beside it. Their work doesn't wait for either.

use crate::engine::events::{Event, Observer, What};
use crate::engine::graph::Half;
use crate::engine::journal::{Entry, Note, milliseconds};
use crate::engine::plan::{Action, Plan};
use crate::state::{Ledger, State, StepRecord};
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

/// Shows and records all entries until the journal is closed. What can't be recorded is no reason to stop: who serves stands in the
/// databases, and the ledger lets the run itself fail.
pub async fn procedures(mut entries: UnboundedReceiver<Entry>, plan: &Plan, ledger: &Ledger, observer: &dyn Observer) {
    while let Some(entry) = entries.recv().await {
        let mut some = vec![entry];
        while let Ok(more) = entries.try_recv() {
            some.push(more);
        }
        some.iter().filter_map(|entry| event(plan, entry)).for_each(|event| observer.event(event));
        let _ = ledger.commit(|state| some.iter().for_each(|entry| keep(state, entry))).await;
    }
}

fn event(plan: &Plan, entry: &Entry) -> Option<Event> {
    let change = plan.changes.iter().find(|change| change.address == entry.address)?;
    let half = if change.action == Action::Delete { Half::Remove } else { Half::Make };
    let step = &entry.step;
    let text = match &entry.note {
        Note::Begun => format!("{step} …"),
        Note::Doing(what) => format!("{step}: {what}"),
        Note::Done(took) => format!("{step}: {} ms", took.as_millis()),
        Note::Counted(..) => return None,
        Note::Failed(why) => format!("{step}: failed: {why}"),
        Note::Undone => format!("{step}: undone"),
    };
    Some(Event { address: change.address.clone(), action: change.action, half, what: What::Waiting(text) })
}

/// The last that is known of each step; a procedure that begins anew begins a new list.
fn keep(state: &mut State, entry: &Entry) {
    let steps = state.procedures.entry(entry.address.clone()).or_default();
    let index = steps.iter().position(|step| step.step == entry.step).unwrap_or(steps.len());
    if entry.note == Note::Begun {
        steps.truncate(index);
    }
    if index == steps.len() {
        steps.push(StepRecord { step: entry.step.clone(), begun_at: Timestamp::now(), ..StepRecord::default() });
    }
    match &entry.note {
        Note::Begun | Note::Doing(_) => {}
        Note::Done(took) => steps[index].milliseconds = Some(milliseconds(*took)),
        Note::Counted(what, number) => drop(steps[index].counts.insert((*what).to_owned(), *number)),
        Note::Failed(why) => steps[index].failed = Some(why.clone()),
        Note::Undone => steps[index].undone = true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_record_is_the_last_attempt_s() {
        let mut state = State::new("malmo", "123456789012", "eu-north-1");
        let mut note = |step: &str, note: Note| {
            keep(&mut state, &Entry { address: "cutover/data".into(), step: step.into(), note });
        };
        for step in ["make ready", "freeze writes"] {
            note(step, Note::Begun);
            note(step, Note::Done(Duration::from_millis(7)));
            note(step, Note::Counted("tables", 9));
        }
        note("hand over", Note::Begun);
        note("hand over", Note::Failed("the freeze has run out".into()));
        note("freeze writes", Note::Undone);
        note("make ready", Note::Begun);
        let steps = &state.procedures[&"cutover/data".into()];
        assert_eq!(steps.iter().map(|step| step.step.as_str()).collect::<Vec<_>>(), ["make ready"]);
        assert_eq!((steps[0].milliseconds, steps[0].counts.len()), (None, 0));
    }
}
