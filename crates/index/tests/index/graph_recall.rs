//! The recall of graphs, and bases without a graph.

use std::collections::HashSet;

use lookalike_index::{GraphParameters, SegmentContent, Snapshot};

use crate::large_catalog::{DIMENSIONS, catalog, request};
use crate::support::{ENCODER, Vectors, base, content, id, row};

/// The recorded recall of a base is close to that of queries that it never saw.
#[test]
fn the_recorded_recall_is_correct() {
    let catalog = catalog(DIMENSIONS);
    let measured = catalog.graph.meta().recall().unwrap();
    assert!(
        measured.expected >= 3900 && measured.share() >= 0.99,
        "{measured:?}"
    );
    let snapshot = Snapshot::new(vec![catalog.graph.clone()], DIMENSIONS).unwrap();
    let mut found = 0;
    for query in &catalog.queries {
        let best = catalog.truth(query, &HashSet::new());
        let hits = snapshot.search(request(query, 10, -1.0)).unwrap().hits;
        let hits = hits.iter().map(|hit| f64::from(hit.score));
        found += hits.filter(|score| *score >= best[9].1 - 2e-5).count();
    }
    let true_share = found as f64 / (10 * catalog.queries.len()) as f64;
    assert!(
        true_share >= measured.share() - 0.015,
        "{true_share} {measured:?}"
    );
}

/// Makes enough rows for a graph to be walked; key and product are their number.
fn rows_for_a_graph() -> (Vec<Vec<f32>>, SegmentContent) {
    let vectors = Vectors::new(5, 16).clustered(5000, 50);
    let rows = vectors.iter().enumerate().map(|(i, vector)| {
        let name = format!("{i:05}");
        row(&name, &name, vector)
    });
    let content = content(rows.collect());
    (vectors, content)
}

/// Requires a recall that no graph reaches.
fn unreachable() -> GraphParameters {
    GraphParameters {
        min_recall: 1.1,
        ..GraphParameters::default()
    }
}

/// No recall is above 1: the graph is not stored, and the base is searched exactly.
#[test]
fn a_graph_that_finds_too_little_is_left_out() {
    let (vectors, content) = rows_for_a_graph();
    let encoded = content.encode_base(id(1), ENCODER, 16, Some(unreachable()));
    let left_out = encoded.unwrap().left_out.unwrap();
    assert!(left_out.wanted > 1.0 && !left_out.cut_short);
    assert!(left_out.best.share() > 0.9, "{left_out:?}");
    let exact = base(1, &content, 16, Some(unreachable()));
    assert_eq!((exact.graph_layers(), exact.meta().recall()), (0, None));
    let snapshot = Snapshot::new(vec![exact], 16).unwrap();
    assert!(!snapshot.walks_a_graph(10));
    let hits = snapshot
        .search(request(&vectors[77], 10, -1.0))
        .unwrap()
        .hits;
    assert_eq!((hits.len(), hits[0].key.as_str()), (10, "00077"));
    // Little work is enough for a low recall; if it is too little, more is tried.
    let careless = GraphParameters {
        ef_construction: 1,
        ..GraphParameters::default()
    };
    let graph = base(1, &content, 16, Some(careless));
    let found = graph.meta().recall().map(|recall| recall.share());
    assert!(graph.graph_layers() > 0 && found >= Some(0.99), "{found:?}");
}

/// Each attempt is more work than all before: without time for it, the base gets no graph.
#[test]
fn a_graph_is_built_again_only_while_that_is_allowed() {
    let (_, content) = rows_for_a_graph();
    for allowed in [0, 1, 2, 3] {
        let mut asked = 0;
        let mut may_go_on = || {
            asked += 1;
            asked <= allowed
        };
        let encoded = content
            .encode_base_while(id(1), ENCODER, 16, Some(unreachable()), &mut may_go_on)
            .unwrap();
        let left_out = encoded.left_out.unwrap();
        // After three attempts, no more work is tried.
        assert_eq!(
            (asked, left_out.cut_short),
            ((allowed + 1).min(3), allowed < 3)
        );
        let stored = base(1, &content, 16, None);
        assert_eq!((encoded.recall, stored.graph_layers()), (None, 0));
        assert_eq!(
            encoded.bytes,
            content.encode_base(id(1), ENCODER, 16, None).unwrap().bytes
        );
    }
    let mut never = || panic!("the first graph is good enough");
    let graph = Some(GraphParameters::default());
    let encoded = content.encode_base_while(id(1), ENCODER, 16, graph, &mut never);
    let encoded = encoded.unwrap();
    assert!(encoded.recall.is_some() && encoded.left_out.is_none());
}

/// A base has no graph if a scan is faster than any walk.
#[test]
fn few_vectors_get_no_graph_which_is_not_an_error() {
    let vectors = Vectors::new(5, 16).clustered(1000, 20);
    for distinct in [1, 2, 1000] {
        let rows = (0..6000).map(|i| {
            let name = format!("{i:05}");
            row(&name, &name, &vectors[i % distinct])
        });
        let graph = Some(unreachable());
        let encoded = content(rows.collect()).encode_base(id(1), ENCODER, 16, graph);
        let encoded = encoded.unwrap();
        assert_eq!((encoded.recall, encoded.left_out), (None, None));
    }
}
