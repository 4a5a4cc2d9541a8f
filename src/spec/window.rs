//! When the window is open, in the city's own time.
//!
//! A window opens when the city's clocks first show its start on one of its days, and is open for its length, which is time that
//! passes, whatever the clocks do meanwhile. So over a change of daylight saving:
//!
//! - 12:00 is 12:00 on every day, however long the night was;
//! - a start that the clocks skip opens at the moment to which they skip (02:30, where 03:00 follows 01:59: at 03:00);
//! - a start that they show twice opens the first time, and not again.
//!
//! A window past midnight belongs to the day on which it opens. Windows that touch or overlap are one.

use super::Window;
use super::form::Clock;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

/// What is looked at around a day: a window that is still open began the day before, and the last that touches the next one
/// opens within a week of it.
const DAYS: std::ops::RangeInclusive<i32> = -2..=16;
const WHOLE_DAY: u64 = 24 * 3600;

/// How it is with a window at some moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// It is open.
    Open {
        /// When it closes; `None` if it never does.
        until: Option<Zoned>,
    },
    /// It is closed.
    Opens {
        /// When it opens, later than the moment.
        at: Zoned,
        /// When it closes again.
        until: Zoned,
    },
}

impl Window {
    /// How it is with the window at `now`. `None` if it never opens: only where no day is named, or where the time zone has gone from
    /// the machine's database since the file was read.
    pub fn at(&self, now: Timestamp) -> Option<Opening> {
        if self.never_closes() {
            return Some(Opening::Open { until: None });
        }
        let now = now.to_zoned(self.time_zone.zone()?);
        let (at, until) = self.open_after(&now)?;
        Some(if at <= now { Opening::Open { until: Some(until) } } else { Opening::Opens { at, until } })
    }

    /// Whole days on every day leave nothing closed, also on the night of 25 hours.
    fn never_closes(&self) -> bool {
        self.length.0 >= WHOLE_DAY && super::form::Weekday::ALL.iter().all(|day| self.days.contains(day))
    }

    /// The first stretch without a break that ends after `now`.
    fn open_after(&self, now: &Zoned) -> Option<(Zoned, Zoned)> {
        let length = SignedDuration::try_from(std::time::Duration::from_secs(self.length.0)).ok()?;
        let days = DAYS.filter_map(|days| now.date().checked_add(days.days()).ok()).filter(|day| self.opens_on(*day));
        let mut found: Option<(Zoned, Zoned)> = None;
        for day in days {
            let start = first_shown(day, self.start, now.time_zone())?;
            let end = start.checked_add(length).ok()?;
            found = match found {
                Some((at, until)) if start <= until => Some((at, until.max(end))),
                Some(open) if open.1 > *now => return Some(open),
                _ => Some((start, end)),
            };
        }
        found.filter(|open| open.1 > *now)
    }

    fn opens_on(&self, day: Date) -> bool {
        let number = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default();
        self.days.contains(&super::form::Weekday::ALL[number])
    }
}

/// The first moment of a day at which the clocks of a zone show this time or a later one.
fn first_shown(day: Date, clock: Clock, zone: &TimeZone) -> Option<Zoned> {
    let (hour, minute) = (i8::try_from(clock.minutes / 60).ok()?, i8::try_from(clock.minutes % 60).ok()?);
    let shown = zone.to_ambiguous_zoned(day.at(hour, minute, 0, 0));
    let skipped = matches!(shown.offset(), AmbiguousOffset::Gap { .. });
    // Of two moments the first; of none, the one as long after the skip as the start is in it.
    let moment = shown.compatible().ok()?;
    if !skipped {
        return Some(moment);
    }
    let behind = moment.timestamp().checked_add(1.nanosecond()).ok()?;
    let skip = zone.preceding(behind).next()?;
    Some(skip.timestamp().to_zoned(zone.clone()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::spec::form::{Seconds, Weekday};
    use proptest::prelude::*;

    fn window(days: &[Weekday], start: &str, hours: u64, zone: &str) -> Window {
        Window {
            days: days.to_vec(),
            start: start.parse().unwrap(),
            length: Seconds(hours * 3600),
            time_zone: zone.parse().unwrap(),
        }
    }

    /// What is told of a window at a moment, the moment and the answer in the city's own time.
    fn told(window: &Window, now: &str) -> String {
        let zone = window.time_zone.zone().unwrap();
        let now: jiff::civil::DateTime = now.parse().unwrap();
        let time = |zoned: &Zoned| zoned.strftime("%a %d %H:%M %Z").to_string();
        match window.at(now.to_zoned(zone).unwrap().timestamp()).unwrap() {
            Opening::Open { until: None } => "open".into(),
            Opening::Open { until: Some(until) } => format!("open until {}", time(&until)),
            Opening::Opens { at, until } => format!("{} to {}", time(&at), time(&until)),
        }
    }

    #[test]
    fn noon_is_noon_over_the_change_of_daylight_saving() {
        let noon = window(&Weekday::ALL, "12:00", 2, "Europe/Brussels");
        assert_eq!(told(&noon, "2026-10-24 20:00"), "Sun 25 12:00 CET to Sun 25 14:00 CET");
        assert_eq!(told(&noon, "2027-03-27 20:00"), "Sun 28 12:00 CEST to Sun 28 14:00 CEST");
        let brief = window(&[Weekday::Sun], "12:00", 2, "Europe/Brussels");
        assert_eq!(told(&brief, "2027-03-28 11:59"), "Sun 28 12:00 CEST to Sun 28 14:00 CEST");
        assert_eq!(told(&brief, "2027-03-28 12:00"), "open until Sun 28 14:00 CEST");
        assert_eq!(told(&brief, "2027-03-28 14:00"), "Sun 04 12:00 CEST to Sun 04 14:00 CEST");
    }

    #[test]
    fn a_start_that_is_skipped_opens_at_the_skip_and_one_that_comes_twice_the_first_time() {
        let cases = [
            ("Europe/Stockholm", "02:30", "2027-03-27 20:00", "Sun 28 03:00 CEST to Sun 28 05:00 CEST"),
            ("Europe/Stockholm", "02:00", "2027-03-27 20:00", "Sun 28 03:00 CEST to Sun 28 05:00 CEST"),
            ("Europe/Stockholm", "01:30", "2027-03-27 20:00", "Sun 28 01:30 CET to Sun 28 04:30 CEST"),
            ("Europe/Stockholm", "02:30", "2026-10-24 20:00", "Sun 25 02:30 CEST to Sun 25 03:30 CET"),
            ("America/New_York", "02:30", "2027-03-13 20:00", "Sun 14 03:00 EDT to Sun 14 05:00 EDT"),
            ("America/New_York", "01:30", "2026-10-31 20:00", "Sun 01 01:30 EDT to Sun 01 02:30 EST"),
            ("Australia/Lord_Howe", "02:15", "2026-10-03 20:00", "Sun 04 02:30 +11 to Sun 04 04:30 +11"),
            ("Australia/Lord_Howe", "01:45", "2027-04-03 20:00", "Sun 04 01:45 +11 to Sun 04 03:15 +1030"),
        ];
        for (zone, start, now, expected) in cases {
            assert_eq!(told(&window(&[Weekday::Sun], start, 2, zone), now), expected, "{start} {zone}");
        }
        // In the hour that comes again it is open once: it opened the first time, and its two hours have passed.
        let night = window(&[Weekday::Sun], "02:00", 1, "Europe/Stockholm");
        let again = "2026-10-25T02:10:00+01:00[Europe/Stockholm]".parse::<Zoned>().unwrap();
        assert!(matches!(night.at(again.timestamp()).unwrap(), Opening::Opens { at, .. } if at.day() == 1));
    }

    #[test]
    fn a_window_past_midnight_belongs_to_the_day_on_which_it_opens() {
        let night = window(&[Weekday::Fri, Weekday::Sat], "23:00", 4, "Europe/Oslo");
        assert_eq!(told(&night, "2026-11-27 12:00"), "Fri 27 23:00 CET to Sat 28 03:00 CET");
        assert_eq!(told(&night, "2026-11-28 02:59"), "open until Sat 28 03:00 CET");
        assert_eq!(told(&night, "2026-11-29 01:00"), "open until Sun 29 03:00 CET");
        assert_eq!(told(&night, "2026-11-29 03:00"), "Fri 04 23:00 CET to Sat 05 03:00 CET");
    }

    #[test]
    fn windows_that_touch_are_one() {
        let weekend = window(&[Weekday::Sat, Weekday::Sun], "00:00", 24, "Europe/Oslo");
        assert_eq!(told(&weekend, "2026-11-27 12:00"), "Sat 28 00:00 CET to Mon 30 00:00 CET");
        assert_eq!(told(&weekend, "2026-11-28 12:00"), "open until Mon 30 00:00 CET");
        let all = window(&Weekday::ALL, "02:00", 24, "Europe/Oslo");
        assert_eq!(told(&all, "2026-10-25 02:30"), "open");
        let most = window(&Weekday::ALL[1..], "02:00", 24, "Europe/Oslo");
        assert_eq!(told(&most, "2026-11-24 02:00"), "open until Mon 30 02:00 CET");
        assert_eq!(told(&most, "2026-11-23 02:00"), "Tue 24 02:00 CET to Mon 30 02:00 CET");
    }

    /// Whether it is open, found by looking back over the clocks minute by minute for the moment at which it opened.
    fn seen_open(window: &Window, now: &Zoned) -> bool {
        let minutes = i64::try_from(window.length.0 / 60).unwrap();
        let start = jiff::civil::time((window.start.minutes / 60) as i8, (window.start.minutes % 60) as i8, 0, 0);
        (0..minutes).any(|back| {
            let moment = now.checked_sub(back.minutes()).unwrap();
            let late = |moment: &Zoned| moment.time() >= start;
            let mut earlier = (1..=24 * 60).map(|more| moment.checked_sub(more.minutes()).unwrap());
            late(&moment)
                && window.opens_on(moment.date())
                && !earlier.by_ref().take_while(|before| before.date() == moment.date()).any(|before| late(&before))
        })
    }

    proptest! {
        #![proptest_config(crate::hostile::cases(150))]

        #[test]
        fn what_is_told_agrees_with_the_clocks_and_with_itself(
            days in proptest::sample::subsequence(Weekday::ALL.to_vec(), 1..=6),
            start in 0..1440_u32,
            hours in 1..=24_u64,
            zone in proptest::sample::select(vec!["Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "UTC"]),
            night in proptest::sample::select(vec!["2026-10-25", "2027-03-28", "2026-11-01", "2027-03-14", "2026-10-04", "2027-04-04"]),
            minute in -3000..3000_i64,
        ) {
            let clock = format!("{:02}:{:02}", start / 60, start % 60);
            let window = window(&days, &clock, hours, zone);
            let midnight = night.parse::<Date>().unwrap().to_zoned(window.time_zone.zone().unwrap()).unwrap();
            let now = midnight.checked_add(minute.minutes()).unwrap();
            let second = |zoned: &Zoned, more: i64| zoned.checked_add(more.seconds()).unwrap().timestamp();
            match window.at(now.timestamp()).unwrap() {
                Opening::Open { until } => {
                    let until = until.unwrap();
                    prop_assert!(seen_open(&window, &now) && until > now);
                    prop_assert_eq!(window.at(second(&until, -1)), Some(Opening::Open { until: Some(until.clone()) }));
                    let closed = matches!(window.at(until.timestamp()), Some(Opening::Opens { at, .. }) if at > until);
                    prop_assert!(closed);
                }
                Opening::Opens { at, until } => {
                    prop_assert!(!seen_open(&window, &now) && at > now && until > at);
                    prop_assert_eq!(window.at(at.timestamp()), Some(Opening::Open { until: Some(until.clone()) }));
                    prop_assert_eq!(window.at(second(&at, -1)), Some(Opening::Opens { at, until }));
                }
            }
        }
    }
}
