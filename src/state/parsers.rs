//! What comes out of the bucket may be anything: it is read or refused in words, and nothing panics.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::lock::{self, Holder};
use super::model::State;
use crate::hostile::{bytes, cases, mutated, reshaped};
use proptest::prelude::*;

const STATE: &[u8] = include_bytes!("fixtures/v1.json");

fn state(bytes: &[u8]) -> Result<(), TestCaseError> {
    match State::parse(bytes, "malmo") {
        // What is read can be written and read again.
        Ok(state) => prop_assert_eq!(State::parse(&serde_json::to_vec(&state).unwrap(), "malmo").unwrap(), state),
        Err(problem) => prop_assert!(problem.to_string().len() > 10, "{}", problem),
    }
    Ok(())
}

fn holder(bytes: &[u8]) -> Result<(), TestCaseError> {
    match lock::parse(bytes) {
        Ok(holder) => {
            // Whatever it claims, it can be renewed and told.
            let renewed = holder.renewed();
            prop_assert!(renewed.lease() <= std::time::Duration::from_secs(3600));
            prop_assert!(lock::LockError::Held(Box::new(renewed)).to_string().contains("is busy"));
        }
        Err(problem) => prop_assert!(problem.starts_with("the lock is damaged: "), "{}", problem),
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn any_bytes_for_a_state(bytes in bytes()) {
        state(&bytes)?;
    }

    #[test]
    fn a_state_with_bytes_changed(bytes in mutated(STATE.to_vec())) {
        state(&bytes)?;
    }

    #[test]
    fn a_state_with_values_changed(bytes in reshaped(serde_json::from_slice(STATE).unwrap())) {
        state(&bytes)?;
    }

    #[test]
    fn any_bytes_for_a_lock(bytes in bytes()) {
        holder(&bytes)?;
    }

    #[test]
    fn a_lock_with_bytes_changed(bytes in mutated(serde_json::to_vec(&Holder::me("apply", 60)).unwrap())) {
        holder(&bytes)?;
    }

    #[test]
    fn a_lock_with_values_changed(bytes in reshaped(serde_json::to_value(Holder::me("apply", 60)).unwrap())) {
        holder(&bytes)?;
    }
}
