//! What was found of a database before it is moved.

use super::style::{BOLD, DIM, GREEN, RED, YELLOW, paint};
use super::values::duration;
use crate::database::assess::{Assessment, Estimate, Finding, Level};
use crate::engine::journal::milliseconds;
use serde::{Serialize, Serializer};
use std::fmt::Write;

/// The findings, and whose they are.
#[derive(Serialize)]
pub struct Report<'a> {
    /// The city.
    pub city: &'a str,
    /// `postgres` or `mysql`.
    pub engine: &'a str,
    /// Where the data is: `host:port/database`.
    pub old: String,
    /// Host of the new database, if it is there and was asked.
    pub new: Option<String>,
    /// What was found.
    #[serde(flatten, serialize_with = "plain")]
    pub assessment: &'a Assessment,
}

/// Times in units that their names tell.
fn plain<S: Serializer>(assessment: &Assessment, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Plain<'a> {
        findings: &'a [Finding],
        fail: usize,
        warn: usize,
        ok: usize,
        estimate: Option<Times<'a>>,
    }
    #[derive(Serialize)]
    struct Times<'a> {
        bytes: u64,
        copy_seconds: f64,
        interruption_ms: u64,
        how: &'a str,
    }
    let estimate = assessment.estimate.as_ref().map(|estimate| Times {
        bytes: estimate.bytes,
        copy_seconds: estimate.copy.as_secs_f64(),
        interruption_ms: milliseconds(estimate.interruption),
        how: &estimate.how,
    });
    let [fail, warn, ok] = counted(&assessment.findings);
    Plain { findings: &assessment.findings, fail, warn, ok, estimate }.serialize(serializer)
}

/// How many there are of each level: fail, warn, ok.
fn counted(findings: &[Finding]) -> [usize; 3] {
    [Level::Fail, Level::Warn, Level::Ok].map(|level| findings.iter().filter(|finding| finding.level == level).count())
}

/// `2 fail, 1 warn, 9 ok`.
fn counts(findings: &[Finding]) -> String {
    let [fail, warn, ok] = counted(findings);
    format!("{fail} fail, {warn} warn, {ok} ok")
}

fn times(estimate: &Estimate) -> String {
    let seconds = u32::try_from(estimate.copy.as_secs() + 1).unwrap_or(u32::MAX);
    format!(
        "copy about {} for {} MB while users write; interruption about {} ms",
        duration(seconds),
        estimate.bytes / 1_000_000,
        milliseconds(estimate.interruption)
    )
}

fn whose(report: &Report<'_>) -> String {
    let new =
        report.new.as_deref().unwrap_or("a new one, not there yet: versions, extensions and rights aren't compared");
    format!("{} {} to {new}", report.engine, report.old)
}

/// For people.
pub fn text(report: &Report<'_>) -> String {
    let findings = &report.assessment.findings;
    let mut text = format!("{}  {}\n", paint(BOLD, report.city), whose(report));
    let width = findings.iter().map(|finding| finding.place.chars().count()).max().unwrap_or(0);
    for finding in findings {
        let (style, word) = match finding.level {
            Level::Fail => (RED, "FAIL"),
            Level::Warn => (YELLOW, "warn"),
            Level::Ok => (GREEN, "ok"),
        };
        let word = paint(style, format!("{word:<4}"));
        let _ = writeln!(text, "  {word}  {:<width$}  {}", finding.place, finding.what);
        if !finding.mend.is_empty() {
            let _ = writeln!(text, "        {:<width$}  {}", "", paint(DIM, format!("mend: {}", finding.mend)));
        }
    }
    if let Some(estimate) = &report.assessment.estimate {
        let _ = writeln!(text, "estimate: {}\n          {}", times(estimate), paint(DIM, &estimate.how));
    }
    let _ = writeln!(text, "{}", counts(findings));
    text
}

/// For a comment: what isn't well in a table, the rest counted.
pub fn markdown(report: &Report<'_>) -> String {
    let findings = &report.assessment.findings;
    let mut text = format!("### `migrate assess {}`\n\n{}: {}\n", report.city, whose(report), counts(findings));
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let bad: Vec<_> = findings.iter().filter(|finding| finding.level > Level::Ok).collect();
    if !bad.is_empty() {
        text.push_str("\n| | where | what | mend |\n| --- | --- | --- | --- |\n");
    }
    for finding in bad {
        let word = if finding.level == Level::Fail { ":x: fail" } else { ":warning: warn" };
        let (place, what, mend) = (cell(&finding.place), cell(&finding.what), cell(&finding.mend));
        let _ = writeln!(text, "| {word} | {place} | {what} | {mend} |");
    }
    if let Some(estimate) = &report.assessment.estimate {
        let _ = writeln!(text, "\nEstimate: {} ({})", times(estimate), estimate.how);
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    fn assessment() -> Assessment {
        let finding = |level, place: &str, what: &str, mend: &str| Finding {
            level,
            place: place.into(),
            what: what.into(),
            mend: mend.into(),
        };
        let findings = vec![
            finding(Level::Ok, "source: wal_level", "logical", ""),
            finding(Level::Fail, "source: tables", "no | key", "give it one"),
        ];
        let (copy, interruption) = (Duration::from_millis(4500), Duration::from_millis(210));
        let estimate = Estimate { bytes: 20_000_000, copy, interruption, how: "measured".into() };
        Assessment { findings, estimate: Some(estimate) }
    }

    #[test]
    fn the_three_formats_have_the_same_facts() {
        let assessment = assessment();
        let (old, new) = ("10.0.0.1:5432/bikes".to_owned(), Some("malmo.rds".to_owned()));
        let report = Report { city: "malmo", engine: "postgres", old, new, assessment: &assessment };
        let plain = anstream::adapter::strip_str(&text(&report)).to_string();
        let expected = "malmo  postgres 10.0.0.1:5432/bikes to malmo.rds
  ok    source: wal_level  logical
  FAIL  source: tables     no | key
                           mend: give it one
estimate: copy about 5 s for 20 MB while users write; interruption about 210 ms
          measured
1 fail, 0 warn, 1 ok
";
        assert_eq!(plain, expected);
        let markdown = markdown(&report);
        assert!(markdown.contains("| :x: fail | source: tables | no \\| key | give it one |"), "{markdown}");
        let value = serde_json::to_value(&report).unwrap();
        assert_eq!((&value["fail"], &value["estimate"]["interruption_ms"]), (&json!(1), &json!(210)));
        assert_eq!(value["findings"][1]["mend"], "give it one");
    }
}
