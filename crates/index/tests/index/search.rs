//! Searches, compared with a model that compares the query with everything.

use lookalike_index::{
    Attributes, Found, GraphParameters, GroupBy, IndexError, LiveRows, SearchRequest,
    SegmentContent, Snapshot,
};
use proptest::prelude::*;

use crate::shop::{Shop, assert_in_order, step};
use crate::support::{Vectors, base, content, cosine, delta, row};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn finds_the_same_as_comparing_with_everything(
        dimensions in prop_oneof![Just(1usize), Just(2), Just(3), Just(8), Just(33), Just(64)],
        steps in proptest::collection::vec(step(Just(Attributes::new())), 1..9),
        k in prop_oneof![Just(0usize), Just(1), Just(10), Just(50), Just(1000), Just(usize::MAX)],
        min_score in prop_oneof![2 => Just(-1.0f32), 1 => -0.5f32..1.0],
    ) {
        let mut shop = Shop::new(dimensions, steps);
        let snapshot = shop.snapshot();
        for vector in &shop.queries() {
            for without in [&[][..], &["p0"], &["p1", "none", "p1"], &["p2", "p0", "p3"]] {
                let without: Vec<String> = without.iter().map(ToString::to_string).collect();
                for group_by in [GroupBy::Product, GroupBy::Image] {
                    let request = SearchRequest {
                        min_score,
                        without_products: &without,
                        group_by,
                        ..SearchRequest::new(vector, k)
                    };
                    shop.check(request, &snapshot.search(request).unwrap(), |_| true);
                }
            }
        }
    }
}

/// Returns an answer that is known to be complete.
fn nothing() -> Found {
    Found {
        hits: Vec::new(),
        exact: true,
    }
}

fn request(vector: &[f32], k: usize) -> SearchRequest<'_> {
    SearchRequest::new(vector, k)
}

#[test]
fn an_empty_snapshot_has_no_results_and_no_error() {
    let empty = Snapshot::new(Vec::new(), 3).unwrap();
    assert_eq!(empty.search(request(&[1.0, 0.0, 0.0], 10)), Ok(nothing()));
    let hollow = delta(1, &SegmentContent::default(), 3);
    let hollow = Snapshot::new(vec![hollow], 3).unwrap();
    assert_eq!(hollow.search(request(&[1.0, 0.0, 0.0], 10)), Ok(nothing()));
    assert_eq!((hollow.images(), hollow.products()), (0, 0));
}

#[test]
fn invalid_query_vectors_are_refused() {
    let snapshot = Snapshot::new(
        vec![delta(1, &content(vec![row("a", "a", &[1.0, 0.0])]), 2)],
        2,
    );
    let snapshot = snapshot.unwrap();
    let found = snapshot.search(request(&[1.0], 1));
    assert_eq!(
        found,
        Err(IndexError::Dimensions {
            expected: 2,
            found: 1
        })
    );
    for bad in [[0.0, 0.0], [f32::NAN, 0.0], [f32::INFINITY, 0.0]] {
        assert_eq!(
            snapshot.search(request(&bad, 1)),
            Err(IndexError::NoDirection)
        );
    }
    for factor in [1e-30, 1e30] {
        let hits = snapshot.search(request(&[factor, 0.0], 1)).unwrap().hits;
        assert!((hits[0].score - 1.0).abs() < 2e-5, "any length will do");
    }
}

#[test]
fn segments_of_other_dimensions_are_refused() {
    let two = delta(1, &content(vec![row("a", "a", &[1.0, 0.0])]), 2);
    let error = Snapshot::new(vec![two], 3).unwrap_err();
    assert_eq!(
        error,
        IndexError::Dimensions {
            expected: 3,
            found: 2
        }
    );
}

/// A product is one result, with any number of images in any number of segments.
#[test]
fn a_product_with_thousands_of_images_leaves_room_for_others() {
    let mut vectors = Vectors::new(1, 16);
    let center = vectors.any();
    let mut rows: Vec<_> = (0..5000)
        .map(|i| row(&format!("many/{i}"), "many", &vectors.near(&center, 0.01)))
        .collect();
    rows.extend((0..3000).map(|i| row(&format!("same/{i}"), "same", &center)));
    rows.extend((0..9).map(|i| {
        let far = vectors.any();
        row(&format!("few/{i}"), &format!("few{i}"), &far)
    }));
    for graph in [None, Some(GraphParameters::default())] {
        let base = base(1, &content(rows.clone()), 16, graph);
        let newer = content(vec![row("new", "new", &center)]);
        let segments = vec![base, delta(2, &newer, 16)];
        let snapshot = Snapshot::new(segments, 16).unwrap();
        assert_eq!((snapshot.images(), snapshot.products()), (8010, 12));
        for k in [1, 10, 12, 100] {
            let hits = snapshot.search(request(&center, k)).unwrap().hits;
            assert_eq!(hits.len(), k.min(12));
            assert_in_order(&hits);
            assert_eq!(hits[0].key, "new", "equal results are ordered by key");
        }
        let similar = SearchRequest {
            without_products: &["many".to_owned()],
            ..request(&center, 10)
        };
        assert_eq!(snapshot.search(similar).unwrap().hits.len(), 10);
    }
}

/// The segment of a row must not change the answer, not even among equal scores.
#[test]
fn equal_scores_are_ordered_by_key_wherever_they_are() {
    let vector = [0.3, -0.2, 0.9];
    let rows: Vec<_> = (0..400)
        .map(|i| row(&format!("k{:03}", i * 37 % 400), &format!("p{i}"), &vector))
        .collect();
    for parts in [1, 3, 40, 400] {
        let segments = rows
            .chunks(rows.len() / parts)
            .zip(1..)
            .map(|(part, number)| delta(number, &content(part.to_vec()), 3))
            .collect();
        let snapshot = Snapshot::new(segments, 3).unwrap();
        let hits = snapshot.search(request(&vector, 20)).unwrap().hits;
        let keys: Vec<_> = hits.into_iter().map(|hit| hit.key).collect();
        let first: Vec<_> = (0..20).map(|i| format!("k{i:03}")).collect();
        assert_eq!(keys, first, "{parts} segments");
    }
}

#[test]
fn rows_of_a_product_are_its_live_ones() {
    let first = content(vec![
        row("a1", "a", &[1.0, 0.0]),
        row("b1", "b", &[0.0, 1.0]),
        row("a2", "a", &[1.0, 1.0]),
    ]);
    let first = delta(1, &first, 2);
    let live_rows = LiveRows::new(vec![first.meta().clone()]);
    let mut second = content(vec![
        row("a2", "c", &[1.0, 0.5]),
        row("a3", "a", &[1.0, 0.2]),
    ]);
    second.deleted = live_rows.deleted_by(["a2", "a3"].into_iter());
    let snapshot = Snapshot::new(vec![first, delta(2, &second, 2)], 2).unwrap();
    let keys = |product: &str| -> Vec<String> {
        snapshot
            .rows_of_product(product)
            .map(|at| snapshot.live_rows().meta(at).key(at.row).to_owned())
            .collect()
    };
    assert_eq!(keys("a"), ["a1", "a3"]);
    assert_eq!(keys("b"), ["b1"]);
    assert_eq!(keys("c"), ["a2"]);
    assert!(keys("").is_empty() && keys("d").is_empty());
    assert_eq!((snapshot.images(), snapshot.products()), (4, 3));
    let at = snapshot.rows_of_product("c").next().unwrap();
    assert!(cosine(&snapshot.embedding(at), &[1.0, 0.5]) > 0.99999);
}

/// Products are counted by looking up the few of a delta in the base, or by hashing all ids if
/// deltas have many: both count each live product once.
#[test]
fn products_of_several_segments_are_counted_once() {
    for (base_products, changes) in [(200, 3), (200, 150)] {
        let name = |i: usize| format!("p{i:03}");
        let rows = |products: std::ops::Range<usize>, suffix: &str| {
            let rows =
                products.map(|i| row(&format!("{}{suffix}", name(i)), &name(i), &[1.0, 0.5]));
            content(rows.collect())
        };
        let first = base(1, &rows(0..base_products, "a"), 2, None);
        let live_rows = LiveRows::new(vec![first.meta().clone()]);
        // Another image of each of the first few, none of the next few, and as many new products.
        let mut second = rows(0..changes, "b");
        second.rows.extend(rows(300..300 + changes, "a").rows);
        let gone: Vec<String> = (40..40 + changes / 2).map(|i| name(i) + "a").collect();
        second.deleted = live_rows.deleted_by(gone.iter().map(String::as_str));
        second.tombstones = gone.clone();
        let shadowed = (40..40 + changes / 2).filter(|&i| i < changes).count();
        let expected = base_products - gone.len() + shadowed + changes;
        let live_rows = LiveRows::new(vec![
            first.meta().clone(),
            delta(2, &second, 2).meta().clone(),
        ]);
        assert_eq!(live_rows.products(), expected as u64, "{changes}");
    }
}
