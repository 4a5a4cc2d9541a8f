//! Sequences, which logical replication leaves out: the target's must be where the source's are, or further.

use crate::database::verify::VerifyResult;
use crate::database::verify::error::reading;
use sqlx::PgPool;
use std::collections::BTreeMap;

struct Sequence {
    id: String,
    definition: String,
    step: i64,
    last: Option<i64>,
}

/// What is wrong with the target's sequences, one line each: missing, differently made, or behind. Identity columns and serials are sequences.
///
/// Exact under a freeze after the sequences were set; before that, sequences are behind as a matter of course.
///
/// # Errors
/// A server that can't be asked.
pub async fn sequences(source: &PgPool, target: &PgPool) -> VerifyResult<Vec<String>> {
    let (source, target) = tokio::try_join!(ask(source, "source"), ask(target, "target"))?;
    Ok(source.values().filter_map(|sequence| wrong(sequence, target.get(&sequence.id))).collect())
}

fn wrong(source: &Sequence, target: Option<&Sequence>) -> Option<String> {
    let id = &source.id;
    let Some(target) = target else { return Some(format!("{id}: the target doesn't have this sequence")) };
    if source.definition != target.definition {
        return Some(format!("{id}: made as {} on the source, {} on the target", source.definition, target.definition));
    }
    let behind = match (source.last, target.last) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(source), Some(other)) if target.step < 0 => other > source,
        (Some(source), Some(other)) => other < source,
    };
    let at = |last: Option<i64>| last.map_or("its start".to_owned(), |last| last.to_string());
    behind.then(|| format!("{id}: at {} on the source, at {} on the target", at(source.last), at(target.last)))
}

async fn ask(pool: &PgPool, side: &str) -> VerifyResult<BTreeMap<String, Sequence>> {
    let all: Vec<(String, String, i64, Option<i64>)> = sqlx::query_as(
        "SELECT format('%I.%I', s.schemaname, s.sequencename),
                format('%s from %s in %s..%s by %s%s', s.data_type, s.start_value, s.min_value, s.max_value, s.increment_by,
                       CASE WHEN s.cycle THEN ', cycling' ELSE '' END),
                s.increment_by, s.last_value
         FROM pg_sequences s WHERE s.schemaname NOT LIKE 'pg\\_%' AND s.schemaname NOT IN ('information_schema', 'migrate')",
    )
    .fetch_all(pool)
    .await
    .map_err(reading(format!("reading the sequences of the {side}")))?;
    let sequence =
        |(id, definition, step, last): (String, _, _, _)| (id.clone(), Sequence { id, definition, step, last });
    Ok(all.into_iter().map(sequence).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn sequence(step: i64, last: Option<i64>) -> Sequence {
        Sequence { id: "s".into(), definition: step.to_string(), step, last }
    }

    #[test]
    fn a_sequence_may_be_ahead_but_not_behind() {
        let found = |step, source, target| wrong(&sequence(step, source), Some(&sequence(step, target)));
        assert_eq!(found(1, Some(5), Some(5)), None);
        assert_eq!(found(1, Some(5), Some(105)), None);
        assert_eq!(found(1, None, None), None);
        assert_eq!(found(-1, Some(-5), Some(-6)), None);
        assert!(found(-1, Some(-5), Some(-4)).is_some());
        assert!(found(1, Some(5), None).unwrap().contains("at its start on the target"));
        assert!(found(1, Some(5), Some(4)).unwrap().contains("at 5 on the source, at 4"));
        assert!(wrong(&sequence(1, None), None).unwrap().contains("doesn't have"));
        assert!(wrong(&sequence(1, None), Some(&sequence(2, None))).unwrap().contains("made as"));
    }
}
