//! Ranking candidates in full precision, and keeping the best picture of each product.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use super::SearchRequest;
use crate::query::QueryForms;
use crate::scored::Scored;
use crate::snapshot::Snapshot;
use crate::view::Location;

/// Candidates that are ranked at first, before it is asked whether others can still be better.
const LEAST_RANKED: usize = 32;

/// The best picture of a product.
pub(super) struct Best<'a> {
    pub(super) product_id: &'a str,
    pub(super) key: &'a str,
    pub(super) score: f32,
    pub(super) at: Location,
}

impl Snapshot {
    /// Scores candidates in full precision, until no other can be among the `wanted` best products;
    /// the best live row of each of those.
    pub(super) fn rank<'a>(
        &'a self,
        query: &QueryForms,
        request: SearchRequest<'_>,
        candidates: &[(usize, Scored)],
        wanted: usize,
        doubt: f32,
    ) -> Vec<Best<'a>> {
        let mut ranked: Vec<(usize, Scored)> = Vec::with_capacity(candidates.len());
        let mut best = Vec::new();
        for part in parts(candidates.len(), LEAST_RANKED.max(wanted)) {
            let part = &candidates[part];
            let next = part[0].1.score() + doubt;
            let full = best.len() == wanted;
            let least = best.last().filter(|_| full);
            if next < request.min_score || least.is_some_and(|best: &Best<'_>| next < best.score) {
                break;
            }
            for &(place, candidate) in part {
                self.segments()[place]
                    .body()
                    .prefetch_full(candidate.node());
            }
            let scored = part.iter().map(|&(place, candidate)| {
                let body = self.segments()[place].body();
                let score = body.score(query.along(body.axes()), candidate.node());
                (place, Scored::new(score, candidate.node()))
            });
            ranked.extend(scored.filter(|(_, scored)| scored.score() >= request.min_score));
            ranked.sort_unstable_by_key(|ranked| Reverse(ranked.1));
            best = self.best_products(&ranked, request.without_product, wanted);
        }
        best
    }

    /// The best live row of each of the `wanted` best products of nodes that are given best first.
    /// Names are looked up only as far down as it takes: they lie scattered in memory.
    fn best_products<'a>(
        &'a self,
        ranked: &[(usize, Scored)],
        without: Option<&str>,
        wanted: usize,
    ) -> Vec<Best<'a>> {
        let mut products: HashMap<&str, Best<'a>> = HashMap::with_capacity(wanted);
        let mut last = f32::NEG_INFINITY;
        for &(place, scored) in ranked {
            // A node as good as the last one may still have a key that comes before.
            if products.len() >= wanted && scored.score() < last {
                break;
            }
            last = scored.score();
            self.best_of_node(place, scored.node(), last)
                .filter(|best| without != Some(best.product_id))
                .for_each(|best| keep_better(&mut products, best));
        }
        let mut best: Vec<Best<'a>> = products.into_values().collect();
        best.sort_unstable_by(Best::order);
        best.truncate(wanted);
        best
    }

    /// The live row with the least key of every product of a node. Rows of a node are stored by
    /// product, then by key.
    fn best_of_node(&self, place: usize, node: u32, score: f32) -> impl Iterator<Item = Best<'_>> {
        let meta = self.segments()[place].meta();
        let mut last = None;
        let live = meta
            .rows_of_node(node)
            .filter(move |&row| self.view().is_live(place, row));
        live.filter(move |&row| {
            let product = Some(meta.product_ordinal(row));
            std::mem::replace(&mut last, product) != product
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
