//! Walking the graph (algorithm 2 and 5 of Malkov and Yashunin 2016) over links and coarse vectors
//! as they lie in the segment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::bits::Bits;
use crate::quantise::Query;
use crate::scored::Scored;
use crate::segment::{LayerView, SegmentBody};

/// The about `ef` live nodes most similar to the query, best first. Dead ones are walked through but
/// take no place among the `ef`, or a removed group of look-alikes would hide what lies behind it.
pub(crate) fn nearest(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    ef: usize,
    is_live: impl Fn(u32) -> bool,
) -> Vec<Scored> {
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
    beam(&layers[0], entry, nodes, ef, score, is_live)
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

/// Keeps the `ef` best live nodes seen and visits from the best until none can improve them.
fn beam(
    layer: &LayerView,
    entry: Scored,
    nodes: u32,
    ef: usize,
    score: impl Fn(u32) -> Scored,
    is_live: impl Fn(u32) -> bool,
) -> Vec<Scored> {
    let mut visited = Bits::new(nodes);
    visited.insert(entry.node);
    let mut open = BinaryHeap::from([entry]);
    let mut found = BinaryHeap::new();
    if is_live(entry.node) {
        found.push(Reverse(entry));
    }
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
            if is_live(node) {
                found.push(Reverse(candidate));
                if full {
                    found.pop();
                }
            }
        }
    }
    found
        .into_sorted_vec()
        .into_iter()
        .map(|Reverse(scored)| scored)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::LazyLock;

    use bytes::Bytes;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;
    use crate::segment::{HEADER_BYTES, Header};
    use crate::{
        Attributes, Fingerprint, GraphParameters, Quantised, Row, SegmentContent, SegmentId,
    };

    const NODES: u32 = 1500;

    /// A graph of several layers over points of a circle.
    static STORED: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let row = |i: u32| {
            let angle = i as f32 * std::f32::consts::TAU / NODES as f32;
            Row {
                key: i.to_string(),
                product_id: String::new(),
                etag: String::new(),
                attributes: Attributes::new(),
                embedding: Quantised::new(&[angle.sin(), angle.cos()]).unwrap(),
            }
        };
        let content = SegmentContent {
            rows: (0..NODES).map(row).collect(),
            ..SegmentContent::default()
        };
        let graph = Some(GraphParameters::default());
        let encoded = content.encode_base(SegmentId::new(1, 1), Fingerprint([1; 32]), 2, graph);
        encoded.unwrap().bytes
    });

    fn open(bytes: Vec<u8>) -> Result<SegmentBody, crate::IndexError> {
        let header = Header::decode(&bytes)?;
        SegmentBody::open(&Bytes::from(bytes), &header)
    }

    #[test]
    fn walks_to_the_nearest() {
        let body = open(STORED.clone()).unwrap();
        assert!(body.layers().len() > 1);
        for i in 0..100 {
            let angle = i as f32 / 16.0;
            let query = Query::new(&[angle.sin(), angle.cos()], 2).unwrap();
            let found = nearest(&body, &query, NODES, 20, |_| true);
            assert_eq!(found.len(), 20);
            assert!(found.is_sorted_by(|a, b| a > b));
            let (exact, _) = crate::scan::nearest(&body, &query, NODES, 1, |_| true);
            assert!((found[0].score - exact[0].score).abs() < 1e-6);
        }
    }

    #[test]
    fn walks_through_what_is_dead() {
        let body = open(STORED.clone()).unwrap();
        let query = Query::new(&[0.0, 1.0], 2).unwrap();
        // The half of the circle around the query is gone.
        let is_live = |node: u32| (NODES / 4..3 * NODES / 4).contains(&node);
        let found = nearest(&body, &query, NODES, 20, is_live);
        let (exact, _) = crate::scan::nearest(&body, &query, NODES, 20, is_live);
        assert_eq!(found.len(), 20);
        assert!(found.iter().all(|scored| is_live(scored.node)));
        assert!((found[0].score - exact[0].score).abs() < 1e-6);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// A graph that is nonsense under a valid checksum is refused or walked, nothing else.
        #[test]
        fn no_graph_leads_astray(
            changes in proptest::collection::vec((any::<Index>(), 0u32..2 * NODES), 1..5),
            layers in proptest::option::weighted(0.2, 0u32..9),
        ) {
            let mut bytes = STORED.clone();
            let mut header = Header::decode(&bytes).unwrap();
            let graph = header.meta_bytes as usize + 2 * (NODES as usize * 4);
            for (place, number) in changes {
                let at = graph + 4 * place.index((bytes.len() - graph) / 4);
                bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
            }
            header.layers = layers.unwrap_or(header.layers);
            header.body_checksum = xxh3_64(&bytes[header.meta_bytes as usize..]);
            bytes[..HEADER_BYTES].copy_from_slice(&header.encode());
            if let Ok(body) = open(bytes) {
                let query = Query::new(&[0.6, -0.8], 2).unwrap();
                let found = nearest(&body, &query, NODES, 50, |node| node % 3 > 0);
                prop_assert!(found.iter().all(|scored| scored.node < NODES));
            }
        }
    }
}
