//! How long the copy and the interruption would take.

use serde::Serialize;
use std::time::Duration;

/// What was measured to estimate by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sample {
    /// Bytes of rows that were read from the source, and sent here.
    pub bytes: u64,
    /// How long that took.
    pub took: Duration,
    /// Rows written a second on the source, between two looks at its counters.
    pub writes: f64,
    /// Bytes of log written a second, between the same two looks.
    pub log: f64,
    /// One question and its answer, to the server that is further away.
    pub round_trip: Duration,
}

/// How long things would take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The bytes that are copied: tables without indexes.
    pub bytes: u64,
    /// The initial copy.
    pub copy: Duration,
    /// From the freeze until the new side is open.
    pub interruption: Duration,
    /// How the two come about.
    pub how: String,
}

/// Between the freeze and the opening the runbook asks the servers about so many questions one after the other.
const QUESTIONS: u32 = 40;
/// The new side writes what it is sent and builds primary keys. An estimate (E): a copy takes twice as long as the reading alone.
const WRITING: f64 = 2.0;

impl Sample {
    /// The estimate for so many bytes. The rate is that of a sample, read by one connection; several tables are copied at once, so a
    /// database of many tables goes faster, and one on slow disks slower.
    pub fn estimate(&self, bytes: u64) -> Estimate {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let rate = (self.bytes as f64 / self.took.as_secs_f64().max(0.001)).max(1.0);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let copy = Duration::try_from_secs_f64(bytes as f64 * WRITING / rate).unwrap_or(Duration::MAX);
        // While it is frozen the log of the last moment is applied, at the rate of the sample.
        let drain = Duration::try_from_secs_f64(self.log * WRITING / rate).unwrap_or(Duration::MAX);
        let interruption = self.round_trip * QUESTIONS + drain.min(Duration::from_secs(60));
        let megabytes = rate / 1e6;
        Estimate {
            bytes,
            copy,
            interruption,
            how: format!(
                "a sample was read at {megabytes:.1} MB/s, writing is taken to double that; {:.0} rows and {:.1} kB of log a second are \
                 written; {QUESTIONS} questions of {} ms each stand between the freeze and the opening",
                self.writes,
                self.log / 1e3,
                self.round_trip.as_millis()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_bytes_take_twice_as_long() {
        let sample = Sample {
            bytes: 10_000_000,
            took: Duration::from_secs(1),
            writes: 200.0,
            log: 1_000_000.0,
            round_trip: Duration::from_millis(5),
        };
        assert_eq!(sample.estimate(100_000_000).copy, Duration::from_secs(20));
        assert_eq!(sample.estimate(200_000_000).copy, Duration::from_secs(40));
        assert_eq!(sample.estimate(1).interruption, Duration::from_millis(400));
        assert!(Sample::default().estimate(u64::MAX).copy > Duration::from_secs(1), "nothing was measured");
    }
}
