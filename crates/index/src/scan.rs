//! Looking at every node: exact, and faster than a graph below a few thousand nodes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::bits::Bits;
use crate::query::Query;
use crate::scored::Scored;
use crate::segment::SegmentBody;

/// Nodes that are scored together, so that some are on their way from memory while others are scored.
const TOGETHER: usize = 256;

/// The `limit` live nodes most similar to the query by coarse score, best first, and a coarse score
/// that no other live node surpasses: negative infinity when there is no other.
pub(crate) fn nearest(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    limit: usize,
    is_live: impl Fn(u32) -> bool,
) -> (Vec<Scored>, f32) {
    let mut best = Best::new(limit);
    for node in 0..nodes {
        best.offer(body.approximate(query, node), &is_live);
    }
    best.into_sorted()
}

/// The same of some nodes alone, of which those are live that pass `is_live`.
pub(crate) fn nearest_of(
    body: &SegmentBody,
    query: &Query,
    nodes: &Bits,
    limit: usize,
    is_live: impl Fn(u32) -> bool,
) -> (Vec<Scored>, f32) {
    let mut best = Best::new(limit);
    let mut nodes = nodes.iter();
    let mut some = Vec::with_capacity(TOGETHER);
    let mut scores = Vec::with_capacity(TOGETHER);
    loop {
        some.clear();
        some.extend(nodes.by_ref().take(TOGETHER));
        if some.is_empty() {
            return best.into_sorted();
        }
        body.approximate_of(query, &some, &mut scores);
        for &candidate in &scores {
            best.offer(candidate, &is_live);
        }
    }
}

/// The best live nodes of those that were offered.
struct Best {
    found: BinaryHeap<Reverse<Scored>>,
    limit: usize,
    left_out: bool,
}

impl Best {
    fn new(limit: usize) -> Self {
        Self {
            found: BinaryHeap::new(),
            limit,
            left_out: false,
        }
    }

    #[inline]
    fn offer(&mut self, candidate: Scored, is_live: impl Fn(u32) -> bool) {
        let full = self.found.len() >= self.limit;
        // Most nodes end here, before the question whether they are live.
        if full && self.found.peek().is_some_and(|worst| candidate < worst.0) {
            self.left_out = true;
            return;
        }
        if !is_live(candidate.node()) {
            return;
        }
        self.found.push(Reverse(candidate));
        if full {
            self.found.pop();
            self.left_out = true;
        }
    }

    fn into_sorted(self) -> (Vec<Scored>, f32) {
        let found = self.found.into_sorted_vec().into_iter();
        let sorted: Vec<Scored> = found.map(|Reverse(scored)| scored).collect();
        let bound = match sorted.last() {
            Some(worst) if self.left_out => worst.score(),
            _ => f32::NEG_INFINITY,
        };
        (sorted, bound)
    }
}
