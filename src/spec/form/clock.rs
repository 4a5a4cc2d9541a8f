//! Times of day, time zones, and the windows that RDS works in.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, macros::{form, text}};
use crate::spec::suggest::did_you_mean;

/// Minutes in a day and in a week.
const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// All days, Monday first.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// The three letters that stand in the file.
    pub fn name(self) -> &'static str {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][self as usize]
    }
}

/// A time of day, `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Clock {
    /// Minutes since midnight, below 1440.
    pub minutes: u32,
}

form!(Clock, format: "time-of-day", pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$", example: "02:00");

impl Clock {
    fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let number = |t: &str| if t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit()) { t.parse::<u32>().ok() } else { None };
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        (hours < 24 && minutes < 60).then_some(Self { minutes: hours * 60 + minutes })
    }
}

impl FromStr for Clock {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Self::parse(text)
            .ok_or_else(|| Fault::new(format!("`{text}` is not a time of day"), "write it like \"02:00\", from 00:00 to 23:59"))
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

/// A daily window in UTC, `HH:MM-HH:MM`, as RDS writes its backup window. May pass midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DailyWindow {
    /// When it opens.
    pub start: Clock,
    /// When it closes.
    pub end: Clock,
}

form!(DailyWindow, format: "daily-window", pattern: "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$", example: "01:00-01:30");

impl DailyWindow {
    /// How long it is, in minutes.
    pub fn minutes(&self) -> u32 {
        (self.end.minutes + DAY - self.start.minutes) % DAY
    }
}

impl FromStr for DailyWindow {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let window = text.split_once('-').and_then(|(a, b)| Some(Self { start: Clock::parse(a)?, end: Clock::parse(b)? }));
        window.ok_or_else(|| Fault::new(format!("`{text}` is not a daily window"), "write it like 01:00-01:30 (UTC)"))
    }
}

impl fmt::Display for DailyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

/// A weekly window in UTC, `ddd:HH:MM-ddd:HH:MM`, as RDS writes its maintenance window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WeeklyWindow {
    /// When it opens.
    pub start: (Weekday, Clock),
    /// When it closes.
    pub end: (Weekday, Clock),
}

form!(
    WeeklyWindow,
    format: "weekly-window",
    pattern: "^(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]$",
    example: "tue:03:00-tue:03:30"
);

impl WeeklyWindow {
    fn of_week((day, clock): (Weekday, Clock)) -> u32 {
        day as u32 * DAY + clock.minutes
    }

    /// How long it is, in minutes.
    pub fn minutes(&self) -> u32 {
        (Self::of_week(self.end) + WEEK - Self::of_week(self.start)) % WEEK
    }

    /// Whether a daily window touches this one on any day.
    pub fn overlaps(&self, daily: &DailyWindow) -> bool {
        let start = Self::of_week(self.start);
        // Two arcs of a circle touch if either begins inside the other.
        Weekday::ALL.iter().any(|&day| {
            let other = Self::of_week((day, daily.start));
            (other + WEEK - start) % WEEK < self.minutes() || (start + WEEK - other) % WEEK < daily.minutes()
        })
    }
}

impl FromStr for WeeklyWindow {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let point = |t: &str| {
            let (day, clock) = t.split_once(':')?;
            let day = Weekday::ALL.into_iter().find(|d| d.name() == day)?;
            Some((day, Clock::parse(clock)?))
        };
        let window = text.split_once('-').and_then(|(a, b)| Some(Self { start: point(a)?, end: point(b)? }));
        window.ok_or_else(|| Fault::new(format!("`{text}` is not a weekly window"), "write it like tue:03:00-tue:03:30 (UTC)"))
    }
}

impl fmt::Display for WeeklyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}-{}:{}", self.start.0.name(), self.start.1, self.end.0.name(), self.end.1)
    }
}

text!(
    /// The IANA name of a time zone, one that exists.
    TimeZoneName,
    format: "time-zone",
    pattern: "^[A-Za-z0-9_+/-]+$",
    example: "Europe/Stockholm",
    check: known_time_zone
);

fn known_time_zone(text: &str) -> Result<(), Fault> {
    if jiff::tz::TimeZone::get(text).is_ok() {
        return Ok(());
    }
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let help = did_you_mean(text, names.iter().map(String::as_str))
        .unwrap_or_else(|| "use an IANA name like Europe/Stockholm".to_owned());
    Err(Fault::new(format!("there is no time zone `{text}`"), help))
}

impl TimeZoneName {
    /// The time zone itself. `None` only where the time zone database has changed since the file was read.
    pub fn zone(&self) -> Option<jiff::tz::TimeZone> {
        jiff::tz::TimeZone::get(self.as_str()).ok()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn times_and_windows_are_read_and_written_back() {
        assert_eq!("02:30".parse::<Clock>().unwrap().minutes, 150);
        assert_eq!("23:45-00:15".parse::<DailyWindow>().unwrap().minutes(), 30);
        assert_eq!("sun:23:30-mon:00:30".parse::<WeeklyWindow>().unwrap().minutes(), 60);
        assert_eq!("sun:23:30-mon:00:30".parse::<WeeklyWindow>().unwrap().to_string(), "sun:23:30-mon:00:30");
        for text in ["2:00", "24:00", "02:60", "0200", "02:00:00", ""] {
            assert!(text.parse::<Clock>().is_err(), "{text}");
        }
        for text in ["tue:03:00", "tue:03:00-03:30", "tues:03:00-tue:03:30"] {
            assert!(text.parse::<WeeklyWindow>().is_err(), "{text}");
        }
    }

    #[test]
    fn windows_that_touch_are_seen_over_midnight_too() {
        let weekly = |t: &str| t.parse::<WeeklyWindow>().unwrap();
        let daily = |t: &str| t.parse::<DailyWindow>().unwrap();
        assert!(!weekly("tue:03:00-tue:03:30").overlaps(&daily("01:00-01:30")));
        assert!(!weekly("tue:03:00-tue:03:30").overlaps(&daily("03:30-04:00")));
        assert!(weekly("tue:03:00-tue:03:30").overlaps(&daily("03:15-04:00")));
        assert!(weekly("sun:23:30-mon:00:30").overlaps(&daily("00:10-00:40")));
        assert!(weekly("mon:00:10-mon:00:40").overlaps(&daily("23:50-00:20")));
    }

    #[test]
    fn a_misspelt_time_zone_is_answered_with_the_nearest() {
        assert!("Europe/Stockholm".parse::<TimeZoneName>().is_ok());
        let fault = "Europe/Stokholm".parse::<TimeZoneName>().unwrap_err();
        assert_eq!(fault.help.as_deref(), Some("did you mean `Europe/Stockholm`?"));
    }
}
