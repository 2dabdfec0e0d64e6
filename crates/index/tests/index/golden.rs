//! Objects that the first release of each format version wrote. Every release reads them.
//!
//! They are written again only when the format version changes, under a new name, and never by
//! accident: `LOOKALIKE_WRITE_ASSETS=1 cargo test -p lookalike-index write_assets -- --ignored`.

use std::path::PathBuf;

use bytes::Bytes;
use lookalike_index::{
    DoomedSegments, Fingerprint, Lease, LiveRows, Manifest, RetiredSegment, Role, Row,
    SearchRequest, Segment, SegmentContent, SegmentEntry, SegmentKind, SegmentMeta, Snapshot,
    StandbyIndex, rebuild_base,
};
use serde_json::json;

use crate::support::{ENCODER, id, row};

const DIMENSIONS: usize = 16;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/assets")
        .join(name)
}

/// Returns a fixed vector that does not depend on the release of a random number generator.
fn vector(seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    (0..DIMENSIONS)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Sixty images of twenty products; images 50 to 59 look exactly like 0 to 9.
fn rows() -> Vec<Row> {
    (0..60)
        .map(|i| Row {
            etag: format!("\"etag-{i}\""),
            attributes: [
                (
                    "category".to_owned(),
                    json!(["shoes", "hats", "Mäntel"][i as usize % 3]),
                ),
                ("position".to_owned(), json!(i)),
            ]
            .into(),
            ..row(
                &format!("catalog/größe {i:02}+.jpg"),
                &format!("product-{}", i % 20),
                &vector(i % 50),
            )
        })
        .collect()
}

fn content() -> SegmentContent {
    SegmentContent {
        rows: rows(),
        tombstones: vec!["catalog/gone.jpg".to_owned(), "catalog/weg.jpg".to_owned()],
        deleted: [(id(1), vec![0, 3]), (id(2), vec![7])].into(),
    }
}

fn manifest() -> Manifest {
    let entry = |number, kind, rows| SegmentEntry {
        id: id(number),
        kind,
        rows,
        bytes: 10_000 + number,
        meta_bytes: 1000 + number,
        recall: None,
        match_thresholds: None,
    };
    Manifest {
        generation: 42,
        segments: vec![
            entry(3, SegmentKind::Base, 60),
            entry(4, SegmentKind::Delta, 5),
        ],
        retired: vec![RetiredSegment {
            id: id(1),
            at: 1_700_000_000_000,
        }],
        lease: Some(Lease {
            owner: "invocation".to_owned(),
            until: 1_700_000_060_000,
        }),
        ..Manifest::empty("EfficientNet-Lite0", ENCODER, DIMENSIONS)
    }
}

/// Returns the same manifest with a standby index.
fn manifest_with_standby() -> Manifest {
    let standby = StandbyIndex {
        role: Role::Previous,
        fingerprint: Fingerprint([9; 32]),
        encoder: "other".to_owned(),
        dimensions: 4,
        segments: vec![SegmentEntry {
            id: id(5),
            kind: SegmentKind::Delta,
            rows: 6,
            bytes: 7000,
            meta_bytes: 700,
            recall: None,
            match_thresholds: None,
        }],
        vector_base: None,
        lease: None,
    };
    Manifest {
        standby_indexes: vec![standby],
        ..manifest()
    }
}

/// Returns the same manifest with doomed segments.
fn manifest_with_doomed() -> Manifest {
    Manifest {
        doomed: vec![
            DoomedSegments {
                generation: 40,
                at: 1_699_999_000_000,
                ids: vec![id(6), id(7)],
            },
            DoomedSegments {
                generation: 42,
                at: 1_700_000_000_000,
                ids: vec![id(8)],
            },
        ],
        forgotten: Some(35),
        ..manifest()
    }
}

#[test]
#[ignore = "writes the assets that the other tests read"]
fn write_assets() {
    if std::env::var_os("LOOKALIKE_WRITE_ASSETS").is_none() {
        return;
    }
    let encoded = content().encode_base(id(3), ENCODER, DIMENSIONS, None);
    std::fs::create_dir_all(path("")).unwrap();
    std::fs::write(path(NEWEST), encoded.unwrap().bytes).unwrap();
    std::fs::write(path("manifest-v1.json"), manifest().encode()).unwrap();
    std::fs::write(path("manifest-v2.json"), manifest_with_standby().encode()).unwrap();
    std::fs::write(
        path("manifest-v1-doomed.json"),
        manifest_with_doomed().encode(),
    )
    .unwrap();
}

const NEWEST: &str = "segment-v2.seg";
const VERSIONS: [&str; 2] = ["segment-v1.seg", NEWEST];

fn stored_segment(name: &str) -> Bytes {
    std::fs::read(path(name)).unwrap().into()
}

/// Compares rows, with a tolerance for the rounding of other versions of the format.
fn assert_same(found: &Row, expected: &Row) {
    let vectors = found.embedding.to_f32().into_iter();
    for (x, y) in vectors.zip(expected.embedding.to_f32()) {
        assert!((x - y).abs() < 1e-4, "{}: {x} {y}", expected.key);
    }
    let found = Row {
        embedding: expected.embedding.clone(),
        ..found.clone()
    };
    assert_eq!(&found, expected);
}

#[test]
fn segments_of_every_version_open() {
    for name in VERSIONS {
        let segment = Segment::open(&stored_segment(name), id(3), ENCODER).unwrap();
        let meta = segment.meta();
        assert_eq!(
            (meta.id(), meta.kind(), meta.rows()),
            (id(3), SegmentKind::Base, 60)
        );
        // Since version 2, no graph is stored that is not worth walking; a test beside the writer
        // shows the bytes of one.
        assert_eq!(segment.graph_layers() > 0, name != NEWEST);
        assert_eq!(meta.recall(), None);
        assert!(
            meta.tombstones()
                .eq(["catalog/gone.jpg", "catalog/weg.jpg"])
        );
        for row in rows() {
            let found = meta.find(&row.key).unwrap();
            assert_same(&segment.row(found), &row);
        }
    }
}

/// A base of version 1 and deltas of version 2 are searched together, and merged into one segment
/// of version 2.
#[test]
fn versions_are_searched_together_and_rebuilt_into_the_newest() {
    let segment = Segment::open(&stored_segment("segment-v1.seg"), id(3), ENCODER).unwrap();
    let newer = SegmentContent {
        rows: vec![row("catalog/new.jpg", "new", &vector(7))],
        ..SegmentContent::default()
    };
    let newer = newer.encode_delta(id(4), ENCODER, DIMENSIONS).unwrap();
    let newer = Segment::open(&Bytes::from(newer.bytes), id(4), ENCODER).unwrap();
    let segments = vec![segment, newer];
    let snapshot = Snapshot::new(segments.clone(), DIMENSIONS).unwrap();
    let before = search(&snapshot, 7, 4);
    assert_eq!(before.len(), 4);
    for (product, score) in &before[..3] {
        assert!(["new", "product-7", "product-17"].contains(&product.as_str()));
        assert!((score - 1.0).abs() < 2e-5);
    }
    let rebuilt = rebuild_base(snapshot.live_rows(), &segments);
    let rebuilt = rebuilt
        .encode_base(id(5), ENCODER, DIMENSIONS, None)
        .unwrap();
    assert_eq!(rebuilt.bytes[8], 2);
    let rebuilt = Segment::open(&Bytes::from(rebuilt.bytes), id(5), ENCODER).unwrap();
    let rebuilt = Snapshot::new(vec![rebuilt], DIMENSIONS).unwrap();
    let after = search(&rebuilt, 7, 4);
    assert_eq!(after.len(), before.len());
    for ((_, before), (_, after)) in before.iter().zip(after) {
        assert!((before - after).abs() < 4e-5);
    }
}

fn search(snapshot: &Snapshot, image: u32, k: usize) -> Vec<(String, f32)> {
    let found = snapshot.search(SearchRequest::new(&vector(image), k));
    let hits = found.unwrap().hits.into_iter();
    hits.map(|hit| (hit.product_id, hit.score)).collect()
}

#[test]
fn a_stored_segment_deletes_rows() {
    let older = |number, rows: u32| {
        let rows = (0..rows).map(|i| row(&format!("{number}/{i}"), "old", &vector(i)));
        let content = SegmentContent {
            rows: rows.collect(),
            ..SegmentContent::default()
        };
        let encoded = content
            .encode_delta(id(number), ENCODER, DIMENSIONS)
            .unwrap();
        SegmentMeta::open(&Bytes::from(encoded.bytes), id(number), ENCODER).unwrap()
    };
    let stored = SegmentMeta::open(&stored_segment(NEWEST), id(3), ENCODER).unwrap();
    let metas = [older(1, 5), older(2, 9), stored].map(std::sync::Arc::new);
    let live_rows = LiveRows::new(metas.to_vec());
    assert_eq!(live_rows.images(), 3 + 8 + 60);
    for (key, live) in [
        ("1/0", false),
        ("1/3", false),
        ("2/7", false),
        ("1/1", true),
    ] {
        assert_eq!(live_rows.locate(key).is_some(), live, "{key}");
    }
}

#[test]
fn segments_of_every_version_answer() {
    for name in VERSIONS {
        let segment = Segment::open(&stored_segment(name), id(3), ENCODER).unwrap();
        let snapshot = Snapshot::new(vec![segment], DIMENSIONS).unwrap();
        assert_eq!((snapshot.images(), snapshot.products()), (60, 20));
        let found = snapshot.search(SearchRequest::new(&vector(7), 3));
        let hits = found.unwrap().hits;
        let found: Vec<(&str, &str)> = hits
            .iter()
            .map(|hit| (hit.product_id.as_str(), hit.key.as_str()))
            .collect();
        assert_eq!(found, ANSWER.map(|(product, key, _)| (product, key)));
        for (hit, (_, _, score)) in hits.iter().zip(ANSWER) {
            assert!((hit.score - score).abs() < 2e-5, "{hit:?}");
        }
        assert_eq!(hits[0].attributes["position"], json!(7));
    }
}

/// Best images for the vector of image 7, computed from the vectors themselves.
const ANSWER: [(&str, &str, f32); 3] = [
    ("product-7", "catalog/größe 07+.jpg", 1.0),
    ("product-17", "catalog/größe 57+.jpg", 1.0),
    ("product-6", "catalog/größe 46+.jpg", 0.543946),
];

#[test]
fn a_manifest_of_version_2_opens_and_without_its_standby_index_is_one_of_version_1() {
    let stored = std::fs::read(path("manifest-v2.json")).unwrap();
    let read = Manifest::decode(&stored).unwrap();
    assert_eq!(read, manifest_with_standby());
    assert_eq!(read.encode(), stored);
    let alone = read.without_standby(Role::Previous).unwrap().encode();
    assert_eq!(alone, std::fs::read(path("manifest-v1.json")).unwrap());
}

/// The version is still 1, because earlier releases read such a manifest.
#[test]
fn a_manifest_with_doomed_segments_opens() {
    let stored = std::fs::read(path("manifest-v1-doomed.json")).unwrap();
    let read = Manifest::decode(&stored).unwrap();
    assert_eq!(read, manifest_with_doomed());
    assert_eq!(read.encode(), stored);
    assert!(read.dooms(id(8)) && !read.dooms(id(3)));
}

#[test]
fn a_manifest_of_version_1_opens() {
    let stored = std::fs::read(path("manifest-v1.json")).unwrap();
    assert_eq!(Manifest::decode(&stored).unwrap(), manifest());
    assert_eq!(manifest().expect_encoder(ENCODER), Ok(()));
    assert!(manifest().expect_encoder(Fingerprint([1; 32])).is_err());
}
