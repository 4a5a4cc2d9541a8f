//! How long a step of the cutover has been in effect.

use std::time::{Duration, SystemTime};

/// What is still to be waited for: `Some("healthy for 20 of 60 s")`, or `None` when a change that was submitted `since` has been in
/// effect for `seconds`, where time passes `time_scale` times as fast as here. Needs no memory: Route 53 knows when it was submitted.
pub fn remaining(since: SystemTime, now: SystemTime, seconds: u64, time_scale: f64) -> Option<String> {
    let passed = now.duration_since(since).unwrap_or(Duration::ZERO).mul_f64(time_scale);
    (passed < Duration::from_secs(seconds)).then(|| format!("healthy for {} of {seconds} s", passed.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bake_ends_when_its_time_has_passed() {
        let start = SystemTime::UNIX_EPOCH;
        let at = |seconds| remaining(start, start + Duration::from_secs(seconds), 60, 1.0);
        assert_eq!(at(20).as_deref(), Some("healthy for 20 of 60 s"));
        assert_eq!(at(60), None);
        assert_eq!(remaining(start, start + Duration::from_secs(1), 60, 60.0), None);
        // A clock behind AWS's waits the whole time rather than none of it.
        assert_eq!(remaining(start + Duration::from_secs(9), start, 60, 1.0).as_deref(), Some("healthy for 0 of 60 s"));
    }
}
