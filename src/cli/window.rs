//! The city's window: what users notice begins only while it is open, and only if it fits before it closes.

use super::open::Opened;
use crate::engine::Address;
use crate::engine::estimate::estimate;
use crate::engine::executor::Keeper;
use crate::engine::plan::{Goal, Plan};
use crate::spec::window::Opening;
use crate::view::values::duration;
use jiff::{Timestamp, Zoned};
use std::collections::BTreeSet;
use std::time::Duration;

/// Keeps what users notice for the window.
pub struct Window<'a> {
    city: &'a Opened,
    /// How long what users notice is expected to take, at the pace of this world.
    pub needs: Duration,
    /// Whether the window needn't be waited for.
    now: bool,
}

impl<'a> Window<'a> {
    /// The window of `city` for the changes of `plan` that are `behind` it.
    pub fn new(city: &'a Opened, plan: &Plan, behind: &BTreeSet<Address>, now: bool) -> Self {
        let mut part = plan.clone();
        part.changes.retain(|change| behind.contains(&change.address));
        let seconds = estimate(&part, &city.cloud).total.typical;
        let needs = Duration::from_secs(seconds.into()).div_f64(city.aws.time_scale.max(1.0));
        Self { city, needs, now: now || plan.goal == Goal::Legacy }
    }

    /// Why what users notice may not begin now; `None`: it may.
    pub fn closed(&self) -> Option<String> {
        (!self.now).then(|| closed(self.opening().as_ref(), now(self.city), self.needs)).flatten()
    }

    /// The window as it is now.
    fn opening(&self) -> Option<Opening> {
        self.city.city.spec.window.at(now(self.city))
    }
}

impl Keeper for Window<'_> {
    fn opens(&self) -> bool {
        self.closed().is_none()
    }
}

/// What time it is, by AWS's clock: the operator's may be wrong.
pub fn now(city: &Opened) -> Timestamp {
    Timestamp::try_from(city.aws.clock.now()).unwrap_or_else(|_| Timestamp::now())
}

/// Why what takes so long may not begin now.
fn closed(opening: Option<&Opening>, now: Timestamp, needs: Duration) -> Option<String> {
    let span = |length: Duration| duration(u32::try_from(length.as_secs().max(1)).unwrap_or(u32::MAX));
    match opening {
        None => Some("the window never opens".into()),
        Some(Opening::Opens { at, .. }) => Some(format!("the window opens {}", moment(at))),
        Some(Opening::Open { until: None }) => None,
        Some(Opening::Open { until: Some(until) }) => {
            let left = Duration::try_from(until.timestamp().duration_since(now)).unwrap_or(Duration::ZERO);
            (left < needs).then(|| {
                format!(
                    "the window closes {}, in {}, and what is left takes about {}",
                    moment(until),
                    span(left),
                    span(needs)
                )
            })
        }
    }
}

/// A time for people.
pub fn moment(at: &Zoned) -> String {
    at.strftime("%a %Y-%m-%d %H:%M %Z").to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_before_the_window_closes_is_not_begun() {
        let now: Timestamp = "2026-11-27T01:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().in_tz("Europe/Stockholm").unwrap();
        let open = Opening::Open { until: Some(at("2026-11-27T01:10:00Z")) };
        assert_eq!(closed(Some(&open), now, Duration::from_secs(600)), None);
        let told = closed(Some(&open), now, Duration::from_secs(660)).unwrap();
        assert_eq!(told, "the window closes Fri 2026-11-27 02:10 CET, in 10 min, and what is left takes about 11 min");
        assert_eq!(closed(Some(&Opening::Open { until: None }), now, Duration::MAX), None);
        let shut = Opening::Opens { at: at("2026-11-28T01:00:00Z"), until: at("2026-11-28T03:00:00Z") };
        assert_eq!(closed(Some(&shut), now, Duration::ZERO).unwrap(), "the window opens Sat 2026-11-28 02:00 CET");
    }
}
