//! Changing the attributes of stored rows: found by product, their embeddings read by range.

use std::collections::BTreeSet;

use bytes::Bytes;
use lookalike_index::{
    EncodedSegment, GraphParameters, IndexError, LiveRows, RowAddress, Segment, SegmentContent,
    SegmentMeta, merge_deltas,
};
use proptest::prelude::*;

use crate::support::{ENCODER, Vectors, content, delta, id, row};

/// Number of rows with enough distinct vectors for a graph to be walked.
const LARGE: usize = 5000;

/// Rows of a few products, some of which have the same vector.
fn sample(rows: usize, dimensions: usize, seed: u64) -> SegmentContent {
    let mut vectors = Vectors::new(seed, dimensions);
    let mut last = vectors.any();
    let rows = (0..rows).map(|i| {
        if i % 3 != 1 {
            last = vectors.any();
        }
        row(&format!("catalog/{i}.jpg"), &format!("p{}", i % 7), &last)
    });
    content(rows.collect())
}

/// Reads by range like a writer that only has header and meta, and compares with the whole segment.
fn expect_same_embeddings(encoded: &EncodedSegment) {
    let whole = Bytes::from(encoded.bytes.clone());
    let start = whole.slice(..encoded.meta_bytes as usize);
    let meta = SegmentMeta::open(&start, id(1), ENCODER).unwrap();
    let segment = Segment::open(&whole, id(1), ENCODER).unwrap();
    for row in 0..meta.rows() {
        let ranges = meta.embedding_ranges(row);
        assert!(ranges.is_sorted_by(|a, b| a.end <= b.start), "{ranges:?}");
        let parts = ranges.map(|range| whole.slice(range.start as usize..range.end as usize));
        let read = meta.embedding_of(parts).unwrap();
        assert_eq!(read, segment.row(row).embedding, "row {row}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn an_embedding_is_read_by_range(rows in 1usize..60, dimensions in 1usize..300, seed in any::<u64>()) {
        let sample = sample(rows, dimensions, seed);
        expect_same_embeddings(&sample.encode_delta(id(1), ENCODER, dimensions).unwrap());
    }
}

#[test]
fn an_embedding_is_read_by_range_from_a_base_with_a_graph() {
    let graph = Some(GraphParameters::default());
    let encoded = sample(LARGE, 5, 1).encode_base(id(1), ENCODER, 5, graph);
    expect_same_embeddings(&encoded.unwrap());
}

#[test]
fn vectors_without_unit_length_are_refused() {
    let encoded = sample(3, 32, 2).encode_delta(id(1), ENCODER, 32).unwrap();
    let whole = Bytes::from(encoded.bytes);
    let meta = SegmentMeta::open(&whole, id(1), ENCODER).unwrap();
    let read = || {
        let range = |range: std::ops::Range<u64>| range.start as usize..range.end as usize;
        meta.embedding_ranges(1).map(|r| whole.slice(range(r)))
    };
    let refused = |change: fn(&mut [Bytes; 3])| {
        let mut parts = read();
        change(&mut parts);
        meta.embedding_of(parts).unwrap_err()
    };
    let short = refused(|parts| parts[1].truncate(31));
    assert!(
        matches!(
            short,
            IndexError::Length {
                expected: 32,
                found: 31,
                ..
            }
        ),
        "{short}"
    );
    for damaged in [
        refused(|parts| parts[1] = vec![0; 32].into()),
        refused(|parts| parts[0] = f32::NAN.to_le_bytes().to_vec().into()),
        refused(|parts| parts[0] = (-0.005f32).to_le_bytes().to_vec().into()),
        refused(|parts| parts[0] = 0f32.to_le_bytes().to_vec().into()),
    ] {
        assert!(matches!(damaged, IndexError::Malformed { .. }), "{damaged}");
    }
    assert!(meta.embedding_of(read()).is_ok());
}

#[test]
fn the_rows_of_a_product_are_its_live_ones() {
    let first = delta(1, &sample(20, 8, 3), 8);
    // Row "catalog/7.jpg" of p0 is replaced and now belongs to p1; "catalog/14.jpg" of p0 is
    // removed.
    let live_rows = LiveRows::new(vec![first.meta().clone()]);
    let changed = SegmentContent {
        rows: vec![row("catalog/7.jpg", "p1", &Vectors::new(4, 8).any())],
        tombstones: vec!["catalog/14.jpg".to_owned()],
        deleted: live_rows.deleted_by(["catalog/7.jpg", "catalog/14.jpg"].into_iter()),
    };
    let second = delta(2, &changed, 8);
    let live_rows = LiveRows::new(vec![first.meta().clone(), second.meta().clone()]);
    let keys = |product: &str| -> BTreeSet<String> {
        let rows = live_rows.rows_of_product(product);
        rows.map(|at| live_rows.meta(at).key(at.row).to_owned())
            .collect()
    };
    assert_eq!(keys("p0"), BTreeSet::from(["catalog/0.jpg".to_owned()]));
    assert_eq!(keys("p1").len(), 4);
    assert!(keys("p1").contains("catalog/7.jpg") && keys("nobody").is_empty());
    let all: Vec<RowAddress> = (0..7)
        .flat_map(|p| {
            live_rows
                .rows_of_product(&format!("p{p}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(all.len() as u64, live_rows.images());
    let merged = delta(3, &merge_deltas(&live_rows, 0..2, &[first, second]), 8);
    let live_rows = LiveRows::new(vec![merged.meta().clone()]);
    assert_eq!(live_rows.rows_of_product("p1").count(), 4);
}
