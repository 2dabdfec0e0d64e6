//! Pictures whose neighbours are of another category.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::rows::Rows;
use super::{Misplaced, NEIGHBOURS, Near};

/// Fewer neighbours say nothing.
const LEAST_NEIGHBOURS: usize = 5;

/// How the neighbours of a picture vote.
struct Verdict {
    row: u32,
    own: usize,
    misplaced: Misplaced,
}

/// `near` has the neighbours of every distinct row; those less similar than `similar` have no vote.
pub(super) fn misplaced(rows: &Rows<'_>, near: &[Near], similar: f32) -> Vec<Misplaced> {
    let rows_and_near = (0..rows.len() as u32).map(|row| (row, &near[rows.place(row)]));
    let mut verdicts: Vec<Verdict> = rows_and_near
        .filter_map(|(row, near)| verdict(rows, row, near, similar))
        .collect();
    verdicts.sort_by(|a, b| order(rows, a, b));
    verdicts.into_iter().map(|v| v.misplaced).collect()
}

fn verdict(rows: &Rows<'_>, row: u32, near: &[(u32, f32)], similar: f32) -> Option<Verdict> {
    let own = rows.category(row)?;
    // The neighbours are those of the first row of the same vector, which is not among them.
    let first = (rows.first(row), 1.0);
    let others = std::iter::once(first).chain(near.iter().copied());
    let others = others.filter(|(other, _)| rows.product(*other) != rows.product(row));
    let mut neighbours = 0;
    let mut votes: BTreeMap<u32, (usize, f32)> = BTreeMap::new();
    for (other, score) in others.take(NEIGHBOURS) {
        neighbours += 1;
        if let Some(category) = rows.category(other)
            && score >= similar
        {
            let (count, sum) = votes.entry(category).or_default();
            *count += 1;
            *sum += score;
        }
    }
    let (&suggested, &(count, sum)) = votes.iter().max_by_key(|(_, (count, _))| *count)?;
    if neighbours < LEAST_NEIGHBOURS || suggested == own || count * 2 <= neighbours {
        return None;
    }
    Some(Verdict {
        row,
        own: votes.get(&own).map_or(0, |(count, _)| *count),
        misplaced: Misplaced {
            at: rows.at(row),
            category: rows.name(own).to_owned(),
            suggested: rows.name(suggested).to_owned(),
            votes: count,
            neighbours,
            score: sum / count as f32,
        },
    })
}

/// The surest first: by the share of votes, then by how few are for its own category, then by similarity.
fn order(rows: &Rows<'_>, a: &Verdict, b: &Verdict) -> Ordering {
    let share = |v: &Verdict| v.misplaced.votes as f32 / v.misplaced.neighbours as f32;
    share(b)
        .total_cmp(&share(a))
        .then(a.own.cmp(&b.own))
        .then(b.misplaced.score.total_cmp(&a.misplaced.score))
        .then_with(|| rows.key(a.row).cmp(rows.key(b.row)))
}
