#![allow(clippy::unwrap_used)]
//! The rounds that searches take.

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::rounds::Rounds;
use super::{Search, SearchRequest};
use crate::{
    Attributes, Filter, Fingerprint, GraphParameters, QuantizedVector, Row, Segment,
    SegmentContent, SegmentId, Snapshot,
};

const DIMENSIONS: usize = 32;
const ENCODER: Fingerprint = Fingerprint([1; 32]);

/// Makes products of several images each, all of a product nearly the same.
fn shop(products: usize, images: usize) -> (Vec<Vec<f32>>, Snapshot) {
    let mut rng = StdRng::seed_from_u64(4);
    let mut near = |center: &[f32], spread: f32| -> Vec<f32> {
        let moved = center
            .iter()
            .map(|x| x + spread * rng.random_range(-1.0f32..1.0));
        moved.collect()
    };
    let kinds: Vec<Vec<f32>> = (0..100).map(|_| near(&[0.0; DIMENSIONS], 1.0)).collect();
    let products: Vec<Vec<f32>> = (0..products).map(|i| near(&kinds[i % 100], 0.7)).collect();
    let mut rows = Vec::new();
    for (number, product) in products.iter().enumerate() {
        rows.extend((0..images).map(|i| Row {
            key: format!("{number}/{i}"),
            product_id: number.to_string(),
            etag: String::new(),
            attributes: Attributes::from([
                ("kind".to_owned(), (number % 100).into()),
                ("even".to_owned(), (number / 100).is_multiple_of(2).into()),
            ]),
            embedding: QuantizedVector::new(&near(product, 0.02)).unwrap(),
        }));
    }
    let content = SegmentContent {
        rows,
        ..SegmentContent::default()
    };
    let id = SegmentId::new(1, 1);
    // So few candidates that they do not meet ten products.
    let graph = Some(GraphParameters {
        min_recall: 0.9,
        ..GraphParameters::default()
    });
    let stored = content.encode_base(id, ENCODER, DIMENSIONS, graph).unwrap();
    let segment = Segment::open(&Bytes::from(stored.bytes), id, ENCODER).unwrap();
    let snapshot = Snapshot::new(vec![segment], DIMENSIONS).unwrap();
    (products, snapshot)
}

fn rounds(snapshot: &Snapshot, vector: &[f32], k: usize, without: Option<&str>) -> Rounds {
    let without = without.map(str::to_owned);
    let request = SearchRequest {
        without_products: without.as_slice(),
        ..SearchRequest::new(vector, k)
    };
    let answer = snapshot.find(request).unwrap();
    assert_eq!(answer.best.len(), k.min(snapshot.products() as usize));
    answer.rounds
}

/// Without this, every query of a shop with several images per product would scan all of them.
#[test]
fn a_walk_is_enough_however_many_images_show_a_product() {
    const ONE_WALK: Rounds = Rounds {
        walked: 1,
        exact: 0,
        ends_walking: true,
    };
    for (products, images) in [(7000, 1), (3000, 12)] {
        let (products, snapshot) = shop(products, images);
        assert!(snapshot.segments()[0].graph_layers() > 0);
        for (number, vector) in products.iter().enumerate().step_by(97) {
            let found = rounds(&snapshot, vector, 10, None);
            assert_eq!(found, ONE_WALK, "{images} images, product {number}");
            let similar = rounds(&snapshot, vector, 10, Some(&number.to_string()));
            assert_eq!(similar, ONE_WALK, "{images} images, product {number}");
        }
    }
}

/// If there are few products, each is found once, even if the excluded one has nearly all images.
#[test]
fn few_products_with_many_images_are_found_whole() {
    let (products, snapshot) = shop(3, 3000);
    for k in [2, 3, 1000] {
        for without in [None, Some("0"), Some("unknown")] {
            let names = without.map(str::to_owned);
            let request = SearchRequest {
                without_products: names.as_slice(),
                ..SearchRequest::new(&products[0], k)
            };
            let answer = snapshot.find(request).unwrap();
            let there = 3 - usize::from(without == Some("0"));
            assert_eq!(answer.best.len(), k.min(there), "{k} {without:?}");
            let rounds = answer.rounds;
            // No search continues because of the excluded product.
            assert!(rounds.count() <= 5, "{k} {without:?}: {rounds:?}");
        }
    }
}

/// Selected rows near the query are found by one walk; those far from it by a scan.
#[test]
fn filtered_walks_are_trusted_if_selected_rows_are_near() {
    let (products, snapshot) = shop(20_000, 1);
    let find = |filter: &str, vector: &[f32]| -> Rounds {
        let filter = Filter::from_text(filter).unwrap();
        let selection = snapshot.select(&filter, &[]).unwrap();
        let request = SearchRequest {
            filter: Some(&selection),
            ..SearchRequest::new(vector, 10)
        };
        let answer = snapshot.find(request).unwrap();
        assert_eq!(answer.best.len(), 10);
        assert_eq!(answer.rounds.count(), 1, "{filter}");
        // A search that may compare few nodes ends after a walk that comes out short.
        let mut brief = Search::new(&snapshot, request).unwrap();
        brief.max_compared = 10;
        let is_whole = brief.find_within(1).is_some();
        let is_small = selection.images() < 2000;
        assert_eq!(is_whole, answer.rounds.ends_walking || is_small, "{filter}");
        answer.rounds
    };
    let (mut near, mut far, mut all) = (0, 0, 0);
    for (number, vector) in products.iter().enumerate().step_by(97) {
        let kind = number % 100;
        near += find("even=true", vector).walked;
        far += find(&format!("kind!={kind}"), vector).exact;
        let alone = find(&format!("kind={kind}"), vector);
        assert!(!alone.ends_walking, "product {number}");
        all += 1;
    }
    assert!(near * 10 >= all * 9, "{near} of {all}");
    assert!(far > 0, "{far} of {all}");
}
