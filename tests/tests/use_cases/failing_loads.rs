//! Failures while the index loads.

use std::sync::Mutex;
use std::time::Duration;

use lookalike_core::StoreErrorKind;
use lookalike_search::{SearchError, SearchOptions};

use crate::snapshots::world;
use crate::world::{everything, long, never_compacting};

#[tokio::test]
async fn a_failed_refresh_serves_the_last_good_index_with_the_reason() {
    let world = world().await;
    let searcher = world.searcher();
    searcher.similar("00000", everything()).await.unwrap();
    world.fill(&world.indexer(), 4..5, 1).await;
    for call in ["load manifest", "get segment"] {
        for kind in [StoreErrorKind::Unavailable, StoreErrorKind::Denied] {
            world.fail(call, u64::MAX, kind);
            let answer = searcher.similar("00000", everything()).await.unwrap();
            assert_eq!(answer.index.images, 4);
            let stale = answer.index.stale.unwrap();
            // Callers get the reason; the log gets the store and its operation.
            assert!(
                !stale.contains("injected") && !stale.contains(call),
                "{stale}"
            );
            let expected = match kind {
                StoreErrorKind::Unavailable => "busy or failing",
                _ => "missing or closed",
            };
            assert!(stale.contains(expected), "{stale}");
        }
    }
    world.cloud.set_fault(None);
    let answer = searcher.similar("00000", everything()).await.unwrap();
    assert_eq!((answer.index.images, answer.index.stale), (5, None));

    world.fail("load manifest", u64::MAX, StoreErrorKind::Denied);
    let ahead = SearchOptions {
        min_generation: Some(1_000),
        ..everything()
    };
    let answer = searcher.similar("00000", ahead).await;
    assert!(matches!(answer, Err(SearchError::NotYetIndexed { .. })));
    world.cloud.set_fault(None);

    // A manifest that cannot be read.
    let good = world.cloud.manifest().unwrap();
    world.cloud.set_manifest("garbage");
    let answer = searcher.similar("00000", everything()).await.unwrap();
    assert!(
        answer
            .index
            .stale
            .unwrap()
            .contains("not a lookalike manifest")
    );
    world.cloud.set_manifest(good);
    let answer = searcher.similar("00000", everything()).await.unwrap();
    assert_eq!(answer.index.stale, None);
}

#[tokio::test]
async fn a_failed_first_load_is_tried_again() {
    let world = world().await;
    let searcher = world.searcher_with(Duration::from_secs(3600));
    for call in ["load manifest", "get segment"] {
        world.fail(call, 1, StoreErrorKind::Unavailable);
        let failed = searcher.similar("00000", everything()).await;
        assert!(matches!(failed, Err(SearchError::Store(_))), "{failed:?}");
    }
    let answer = searcher.similar("00000", everything()).await.unwrap();
    assert_eq!(answer.results.len(), 3);
}

#[tokio::test]
async fn a_segment_that_is_replaced_while_it_is_loaded_leads_to_the_newer_index() {
    for known in [false, true] {
        let world = world().await;
        let searcher = world.searcher();
        if known {
            searcher.similar("00000", everything()).await.unwrap();
        }
        world
            .fill(&world.indexer_with(never_compacting()), 4..5, 1)
            .await;
        let before = world.cloud.manifest().unwrap();
        let segments = world.cloud.segments();
        world.indexer().rebuild(long()).await.unwrap();
        let after = world.cloud.manifest().unwrap();
        segments.keys().for_each(|id| world.cloud.tamper(*id, None));
        // The searcher sees the old manifest, then the new one.
        world.cloud.set_manifest(before);
        let cloud = world.cloud.clone();
        world.cloud.set_fault(Some(Box::new(move |call| {
            if call == "get segment" {
                cloud.set_manifest(after.clone());
            }
            None
        })));
        let answer = searcher.similar("00000", everything()).await.unwrap();
        assert_eq!((answer.index.images, answer.index.stale), (5, None));
    }
}

#[tokio::test]
async fn an_index_that_is_replaced_faster_than_it_loads_is_unavailable() {
    let world = world().await;
    let indexer = world.indexer_with(never_compacting());
    let mut manifests = vec![world.cloud.manifest().unwrap()];
    for n in 4..8 {
        world.fill(&indexer, n..n + 1, 1).await;
        world.indexer().rebuild(long()).await.unwrap();
        manifests.push(world.cloud.manifest().unwrap());
    }
    let segments = world.cloud.segments();
    segments.keys().for_each(|id| world.cloud.tamper(*id, None));
    // Whenever a segment is missed, there is a newer manifest, whose segments are gone as well.
    manifests.reverse();
    world.cloud.set_manifest(manifests.pop().unwrap());
    let (cloud, manifests) = (world.cloud.clone(), Mutex::new(manifests));
    world.cloud.set_fault(Some(Box::new(move |call| {
        if call == "get segment"
            && let Some(newer) = manifests.lock().unwrap().pop()
        {
            cloud.set_manifest(newer);
        }
        None
    })));
    let failed = world.searcher().similar("00000", everything()).await;
    let Err(SearchError::Store(error)) = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_writer_reads_again_too() {
    let world = world().await;
    let before = world.cloud.manifest().unwrap();
    let segments = world.cloud.segments();
    world.indexer().rebuild(long()).await.unwrap();
    let after = world.cloud.manifest().unwrap();
    segments.keys().for_each(|id| world.cloud.tamper(*id, None));
    world.cloud.set_manifest(before);
    let cloud = world.cloud.clone();
    world.cloud.set_fault(Some(Box::new(move |call| {
        if call == "get segment" {
            cloud.set_manifest(after.clone());
        }
        None
    })));
    world.fill(&world.indexer(), 4..5, 1).await;
    assert_eq!(world.rows().len(), 5);
}
