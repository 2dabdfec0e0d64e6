//! Filters over an index whose graph is walked, from half of all rows down to one.

use std::collections::HashSet;
use std::sync::LazyLock;

use lookalike_index::{
    Filter, GraphParameters, GroupBy, LiveRows, Row, SearchRequest, Segment, SegmentContent,
    Snapshot,
};
use serde_json::json;

use crate::support::{Vectors, base, content, cosine, delta, row};

const DIMENSIONS: usize = 64;
const ROWS: usize = 40_000;
const KINDS: usize = 100;
const QUERIES: usize = 60;

/// True if a row passes.
type Passes = fn(usize) -> bool;

struct Catalog {
    vectors: Vec<Vec<f32>>,
    queries: Vec<Vec<f32>>,
    graph: Segment,
}

/// Rows of a hundred kinds; row `i` is of kind `i % 100`.
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut vectors = Vectors::new(3, DIMENSIONS).clustered(ROWS + QUERIES, KINDS);
    let queries = vectors.split_off(ROWS);
    let content = content(
        vectors
            .iter()
            .enumerate()
            .map(|(i, v)| row_of(i, v))
            .collect(),
    );
    let graph = base(1, &content, DIMENSIONS, Some(GraphParameters::default()));
    assert!(graph.graph_layers() > 1);
    Catalog {
        vectors,
        queries,
        graph,
    }
});

fn row_of(i: usize, vector: &[f32]) -> Row {
    // Attributes that are independent of the kind.
    let chance = i / KINDS;
    let attributes = json!({
        "kind": format!("kind {}", i % KINDS),
        "half": chance.is_multiple_of(2),
        "twentieth": chance % 20,
        "two_hundredth": chance % 200,
        "price": i as f64 / 4.0,
    });
    Row {
        attributes: serde_json::from_value(attributes).unwrap(),
        // Five images of every product.
        ..row(&format!("{i:05}"), &format!("p{}", i / 5), vector)
    }
}

/// Returns the scores of rows that pass, best first.
fn truth(query: &[f32], passes: impl Fn(usize) -> bool) -> Vec<f64> {
    let vectors = CATALOG.vectors.iter().enumerate();
    let passing = vectors.filter(|&(i, _)| passes(i));
    let mut scores: Vec<f64> = passing.map(|(_, vector)| cosine(query, vector)).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    scores
}

/// Returns the share of the ten best that searches find, and true if any of them walked the graph.
fn recall(snapshot: &Snapshot, filter: &str, passes: impl Fn(usize) -> bool) -> (f64, bool) {
    let filter = Filter::from_text(filter).unwrap();
    let selection = snapshot.select(&filter, &[]).unwrap();
    let (mut found, mut expected, mut walked) = (0, 0, false);
    for query in &CATALOG.queries {
        let best = truth(query, &passes);
        assert_eq!(selection.images(), best.len() as u64);
        let wanted = best.len().min(10);
        let request = SearchRequest {
            filter: Some(&selection),
            group_by: GroupBy::Image,
            ..SearchRequest::new(query, 10)
        };
        let answer = snapshot.search(request).unwrap();
        assert_eq!(answer.hits.len(), wanted);
        for hit in &answer.hits {
            assert!(passes(hit.key.parse().unwrap()));
        }
        let good = |score: f32| f64::from(score) >= best[wanted - 1] - 2e-5;
        let good = answer.hits.iter().filter(|hit| good(hit.score)).count();
        if answer.exact {
            assert_eq!(good, wanted);
        }
        found += good;
        expected += wanted;
        walked |= !answer.exact;
    }
    (f64::from(found as u32) / f64::from(expected as u32), walked)
}

#[test]
fn filters_hide_nothing_of_what_they_select() {
    let snapshot = Snapshot::new(vec![CATALOG.graph.clone()], DIMENSIONS).unwrap();
    let chance = |i: usize| i / KINDS;
    let check = |filter: &str, passes: &dyn Fn(usize) -> bool, is_walked: bool| {
        let (recall, walked) = recall(&snapshot, filter, passes);
        println!("{filter}: {recall}, walked: {walked}");
        assert!(recall >= 0.99, "{filter}: {recall}");
        assert_eq!(walked, is_walked, "{filter}");
    };
    check("half", &|_| true, true);
    check("half=true", &|i| chance(i).is_multiple_of(2), true);
    check("twentieth!=3", &|i| chance(i) % 20 != 3, true);
    check("twentieth=3", &|i| chance(i) % 20 == 3, false);
    check("two_hundredth=7", &|i| chance(i) % 200 == 7, false);
    check("price=1000", &|i| i == 4000, false);
    check("kind=kind 7", &|i| i % KINDS == 7, false);
    check("kind!=kind 7", &|i| i % KINDS != 7, true);
}

/// The selection is independent of the query, or excludes everything near it.
#[test]
fn selected_rows_far_from_the_query_are_found() {
    let snapshot = Snapshot::new(vec![CATALOG.graph.clone()], DIMENSIONS).unwrap();
    for share in [2, 3, 5] {
        let kinds: Vec<String> = (0..KINDS / share)
            .map(|kind| format!("kind {kind}"))
            .collect();
        let filter = format!("kind={}", kinds.join(","));
        let (recall, _) = recall(&snapshot, &filter, |i| i % KINDS < KINDS / share);
        println!("{share}: {recall}");
        assert!(recall >= 0.99, "{share}: {recall}");
    }
}

/// Any number of results, and few or many selected rows near the query.
#[test]
fn as_many_are_found_as_there_are() {
    let removed: Vec<String> = (0..ROWS).step_by(3).map(|i| format!("{i:05}")).collect();
    let live_rows = LiveRows::new(vec![CATALOG.graph.meta().clone()]);
    let removal = SegmentContent {
        rows: (1..30_000)
            .step_by(300)
            .map(|i| row_of(i, &CATALOG.vectors[i + 1]))
            .collect(),
        tombstones: removed.clone(),
        ..SegmentContent::default()
    };
    let keys = removal.rows.iter().map(|row| row.key.as_str());
    let keys = keys.chain(removed.iter().map(String::as_str));
    let removal = SegmentContent {
        deleted: live_rows.deleted_by(keys),
        ..removal
    };
    let segments = vec![CATALOG.graph.clone(), delta(2, &removal, DIMENSIONS)];
    let snapshot = Snapshot::new(segments, DIMENSIONS).unwrap();
    let is_there = |i: &usize| !i.is_multiple_of(3);
    let filters: [(&str, Passes); 4] = [
        ("half=true", |i| (i / KINDS).is_multiple_of(2)),
        ("twentieth!=3", |i| i / KINDS % 20 != 3),
        ("two_hundredth=7", |i| i / KINDS % 200 == 7),
        ("price<1000", |i| i < 4000),
    ];
    for (filter, passes) in filters {
        let filter = Filter::from_text(filter).unwrap();
        let selection = snapshot.select(&filter, &[]).unwrap();
        let there: Vec<usize> = (0..ROWS).filter(is_there).filter(|&i| passes(i)).collect();
        assert_eq!(selection.images(), there.len() as u64);
        let products: HashSet<usize> = there.iter().map(|i| i / 5).collect();
        for query in &CATALOG.queries[..8] {
            for k in [1, 10, 300, 5000, 100_000] {
                for (group_by, most) in [
                    (GroupBy::Image, there.len()),
                    (GroupBy::Product, products.len()),
                ] {
                    let request = SearchRequest {
                        filter: Some(&selection),
                        group_by,
                        ..SearchRequest::new(query, k)
                    };
                    let found = snapshot.search(request).unwrap();
                    assert_eq!(found.hits.len(), k.min(most), "{filter} {k} {group_by:?}");
                    let mut keys = found.hits.iter().map(|hit| hit.key.parse().unwrap());
                    assert!(keys.all(|i: usize| is_there(&i) && passes(i)));
                    if let Some(brief) = snapshot.search_briefly(request).unwrap() {
                        assert_eq!(brief, found);
                    }
                }
            }
        }
    }
}
