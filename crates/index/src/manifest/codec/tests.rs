#![allow(clippy::unwrap_used)]
use super::*;
use crate::{Lease, MatchThresholds, Recall, SegmentEntry, SegmentKind};

fn manifest() -> Manifest {
    Manifest {
        generation: 7,
        segments: vec![SegmentEntry {
            id: SegmentId::new(1, 2),
            kind: SegmentKind::Base,
            rows: 3,
            bytes: 4000,
            meta_bytes: 400,
            recall: Some(Recall {
                found: 3990,
                expected: 4000,
            }),
            match_thresholds: Some(match_thresholds()),
        }],
        lease: Some(Lease {
            owner: "me".into(),
            until: 12,
        }),
        ..Manifest::empty("test", Fingerprint([7; 32]), 16)
    }
}

fn match_thresholds() -> MatchThresholds {
    MatchThresholds {
        same: 0.93,
        variant: 0.875,
        similar: 0.7,
        samples: 1000,
    }
}

#[test]
fn impossible_scores_are_refused() {
    let mut manifest = manifest();
    manifest.segments[0].match_thresholds = Some(MatchThresholds {
        similar: 0.9,
        ..match_thresholds()
    });
    let read = Manifest::decode(&manifest.encode());
    assert!(
        matches!(read, Err(IndexError::Malformed { .. })),
        "{read:?}"
    );
}

#[test]
fn comes_back_as_it_was() {
    assert_eq!(Manifest::decode(&manifest().encode()).unwrap(), manifest());
}

#[test]
fn any_flipped_byte_is_an_error_or_changes_nothing() {
    let bytes = manifest().encode();
    for i in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[i] ^= 1 << bit;
            if let Ok(read) = Manifest::decode(&damaged) {
                assert_eq!(read, manifest(), "byte {i}");
            }
        }
    }
}

#[test]
fn a_future_version_is_named() {
    let text = String::from_utf8(manifest().encode()).unwrap();
    let newer = text.replace("\"version\":1", "\"version\":9");
    assert_eq!(
        Manifest::decode(newer.as_bytes()),
        Err(IndexError::Version {
            object: "manifest",
            expected: 3,
            found: 9
        })
    );
}

#[test]
fn a_segment_that_is_named_twice_would_be_found_twice() {
    let mut twice = manifest();
    twice.segments.push(twice.segments[0].clone());
    let read = Manifest::decode(&twice.encode());
    assert!(
        matches!(read, Err(IndexError::Malformed { .. })),
        "{read:?}"
    );
}

#[test]
fn impossible_lengths_are_refused() {
    for (bytes, meta_bytes) in [(1 << 60, 400), (4000, 4001), (u64::MAX, u64::MAX)] {
        let mut bomb = manifest();
        bomb.segments[0].bytes = bytes;
        bomb.segments[0].meta_bytes = meta_bytes;
        let read = Manifest::decode(&bomb.encode());
        assert!(
            matches!(&read, Err(IndexError::Malformed { reason, .. }) if reason.contains(&bytes.to_string())),
            "{read:?}"
        );
    }
}

#[test]
fn foreign_objects_are_named() {
    for foreign in ["", "{}", "<html>", "{\"format\":\"x\",\"version\":1}"] {
        let read = Manifest::decode(foreign.as_bytes());
        assert!(matches!(read, Err(IndexError::NotOurs { .. })), "{foreign}");
    }
}
