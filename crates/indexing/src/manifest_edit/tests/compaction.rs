use lookalike_core::host::Host;
use lookalike_index::SegmentKind;

use super::*;

/// A segment that is made of rows of earlier ones.
fn joined(keys: &[&str], kind: SegmentKind) -> NewSegment {
    let encoder = identity(1);
    let host: &dyn Host = &SystemHost;
    let id = host.new_segment_id();
    let content = SegmentContent {
        rows: keys.iter().map(|key| row(key, "\"1\"")).collect(),
        ..SegmentContent::default()
    };
    if kind == SegmentKind::Delta {
        return encode_delta(&content, id, &encoder).unwrap();
    }
    let (fingerprint, dimensions) = (encoder.fingerprint, encoder.dimensions);
    let encoded = content.encode_base_while(id, fingerprint, dimensions, None, &mut || true);
    NewSegment::new(id, encoded.unwrap(), &encoder).unwrap()
}

fn merge(replaced: &[SegmentId], keys: &[&str]) -> ManifestEdit {
    let (merged, replaced) = (joined(keys, SegmentKind::Delta), replaced.to_vec());
    ManifestEdit::index(&identity(1), IndexEdit::MergeDeltas { merged, replaced })
}

fn rebuild(replaced: &[SegmentId], keys: &[&str]) -> ManifestEdit {
    let edit = IndexEdit::ReplaceBase {
        base: joined(keys, SegmentKind::Base),
        replaced: replaced.to_vec(),
        vector_base: None,
        owner: "me".to_owned(),
    };
    ManifestEdit::index(&identity(1), edit)
}

/// Deltas with one row each.
fn deltas_of(keys: &[&str]) -> World {
    let mut world = World::new();
    for key in keys {
        world.publish(&[upserts(1, &[key])]);
    }
    world
}

#[test]
fn a_merged_delta_takes_the_place_of_those_that_it_was_made_of() {
    let mut world = deltas_of(&["a", "b", "c", "d"]);
    let before = world.ids(1);
    let edit = merge(&before[1..3], &["b", "c"]);
    let changed = world.publish(std::slice::from_ref(&edit));
    assert_eq!(changed.merged, 2);
    let after = world.ids(1);
    assert_eq!((after.len(), after[0], after[2]), (3, before[0], before[3]));
    assert_eq!(world.keys(1), ["a", "b", "c", "d"]);
    // Its answer may have been lost.
    world.expect_nothing(edit);
    // Another writer merged one of them first.
    world.expect_nothing(merge(&before[2..4], &["c", "d"]));
    world.expect_nothing(merge(&before[..2], &["a", "b"]));
}

/// The index went back to a generation in which `b` is live, which it was not when the delta was made.
#[test]
fn a_merged_delta_that_lacks_a_live_row_is_not_published() {
    let world = deltas_of(&["a", "b", "c"]);
    let replaced = world.ids(1);
    world.expect_nothing(merge(&replaced, &["a", "c"]));
    assert_eq!(world.keys(1), ["a", "b", "c"]);
}

#[test]
fn rows_that_were_deleted_while_a_segment_was_made_stay_deleted() {
    let mut world = deltas_of(&["a", "b", "c"]);
    let replaced = world.ids(1);
    let edit = merge(&replaced, &["a", "b", "c"]);
    world.publish(&[removals(1, &["a"])]);
    let upserts = vec![row("b", "\"2\"")];
    world.publish(&[write(
        1,
        Batch {
            upserts,
            ..Batch::default()
        },
    )]);
    let next = world.next(std::slice::from_ref(&edit));
    let [_, correction] = &next.segments[..] else {
        panic!("{} segments", next.segments.len());
    };
    // A tombstone for the row that is gone, none for the one that is newer.
    let tombstones: Vec<&str> = correction.meta.tombstones().collect();
    assert_eq!(tombstones, ["a"]);
    world.publish(&[edit]);
    assert_eq!(world.keys(1), ["b", "c"]);
    let index = world.index(&identity(1)).unwrap();
    assert!(index.has_version("b", "\"2\""));
}

#[test]
fn a_new_base_stands_before_newer_deltas_and_ends_the_lease() {
    let mut world = deltas_of(&["a", "b"]);
    let replaced = world.ids(1);
    world.manifest().lease = lease("me", NOW - 1);
    world.publish(&[upserts(1, &["c"])]);
    let newer = world.ids(1)[2];
    let edit = rebuild(&replaced, &["a", "b"]);
    let changed = world.publish(std::slice::from_ref(&edit));
    assert_eq!(changed.rebuilt, 2);
    assert_eq!(world.manifest().segments[0].kind, SegmentKind::Base);
    assert_eq!(world.ids(1)[1..], [newer]);
    assert_eq!(world.manifest().lease, None);
    assert_eq!(world.keys(1), ["a", "b", "c"]);
    world.expect_nothing(edit);
}

#[test]
fn a_base_whose_lease_another_writer_has_is_not_published() {
    let mut world = deltas_of(&["a", "b"]);
    let edit = rebuild(&world.ids(1), &["a", "b"]);
    world.expect_nothing(edit.clone());
    world.manifest().lease = lease("another", NOW + 1);
    world.expect_nothing(edit.clone());
    world.manifest().lease = lease("me", NOW + 1);
    assert_eq!(world.next(&[edit]).manifest.segments.len(), 1);
}
