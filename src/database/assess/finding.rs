//! One thing that was looked at, and how it stands.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It may go wrong, or could not be looked at; somebody should know.
    Warn,
    /// It will go wrong, or lose something: nothing is changed before it is mended.
    Fail,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// Where: a setting, a table, a user, a side.
    pub place: String,
    /// What.
    pub what: String,
    /// What to do about it; empty where nothing is to be done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mend: String,
}

impl Finding {
    pub(super) fn ok(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { level: Level::Ok, place: place.into(), what: what.into(), mend: String::new() }
    }

    pub(super) fn warn(place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Warn, place: place.into(), what: what.into(), mend: mend.into() }
    }

    pub(super) fn fail(place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Fail, place: place.into(), what: what.into(), mend: mend.into() }
    }
}

/// The worst level among them.
pub fn worst(findings: &[Finding]) -> Level {
    findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
}

/// Whether the connection to a side is encrypted.
pub(super) fn tls(encrypted: bool, side: &str) -> Finding {
    let place = format!("{side}: TLS");
    if encrypted {
        return Finding::ok(place, "the connection is encrypted and verified as the environment says");
    }
    Finding::warn(
        place,
        "this connection isn't encrypted",
        "set ssl = on with a certificate; where a tunnel encrypts, nothing is to be done",
    )
}

/// The first few of many names, and how many more there are.
pub(super) fn some(names: &[String]) -> String {
    let first = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(5) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Bytes as people say them.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

/// Of the findings at `place` the worst is `level`, and whatever isn't well there has its mend. For the judges' tests.
#[cfg(test)]
#[track_caller]
pub(super) fn judged(found: &[Finding], place: &str, level: Level, case: usize) {
    let here: Vec<_> = found.iter().filter(|finding| finding.place == place).collect();
    let worst = here.iter().map(|finding| finding.level).max();
    assert_eq!(worst, Some(level), "case {case}: {place}: {found:#?}");
    assert!(here.iter().all(|finding| finding.level == Level::Ok || !finding.mend.is_empty()), "{place} has no mend");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_lists_read_well() {
        assert_eq!(size(900), "900 bytes");
        assert_eq!(size(1_610_612_736), "1.5 GiB");
        let names: Vec<String> = (1..=7).map(|n| n.to_string()).collect();
        assert_eq!(some(&names), "1, 2, 3, 4, 5 and 2 more");
        assert_eq!(some(&names[..2]), "1, 2");
    }

    #[test]
    fn the_worst_counts() {
        assert_eq!(worst(&[]), Level::Ok);
        assert_eq!(worst(&[Finding::warn("a", "b", "c"), Finding::ok("a", "b")]), Level::Warn);
    }
}
