//! Several indexes in one manifest: each is read and changed as if it were the only one.

use std::collections::BTreeSet;

use lookalike_index::{
    Fingerprint, IndexError, Lease, Manifest, RetiredSegment, Role, SegmentEntry, SegmentId,
    SegmentKind, StandbyIndex,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::id;

fn entry(number: u64) -> SegmentEntry {
    SegmentEntry {
        id: id(number),
        kind: SegmentKind::Delta,
        rows: number as u32,
        bytes: 100 + number,
        meta_bytes: 10,
        recall: None,
        match_thresholds: None,
    }
}

fn lease(owner: u8) -> Option<Lease> {
    (owner > 0).then(|| Lease {
        owner: owner.to_string(),
        until: u64::from(owner),
    })
}

/// Manifests with up to two standby indexes; no segment is in two of them.
fn manifests() -> impl Strategy<Value = Manifest> {
    let index = || (0..6_u64, 0..3_u8);
    let roles = prop_oneof![
        Just(vec![]),
        Just(vec![Role::Building]),
        Just(vec![Role::Previous]),
        Just(vec![Role::Previous, Role::Building]),
    ];
    (index(), vec(index(), 2), roles, 0..1000_u64, 0..4_u64).prop_map(
        |((count, owner), indexes, roles, generation, retired)| {
            let mut next = 0;
            let mut take = |count: u64| {
                next += count;
                (next - count..next).map(entry).collect::<Vec<_>>()
            };
            Manifest {
                generation,
                segments: take(count),
                lease: lease(owner),
                retired: (0..retired)
                    .map(|n| RetiredSegment {
                        id: id(900 + n),
                        at: n,
                    })
                    .collect(),
                standby_indexes: roles
                    .into_iter()
                    .zip(indexes)
                    .zip(2..)
                    .map(|((role, (count, owner)), encoder)| StandbyIndex {
                        role,
                        fingerprint: Fingerprint([encoder; 32]),
                        encoder: format!("encoder {encoder}"),
                        dimensions: 10 + usize::from(encoder),
                        segments: take(count),
                        vector_base: None,
                        lease: lease(owner),
                    })
                    .collect(),
                ..Manifest::empty("encoder 1", Fingerprint([1; 32]), 11)
            }
        },
    )
}

fn ids(manifest: &Manifest) -> BTreeSet<SegmentId> {
    manifest.entries().map(|entry| entry.id).collect()
}

proptest! {
    #[test]
    fn a_manifest_is_stored_and_read_again(manifest in manifests()) {
        let stored = manifest.encode();
        let version = if manifest.standby_indexes.is_empty() { "\"version\":1" } else { "\"version\":2" };
        prop_assert!(String::from_utf8_lossy(&stored).contains(version));
        prop_assert_eq!(Manifest::decode(&stored).unwrap(), manifest);
    }

    #[test]
    fn an_index_that_was_only_looked_at_leaves_everything_as_it_was(manifest in manifests()) {
        for fingerprint in manifest.fingerprints().collect::<Vec<_>>() {
            let alone = manifest.index_of(fingerprint).unwrap();
            prop_assert_eq!(alone.fingerprint, fingerprint);
            prop_assert!(alone.standby_indexes.is_empty());
            prop_assert_eq!(alone.generation, manifest.generation);
            prop_assert_eq!(manifest.with_index(alone).unwrap(), manifest.clone());
        }
        let unknown = Fingerprint([99; 32]);
        prop_assert_eq!(manifest.index_of(unknown), None);
        prop_assert_eq!(manifest.with_index(Manifest::empty("x", unknown, 1)), None);
    }

    #[test]
    fn a_change_of_one_index_touches_no_other(manifest in manifests(), which in 0..3_usize) {
        let fingerprints: Vec<Fingerprint> = manifest.fingerprints().collect();
        let changed = fingerprints[which % fingerprints.len()];
        let mut alone = manifest.index_of(changed).unwrap();
        alone.segments.push(entry(500));
        alone.segments.rotate_right(1);
        alone.lease = lease(9);
        // Changes outside of segments and lease are ignored.
        alone.encoder = "renamed".to_owned();
        alone.generation = 12_345;
        alone.retired.clear();
        let whole = manifest.with_index(alone.clone()).unwrap();
        prop_assert_eq!(whole.generation, manifest.generation);
        prop_assert_eq!(&whole.retired, &manifest.retired);
        for fingerprint in fingerprints {
            let (before, after) = (manifest.index_of(fingerprint).unwrap(), whole.index_of(fingerprint).unwrap());
            prop_assert_eq!(&after.encoder, &before.encoder);
            prop_assert_eq!(after.dimensions, before.dimensions);
            if fingerprint == changed {
                prop_assert_eq!(&after.segments, &alone.segments);
                prop_assert_eq!(&after.lease, &alone.lease);
            } else {
                prop_assert_eq!(after, before);
            }
        }
        let roles = |m: &Manifest| m.standby_indexes.iter().map(|s| (s.role, s.fingerprint)).collect::<Vec<_>>();
        prop_assert_eq!(roles(&whole), roles(&manifest));
    }

    #[test]
    fn a_switch_changes_what_is_searched_and_nothing_else(manifest in manifests()) {
        for role in [Role::Building, Role::Previous] {
            let Some(standby) = manifest.standby_index(role).cloned() else {
                prop_assert_eq!(manifest.with_switched(role), None);
                prop_assert_eq!(manifest.without_standby(role), None);
                continue;
            };
            let switched = manifest.with_switched(role).unwrap();
            prop_assert_eq!(switched.fingerprint, standby.fingerprint);
            prop_assert_eq!(&switched.segments, &standby.segments);
            let previous = switched.standby_index(Role::Previous).unwrap();
            prop_assert_eq!(previous.fingerprint, manifest.fingerprint);
            for fingerprint in switched.fingerprints() {
                prop_assert_eq!(switched.index_of(fingerprint), manifest.index_of(fingerprint));
            }
            if role == Role::Previous {
                // There and back again.
                let back = switched.with_switched(role).unwrap();
                prop_assert_eq!(back.index_of(manifest.fingerprint), manifest.index_of(manifest.fingerprint));
                prop_assert_eq!(back.fingerprint, manifest.fingerprint);
                prop_assert_eq!(ids(&back), ids(&manifest));
            }
            prop_assert!(Manifest::decode(&switched.encode()).is_ok());
            let without = manifest.without_standby(role).unwrap();
            prop_assert_eq!(without.standby_indexes.len() + 1, manifest.standby_indexes.len());
            prop_assert_eq!(&without.segments, &manifest.segments);
        }
    }

    #[test]
    fn one_index_is_built_at_a_time(manifest in manifests()) {
        let begun = manifest.with_building("new", Fingerprint([50; 32]), 7);
        prop_assert_eq!(begun.is_none(), manifest.standby_index(Role::Building).is_some());
        for known in manifest.fingerprints() {
            prop_assert_eq!(manifest.with_building("again", known, 7), None);
        }
        if let Some(begun) = begun {
            let building = begun.index_of(Fingerprint([50; 32])).unwrap();
            prop_assert!(building.segments.is_empty());
            prop_assert_eq!(ids(&begun), ids(&manifest));
            prop_assert_eq!(begun.without_standby(Role::Building).unwrap(), manifest);
        }
    }
}

fn with_standby() -> Manifest {
    let alone = Manifest {
        segments: vec![entry(1)],
        ..Manifest::empty("old", Fingerprint([1; 32]), 4)
    };
    alone.with_building("new", Fingerprint([2; 32]), 8).unwrap()
}

#[test]
fn a_manifest_with_standby_indexes_is_refused_where_they_are_not_known() {
    let text = String::from_utf8(with_standby().encode()).unwrap();
    assert!(text.contains("\"version\":2"), "{text}");
    // A release that only knows version 1 makes this check.
    let renamed = text.replace("\"version\":2", "\"version\":1");
    let read = Manifest::decode(renamed.as_bytes());
    assert!(
        matches!(read, Err(IndexError::Malformed { .. })),
        "{read:?}"
    );
}

#[test]
fn a_segment_or_an_encoder_in_two_indexes_is_a_contradiction() {
    let mut shared = with_standby();
    shared.standby_indexes[0].segments.push(entry(1));
    let mut twice = with_standby();
    twice.standby_indexes[0].fingerprint = Fingerprint([1; 32]);
    for wrong in [shared, twice] {
        let read = Manifest::decode(&wrong.encode());
        assert!(
            matches!(read, Err(IndexError::Malformed { .. })),
            "{read:?}"
        );
    }
}
