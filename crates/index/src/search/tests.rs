#![allow(clippy::unwrap_used)]
//! How answers are come by.

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{Rounds, SearchRequest};
use crate::{
    Attributes, Fingerprint, GraphParameters, Quantised, Row, Segment, SegmentContent, SegmentId,
    Snapshot,
};

const DIMENSIONS: usize = 32;
const ENCODER: Fingerprint = Fingerprint([1; 32]);

/// Products of so many pictures each, all of a product nearly the same.
fn shop(products: usize, pictures: usize) -> (Vec<Vec<f32>>, Snapshot) {
    let mut rng = StdRng::seed_from_u64(4);
    let mut near = |centre: &[f32], spread: f32| -> Vec<f32> {
        let moved = centre
            .iter()
            .map(|x| x + spread * rng.random_range(-1.0f32..1.0));
        moved.collect()
    };
    let kinds: Vec<Vec<f32>> = (0..100).map(|_| near(&[0.0; DIMENSIONS], 1.0)).collect();
    let products: Vec<Vec<f32>> = (0..products).map(|i| near(&kinds[i % 100], 0.7)).collect();
    let mut rows = Vec::new();
    for (number, product) in products.iter().enumerate() {
        rows.extend((0..pictures).map(|i| Row {
            key: format!("{number}/{i}"),
            product_id: number.to_string(),
            etag: String::new(),
            attributes: Attributes::new(),
            embedding: Quantised::new(&near(product, 0.02)).unwrap(),
        }));
    }
    let content = SegmentContent {
        rows,
        ..SegmentContent::default()
    };
    let id = SegmentId::new(1, 1);
    // So that few candidates are enough: too few to meet ten products by the way.
    let graph = Some(GraphParameters {
        least_recall: 0.9,
        ..GraphParameters::default()
    });
    let stored = content.encode_base(id, ENCODER, DIMENSIONS, graph).unwrap();
    let segment = Segment::open(&Bytes::from(stored.bytes), id, ENCODER).unwrap();
    let snapshot = Snapshot::new(vec![segment], DIMENSIONS).unwrap();
    (products, snapshot)
}

fn rounds(snapshot: &Snapshot, vector: &[f32], k: usize, without: Option<&str>) -> Rounds {
    let request = SearchRequest {
        vector,
        k,
        min_score: -1.0,
        without_product: without,
        stored: None,
    };
    let (best, rounds) = snapshot.find(request).unwrap();
    assert_eq!(best.len(), k.min(snapshot.products() as usize));
    rounds
}

/// Else every query of a shop with several pictures per product would look at every one of them.
#[test]
fn a_walk_is_enough_however_many_pictures_show_a_product() {
    const ONE_WALK: Rounds = Rounds {
        walked: 1,
        exact: 0,
    };
    for (products, pictures) in [(7000, 1), (3000, 12)] {
        let (products, snapshot) = shop(products, pictures);
        assert!(snapshot.segments()[0].graph_layers() > 0);
        for (number, vector) in products.iter().enumerate().step_by(97) {
            let found = rounds(&snapshot, vector, 10, None);
            assert_eq!(found, ONE_WALK, "{pictures} pictures, product {number}");
            let similar = rounds(&snapshot, vector, 10, Some(&number.to_string()));
            assert_eq!(similar, ONE_WALK, "{pictures} pictures, product {number}");
        }
    }
}

/// However few products there are, each is found once, also where the excluded one has nearly all pictures.
#[test]
fn few_products_with_many_pictures_are_found_whole() {
    let (products, snapshot) = shop(3, 3000);
    for k in [2, 3, 1000] {
        for without in [None, Some("0"), Some("nobody")] {
            let request = SearchRequest {
                vector: &products[0],
                k,
                min_score: -1.0,
                without_product: without,
                stored: None,
            };
            let (best, rounds) = snapshot.find(request).unwrap();
            let there = 3 - usize::from(without == Some("0"));
            assert_eq!(best.len(), k.min(there), "{k} {without:?}");
            // Those that were asked for, none of which is the one that is excluded: no search goes on for it.
            assert!(
                rounds.walked + rounds.exact <= 5,
                "{k} {without:?}: {rounds:?}"
            );
        }
    }
}
