//! Sequences, which replication leaves out.

use super::connect::Place;
use super::sql::{literal, run};
use crate::database::DatabaseResult;
use crate::database::error::doing;

/// How many values the other side leaves out: sessions may still draw values that they then can't use.
const MARGIN: i64 = 1000;

struct Sequence {
    name: String,
    last: i64,
    step: i64,
    least: i64,
    most: i64,
}

/// Sets those of `to` to where those of `from` are, and a margin. One statement on each side.
pub async fn carry(from: &Place, to: &Place) -> DatabaseResult<()> {
    let what = "reading the sequences";
    let sql = "SELECT format('%I.%I', schemaname, sequencename) AS name, last_value AS last, increment_by AS step, \
               min_value AS least, max_value AS most FROM pg_sequences WHERE last_value IS NOT NULL";
    let rows: Vec<(String, i64, i64, i64, i64)> =
        sqlx::query_as(sql).fetch_all(&from.pool).await.map_err(doing(what))?;
    let sequences: Vec<Sequence> =
        rows.into_iter().map(|(name, last, step, least, most)| Sequence { name, last, step, least, most }).collect();
    if sequences.is_empty() {
        return Ok(());
    }
    let set: Vec<String> =
        sequences.iter().map(|one| format!("setval({}::regclass, {})", literal(&one.name), ahead(one))).collect();
    run(&to.pool, "setting the sequences", format!("SELECT {}", set.join(", "))).await
}

/// Where it goes on. One that has reached its end goes to its end.
fn ahead(sequence: &Sequence) -> i64 {
    let margin = sequence.step.saturating_mul(MARGIN);
    sequence.last.saturating_add(margin).clamp(sequence.least, sequence.most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_goes_the_sequences_own_way_and_not_over_its_end() {
        let sequence = |last, step, least, most| Sequence { name: String::new(), last, step, least, most };
        assert_eq!(ahead(&sequence(7, 1, 1, i64::MAX)), 1007);
        assert_eq!(ahead(&sequence(-7, -2, i64::MIN, -1)), -2007);
        assert_eq!(ahead(&sequence(32_000, 1, 1, 32_767)), 32_767);
        assert_eq!(ahead(&sequence(i64::MAX - 3, 5, 1, i64::MAX)), i64::MAX);
    }
}
