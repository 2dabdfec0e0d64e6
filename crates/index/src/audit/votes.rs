//! Images whose neighbors are of another category.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::neighbors::{MAX_VOTES, Neighbors};
use super::report::Misplaced;
use super::rows::AuditedRows;

/// Minimum number of neighbors: fewer prove nothing.
const MIN_NEIGHBORS: usize = 5;

/// The votes of an image's neighbors.
struct Verdict {
    row: u32,
    own: usize,
    misplaced: Misplaced,
}

/// Finds misplaced images. `neighbors` holds the neighbors of every distinct row; those less
/// similar than `similar` have no vote.
pub(super) fn misplaced(
    rows: &AuditedRows<'_>,
    neighbors: &[Neighbors],
    similar: f32,
) -> Vec<Misplaced> {
    let rows_and_neighbors =
        (0..rows.len() as u32).map(|row| (row, &neighbors[rows.position(row)]));
    let mut verdicts: Vec<Verdict> = rows_and_neighbors
        .filter_map(|(row, neighbors)| verdict(rows, row, neighbors, similar))
        .collect();
    verdicts.sort_by(|a, b| order(rows, a, b));
    verdicts.into_iter().map(|v| v.misplaced).collect()
}

fn verdict(rows: &AuditedRows<'_>, row: u32, near: &[(u32, f32)], similar: f32) -> Option<Verdict> {
    let own = rows.category(row)?;
    // The neighbors are those of the first row with the same vector, which is not among them.
    let first = (rows.first(row), 1.0);
    let others = std::iter::once(first).chain(near.iter().copied());
    let others = others.filter(|(other, _)| rows.product(*other) != rows.product(row));
    let mut neighbors = 0;
    let mut votes: BTreeMap<u32, (usize, f32)> = BTreeMap::new();
    for (other, score) in others.take(MAX_VOTES) {
        neighbors += 1;
        if let Some(category) = rows.category(other)
            && score >= similar
        {
            let (count, sum) = votes.entry(category).or_default();
            *count += 1;
            *sum += score;
        }
    }
    let (&suggested, &(count, sum)) = votes.iter().max_by_key(|(_, (count, _))| *count)?;
    if neighbors < MIN_NEIGHBORS || suggested == own || count * 2 <= neighbors {
        return None;
    }
    Some(Verdict {
        row,
        own: votes.get(&own).map_or(0, |(count, _)| *count),
        misplaced: Misplaced {
            address: rows.address(row),
            category: rows.name(own).to_owned(),
            suggested: rows.name(suggested).to_owned(),
            votes: count,
            neighbors,
            score: sum / count as f32,
        },
    })
}

/// Orders the most certain first: by the share of votes, then by how few are for its own category,
/// then by similarity.
fn order(rows: &AuditedRows<'_>, a: &Verdict, b: &Verdict) -> Ordering {
    let share = |v: &Verdict| v.misplaced.votes as f32 / v.misplaced.neighbors as f32;
    share(b)
        .total_cmp(&share(a))
        .then(a.own.cmp(&b.own))
        .then(b.misplaced.score.total_cmp(&a.misplaced.score))
        .then_with(|| rows.key(a.row).cmp(rows.key(b.row)))
}
