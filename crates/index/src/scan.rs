//! Comparing the query with every node: exact, and faster than a graph below a few thousand nodes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::bits::Bits;
use crate::quantization::Query;
use crate::scored::ScoredNode;
use crate::segment::SegmentBody;

/// Number of nodes that are scored together, so that some are loaded from memory while others are
/// scored.
const BATCH: usize = 256;

/// Returns the `limit` accepted nodes that are most similar to the query by coarse score, best
/// first, and an upper bound of the coarse scores of all other accepted nodes: negative infinity if
/// there are none.
pub(crate) fn nearest(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    limit: usize,
    accepts: impl Fn(u32) -> bool,
) -> (Vec<ScoredNode>, f32) {
    let mut best = TopNodes::new(limit);
    for node in 0..nodes {
        best.offer(body.approximate(query, node), &accepts);
    }
    best.into_sorted()
}

/// Like [`nearest`], but compares only some nodes.
pub(crate) fn nearest_of(
    body: &SegmentBody,
    query: &Query,
    nodes: &Bits,
    limit: usize,
    accepts: impl Fn(u32) -> bool,
) -> (Vec<ScoredNode>, f32) {
    let mut best = TopNodes::new(limit);
    let mut nodes = nodes.iter();
    let mut some = Vec::with_capacity(BATCH);
    let mut scores = Vec::with_capacity(BATCH);
    loop {
        some.clear();
        some.extend(nodes.by_ref().take(BATCH));
        if some.is_empty() {
            return best.into_sorted();
        }
        body.approximate_of(query, &some, &mut scores);
        for &candidate in &scores {
            best.offer(candidate, &accepts);
        }
    }
}

/// The best accepted nodes so far.
struct TopNodes {
    found: BinaryHeap<Reverse<ScoredNode>>,
    limit: usize,
    left_out: bool,
}

impl TopNodes {
    fn new(limit: usize) -> Self {
        Self {
            found: BinaryHeap::new(),
            limit,
            left_out: false,
        }
    }

    #[inline]
    fn offer(&mut self, candidate: ScoredNode, accepts: impl Fn(u32) -> bool) {
        let full = self.found.len() >= self.limit;
        // Most nodes end here, before the more expensive check of acceptance.
        if full && self.found.peek().is_some_and(|worst| candidate < worst.0) {
            self.left_out = true;
            return;
        }
        if !accepts(candidate.node()) {
            return;
        }
        self.found.push(Reverse(candidate));
        if full {
            self.found.pop();
            self.left_out = true;
        }
    }

    fn into_sorted(self) -> (Vec<ScoredNode>, f32) {
        let found = self.found.into_sorted_vec().into_iter();
        let sorted: Vec<ScoredNode> = found.map(|Reverse(scored)| scored).collect();
        let bound = match sorted.last() {
            Some(worst) if self.left_out => worst.score(),
            _ => f32::NEG_INFINITY,
        };
        (sorted, bound)
    }
}
