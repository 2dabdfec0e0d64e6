//! Images that may be what ended the process the last time.

use std::sync::Arc;
use std::time::Duration;

use lookalike_core::{Deadline, StoreErrorKind};
use lookalike_indexing::{BatchReport, IndexSettings, IndexingError, Outcome};
use tokio::sync::Notify;

use crate::world::{World, long, settings};

const KEY: &str = "catalog/a.jpg";

/// No other delivery is at work.
async fn redelivered(world: &World, receives: u32) -> Result<BatchReport, IndexingError> {
    let indexer = world.indexer_with(IndexSettings {
        longest_try: Duration::ZERO,
        ..settings()
    });
    indexer.index_redelivered(KEY, receives, long()).await
}

async fn outcome(world: &World, receives: u32) -> Outcome {
    let mut report = redelivered(world, receives).await.unwrap();
    assert_eq!(report.outcomes.len(), 1);
    report.outcomes.remove(0).1
}

/// As a process does that is killed when it asks for the image.
async fn killed(world: &World, receives: u32) {
    let asked = Arc::new(Notify::new());
    let tell = Arc::clone(&asked);
    world.cloud.set_fault(Some(Box::new(move |call| {
        if call == "get image" {
            tell.notify_one();
        }
        None
    })));
    tokio::select! {
        biased;
        () = asked.notified() => {}
        _ = redelivered(world, receives) => panic!("it was not killed"),
    }
    world.cloud.set_fault(None);
}

fn codes(world: &World) -> Vec<String> {
    let failures = world.failures().into_iter();
    failures.map(|(_, _, code)| code).collect()
}

#[tokio::test]
async fn an_image_that_kills_twice_is_recorded_and_not_tried_again() {
    let world = World::new();
    world.put(KEY, "a");
    assert_eq!(outcome(&world, 1).await, Outcome::Indexed);
    world.put(KEY, "b");
    killed(&world, 1).await;
    assert_eq!(codes(&world), [""; 0]);
    killed(&world, 2).await;
    assert_eq!(codes(&world), ["interrupted"]);
    let embedded = world.embedded();
    let Outcome::Failed(failure) = outcome(&world, 3).await else {
        panic!("it was tried");
    };
    assert_eq!(failure.code, "interrupted");
    assert!(failure.reason.contains("more memory"), "{}", failure.reason);
    assert_eq!(codes(&world), ["interrupted"]);
    assert_eq!(world.embedded(), embedded);
    assert!(
        world.rows().is_empty(),
        "the version before is not what the bucket shows"
    );

    // Uploaded once more, it is tried once more, and an image that is not to blame does away with the record.
    assert_eq!(outcome(&world, 2).await, Outcome::Indexed);
    assert_eq!(codes(&world), [""; 0]);
    assert_eq!(world.verify().await, 1);
}

#[tokio::test]
async fn another_version_is_another_image() {
    let world = World::new();
    world.put(KEY, "a");
    killed(&world, 2).await;
    world.put(KEY, "b");
    assert_eq!(outcome(&world, 3).await, Outcome::Indexed);
    assert_eq!(codes(&world), [""; 0]);
    world.put(KEY, "bad");
    assert!(matches!(outcome(&world, 2).await, Outcome::Failed(_)));
    assert_eq!(codes(&world), ["unsupported-format"]);
    killed(&world, 2).await;
    world.cloud.remove_image(KEY);
    assert_eq!(outcome(&world, 3).await, Outcome::Removed);
    assert_eq!(codes(&world), [""; 0]);
}

#[tokio::test]
async fn nothing_is_recorded_of_what_lacked_a_store_or_time() {
    let world = World::new();
    world.put(KEY, "a");
    world.fail("get image", 1, StoreErrorKind::Unavailable);
    assert!(matches!(outcome(&world, 2).await, Outcome::Retry(_)));
    assert_eq!(codes(&world), [""; 0]);

    world.fail("put segment", 100, StoreErrorKind::Unavailable);
    assert!(redelivered(&world, 2).await.is_err());
    world.cloud.set_fault(None);
    assert_eq!(codes(&world), [""; 0]);

    let indexer = world.indexer();
    let late = Deadline::after(Duration::from_secs(1));
    let report = indexer.index_redelivered(KEY, 2, late).await.unwrap();
    assert!(matches!(report.outcomes[0].1, Outcome::Retry(_)));
    assert_eq!(codes(&world), [""; 0]);
    assert_eq!(outcome(&world, 3).await, Outcome::Indexed);
}

#[tokio::test]
async fn an_image_that_another_delivery_is_at_work_on_is_not_blamed() {
    let world = World::new();
    world.put(KEY, "a");
    let (first, second) = (world.indexer(), world.indexer());
    let asked = Arc::new(Notify::new());
    let tell = Arc::clone(&asked);
    world.cloud.set_fault(Some(Box::new(move |call| {
        if call == "get image" {
            tell.notify_one();
        }
        None
    })));
    let mut at_work = Box::pin(first.index_redelivered(KEY, 2, long()));
    tokio::select! {
        biased;
        () = asked.notified() => {}
        _ = &mut at_work => panic!("it was not seen at work"),
    }
    world.cloud.set_fault(None);
    let records = world.cloud.image_records();
    let report = second.index_redelivered(KEY, 3, long()).await.unwrap();
    assert!(matches!(&report.outcomes[..], [(_, Outcome::Retry(_))]));
    assert_eq!(world.cloud.image_records(), records);

    let report = at_work.await.unwrap();
    assert_eq!(report.outcomes[0].1, Outcome::Indexed);
    let report = second.index_redelivered(KEY, 4, long()).await.unwrap();
    assert_eq!(report.outcomes[0].1, Outcome::Unchanged);
    assert_eq!(codes(&world), [""; 0]);
    assert_eq!(world.verify().await, 1);
}

#[tokio::test]
async fn what_was_given_up_is_given_up_for_every_delivery_at_once() {
    let world = World::new();
    world.put(KEY, "a");
    killed(&world, 2).await;
    assert!(matches!(outcome(&world, 3).await, Outcome::Failed(_)));
    let indexer = world.indexer();
    let report = indexer.index_redelivered(KEY, 3, long()).await.unwrap();
    assert!(matches!(report.outcomes[0].1, Outcome::Failed(_)));
}

#[tokio::test]
async fn a_try_that_did_not_settle_leaves_the_record_that_was_there() {
    let world = World::new();
    world.put(KEY, "a");
    world.index(&[KEY]).await;
    let indexed = world.cloud.image_records();
    // Another image under the same key: what is recorded is of the one before.
    world.put(KEY, "bad");
    world.fail("get image", 1, StoreErrorKind::Unavailable);
    assert!(matches!(outcome(&world, 2).await, Outcome::Retry(_)));
    assert_eq!(world.cloud.image_records(), indexed);

    assert!(matches!(outcome(&world, 2).await, Outcome::Failed(_)));
    let failed = world.cloud.image_records();
    world.fail("get image", 1, StoreErrorKind::Unavailable);
    assert!(matches!(outcome(&world, 2).await, Outcome::Retry(_)));
    assert_eq!(world.cloud.image_records(), failed);

    // What a process left that died counts as before.
    world.put(KEY, "b");
    killed(&world, 2).await;
    world.fail("get image", 1, StoreErrorKind::Unavailable);
    assert!(matches!(outcome(&world, 2).await, Outcome::Retry(_)));
    assert_eq!(codes(&world), ["interrupted"]);
}

#[tokio::test]
async fn an_image_that_only_another_encoder_dies_of_stays_in_the_searched_index() {
    let old = World::new();
    old.put(KEY, "a");
    assert_eq!(outcome(&old, 1).await, Outcome::Indexed);
    let new = World::over(old.cloud.clone(), 2);
    new.indexer().begin_building(long()).await.unwrap();
    killed(&old, 1).await;
    killed(&old, 2).await;
    assert_eq!(outcome(&old, 3).await, Outcome::Unchanged);
    assert_eq!(old.rows().len(), 1);
    assert_eq!(codes(&old), [""; 0]);
    assert_eq!(old.verify().await, 1);
}

#[tokio::test]
async fn a_try_that_did_not_end_is_made_again_within_a_day() {
    let world = World::new();
    world.put(KEY, "a");
    killed(&world, 2).await;
    let missed = world.indexer().missed_changes(long()).await.unwrap();
    assert_eq!(missed, [KEY]);
    assert!(matches!(outcome(&world, 3).await, Outcome::Failed(_)));
    let missed = world.indexer().missed_changes(long()).await.unwrap();
    assert_eq!(missed, [""; 0]);
}
