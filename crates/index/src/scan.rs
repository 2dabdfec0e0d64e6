//! Looking at every node: exact, and faster than a graph below a few thousand nodes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::query::Query;
use crate::scored::Scored;
use crate::segment::SegmentBody;

/// The `limit` live nodes most similar to the query by coarse score, best first, and a coarse score
/// that no other live node surpasses: negative infinity when there is no other.
pub(crate) fn nearest(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    limit: usize,
    is_live: impl Fn(u32) -> bool,
) -> (Vec<Scored>, f32) {
    let mut found: BinaryHeap<Reverse<Scored>> = BinaryHeap::new();
    let mut left_out = false;
    for node in 0..nodes {
        let candidate = body.approximate(query, node);
        let full = found.len() >= limit;
        // Most nodes end here, before the question whether they are live.
        if full && found.peek().is_some_and(|worst| candidate < worst.0) {
            left_out = true;
            continue;
        }
        if !is_live(node) {
            continue;
        }
        found.push(Reverse(candidate));
        if full {
            found.pop();
            left_out = true;
        }
    }
    let sorted: Vec<Scored> = found
        .into_sorted_vec()
        .into_iter()
        .map(|Reverse(scored)| scored)
        .collect();
    let bound = match sorted.last() {
        Some(worst) if left_out => worst.score(),
        _ => f32::NEG_INFINITY,
    };
    (sorted, bound)
}
