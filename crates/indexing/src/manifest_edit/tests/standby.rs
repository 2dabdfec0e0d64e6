use lookalike_index::{Role, Step};

use super::*;
use crate::migration_error::MigrationError;

fn switch(role: Role, encoder: u8, compared: u64) -> ManifestEdit {
    ManifestEdit::Standby(StandbyEdit::SwitchTo {
        role,
        fingerprint: identity(encoder).fingerprint,
        compared,
    })
}

fn drop_standby(role: Role, encoder: u8) -> ManifestEdit {
    let fingerprint = identity(encoder).fingerprint;
    ManifestEdit::Standby(StandbyEdit::Drop { role, fingerprint })
}

fn error(world: &World, edit: ManifestEdit) -> MigrationError {
    match world.refusal(edit) {
        Refusal::Migration(error) => error,
        other => panic!("{other:?}"),
    }
}

/// Index 1 is searched, index 2 is being built.
fn building() -> World {
    let mut world = World::with_rows(&["a"]);
    let changed = world.publish(&[add_standby(2)]);
    assert_eq!(changed.step, Some(Step::EncoderBegun));
    world.publish(&[upserts(2, &["a"])]);
    world
}

#[test]
fn an_index_is_added_once_and_beside_no_other_that_is_being_built() {
    let nothing = error(&World::new(), add_standby(2));
    assert!(matches!(nothing, MigrationError::NothingPublished));
    let mut world = building();
    world.expect_nothing(add_standby(2));
    let served = error(&world, add_standby(1));
    assert!(matches!(served, MigrationError::Served(name) if name == "encoder-1"));
    let other = error(&world, add_standby(3));
    assert!(matches!(other, MigrationError::OtherBuilding { name, .. } if name == "encoder-2"));
    world.publish(&[switch(Role::Building, 2, world.generation())]);
    let previous = error(&world, add_standby(1));
    assert!(matches!(previous, MigrationError::Previous(name) if name == "encoder-1"));
    assert_eq!(
        world.next(&[add_standby(3)]).manifest.standby_indexes.len(),
        2
    );
}

#[test]
fn a_switch_applies_to_the_generation_that_was_compared_and_to_no_other() {
    let mut world = building();
    let compared = world.generation();
    let edit = switch(Role::Building, 2, compared);
    let next = world.next(std::slice::from_ref(&edit)).manifest;
    assert_eq!(next.fingerprint, identity(2).fingerprint);
    // Another writer comes first.
    world.publish(&[upserts(1, &["b"])]);
    let refusal = world.refusal(edit.clone());
    assert!(matches!(refusal, Refusal::ComparisonOutdated));
    let changed = world.publish(&[switch(Role::Building, 2, world.generation())]);
    assert_eq!(changed.step, Some(Step::EncoderSwitched));
    // It is searched already, whatever was compared: an answer may have been lost.
    world.expect_nothing(edit);
    assert_eq!(world.keys(2), ["a"]);
}

#[test]
fn a_switch_leads_to_the_index_that_was_asked_for() {
    let mut world = building();
    for edit in [
        switch(Role::Previous, 2, world.generation()),
        switch(Role::Building, 3, world.generation()),
    ] {
        assert!(matches!(error(&world, edit), MigrationError::NoStandby(_)));
    }
    world.publish(&[drop_standby(Role::Building, 2)]);
    let gone = error(&world, switch(Role::Building, 2, world.generation()));
    assert!(matches!(gone, MigrationError::NoStandby(Role::Building)));
    let nothing = error(&World::new(), switch(Role::Building, 2, 0));
    assert!(matches!(nothing, MigrationError::NothingPublished));
}

#[test]
fn a_standby_index_is_dropped_once_and_no_other_in_its_place() {
    let mut world = building();
    world.expect_nothing(drop_standby(Role::Building, 3));
    world.expect_nothing(drop_standby(Role::Previous, 2));
    let changed = world.publish(&[drop_standby(Role::Building, 2)]);
    assert_eq!(changed.step, Some(Step::EncoderGivenUp));
    assert_eq!(changed.standby, Some(Role::Building));
    assert!(world.manifest().standby_indexes.is_empty());
    world.expect_nothing(drop_standby(Role::Building, 2));
    World::new().expect_nothing(drop_standby(Role::Building, 2));
}
