//! Looking at every node: exact, and faster than a graph below a few thousand nodes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::quantise::Query;
use crate::scored::Scored;
use crate::segment::SegmentBody;

/// The `limit` live nodes most similar to the query by coarse score, best first, and whether these
/// are all live nodes.
pub(crate) fn nearest(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    limit: usize,
    is_live: impl Fn(u32) -> bool,
) -> (Vec<Scored>, bool) {
    let mut found: BinaryHeap<Reverse<Scored>> = BinaryHeap::new();
    let mut all = true;
    for node in 0..nodes {
        let candidate = Scored {
            score: query.approximate(body.scale(node), body.hi(node)),
            node,
        };
        let full = found.len() >= limit;
        // Most nodes end here, before the question whether they are live.
        if full && found.peek().is_some_and(|worst| candidate < worst.0) {
            all = false;
            continue;
        }
        if !is_live(node) {
            continue;
        }
        found.push(Reverse(candidate));
        if full {
            found.pop();
            all = false;
        }
    }
    let sorted = found.into_sorted_vec();
    (sorted.into_iter().map(|Reverse(scored)| scored).collect(), all)
}
