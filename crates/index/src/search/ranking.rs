//! Ranking candidates in full precision, and keeping the best image of each product.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use super::context::Search;
use super::request::GroupBy;
use crate::row::RowAddress;
use crate::scored::ScoredNode;

/// Minimum number of candidates that are ranked before checking whether others can be better.
const MIN_RANKED: usize = 32;

/// The best image of a product, or an image.
pub(super) struct RankedRow<'a> {
    pub(super) product_id: &'a str,
    pub(super) key: &'a str,
    pub(super) score: f32,
    pub(super) address: RowAddress,
}

impl<'a> Search<'a> {
    /// Scores candidates in full precision until no other can be among the `wanted` best results;
    /// returns the best row of each of these.
    pub(super) fn rank(&self, candidates: &[(usize, ScoredNode)]) -> Vec<RankedRow<'a>> {
        let mut ranked: Vec<(usize, ScoredNode)> = Vec::with_capacity(candidates.len());
        let mut best = Vec::new();
        for part in parts(candidates.len(), MIN_RANKED.max(self.wanted)) {
            let part = &candidates[part];
            let next = part[0].1.score() + self.error_bound;
            let full = best.len() == self.wanted;
            let worst = best.last().filter(|_| full);
            if next < self.request.min_score
                || worst.is_some_and(|worst: &RankedRow<'_>| next < worst.score)
            {
                break;
            }
            for &(segment_index, candidate) in part {
                self.snapshot.segments()[segment_index]
                    .body()
                    .prefetch_full(candidate.node());
            }
            let scored = part.iter().map(|&(segment_index, candidate)| {
                (segment_index, self.score(segment_index, candidate.node()))
            });
            let min_score = self.request.min_score;
            ranked.extend(scored.filter(|(_, scored)| scored.score() >= min_score));
            ranked.sort_unstable_by_key(|ranked| Reverse(ranked.1));
            best = self.best_results(&ranked);
        }
        best
    }

    /// Returns the best row of each of the `wanted` best results; the nodes come best first. Keys
    /// and products are looked up for as few nodes as possible, because they are scattered in
    /// memory.
    fn best_results(&self, ranked: &[(usize, ScoredNode)]) -> Vec<RankedRow<'a>> {
        let mut results = Results::new(self.request.group_by, self.wanted);
        let mut last = f32::NEG_INFINITY;
        for &(segment_index, scored) in ranked {
            // A node that is as good as the last one may have a key that comes before.
            if results.len() >= self.wanted && scored.score() < last {
                break;
            }
            last = scored.score();
            self.best_of_node(segment_index, scored.node(), last)
                .for_each(|best| results.add(best));
        }
        let mut best = results.into_vec();
        best.sort_unstable_by(RankedRow::order);
        best.truncate(self.wanted);
        best
    }

    /// Returns the admitted rows of a node; if products are the results, only the row with the
    /// lowest key of every product. Rows of a node are stored by product, then by key.
    fn best_of_node(
        &self,
        segment_index: usize,
        node: u32,
        score: f32,
    ) -> impl Iterator<Item = RankedRow<'a>> {
        let snapshot = self.snapshot;
        let meta = snapshot.segments()[segment_index].meta();
        let every_row = self.request.group_by == GroupBy::Image;
        let mut last = None;
        let rows = meta
            .rows_of_node(node)
            .filter(move |&row| self.row_filter.admits_row(segment_index, row));
        rows.filter(move |&row| {
            let product = Some(meta.product_ordinal(row));
            every_row || std::mem::replace(&mut last, product) != product
        })
        .map(move |row| RankedRow {
            product_id: meta.product_id(row),
            key: meta.key(row),
            score,
            address: RowAddress {
                segment: segment_index,
                row,
            },
        })
    }
}

/// Results in the order in which they are met.
enum Results<'a> {
    Products(HashMap<&'a str, RankedRow<'a>>),
    Images(Vec<RankedRow<'a>>),
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

    fn add(&mut self, best: RankedRow<'a>) {
        match self {
            Self::Products(products) => keep_better(products, best),
            Self::Images(images) => images.push(best),
        }
    }

    fn into_vec(self) -> Vec<RankedRow<'a>> {
        match self {
            Self::Products(products) => products.into_values().collect(),
            Self::Images(images) => images,
        }
    }
}

fn keep_better<'a>(products: &mut HashMap<&'a str, RankedRow<'a>>, candidate: RankedRow<'a>) {
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

impl RankedRow<'_> {
    /// Orders by score, best first, then by key.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| self.key.cmp(other.key))
    }
}

/// Splits `count` into parts, each after the first as large as all before it. Every part makes all
/// ranked candidates be sorted again, so parts of a fixed size would take quadratic time where few
/// products have all images.
fn parts(count: usize, first: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = count.min((2 * start).max(first));
        let part = start..end;
        start = end;
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
