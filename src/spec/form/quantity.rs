//! Durations and percentages.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Fault, macros::form};

/// A length of time in whole seconds, written `90s`, `5m`, `2h` or `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seconds(pub u64);

form!(Seconds, format: "span", pattern: "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$", example: "90s");

impl Seconds {
    /// As the standard library's type.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// The most that a file may ask for: a week. It keeps sums of durations far from overflowing.
const LONGEST: u64 = 7 * 24 * 3600;

impl FromStr for Seconds {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new(format!("`{text}` is not a duration"), "write it like 90s, 5m, 2h or 1h30m");
        let mut units = [('h', 3600), ('m', 60), ('s', 1)].into_iter();
        let mut rest = text;
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
            let (digits, tail) = rest.split_at(end);
            let unit = tail.chars().next().ok_or_else(fault)?;
            // Units come largest first and once: what `find` skips can't follow.
            let (_, seconds) = units.find(|(name, _)| *name == unit).ok_or_else(fault)?;
            let count: u64 = digits.parse().map_err(|_| fault())?;
            total = count.checked_mul(seconds).and_then(|n| n.checked_add(total)).ok_or_else(fault)?;
            rest = &tail[unit.len_utf8()..];
        }
        if text.is_empty() {
            return Err(fault());
        }
        if total > LONGEST {
            return Err(Fault::new(format!("`{text}` is longer than a week"), "use at most 168h"));
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        if seconds > 0 || self.0 == 0 {
            write!(f, "{seconds}s")?;
        }
        Ok(())
    }
}

/// A share in whole percent, written `10%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percent(pub u32);

form!(Percent, format: "percent", pattern: "^[0-9]{1,4}%$", example: "10%");

impl FromStr for Percent {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let digits = text.strip_suffix('%').filter(|n| (1..=4).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()));
        digits
            .and_then(|n| n.parse().ok())
            .map(Self)
            .ok_or_else(|| Fault::new(format!("`{text}` is not a percentage"), "write it like 10%"))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_back() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("2h", 7200), ("1h30m", 5400), ("0s", 0), ("1h5s", 3605)] {
            assert_eq!(text.parse::<Seconds>().unwrap(), Seconds(seconds), "{text}");
            assert_eq!(Seconds(seconds).to_string().parse::<Seconds>().unwrap(), Seconds(seconds));
        }
        assert_eq!(Seconds(90).to_string(), "1m30s");
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in ["", "5", "m", "5 m", "30m1h", "5m5m", "-5s", "1d", "99999999999999999999s", "9999999999h", "169h", "5µ"] {
            assert!(text.parse::<Seconds>().is_err(), "{text}");
        }
    }

    #[test]
    fn percentages() {
        assert_eq!("10%".parse::<Percent>().unwrap(), Percent(10));
        for text in ["10", "%", "-1%", "1.5%", "99999%"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }
}
