//! Older formats of the state, brought to today's one step at a time.
//!
//! A step is a pure function from the JSON of one version to that of the next. With the step goes a fixture, `fixtures/v<N>.json`,
//! written by the last program of the version before; a fixture is never changed.

use serde_json::{Value, json};

/// From one version of the format to the next; what is in the way, in words.
pub type Step = fn(Value) -> Result<Value, String>;

/// The steps: the first leads from version 1 to version 2, and so on.
pub const STEPS: &[Step] = &[
    // The file as it was applied is kept beside what was made from it; of an older city it isn't known.
    Ok,
];

/// The version of the format that this program writes.
pub const VERSION: u32 = 1 + STEPS.len() as u32;

/// `state`, which has the format version `from`, after all the `steps` that are ahead of it.
///
/// # Errors
/// A version that was never written, and whatever a step finds.
pub fn upgrade(mut state: Value, from: u32, steps: &[Step]) -> Result<Value, String> {
    let done = from.checked_sub(1).ok_or("format version 0 was never written")?;
    for (version, step) in (1..).zip(steps).skip_while(|(version, _)| *version <= done) {
        state = step(state).map_err(|why| format!("from format version {version} to {}: {why}", version + 1))?;
        state["version"] = json!(version + 1);
    }
    Ok(state)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::model::State;
    use super::*;

    const CHAIN: &[Step] = &[
        |mut state| {
            let old = state.as_object_mut().and_then(|s| s.remove("town")).ok_or("it has no `town`")?;
            state["city"] = old;
            Ok(state)
        },
        |mut state| {
            state["lineage"] = json!("none");
            Ok(state)
        },
    ];

    #[test]
    fn an_older_state_takes_every_step_ahead_of_it_and_no_other() {
        let first = json!({ "version": 1, "town": "malmo" });
        let today = json!({ "version": 3, "city": "malmo", "lineage": "none" });
        assert_eq!(upgrade(first.clone(), 1, CHAIN).unwrap(), today);
        assert_eq!(upgrade(json!({ "version": 2, "city": "malmo" }), 2, CHAIN).unwrap(), today);
        assert_eq!(upgrade(today.clone(), 3, CHAIN).unwrap(), today);
        let why = upgrade(json!({ "version": 1 }), 1, CHAIN).unwrap_err();
        assert_eq!(why, "from format version 1 to 2: it has no `town`");
        assert!(upgrade(first, 0, CHAIN).unwrap_err().contains("never written"));
    }

    #[test]
    fn every_version_that_was_ever_written_is_still_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/state/fixtures");
        for version in 1..=VERSION {
            let bytes = std::fs::read(format!("{folder}/v{version}.json")).unwrap();
            let written: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(written["version"], json!(version));
            let state = State::parse(&bytes, "malmo").unwrap();
            assert_eq!(state.version, VERSION);
            assert_eq!((state.serial, state.resources.len(), state.deposed.len()), (41, 4, 1), "version {version}");
        }
    }
}
