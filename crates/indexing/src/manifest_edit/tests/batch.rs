use lookalike_index::{IndexError, Role};

use super::*;

#[test]
fn a_batch_adds_one_delta_with_the_part_that_the_index_lacks() {
    let mut world = World::with_rows(&["a", "b"]);
    let edit = write(
        1,
        Batch {
            upserts: vec![row("a", "\"1\""), row("b", "\"2\""), row("c", "\"1\"")],
            removals: vec!["never seen".to_owned()],
            ..Batch::default()
        },
    );
    let next = world.next(std::slice::from_ref(&edit));
    let [delta] = &next.segments[..] else {
        panic!("{} segments", next.segments.len());
    };
    assert_eq!(next.manifest.segments.last(), Some(&delta.entry));
    assert_eq!(delta.entry.rows, 2);
    let changed = world.publish(std::slice::from_ref(&edit));
    assert_eq!(
        (changed.added, changed.replaced, changed.removed),
        (1, 1, 0)
    );
    assert_eq!(world.keys(1), ["a", "b", "c"]);
    // Also after a write whose answer was lost.
    world.expect_nothing(edit);
}

#[test]
fn attributes_are_written_only_to_the_version_and_product_that_they_are_of() {
    let mut world = World::with_rows(&["a", "b", "c"]);
    let with = |mut row: Row, product: &str| {
        row.attributes = [("category".to_owned(), "hats".into())].into();
        row.product_id = product.to_owned();
        row
    };
    let attribute_updates = vec![
        with(row("a", "\"1\""), "a"),
        with(row("b", "\"2\""), "b"),
        with(row("c", "\"1\""), "another"),
        with(row("d", "\"1\""), "d"),
    ];
    let edit = write(
        1,
        Batch {
            attribute_updates,
            ..Batch::default()
        },
    );
    let changed = world.publish(std::slice::from_ref(&edit));
    assert_eq!(
        (changed.updated, changed.added, changed.replaced),
        (1, 0, 0)
    );
    assert_eq!(world.keys(1), ["a", "b", "c"]);
    world.expect_nothing(edit);
}

#[test]
fn all_indexes_change_in_one_manifest_and_the_history_is_about_the_searched_one() {
    let mut world = World::with_rows(&["a"]);
    world.publish(&[add_standby(2)]);
    let changed = world.publish(&[upserts(2, &["a", "b"]), upserts(1, &["a", "b"])]);
    assert_eq!((changed.added, changed.standby), (1, None));
    assert_eq!(
        (world.keys(1), world.keys(2)),
        (
            vec!["a".to_owned(), "b".to_owned()],
            vec!["a".to_owned(), "b".to_owned()]
        )
    );
    let changed = world.publish(&[upserts(1, &["a"]), removals(2, &["a"])]);
    assert_eq!(
        (changed.removed, changed.standby),
        (1, Some(Role::Building))
    );
    assert_eq!(world.keys(1).len(), 2);
}

#[test]
fn an_edit_of_an_index_that_is_gone_is_dropped_where_that_is_allowed() {
    let world = World::with_rows(&["a"]);
    world.expect_nothing(if_there(upserts(2, &["b"])));
    let next = world.next(&[upserts(1, &["b"]), if_there(upserts(2, &["b"]))]);
    assert_eq!(next.segments.len(), 1);
    let error = world.apply(&[upserts(1, &["b"]), upserts(2, &["b"])]);
    let (expected, found) = (identity(2).fingerprint, identity(1).fingerprint);
    assert!(
        matches!(
            error,
            Err(IndexingError::Index(IndexError::Fingerprint { expected: e, found: f, .. }))
                if e == expected && f == found
        ),
        "{error:?}"
    );
    // The first publication names the encoder of an index that must exist.
    let empty = World::new();
    empty.expect_nothing(if_there(upserts(1, &["a"])));
    assert_eq!(
        empty.next(&[upserts(1, &["a"])]).manifest.fingerprint,
        found
    );
}

#[test]
fn a_delta_is_encoded_again_only_if_its_content_changes_or_may_have_been_published() {
    let mut world = World::with_rows(&["a"]);
    let mut deltas = deltas();
    let edits = [upserts(1, &["b", "c"])];
    let delta = |world: &World, deltas: &mut Deltas| match world.apply_with(&edits, deltas) {
        Ok(Applied::Next(next)) => next.segments[0].entry.id,
        other => panic!("{other:?}"),
    };
    let first = delta(&world, &mut deltas);
    world.publish(&[upserts(1, &["x"])]);
    assert_eq!(
        delta(&world, &mut deltas),
        first,
        "the race changed nothing"
    );
    world.publish(&[upserts(1, &["c"])]);
    let second = delta(&world, &mut deltas);
    assert_ne!(second, first, "c is there already");
    deltas.clear();
    assert_ne!(delta(&world, &mut deltas), second);
}
