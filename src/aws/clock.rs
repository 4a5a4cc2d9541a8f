//! What time it is at AWS. The operator's clock may be wrong by minutes, and what AWS says of times is by its own.
//!
//! Every answer says when it was sent, to the second. Since then time has passed as the machine counts it, which no clock that is set
//! changes. Of many answers the one that was sent last within its second says it best.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// An answer isn't under way for longer than this: what seems to be later, AWS's clock was set back by.
const UNDER_WAY: Duration = Duration::from_secs(45);

/// AWS's clock, as the answers show it. Copies are the same clock.
#[derive(Clone, Debug, Default)]
pub struct AwsClock(Arc<Mutex<Option<Seen>>>);

/// When an answer was sent, by AWS's clock, and when it came, by ours. It can't have been sent before that.
#[derive(Clone, Copy, Debug)]
struct Seen {
    sent: SystemTime,
    came: Instant,
}

impl Seen {
    /// What time it is at AWS at `now`, at least.
    fn at(self, now: Instant) -> SystemTime {
        self.sent + now.saturating_duration_since(self.came)
    }
}

impl AwsClock {
    /// Takes the header `Date` of an answer that has just come.
    pub fn hear(&self, date: &str) {
        let Ok(sent) = rfc2822::DateTimeParser::new().parse_timestamp(date) else { return };
        self.saw(Seen { sent: sent.into(), came: Instant::now() });
    }

    fn saw(&self, new: Seen) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let better = kept.is_none_or(|old| {
            let (old, new) = (old.at(new.came), new.sent);
            new >= old || old.duration_since(new).is_ok_and(|behind| behind > UNDER_WAY)
        });
        if better {
            *kept = Some(new);
        }
    }

    /// What time it is there. Before the first answer: by the operator's clock.
    pub fn now(&self) -> SystemTime {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.map_or_else(|| Timestamp::now().into(), |seen| seen.at(Instant::now()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn aws_says_what_time_it_is_and_the_machine_counts_on() {
        let clock = AwsClock::default();
        let at = |text: &str| SystemTime::from(text.parse::<Timestamp>().unwrap());
        clock.hear("Tue, 03 Mar 2043 02:00:00 GMT");
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now(), at("2043-03-03T02:01:30Z"));
        clock.hear("nonsense");
        // One that says less than is known is no news; one that says more is.
        clock.hear("Tue, 03 Mar 2043 02:01:29 GMT");
        assert_eq!(clock.now(), at("2043-03-03T02:01:30Z"));
        clock.hear("Tue, 03 Mar 2043 02:01:31 GMT");
        assert_eq!(clock.now(), at("2043-03-03T02:01:31Z"));
        clock.hear("Tue, 03 Mar 2043 01:51:31 GMT");
        assert_eq!(clock.now(), at("2043-03-03T01:51:31Z"), "it was set back");
    }
}
