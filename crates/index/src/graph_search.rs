//! Walking the graph (algorithm 2 and 5 of Malkov and Yashunin 2016) over links and coarse vectors
//! as they lie in the segment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::bits::Bits;
use crate::quantise::Query;
use crate::scored::Scored;
use crate::segment::{LayerView, SegmentBody};

/// The about `ef` nodes most similar to the query, best first.
pub(crate) fn nearest(body: &SegmentBody, query: &Query, nodes: u32, ef: usize) -> Vec<Scored> {
    let layers = body.layers();
    if layers.is_empty() || nodes == 0 {
        return Vec::new();
    }
    let score = |node| Scored {
        score: body.approximate(query, node),
        node,
    };
    // Every graph is entered at node 0, the first that was inserted.
    let mut entry = score(0);
    for layer in layers[1..].iter().rev() {
        entry = climb(layer, entry, score);
    }
    beam(&layers[0], entry, nodes, ef, score)
}

/// Follows the best link until none is better.
fn climb(layer: &LayerView, mut best: Scored, score: impl Fn(u32) -> Scored) -> Scored {
    loop {
        let from = best;
        best = layer.links(from.node).map(&score).fold(best, Scored::max);
        if best.node == from.node {
            return best;
        }
    }
}

/// Keeps the `ef` best nodes seen and visits from the best until none can improve them.
fn beam(
    layer: &LayerView,
    entry: Scored,
    nodes: u32,
    ef: usize,
    score: impl Fn(u32) -> Scored,
) -> Vec<Scored> {
    let mut visited = Bits::new(nodes);
    visited.insert(entry.node);
    let mut open = BinaryHeap::from([entry]);
    let mut found = BinaryHeap::from([Reverse(entry)]);
    while let Some(next) = open.pop() {
        let worst = found.peek().map_or(next, |worst| worst.0);
        if found.len() >= ef && next < worst {
            break;
        }
        for node in layer.links(next.node) {
            if !visited.insert(node) {
                continue;
            }
            let candidate = score(node);
            let full = found.len() >= ef;
            if full && found.peek().is_some_and(|worst| candidate < worst.0) {
                continue;
            }
            open.push(candidate);
            found.push(Reverse(candidate));
            if full {
                found.pop();
            }
        }
    }
    found
        .into_sorted_vec()
        .into_iter()
        .map(|Reverse(scored)| scored)
        .collect()
}
