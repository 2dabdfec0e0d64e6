use std::time::Duration;

use lookalike_index::{CompactionPolicy, Step};

use super::*;

fn take(if_due: Option<CompactionPolicy>) -> ManifestEdit {
    let edit = IndexEdit::TakeLease {
        owner: "me".to_owned(),
        duration: Duration::from_secs(60),
        if_due,
    };
    ManifestEdit::index(&identity(1), edit)
}

fn release() -> ManifestEdit {
    let owner = "me".to_owned();
    ManifestEdit::index(&identity(1), IndexEdit::ReleaseLease { owner })
}

#[test]
fn a_lease_is_taken_once_and_until_it_ends() {
    let mut world = World::with_rows(&["a"]);
    let changed = world.publish(&[take(None)]);
    assert_eq!(changed.step, Some(Step::RebuildBegun));
    assert_eq!(world.manifest().lease, lease("me", NOW + 60_000));
    // Its answer may have been lost.
    world.expect_nothing(take(None));
    world.manifest().lease = lease("another", NOW + 1);
    assert!(matches!(world.refusal(take(None)), Refusal::LeaseHeld));
    world.manifest().lease = lease("another", NOW);
    let taken = world.next(&[take(None)]).manifest.lease;
    assert_eq!(taken, lease("me", NOW + 60_000));
}

#[test]
fn a_lease_for_a_rebuild_that_is_not_due_is_refused() {
    let world = World::with_rows(&["a"]);
    let mut policy = CompactionPolicy::default();
    let refusal = world.refusal(take(Some(policy)));
    assert!(matches!(refusal, Refusal::RebuildNotDue));
    policy.base_minimum = 0;
    assert!(world.next(&[take(Some(policy))]).manifest.lease.is_some());
}

#[test]
fn only_the_owner_gives_a_lease_back() {
    let mut world = World::with_rows(&["a"]);
    world.expect_nothing(release());
    world.manifest().lease = lease("another", NOW + 1);
    world.expect_nothing(release());
    world.manifest().lease = lease("me", NOW + 1);
    let changed = world.publish(&[release()]);
    assert_eq!(changed.step, Some(Step::RebuildGivenUp));
    assert_eq!(world.manifest().lease, None);
}

#[test]
fn each_index_has_a_lease_of_its_own() {
    let mut world = World::with_rows(&["a"]);
    world.publish(&[add_standby(2)]);
    world.manifest().lease = lease("another", NOW + 1);
    let edit = IndexEdit::TakeLease {
        owner: "me".to_owned(),
        duration: Duration::from_secs(60),
        if_due: None,
    };
    world.publish(&[ManifestEdit::index(&identity(2), edit)]);
    assert_eq!(world.manifest().lease, lease("another", NOW + 1));
    let standby = &world.manifest().standby_indexes[0];
    assert_eq!(standby.lease, lease("me", NOW + 60_000));
}
