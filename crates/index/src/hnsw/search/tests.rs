#![allow(clippy::unwrap_used)]
use std::sync::LazyLock;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;
use xxhash_rust::xxh3::xxh3_64;

use super::*;
use crate::quantization::{Basis, QueryForms};
use crate::segment::{HEADER_BYTES, Header};
use crate::{
    Attributes, Fingerprint, GraphParameters, QuantizedVector, Row, SegmentContent, SegmentId,
};

const NODES: u32 = 4000;

/// A graph of several layers over points of a circle.
static STORED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let row = |i: u32| {
        let angle = i as f32 * std::f32::consts::TAU / NODES as f32;
        Row {
            key: i.to_string(),
            product_id: String::new(),
            etag: String::new(),
            attributes: Attributes::new(),
            embedding: QuantizedVector::new(&[angle.sin(), angle.cos()]).unwrap(),
        }
    };
    let content = SegmentContent {
        rows: (0..NODES).map(row).collect(),
        ..SegmentContent::default()
    };
    // Neighbors on so dense a circle have the same bytes.
    let graph = Some(GraphParameters {
        min_recall: 0.0,
        ..GraphParameters::default()
    });
    let encoded = content.encode_base(SegmentId::new(1, 1), Fingerprint([1; 32]), 2, graph);
    encoded.unwrap().bytes
});

fn open(bytes: Vec<u8>) -> Result<SegmentBody, crate::IndexError> {
    let header = Header::decode(&bytes)?;
    SegmentBody::open(&Bytes::from(bytes), &header)
}

fn links(body: &SegmentBody, node: u32) -> Vec<u32> {
    let mut links = Vec::new();
    body.graph().unwrap().links(node, &mut links, |_| true);
    links
}

/// Returns the position of the links: after scales, coarse and fine vectors, and starts, each
/// aligned.
fn targets_at(header: &Header) -> usize {
    let (meta, nodes) = (header.meta_bytes as usize, NODES as usize);
    let vectors = (meta + 4 * nodes).next_multiple_of(64) + (2 * nodes).next_multiple_of(64);
    let starts = (vectors + 2 * nodes).next_multiple_of(8);
    (starts + 4 * (nodes + 1)).next_multiple_of(8)
}

#[test]
fn walks_to_the_nearest() {
    let body = open(STORED.clone()).unwrap();
    assert!(body.graph().unwrap().layers().len() > 1);
    for i in 0..100 {
        let angle = i as f32 / 16.0;
        let query = Query::new(&[angle.sin(), angle.cos()]).unwrap();
        let found = search(&body, &query, NODES, 20, |_| true);
        assert_eq!(found.len(), 20);
        assert!(found.is_sorted_by(|a, b| a > b));
        // Closer neighbors on so dense a circle have the same bytes.
        let best = found.iter().map(|scored| body.score(&query, scored.node()));
        assert!(best.fold(-1.0, f32::max) > 0.9999);
    }
}

#[test]
fn walks_through_deleted_nodes() {
    let body = open(STORED.clone()).unwrap();
    let query = Query::new(&[0.0, 1.0]).unwrap();
    // The half of the circle around the query is deleted.
    let accepts = |node: u32| (NODES / 4..3 * NODES / 4).contains(&node);
    let found = search(&body, &query, NODES, 20, accepts);
    let (exact, _) = crate::scan::nearest(&body, &query, NODES, 20, accepts);
    assert_eq!(found.len(), 20);
    assert!(found.iter().all(|scored| accepts(scored.node())));
    assert!((found[0].score() - exact[0].score()).abs() < 1e-6);
}

/// If accepted nodes are all around the query, more nodes are met before the last that is found
/// than before the first; if they are all far away, equally many; and a walk that may not visit
/// enough nodes finds nothing.
#[test]
fn a_filtered_walk_counts_the_nodes_that_it_met() {
    let body = open(STORED.clone()).unwrap();
    let query = Query::new(&[0.0, 1.0]).unwrap();
    let limits = BeamLimits {
        accepted: 20,
        any: 64,
        max_visited: usize::MAX,
    };
    let walk = |limits, accepts: &dyn Fn(u32) -> bool| {
        search_filtered(&body, &query, NODES, limits, 10, accepts)
    };
    let every_third = |node: u32| node.is_multiple_of(3);
    let few = walk(limits, &every_third).unwrap();
    assert_eq!(few.found.len(), 20);
    assert!(few.found.iter().all(|scored| every_third(scored.node())));
    assert!(few.found.is_sorted_by(|a, b| a > b));
    assert!(
        few.met >= 64 && few.met >= few.met_within_rows + 20,
        "{few:?}"
    );
    // More than half of all nodes are nearer than any of these.
    let is_far = |node: u32| body.score(&query, node) < -0.3;
    let few = walk(limits, &is_far).unwrap();
    assert!(few.met_within_rows > 1000, "{few:?}");
    assert!(few.met < few.met_within_rows + 100, "{few:?}");
    let few_steps = BeamLimits {
        max_visited: 500,
        ..limits
    };
    assert!(walk(few_steps, &every_third).is_some());
    assert!(walk(few_steps, &is_far).is_none());
    // There are fewer nodes than the walk keeps.
    assert!(walk(limits, &|node| node < 19).is_none());
    assert!(walk(limits, &|_| false).is_none());
}

/// A walk that would have to visit every node nearer than the first accepted one does not start.
#[test]
fn a_walk_for_far_nodes_does_not_start() {
    let body = open(STORED.clone()).unwrap();
    let query = Query::new(&[0.0, 1.0]).unwrap();
    let limits = BeamLimits {
        accepted: 20,
        any: 64,
        max_visited: 1000,
    };
    let walk = |accepts: &dyn Fn(u32) -> bool| {
        let few = search_filtered(&body, &query, NODES, limits, 10, accepts);
        (
            few.is_some(),
            SCRATCH.with_borrow(|scratch| scratch.met.len()),
        )
    };
    let (found, met) = walk(&|node| node.is_multiple_of(3));
    assert!(found && met >= 20, "{met}");
    SCRATCH.with_borrow_mut(|scratch| scratch.met.clear());
    let far_side = |node| (NODES / 4..3 * NODES / 4).contains(&node);
    assert_eq!(walk(&far_side), (false, 0));
}

/// If the links of the sample at which a walk starts lead nowhere, those of node 0 do.
#[test]
fn node_0_leads_on_from_an_island() {
    let mut bytes = STORED.clone();
    let mut header = Header::decode(&bytes).unwrap();
    let known = links(&open(bytes.clone()).unwrap(), 0);
    let mut at = targets_at(&header);
    let whole = open(bytes.clone()).unwrap();
    for node in 0..NODES {
        for to in links(&whole, node) {
            assert_eq!(bytes[at..at + 3], to.to_le_bytes()[..3]);
            if node > 0 {
                bytes[at..at + 3].copy_from_slice(&node.to_le_bytes()[..3]);
            }
            at += 3;
        }
    }
    let meta = header.meta_bytes as usize;
    header.body_checksum = xxh3_64(&bytes[meta..]);
    bytes[..HEADER_BYTES].copy_from_slice(&header.encode());
    let body = open(bytes).unwrap();
    for i in 0..50 {
        let angle = i as f32 / 8.0;
        let query = Query::new(&[angle.sin(), angle.cos()]).unwrap();
        let found = search(&body, &query, NODES, NODES as usize, |_| true);
        let is_found = |node: u32| found.iter().any(|scored| scored.node() == node);
        assert!(known.iter().all(|&node| is_found(node)), "{angle}");
    }
}

/// A graph that the first release wrote, over vectors that are not rotated.
#[test]
fn walks_over_version_1() {
    let stored = Bytes::from_static(include_bytes!("../../../tests/assets/segment-v1.seg"));
    let header = Header::decode(&stored).unwrap();
    let body = SegmentBody::open(&stored, &header).unwrap();
    assert_eq!((body.basis(), body.tuned_ef()), (Basis::Original, None));
    for i in 0..50 {
        let vector: Vec<f32> = (0..16).map(|j| ((i * 16 + j) as f32).sin()).collect();
        let forms = QueryForms::new(&vector, 16, [body.basis()].into_iter()).unwrap();
        let query = forms.in_basis(Basis::Original);
        for ef in [10, header.nodes as usize] {
            let found = search(&body, query, header.nodes, ef, |_| true);
            let (exact, _) = crate::scan::nearest(&body, query, header.nodes, ef, |_| true);
            assert_eq!(found.len(), ef);
            assert_eq!(found[0], exact[0], "{i}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A graph of nonsense under a valid checksum is refused or walked, without a panic.
    #[test]
    fn a_damaged_graph_never_panics(
        changes in proptest::collection::vec((any::<Index>(), 0u32..2 * NODES), 1..5),
        starts in proptest::collection::vec((0..=NODES, 0u32..64 * NODES), 0..2),
        layers in proptest::option::weighted(0.2, 0u32..9),
    ) {
        let mut bytes = STORED.clone();
        let mut header = Header::decode(&bytes).unwrap();
        let targets = targets_at(&header);
        for (position, number) in changes {
            let at = targets + 3 * position.index((bytes.len() - targets) / 3);
            bytes[at..at + 3].copy_from_slice(&number.to_le_bytes()[..3]);
        }
        let first = (targets - 4 * (NODES as usize + 1)) / 8 * 8;
        for (node, number) in starts {
            let at = first + 4 * node as usize;
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        header.layers = layers.unwrap_or(header.layers);
        header.body_checksum = xxh3_64(&bytes[header.meta_bytes as usize..]);
        bytes[..HEADER_BYTES].copy_from_slice(&header.encode());
        if let Ok(body) = open(bytes) {
            let query = Query::new(&[0.6, -0.8]).unwrap();
            let found = search(&body, &query, NODES, 50, |node| node % 3 > 0);
            prop_assert!(found.iter().all(|scored| scored.node() < NODES));
        }
    }
}
