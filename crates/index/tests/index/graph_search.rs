//! Searches that walk a graph.

use std::collections::HashSet;

use lookalike_index::{
    GraphParameters, LiveRows, SearchRequest, SegmentContent, Snapshot, rebuild_base,
};

use crate::large_catalog::{Catalog, DIMENSIONS, ROWS, catalog, request};
use crate::support::{Vectors, base, content, delta, row};

#[test]
fn a_graph_finds_nearly_all_of_the_best() {
    let catalog = catalog(256);
    let snapshot = Snapshot::new(vec![catalog.graph.clone()], 256).unwrap();
    assert!(snapshot.walks_a_graph(10));
    assert!(
        !snapshot.walks_a_graph(ROWS),
        "scanning every row is as fast"
    );
    let mut found = 0;
    for query in &catalog.queries {
        let best = catalog.truth(query, &HashSet::new());
        let best: HashSet<&str> = best[..10].iter().map(|(key, _)| key.as_str()).collect();
        let hits = snapshot.search(request(query, 10, -1.0)).unwrap().hits;
        assert_eq!(hits.len(), 10);
        found += hits
            .iter()
            .filter(|hit| best.contains(hit.key.as_str()))
            .count();
    }
    let recall = found as f64 / (10 * catalog.queries.len()) as f64;
    assert!(recall >= 0.99, "{recall}");
}

#[test]
fn a_row_finds_its_neighbors_by_a_shorter_walk() {
    let catalog = catalog(256);
    let snapshot = Snapshot::new(vec![catalog.graph.clone()], 256).unwrap();
    let rows = (0..ROWS).step_by(50);
    let mut found = 0;
    for name in rows.clone().map(|i| format!("{i:05}")) {
        let row = snapshot.rows_of_product(&name).next().unwrap();
        let vector = snapshot.embedding(row);
        let best = catalog.truth(&vector, &HashSet::from([name.clone()]));
        let hits = snapshot.search(SearchRequest {
            without_products: std::slice::from_ref(&name),
            stored: Some(row),
            ..request(&vector, 10, -1.0)
        });
        let hits = hits.unwrap();
        assert_eq!(hits.hits.len(), 10);
        let scores = hits.hits.iter().map(|hit| f64::from(hit.score));
        found += scores.filter(|score| *score >= best[9].1 - 2e-5).count();
    }
    let recall = found as f64 / (10 * rows.len()) as f64;
    assert!(recall >= 0.99, "{recall}");
}

/// A walk cannot start at a row of a segment without a graph, so the search is as wide as for any
/// query.
#[test]
fn a_row_of_a_delta_finds_rows_of_the_base() {
    let catalog = catalog(256);
    let mut found = 0;
    for (number, query) in catalog.queries.iter().enumerate() {
        let beside = content(vec![row("new", "new", query)]);
        let beside = delta(2 + number as u64, &beside, 256);
        let snapshot = Snapshot::new(vec![catalog.graph.clone(), beside], 256).unwrap();
        let stored = snapshot.rows_of_product("new").next();
        let vector = snapshot.embedding(stored.unwrap());
        let best = catalog.truth(&vector, &HashSet::new());
        let hits = snapshot.search(SearchRequest {
            without_products: &["new".to_owned()],
            stored,
            ..request(&vector, 10, -1.0)
        });
        let scores = hits
            .unwrap()
            .hits
            .into_iter()
            .map(|hit| f64::from(hit.score));
        found += scores.filter(|score| *score >= best[9].1 - 2e-5).count();
    }
    let recall = found as f64 / (10 * catalog.queries.len()) as f64;
    assert!(recall >= 0.99, "{recall}");
}

/// Brief searches return the same as others.
#[test]
fn a_brief_search_is_the_same_search_or_none() {
    let catalog = catalog(DIMENSIONS);
    let snapshot = Snapshot::new(vec![catalog.graph.clone()], DIMENSIONS).unwrap();
    for query in &catalog.queries {
        let request = request(query, 10, -1.0);
        let brief = snapshot.search_briefly(request).unwrap();
        assert_eq!(brief, Some(snapshot.search(request).unwrap()));
        // Only a scan can tell that there are no more.
        let few = SearchRequest {
            min_score: 0.99,
            ..request
        };
        assert_eq!(snapshot.search_briefly(few).unwrap(), None);
        let many = SearchRequest { k: 500, ..request };
        assert_eq!(snapshot.search_briefly(many).unwrap(), None);
    }
    let wrong = SearchRequest {
        vector: &[1.0],
        ..request(&catalog.queries[0], 10, -1.0)
    };
    assert!(snapshot.search_briefly(wrong).is_err());
}

/// Three rows in ten are exact duplicates, a hundred of each. They do not hide their neighbors, and
/// a group stays when its first row is deleted.
#[test]
fn duplicates_hide_nothing() {
    let mut vectors = Vectors::new(9, DIMENSIONS).clustered(7050, 150);
    let queries = vectors.split_off(7000);
    let twins: Vec<Vec<f32>> = (0..3000).map(|i| vectors[i / 100 * 7].clone()).collect();
    vectors.extend(twins);
    let rows = vectors.iter().enumerate().map(|(i, vector)| {
        let name = format!("{i:05}");
        row(&name, &name, vector)
    });
    let content = content(rows.collect());
    let mut catalog = Catalog {
        graph: base(1, &content, DIMENSIONS, Some(GraphParameters::default())),
        vectors,
        queries,
    };
    // The first row of every group is deleted, and half of the duplicates of group 0.
    let live_rows = LiveRows::new(vec![catalog.graph.meta().clone()]);
    let gone: HashSet<String> = (0..30)
        .map(|group| format!("{:05}", group * 7))
        .chain((7000..7050).map(|twin| format!("{twin:05}")))
        .collect();
    let removal = SegmentContent {
        tombstones: gone.iter().cloned().collect(),
        deleted: live_rows.deleted_by(gone.iter().map(String::as_str)),
        ..SegmentContent::default()
    };
    let segments = vec![catalog.graph.clone(), delta(2, &removal, DIMENSIONS)];
    let snapshot = Snapshot::new(segments.clone(), DIMENSIONS).unwrap();
    let in_groups = (0..30).map(|group| catalog.vectors[group * 7].clone());
    catalog.queries.extend(in_groups.collect::<Vec<_>>());
    let (mut found, mut expected) = (0, 0);
    for query in &catalog.queries {
        let best = catalog.truth(query, &gone);
        for k in [10, 120] {
            let hits = snapshot.search(request(query, k, -1.0)).unwrap().hits;
            assert_eq!(hits.len(), k);
            assert!(hits.iter().all(|hit| !gone.contains(&hit.key)));
            let good = |score: f32| f64::from(score) >= best[k - 1].1 - 2e-5;
            found += hits.iter().filter(|hit| good(hit.score)).count();
            expected += k;
        }
    }
    let recall = found as f64 / expected as f64;
    assert!(recall >= 0.99, "{recall}");
    assert_eq!(
        rebuild_base(snapshot.live_rows(), &segments).rows.len(),
        10_000 - gone.len()
    );
}

/// A walk that comes out short does not prove that there are no more results.
#[test]
fn a_graph_never_answers_with_too_few() {
    let catalog = catalog(DIMENSIONS);
    let query = &catalog.queries[0];
    // The whole neighborhood of the query is deleted, twice as much as the first walk visits.
    let all = catalog.truth(query, &HashSet::new());
    let gone: HashSet<String> = all[..400].iter().map(|(key, _)| key.clone()).collect();
    let live_rows = LiveRows::new(vec![catalog.graph.meta().clone()]);
    let removal = SegmentContent {
        tombstones: gone.iter().cloned().collect(),
        deleted: live_rows.deleted_by(gone.iter().map(String::as_str)),
        ..SegmentContent::default()
    };
    let segments = vec![catalog.graph.clone(), delta(2, &removal, DIMENSIONS)];
    let snapshot = Snapshot::new(segments, DIMENSIONS).unwrap();
    assert_eq!(snapshot.images(), (ROWS - 400) as u64);
    let left = catalog.truth(query, &gone);
    for k in [1, 10, 100, 1000, ROWS - 400, ROWS, 10 * ROWS] {
        let hits = snapshot.search(request(query, k, -1.0)).unwrap().hits;
        assert_eq!(hits.len(), k.min(ROWS - 400));
        assert!(hits.iter().all(|hit| !gone.contains(&hit.key)));
        assert!((f64::from(hits[0].score) - left[0].1).abs() < 2e-5);
    }
    // A threshold that few rows reach: exactly those are found.
    for query in &catalog.queries {
        let left = catalog.truth(query, &gone);
        for passing in [0, 1, 9, 60] {
            let min_score = match passing {
                0 => (left[0].1 + 1.0) / 2.0,
                _ => f64::midpoint(left[passing - 1].1, left[passing].1),
            };
            let hits = snapshot
                .search(request(query, 100, min_score as f32))
                .unwrap()
                .hits;
            let found: Vec<&str> = hits.iter().map(|hit| hit.key.as_str()).collect();
            let near = |i: usize| (left[i].1 - min_score).abs() < 2e-5;
            if passing == 0 || !near(passing - 1) && !near(passing) {
                assert_eq!(found.len(), passing);
            }
        }
    }
}

/// A deleted group of near duplicates does not hide the rows behind it, and rows of another segment do not take its
/// place.
#[test]
fn the_next_best_are_found_behind_a_removed_group() {
    let catalog = catalog(DIMENSIONS);
    let live_rows = LiveRows::new(vec![catalog.graph.meta().clone()]);
    for query in &catalog.queries[..10] {
        let all = catalog.truth(query, &HashSet::new());
        let gone: HashSet<String> = all[..400].iter().map(|(key, _)| key.clone()).collect();
        let far = Vectors::new(11, DIMENSIONS).clustered(50, 50);
        let far = far.iter().enumerate();
        let change = SegmentContent {
            rows: far
                .map(|(i, vector)| row(&format!("new-{i}"), &format!("new-{i}"), vector))
                .collect(),
            tombstones: gone.iter().cloned().collect(),
            deleted: live_rows.deleted_by(gone.iter().map(String::as_str)),
        };
        let segments = vec![catalog.graph.clone(), delta(2, &change, DIMENSIONS)];
        let snapshot = Snapshot::new(segments, DIMENSIONS).unwrap();
        let left = catalog.truth(query, &gone);
        let hits = snapshot.search(request(query, 10, -1.0)).unwrap().hits;
        assert_eq!(hits.len(), 10);
        let tenth = f64::from(hits[9].score);
        assert!(tenth >= left[9].1 - 0.02, "{tenth} against {}", left[9].1);
    }
}
