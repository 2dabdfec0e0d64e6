//! Generations before the newest: pages of any process, going back, and the end of what is kept.

use std::time::Duration;

use lookalike_core::StoreErrorKind;
use lookalike_core::ports::ImageEncoder;
use lookalike_index::{Changed, DoomedSegments, SegmentId, Step};
use lookalike_indexing::{IndexSettings, RollbackError};
use lookalike_search::{Answer, SearchError, SearchOptions, Searcher};

use crate::world::{World, everything, long, settings};

const MINUTE: Duration = Duration::from_secs(60);

async fn page(searcher: &Searcher, cursor: Option<String>) -> Result<Answer, SearchError> {
    let options = SearchOptions {
        k: 3,
        min_score: -1.0,
        cursor,
        ..SearchOptions::default()
    };
    searcher.similar("00000", options).await
}

fn found(answer: &Answer) -> Vec<String> {
    let products = answer.results.iter().map(|hit| hit.product_id.clone());
    products.collect()
}

#[tokio::test]
async fn any_process_continues_a_page_after_rebuilds() {
    let world = World::new();
    world.fill(&world.indexer(), 0..30, 10).await;
    let whole = world
        .searcher()
        .similar("00000", everything())
        .await
        .unwrap();
    let first = page(&world.searcher(), None).await.unwrap();
    let generation = first.index.generation;

    // Another base, other deltas, and an image that would be among the results is gone.
    let second = found(&whole)[4].clone();
    world.cloud.remove_image(&format!("catalog/{second}.jpg"));
    world.index(&[&format!("catalog/{second}.jpg")]).await;
    world.indexer().rebuild(long()).await.unwrap();
    world.fill(&world.indexer(), 30..60, 10).await;
    world.indexer().rebuild(long()).await.unwrap();

    let mut pages = found(&first);
    let mut cursor = first.next_cursor;
    while let Some(next) = cursor {
        // Each page comes from a process that never saw that generation.
        let answer = page(&world.searcher(), Some(next)).await.unwrap();
        assert_eq!(answer.index.generation, generation);
        pages.extend(found(&answer));
        cursor = answer.next_cursor;
    }
    assert_eq!(pages, found(&whole));
}

#[tokio::test]
async fn a_generation_is_kept_for_half_the_safe_age() {
    let world = World::new();
    world.fill(&world.indexer(), 0..9, 3).await;
    let first = page(&world.searcher(), None).await.unwrap();
    let cursor = first.next_cursor;
    world.fill(&world.indexer(), 9..12, 3).await;
    assert_eq!(world.cloud.generations(), [1, 2, 3]);

    let old = settings().safe_age / 2;
    world.age_generations(old - MINUTE);
    world.cloud.age_segments(old - MINUTE);
    world.indexer().collect_garbage().await.unwrap();
    assert_eq!(world.cloud.generations(), [1, 2, 3]);
    page(&world.searcher(), cursor.clone()).await.unwrap();

    world.age_generations(2 * MINUTE);
    world.indexer().collect_garbage().await.unwrap();
    assert!(world.cloud.generations().is_empty());
    let expired = page(&world.searcher(), cursor).await;
    assert!(matches!(expired, Err(SearchError::CursorExpired { .. })));
}

/// The time counts from when it was replaced: the upload of the next one may take long, and a writer that died may have
/// kept it long before.
#[tokio::test]
async fn a_generation_is_kept_from_when_it_was_replaced() {
    let world = World::new();
    world.fill(&world.indexer(), 0..9, 3).await;
    let first = page(&world.searcher(), None).await.unwrap();
    let old = settings().safe_age;
    world.put("catalog/late.jpg", "late");
    world.fail("swap manifest", u64::MAX, StoreErrorKind::Unavailable);
    let late = ["catalog/late.jpg".to_owned()];
    world.indexer().index_keys(&late, long()).await.unwrap_err();
    world.cloud.set_fault(None);
    world.cloud.age_generations(old);
    world.index(&["catalog/late.jpg"]).await;
    world.indexer().collect_garbage().await.unwrap();
    assert_eq!(world.cloud.generations(), [3]);
    page(&world.searcher(), first.next_cursor).await.unwrap();
}

#[tokio::test]
async fn a_catalog_goes_back_to_an_earlier_generation() {
    let world = World::new();
    world.fill(&world.indexer(), 0..6, 3).await;
    let before = world.rows();
    world.fill(&world.indexer(), 6..12, 3).await;
    world.indexer().rebuild(long()).await.unwrap();
    let later = world.rows();
    let newest = world.manifest().generation;

    let generation = world.indexer().roll_back(2).await.unwrap();
    assert_eq!(generation, newest + 1);
    assert_eq!(world.rows(), before);
    let last = world.manifest().history.last().unwrap().changed;
    assert_eq!(last, Changed::step(Step::RolledBack));
    // What it went back from is kept too, so one can go forth again.
    let again = world.indexer().roll_back(newest).await.unwrap();
    assert_eq!((again, world.rows()), (newest + 2, later.clone()));

    // What changed since is indexed again by the comparison with the bucket.
    world.indexer().roll_back(2).await.unwrap();
    let missing = world.indexer().differences().await.unwrap().to_index;
    assert_eq!(missing.len(), 6);
    world.indexer().index_keys(&missing, long()).await.unwrap();
    assert_eq!(world.rows(), later);
}

#[tokio::test]
async fn a_catalog_goes_back_although_a_writer_died_before_it_published() {
    let world = World::new();
    world.fill(&world.indexer(), 0..9, 3).await;
    let newest = world.manifest().generation;
    world.put("catalog/late.jpg", "late");
    world.fail("swap manifest", u64::MAX, StoreErrorKind::Unavailable);
    let late = ["catalog/late.jpg".to_owned()];
    world.indexer().index_keys(&late, long()).await.unwrap_err();
    world.cloud.set_fault(None);
    // It has kept the current generation, which is not one to go back to.
    assert!(world.cloud.generations().contains(&newest));
    assert_eq!(world.indexer().roll_back(2).await.unwrap(), newest + 1);
}

#[tokio::test]
async fn a_generation_that_is_not_kept_or_incomplete_is_refused() {
    let world = World::new();
    let nothing = world.indexer().roll_back(1).await.unwrap_err();
    assert!(
        nothing.to_string().contains("no generation was replaced"),
        "{nothing}"
    );
    world.fill(&world.indexer(), 0..15, 3).await;
    let newest = world.manifest();
    for (wanted, said) in [(5, "4 from 1 to 4"), (77, "4 from 1 to 4")] {
        let refused = world.indexer().roll_back(wanted).await.unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
    }
    let lost = newest.segments[0].id;
    world.cloud.tamper(lost, None);
    let refused = world.indexer().roll_back(4).await;
    assert!(matches!(refused, Err(RollbackError::Incomplete(id)) if id == lost));
    assert_eq!(world.manifest(), newest);
    // With a safe age of no time, nothing was replaced lately.
    let hasty = world.indexer_with(IndexSettings {
        safe_age: Duration::ZERO,
        ..settings()
    });
    tokio::time::sleep(Duration::from_millis(5)).await;
    let refused = hasty.roll_back(4).await;
    assert!(matches!(
        refused,
        Err(RollbackError::NotKept { wanted: 4, .. })
    ));
}

#[tokio::test]
async fn a_generation_with_a_doomed_segment_is_refused() {
    let world = World::new();
    world.fill(&world.indexer(), 0..6, 3).await;
    let before = world.manifest();
    world.indexer().rebuild(long()).await.unwrap();
    let mut newest = world.manifest();
    let doomed = before.segments[1].id;
    newest.doomed.push(DoomedSegments {
        generation: newest.generation,
        at: 0,
        ids: vec![doomed],
    });
    world.cloud.set_manifest(newest.encode());
    let refused = world.indexer().roll_back(before.generation).await;
    assert!(matches!(refused, Err(RollbackError::Doomed(id)) if id == doomed));
    assert_eq!(world.manifest(), newest);
}

/// What is doomed stays doomed in a generation that is published again, and after starting over.
#[tokio::test]
async fn an_earlier_manifest_does_not_bring_its_list_back() {
    let world = World::new();
    world.fill(&world.indexer(), 0..6, 3).await;
    let before = world.manifest().generation;
    world.fill(&world.indexer(), 6..9, 3).await;
    let mut newest = world.manifest();
    newest.doomed.push(DoomedSegments {
        generation: newest.generation,
        at: u64::MAX,
        ids: vec![SegmentId::new(1, 1)],
    });
    newest.forgotten = Some(2);
    world.cloud.set_manifest(newest.encode());
    let lists = |world: &World| (world.manifest().doomed, world.manifest().forgotten);
    let expected = (newest.doomed, newest.forgotten);
    world.indexer().roll_back(before).await.unwrap();
    assert_eq!(lists(&world), expected);
    world.indexer().start_over().await.unwrap();
    assert_eq!(lists(&world), expected);
    // What a manifest that cannot be read doomed is unknown.
    let generation = world.manifest().generation;
    let damaged = String::from_utf8(world.manifest().encode()).unwrap();
    world
        .cloud
        .set_manifest(damaged.replace("checksum\":\"", "checksum\":\"x"));
    world.indexer().start_over().await.unwrap();
    assert_eq!(lists(&world), (vec![], Some(generation)));
}

#[tokio::test]
async fn starting_over_can_be_taken_back() {
    let world = World::new();
    world.fill(&world.indexer(), 0..30, 10).await;
    world.indexer().rebuild(long()).await.unwrap();
    let (before, rows) = (world.manifest().generation, world.rows());
    world.indexer().start_over().await.unwrap();
    world.indexer().collect_garbage().await.unwrap();
    world.indexer().roll_back(before).await.unwrap();
    assert_eq!(world.rows(), rows);
}

#[tokio::test]
async fn the_encoder_of_a_kept_generation_stays() {
    let world = World::new();
    world.fill(&world.indexer(), 0..6, 6).await;
    let other = World::over(world.cloud.clone(), 2);
    let before = world.manifest().generation;
    other.indexer().start_over().await.unwrap();
    other.fill(&other.indexer(), 0..6, 6).await;
    world.cloud.age_encoders(2 * settings().safe_age);
    other.indexer().collect_garbage().await.unwrap();
    other.indexer().roll_back(before).await.unwrap();
    assert_eq!(world.rows().len(), 6);
    // Without it, the generation is refused.
    let newest = world.manifest().generation - 1;
    world.cloud.forget_encoder(other.encoder.fingerprint());
    let refused = world.indexer().roll_back(newest).await;
    assert!(matches!(refused, Err(RollbackError::Encoder(_))));
}

#[tokio::test]
async fn generations_of_one_old_base_share_it_in_memory() {
    let world = World::new();
    world.fill(&world.indexer(), 0..60, 20).await;
    world.indexer().rebuild(long()).await.unwrap();
    let mut cursors = Vec::new();
    for number in 60..66 {
        world.fill(&world.indexer(), number..number + 1, 1).await;
        cursors.push(page(&world.searcher(), None).await.unwrap().next_cursor);
    }
    let old = world.segment_ids();
    world.indexer().rebuild(long()).await.unwrap();
    assert!(world.segment_ids().is_disjoint(&old));
    let searcher = world.searcher();
    page(&searcher, None).await.unwrap();
    let reads = || world.cloud.traffic().calls["get segment"];
    let before = reads();
    for cursor in cursors.into_iter().rev() {
        page(&searcher, cursor).await.unwrap();
    }
    // Of all six, each segment once.
    assert_eq!(reads() - before, old.len() as u64);
}

#[tokio::test]
async fn a_cursor_of_no_generation_costs_one_read_at_most() {
    let world = World::new();
    world.fill(&world.indexer(), 0..9, 3).await;
    let first = page(&world.searcher(), None).await.unwrap();
    world.fill(&world.indexer(), 9..12, 3).await;
    world.cloud.forget_generations();
    let searcher = world.searcher();
    for _ in 0..20 {
        let expired = page(&searcher, first.next_cursor.clone()).await;
        assert!(matches!(expired, Err(SearchError::CursorExpired { .. })));
    }
    assert_eq!(world.cloud.traffic().calls["load generation"], 1);
}

/// The failure is that of the version in the bucket, but the row is of the version before.
#[tokio::test]
async fn an_image_whose_newer_version_failed_does_not_come_back_for_good() {
    let world = World::new();
    world.fill(&world.indexer(), 0..3, 3).await;
    let key = "catalog/00001.jpg";
    world.put(key, "bad");
    world.index(&[key]).await;
    assert_eq!(world.rows().len(), 2);
    world.indexer().roll_back(1).await.unwrap();
    assert_eq!(world.rows().len(), 3);
    let missed = world.indexer().missed_changes(long()).await.unwrap();
    assert_eq!(missed, [key]);
    world.index(&[key]).await;
    assert_eq!(world.rows().len(), 2);
}
