//! Segments as bytes: they decode to what was written, and nothing else is accepted as a segment.

use bytes::Bytes;
use lookalike_index::{
    Fingerprint, GraphParameters, HEADER_BYTES, IndexError, LiveRows, Row, SearchRequest, Segment,
    SegmentContent, SegmentKind, SegmentMeta, Snapshot, deleted_meanwhile, merge_deltas,
    rebuild_base,
};
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::support::{ENCODER, Vectors, delta, id, row};

const DIMENSIONS: usize = 5;
/// Number of rows with enough distinct vectors for a graph to be walked.
const LARGE: usize = 5000;

/// Rows that share vectors and products, tombstones, deleted rows.
fn sample(rows: usize) -> SegmentContent {
    let mut vectors = Vectors::new(9, DIMENSIONS);
    let mut last = vectors.any();
    let rows = (0..rows).map(|i| {
        if i % 4 != 1 {
            last = vectors.any();
        }
        let mut row = row(
            &format!("catalog/é {i}+.jpg"),
            &format!("p{}", i % 7),
            &last,
        );
        let category = serde_json::json!({"name": if i % 2 == 0 { "shoes" } else { "hats" }});
        row.attributes.insert("category".to_owned(), category);
        row
    });
    SegmentContent {
        rows: rows.collect(),
        tombstones: vec!["gone/1".to_owned(), String::new()],
        deleted: [(id(3), vec![0, 7, 900]), (id(1), vec![]), (id(2), vec![1])].into(),
    }
}

fn encoded(rows: usize, kind: SegmentKind) -> Vec<u8> {
    let sample = sample(rows);
    let graph = Some(GraphParameters::default());
    let encoded = match kind {
        SegmentKind::Base => sample.encode_base(id(9), ENCODER, DIMENSIONS, graph),
        SegmentKind::Delta => sample.encode_delta(id(9), ENCODER, DIMENSIONS),
    };
    encoded.unwrap().bytes
}

fn open(bytes: &[u8]) -> Result<Segment, IndexError> {
    Segment::open(&Bytes::copy_from_slice(bytes), id(9), ENCODER)
}

const KINDS: [SegmentKind; 2] = [SegmentKind::Base, SegmentKind::Delta];

#[test]
fn content_comes_back_unchanged() {
    for (kind, rows) in KINDS
        .into_iter()
        .flat_map(|kind| [0, 1, 90, LARGE].map(|n| (kind, n)))
    {
        let sample = sample(rows);
        let bytes = Bytes::from(encoded(rows, kind));
        let segment = Segment::open(&bytes, id(9), ENCODER).unwrap();
        let meta = segment.meta();
        assert_eq!(
            (meta.id(), meta.kind(), meta.rows()),
            (id(9), kind, rows as u32)
        );
        assert!(meta.tombstones().eq(["gone/1", ""]));
        let has_graph = kind == SegmentKind::Base && rows == LARGE;
        assert_eq!(segment.graph_layers() > 0, has_graph);
        for row in &sample.rows {
            let found = meta.find(&row.key).unwrap();
            assert_eq!(segment.row(found), *row);
            assert_eq!(meta.key(found), row.key);
        }
        assert_eq!((meta.find("gone/1"), meta.find("")), (None, None));
    }
}

#[test]
fn rows_move_between_segments_unchanged() {
    let first = open(&encoded(90, SegmentKind::Base)).unwrap();
    let moved = rebuild_base(
        &LiveRows::new(vec![first.meta().clone()]),
        std::slice::from_ref(&first),
    );
    let second = delta(10, &moved, DIMENSIONS);
    for row in 0..first.meta().rows() {
        let row = first.row(row);
        let found = second.meta().find(&row.key).unwrap();
        assert_eq!(second.row(found), row);
    }
}

#[test]
fn a_repeated_key_is_refused() {
    let mut twice = sample(20);
    twice.rows.push(Row {
        etag: "other".to_owned(),
        ..twice.rows[3].clone()
    });
    let error = twice.encode_delta(id(1), ENCODER, DIMENSIONS).unwrap_err();
    assert!(error.to_string().contains("catalog/é 3+.jpg"), "{error}");
}

#[test]
fn vectors_of_another_length_are_refused() {
    let error = sample(2).encode_delta(id(1), ENCODER, 4).unwrap_err();
    assert_eq!(
        error,
        IndexError::Dimensions {
            expected: 4,
            found: 5
        }
    );
    let huge = SegmentContent::default().encode_delta(id(1), ENCODER, 70_000);
    assert!(matches!(huge, Err(IndexError::Malformed { .. })));
}

#[test]
fn any_flipped_byte_is_detected() {
    let graph = encoded(LARGE, SegmentKind::Base);
    assert!(open(&graph).unwrap().graph_layers() > 0);
    let every = KINDS.map(|kind| (encoded(40, kind), 1));
    for (bytes, step) in every.into_iter().chain([(graph, 9973)]) {
        for at in (0..bytes.len()).step_by(step) {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                let error = open(&damaged).unwrap_err();
                let expected = match at {
                    0..8 => matches!(error, IndexError::NotOurs { .. }),
                    8..12 => matches!(error, IndexError::Version { .. }),
                    _ => matches!(error, IndexError::Checksum { .. }),
                };
                assert!(expected, "byte {at}: {error}");
            }
        }
    }
}

#[test]
fn any_other_length_is_detected() {
    let bytes = encoded(40, SegmentKind::Base);
    let meta_bytes = sample(40)
        .encode_delta(id(9), ENCODER, DIMENSIONS)
        .unwrap()
        .meta_bytes;
    for length in 0..bytes.len() {
        let part = Bytes::copy_from_slice(&bytes[..length]);
        let error = Segment::open(&part, id(9), ENCODER).unwrap_err();
        match length {
            0..8 => assert!(matches!(error, IndexError::NotOurs { .. })),
            _ => assert!(
                matches!(error, IndexError::Length { .. }),
                "{length}: {error}"
            ),
        }
        // A writer needs only header and meta.
        let meta = SegmentMeta::open(&part, id(9), ENCODER);
        assert_eq!(meta.is_ok(), length as u64 >= meta_bytes, "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(open(&longer), Err(IndexError::Length { .. })));
}

#[test]
fn other_segments_encoders_and_versions_are_named() {
    let mut bytes = encoded(3, SegmentKind::Delta);
    let stored = Bytes::copy_from_slice(&bytes);
    let other_segment = IndexError::OtherSegment {
        expected: id(8),
        found: id(9),
    };
    assert_eq!(
        Segment::open(&stored, id(8), ENCODER).unwrap_err(),
        other_segment
    );
    let other_encoder = IndexError::Fingerprint {
        object: "segment",
        expected: Fingerprint([8; 32]),
        found: ENCODER,
    };
    let found = Segment::open(&stored, id(9), Fingerprint([8; 32])).unwrap_err();
    assert_eq!(found, other_encoder);
    bytes[8] = 3;
    let newer = IndexError::Version {
        object: "segment",
        expected: 2,
        found: 3,
    };
    assert_eq!(open(&reseal(bytes)).unwrap_err(), newer);
}

/// Corrects all checksums.
fn reseal(mut bytes: Vec<u8>) -> Vec<u8> {
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let meta_end = usize::try_from(word(80)).unwrap_or(usize::MAX);
    let meta_end = meta_end.clamp(HEADER_BYTES, bytes.len());
    let meta = xxh3_64(&bytes[HEADER_BYTES..meta_end]);
    let body = xxh3_64(&bytes[meta_end..]);
    bytes[96..104].copy_from_slice(&meta.to_le_bytes());
    bytes[104..112].copy_from_slice(&body.to_le_bytes());
    let header = xxh3_64(&bytes[..120]);
    bytes[120..128].copy_from_slice(&header.to_le_bytes());
    bytes
}

/// Calls every method of a segment.
fn exercise(segment: &Segment) {
    let meta = segment.meta();
    let older = delta(3, &sample(30), DIMENSIONS);
    let segments = [older, segment.clone()];
    let live_rows = LiveRows::new(segments.iter().map(|s| s.meta().clone()).collect());
    live_rows.addresses().for_each(|at| {
        let key = live_rows.meta(at).key(at.row);
        live_rows.locate(key);
        segments[at.segment].row(at.row);
    });
    live_rows.deleted_by(meta.tombstones().chain(["catalog/é 3+.jpg"]));
    deleted_meanwhile(meta, &live_rows, &[id(3)]);
    // Contents may hold a key twice now; that is an error, not a panic.
    let _ = rebuild_base(&live_rows, &segments).encode_delta(id(5), ENCODER, DIMENSIONS);
    let _ = merge_deltas(&live_rows, 1..2, &segments[1..]).encode_delta(id(5), ENCODER, DIMENSIONS);
    if let Ok(snapshot) = Snapshot::new(segments.to_vec(), DIMENSIONS) {
        snapshot.rows_of_product("p3").for_each(|at| {
            snapshot.embedding(at);
        });
        for k in [1, 1000] {
            let found = snapshot.search(SearchRequest {
                without_products: &["p1".to_owned()],
                ..SearchRequest::new(&[0.1, 0.2, -0.3, 0.4, -0.5], k)
            });
            let hits = found.unwrap().hits;
            assert!(hits.iter().all(|hit| hit.score.is_finite()));
        }
    }
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => 0u32..100,
        1 => any::<u32>(),
        1 => Just(u32::MAX),
        1 => (0u32..32).prop_map(|bit| 1 << bit),
        1 => any::<f32>().prop_map(f32::to_bits),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Anyone who can write to the bucket can produce valid checksums, but must not be able to
    /// crash a reader.
    #[test]
    fn nonsense_under_a_valid_checksum_never_panics(
        base in any::<bool>(),
        rows in prop_oneof![Just(0usize), Just(3), Just(60)],
        changes in proptest::collection::vec((any::<prop::sample::Index>(), number()), 1..4),
        in_header in proptest::option::weighted(0.3, (0usize..5, number())),
    ) {
        let kind = if base { SegmentKind::Base } else { SegmentKind::Delta };
        let mut bytes = encoded(rows, kind);
        for (position, number) in changes {
            let words = (bytes.len() - HEADER_BYTES) / 4;
            let at = HEADER_BYTES + 4 * position.index(words);
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        // Dimensions, rows, nodes, layers, length of meta.
        if let Some((field, number)) = in_header {
            bytes[64 + 4 * field..68 + 4 * field].copy_from_slice(&number.to_le_bytes());
        }
        if let Ok(segment) = open(&reseal(bytes)) {
            exercise(&segment);
        }
    }

    #[test]
    fn arbitrary_bytes_are_not_a_segment(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&bytes).is_err());
        let framed = [b"lookseg\0\x01\0\0\0", &bytes[..]].concat();
        prop_assert!(open(&framed).is_err());
    }
}
