//! Ranking candidates in full precision, and keeping the best picture of each product.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use super::{GroupBy, Search};
use crate::scored::Scored;
use crate::view::Location;

/// Candidates that are ranked at first, before it is asked whether others can still be better.
const LEAST_RANKED: usize = 32;

/// The best picture of a product, or a picture.
pub(super) struct Best<'a> {
    pub(super) product_id: &'a str,
    pub(super) key: &'a str,
    pub(super) score: f32,
    pub(super) at: Location,
}

impl<'a> Search<'a> {
    /// Scores candidates in full precision, until no other can be among the `wanted` best results; the
    /// best row of each of those.
    pub(super) fn rank(&self, candidates: &[(usize, Scored)]) -> Vec<Best<'a>> {
        let mut ranked: Vec<(usize, Scored)> = Vec::with_capacity(candidates.len());
        let mut best = Vec::new();
        for part in parts(candidates.len(), LEAST_RANKED.max(self.wanted)) {
            let part = &candidates[part];
            let next = part[0].1.score() + self.doubt;
            let full = best.len() == self.wanted;
            let least = best.last().filter(|_| full);
            if next < self.request.min_score
                || least.is_some_and(|best: &Best<'_>| next < best.score)
            {
                break;
            }
            for &(place, candidate) in part {
                self.snapshot.segments()[place]
                    .body()
                    .prefetch_full(candidate.node());
            }
            let scored = part
                .iter()
                .map(|&(place, candidate)| (place, self.score(place, candidate.node())));
            let min_score = self.request.min_score;
            ranked.extend(scored.filter(|(_, scored)| scored.score() >= min_score));
            ranked.sort_unstable_by_key(|ranked| Reverse(ranked.1));
            best = self.best_results(&ranked);
        }
        best
    }

    /// The best row of each of the `wanted` best results of nodes that are given best first. Names are
    /// looked up only as far down as it takes: they lie scattered in memory.
    fn best_results(&self, ranked: &[(usize, Scored)]) -> Vec<Best<'a>> {
        let mut results = Results::new(self.request.group_by, self.wanted);
        let mut last = f32::NEG_INFINITY;
        for &(place, scored) in ranked {
            // A node as good as the last one may still have a key that comes before.
            if results.len() >= self.wanted && scored.score() < last {
                break;
            }
            last = scored.score();
            self.best_of_node(place, scored.node(), last)
                .for_each(|best| results.add(best));
        }
        let mut best = results.into_vec();
        best.sort_unstable_by(Best::order);
        best.truncate(self.wanted);
        best
    }

    /// The admitted rows of a node, of every product only that with the least key where products are the
    /// results. Rows of a node are stored by product, then by key.
    fn best_of_node(&self, place: usize, node: u32, score: f32) -> impl Iterator<Item = Best<'a>> {
        let snapshot = self.snapshot;
        let meta = snapshot.segments()[place].meta();
        let every_row = self.request.group_by == GroupBy::Image;
        let mut last = None;
        let rows = meta
            .rows_of_node(node)
            .filter(move |&row| self.admission.admits_row(place, row));
        rows.filter(move |&row| {
            let product = Some(meta.product_ordinal(row));
            every_row || std::mem::replace(&mut last, product) != product
        })
        .map(move |row| Best {
            product_id: meta.product_id(row),
            key: meta.key(row),
            score,
            at: Location {
                segment: place,
                row,
            },
        })
    }
}

/// Results as they are come upon.
enum Results<'a> {
    Products(HashMap<&'a str, Best<'a>>),
    Images(Vec<Best<'a>>),
}

impl<'a> Results<'a> {
    fn new(group_by: GroupBy, wanted: usize) -> Self {
        match group_by {
            GroupBy::Product => Self::Products(HashMap::with_capacity(wanted)),
            GroupBy::Image => Self::Images(Vec::with_capacity(wanted)),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Products(products) => products.len(),
            Self::Images(images) => images.len(),
        }
    }

    fn add(&mut self, best: Best<'a>) {
        match self {
            Self::Products(products) => keep_better(products, best),
            Self::Images(images) => images.push(best),
        }
    }

    fn into_vec(self) -> Vec<Best<'a>> {
        match self {
            Self::Products(products) => products.into_values().collect(),
            Self::Images(images) => images,
        }
    }
}

fn keep_better<'a>(products: &mut HashMap<&'a str, Best<'a>>, candidate: Best<'a>) {
    match products.entry(candidate.product_id) {
        Entry::Vacant(entry) => {
            entry.insert(candidate);
        }
        Entry::Occupied(mut entry) => {
            if candidate.order(entry.get()).is_lt() {
                entry.insert(candidate);
            }
        }
    }
}

impl Best<'_> {
    /// Best score first, then by key.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| self.key.cmp(other.key))
    }
}

/// `count` in parts, of which each after the first is as large as all before it. What is ranked is sorted
/// anew with every part, so a fixed size would make that quadratic where few products have all pictures.
fn parts(count: usize, first: usize) -> impl Iterator<Item = Range<usize>> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        let end = count.min((2 * begin).max(first));
        let part = begin..end;
        begin = end;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_ranked_in_few_parts() {
        for (count, first) in [
            (0, 32),
            (1, 32),
            (32, 32),
            (33, 32),
            (100_000, 32),
            (70, 1000),
        ] {
            let parts: Vec<Range<usize>> = parts(count, first).collect();
            assert!(parts.iter().cloned().flatten().eq(0..count));
            let doublings = count.div_ceil(first).next_power_of_two().ilog2() as usize;
            assert!(parts.len() <= doublings + 1, "{count} {first}: {parts:?}");
        }
    }
}
