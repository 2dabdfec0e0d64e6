#![allow(clippy::unwrap_used)]
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::ids::Fingerprint;
use crate::{SegmentEntry, SegmentKind};

fn id(number: u64) -> SegmentId {
    SegmentId::new(number, 0)
}

fn entry(number: u64) -> SegmentEntry {
    SegmentEntry {
        id: id(number),
        kind: SegmentKind::Delta,
        rows: 1,
        bytes: 400,
        meta_bytes: 300,
        recall: None,
        match_thresholds: None,
    }
}

/// Generation 9 with segment 1, in which no segment is doomed.
fn manifest() -> Manifest {
    Manifest {
        generation: 9,
        segments: vec![entry(1)],
        forgotten: Some(0),
        ..Manifest::empty("test", Fingerprint([7; 32]), 16)
    }
}

fn after(before: &Manifest, collection: Collection) -> Manifest {
    Manifest {
        generation: before.generation + 1,
        doomed: collection.doomed,
        forgotten: Some(collection.forgotten),
        ..before.clone()
    }
}

fn set(numbers: &[u64]) -> HashSet<SegmentId> {
    numbers.iter().map(|number| id(*number)).collect()
}

#[test]
fn garbage_is_doomed_first_and_dropped_once_it_is_removed() {
    let before = manifest();
    let collection = before.collect(&[id(1), id(2), id(3)], &set(&[]), 500);
    let doomed = after(&before, collection.unwrap());
    let group = DoomedSegments {
        generation: 10,
        at: 500,
        ids: vec![id(2), id(3)],
    };
    assert_eq!((&doomed.doomed, doomed.forgotten), (&vec![group], Some(0)));
    assert_eq!(doomed.doomed_before(500), []);
    assert_eq!(doomed.doomed_before(501), [id(2), id(3)]);
    // A part of the group is not enough.
    assert_eq!(doomed.collect(&[id(2)], &set(&[2]), 600), None);
    let dropped = doomed.collect(&[id(2), id(3)], &set(&[2, 3]), 600);
    let dropped = after(&doomed, dropped.unwrap());
    assert_eq!((dropped.doomed.len(), dropped.forgotten), (0, Some(10)));
    assert_eq!(dropped.collect(&[], &set(&[2, 3]), 700), None);
}

#[test]
fn a_doomed_or_forgotten_segment_is_fenced_off() {
    let before = manifest();
    assert!(!before.fences_off(id(2), 9) && !before.fences_off(id(2), 1));
    let doomed = after(&before, before.collect(&[id(2)], &set(&[]), 0).unwrap());
    assert!(doomed.fences_off(id(2), 9));
    assert!(!doomed.fences_off(id(3), 9), "it is not doomed");
    let dropped = after(&doomed, doomed.collect(&[], &set(&[2]), 0).unwrap());
    assert!(dropped.fences_off(id(2), 9), "it was doomed in 10");
    assert!(!dropped.fences_off(id(4), 11));
    assert!(manifest().fences_off(id(4), 10), "the generation went back");
}

/// A release that does not know the list publishes without it; what was doomed before is then unknown.
#[test]
fn a_manifest_without_the_fields_fences_off_all_earlier_uploads() {
    let foreign = Manifest {
        forgotten: None,
        ..manifest()
    };
    assert_eq!(foreign.forgotten_generation(), 8);
    assert!(foreign.fences_off(id(2), 8));
    assert!(!foreign.fences_off(id(2), 9));
    let next = after(&foreign, foreign.collect(&[id(2)], &set(&[]), 0).unwrap());
    assert_eq!(next.forgotten, Some(8), "and so does what follows");
}

#[test]
fn a_segment_of_an_index_is_never_removed() {
    let mut manifest = manifest();
    manifest.doomed = vec![DoomedSegments {
        generation: 3,
        at: 0,
        ids: vec![id(1), id(2)],
    }];
    assert_eq!(manifest.doomed_before(1), [id(2)]);
    let collection = manifest.collect(&[], &set(&[2]), 0).unwrap();
    assert_eq!((collection.doomed.len(), collection.forgotten), (0, 3));
}

#[test]
fn the_list_is_bounded_and_small() {
    let garbage: Vec<SegmentId> = (2..5000).map(id).collect();
    let before = manifest();
    let collection = before.collect(&garbage, &set(&[]), 1_767_225_600_000);
    let doomed = after(&before, collection.unwrap());
    assert_eq!(doomed.doomed[0].ids.len(), MAX_DOOMED);
    let size = doomed.encode().len() - before.encode().len();
    assert!(size < 30 * MAX_DOOMED, "{size} bytes");
    assert_eq!(doomed.collect(&garbage, &set(&[]), 0), None);
    assert_eq!(Manifest::decode(&doomed.encode()).unwrap(), doomed);
}

/// A step of the world around a manifest.
#[derive(Debug, Clone)]
enum Action {
    /// A writer reads the manifest and uploads a segment.
    Upload,
    /// The writer of that upload publishes, if it is not fenced off.
    Publish(usize),
    /// An index loses its oldest segment.
    Replace,
    /// A collection dooms what is unnamed, and drops what it removed.
    Collect,
    /// A collector that slept removes everything that was ever doomed.
    RemoveLate,
    /// A release that does not know the list publishes.
    Foreign,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => Just(Action::Upload),
        4 => (0..20_usize).prop_map(Action::Publish),
        1 => Just(Action::Replace),
        3 => Just(Action::Collect),
        1 => Just(Action::RemoveLate),
        1 => Just(Action::Foreign),
    ]
}

proptest! {
    /// Segments are removed as soon as they are doomed, whatever their age, and a writer may sleep for any time between
    /// upload and publication.
    #[test]
    fn what_is_named_is_there(actions in proptest::collection::vec(action(), 0..60)) {
        let mut manifest = manifest();
        let mut stored: BTreeSet<SegmentId> = [id(1)].into();
        let mut uploads: BTreeMap<SegmentId, u64> = BTreeMap::new();
        let mut doomed: BTreeSet<SegmentId> = BTreeSet::new();
        for (number, action) in (2..).zip(actions) {
            match action {
                Action::Upload => {
                    stored.insert(id(number));
                    uploads.insert(id(number), manifest.generation);
                }
                Action::Publish(which) => {
                    let upload = uploads.iter().nth(which);
                    let Some((id, read)) = upload.map(|(id, read)| (*id, *read)) else {
                        continue;
                    };
                    if !manifest.fences_off(id, read) {
                        manifest.segments.push(SegmentEntry { id, ..entry(0) });
                        manifest.forgotten = Some(manifest.forgotten_generation());
                        manifest.generation += 1;
                        uploads.remove(&id);
                    }
                }
                Action::Replace => {
                    manifest.segments.drain(..manifest.segments.len().min(1));
                    manifest.forgotten = Some(manifest.forgotten_generation());
                    manifest.generation += 1;
                }
                Action::Collect => {
                    let removed: HashSet<SegmentId> = manifest.doomed_before(1).into_iter().collect();
                    stored.retain(|id| !removed.contains(id));
                    let garbage: Vec<SegmentId> = stored.iter().copied().collect();
                    if let Some(collection) = manifest.collect(&garbage, &removed, 0) {
                        manifest = after(&manifest, collection);
                        doomed.extend(manifest.doomed.iter().flat_map(|group| &group.ids));
                    }
                }
                Action::RemoveLate => stored.retain(|id| !doomed.contains(id)),
                Action::Foreign => {
                    manifest.doomed.clear();
                    manifest.forgotten = None;
                    manifest.generation += 1;
                }
            }
            prop_assert!(manifest.entries().all(|entry| stored.contains(&entry.id)));
        }
    }
}
