//! From sums that differ to the rows that do.

use super::{Difference, How, Key, Mismatch, Piece, Rows, Sums};

/// The buckets in which two sides differ.
pub(super) fn buckets(source: &Sums, target: &Sums) -> Vec<u32> {
    let mut all: Vec<u32> = source.keys().chain(target.keys()).copied().collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|bucket| source.get(bucket) != target.get(bucket));
    all
}

/// The rows in which two sides differ, by key.
pub(super) fn rows(source: &Rows, target: &Rows) -> Vec<Difference> {
    let missing_or_different = source.iter().filter_map(|(key, row)| match target.get(key) {
        None => Some((key, How::Missing)),
        Some(other) if other.hash != row.hash => Some((key, How::Different)),
        // Without a key the rows are alike and only their number differs.
        Some(other) if other.times < row.times => Some((key, How::Missing)),
        Some(other) if other.times > row.times => Some((key, How::Extra)),
        Some(_) => None,
    });
    let extra = target.keys().filter(|key| !source.contains_key(*key)).map(|key| (key, How::Extra));
    let mut all: Vec<Difference> =
        missing_or_different.chain(extra).map(|(key, how)| Difference { key: key.clone(), how }).collect();
    all.sort_by(|one, other| one.key.cmp(&other.key));
    all
}

impl Mismatch {
    /// Adds rows that differ; the first `names` are kept by name.
    pub(super) fn add(into: &mut Option<Self>, found: Vec<Difference>, names: usize) {
        if found.is_empty() {
            return;
        }
        let this = into.get_or_insert_default();
        this.rows += found.len() as u64;
        let room = names.saturating_sub(this.first.len());
        this.first.extend(found.into_iter().take(room));
    }

    /// Adds a piece whose rows aren't listed: it holds at least `rows` rows that differ.
    pub(super) fn add_piece(into: &mut Option<Self>, piece: Piece, rows: u64) {
        let this = into.get_or_insert_default();
        this.rows += rows;
        this.pieces.push(piece);
    }

    /// Forgets what is known about these keys, since they are compared anew.
    pub(super) fn forget(into: &mut Option<Self>, keys: &[Key]) {
        let Some(this) = into else { return };
        let before = this.first.len();
        this.first.retain(|difference| !keys.contains(&difference.key));
        this.rows -= (before - this.first.len()) as u64;
        if this.rows == 0 && this.pieces.is_empty() {
            *into = None;
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::database::verify::{Row, Sum};

    fn row(hash: &str, times: u64) -> Row {
        Row { hash: hash.into(), times }
    }

    #[test]
    fn rows_are_missing_extra_or_different() {
        let key = |text: &str| vec![text.to_owned()];
        let source = Rows::from([(key("1"), row("a", 1)), (key("2"), row("b", 1)), (key("4"), row("d", 2))]);
        let target = Rows::from([(key("1"), row("x", 1)), (key("3"), row("c", 1)), (key("4"), row("d", 1))]);
        let found: Vec<_> = rows(&source, &target).into_iter().map(|one| (one.key[0].clone(), one.how)).collect();
        let expected = [("1", How::Different), ("2", How::Missing), ("3", How::Extra), ("4", How::Missing)];
        assert_eq!(found, expected.map(|(key, how)| (key.to_owned(), how)));
    }

    #[test]
    fn a_bucket_on_one_side_only_differs() {
        let sum = |rows: u64| Sum { rows, sum: rows.to_string() };
        let source = Sums::from([(0, sum(1)), (1, sum(2)), (2, sum(3))]);
        let target = Sums::from([(0, sum(1)), (1, sum(9)), (3, sum(3))]);
        assert_eq!(buckets(&source, &target), [1, 2, 3]);
    }

    #[test]
    fn a_mismatch_names_the_first_rows_and_counts_the_others() {
        let differ = |key: &str| Difference { key: vec![key.into()], how: How::Missing };
        let mut found = None;
        Mismatch::add(&mut found, vec![differ("1"), differ("2"), differ("3")], 2);
        assert_eq!(found.as_ref().unwrap().to_string(), "3 rows differ: 1 missing, 2 missing …");
        Mismatch::add_piece(&mut found, Piece { after: Some(vec!["7".into()]), ..Piece::default() }, 4);
        assert_eq!(
            found.as_ref().unwrap().to_string(),
            "at least 7 rows differ: 1 missing, 2 missing …; also among keys above 7 up to the end"
        );
    }
}
