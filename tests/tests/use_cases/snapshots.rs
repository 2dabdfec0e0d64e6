//! Loading of the index: when, and how much of it.

use std::sync::Arc;
use std::time::Duration;

use lookalike_search::SearchError;

use crate::world::{World, bytes, everything, never_compacting};

/// Returns the number of calls with this name.
pub(crate) fn count(world: &World, call: &str) -> u64 {
    world.cloud.traffic().calls.get(call).copied().unwrap_or(0)
}

/// Makes a world of four products with one image each, in two deltas.
pub(crate) async fn world() -> World {
    let world = World::new();
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 0..4, 2).await;
    world
}

#[tokio::test]
async fn an_empty_index_gives_empty_answers() {
    let world = World::new();
    let searcher = world.searcher();
    let answer = searcher
        .search_image(bytes("x"), everything())
        .await
        .unwrap();
    assert_eq!(answer.results.len(), 0);
    assert_eq!((answer.index.generation, answer.index.images), (0, 0));
    assert_eq!(answer.index.stale, None);
    let similar = searcher.similar("p", everything()).await;
    assert!(matches!(similar, Err(SearchError::UnknownProduct(_))));
    let info = searcher.index_info().await.unwrap();
    assert_eq!((info.segments.len(), info.failed), (0, 0));
    // The first images are found without a restart.
    world.fill(&world.indexer(), 0..2, 2).await;
    let answer = searcher
        .search_image(bytes("x"), everything())
        .await
        .unwrap();
    assert_eq!(answer.results.len(), 2);
}

#[tokio::test]
async fn the_manifest_is_checked_once_per_refresh_interval() {
    let world = world().await;
    let seldom = world.searcher_with(Duration::from_secs(3600));
    let before = count(&world, "load manifest");
    for _ in 0..20 {
        seldom.similar("00000", everything()).await.unwrap();
    }
    assert_eq!(count(&world, "load manifest"), before + 1);

    let sometimes = world.searcher_with(Duration::from_millis(300));
    sometimes.similar("00000", everything()).await.unwrap();
    world
        .fill(&world.indexer_with(never_compacting()), 4..5, 1)
        .await;
    let soon = sometimes.similar("00000", everything()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(350)).await;
    let later = sometimes.similar("00000", everything()).await.unwrap();
    assert_eq!((soon.index.images, later.index.images), (4, 5));
}

#[tokio::test]
async fn only_new_segments_are_fetched() {
    let world = world().await;
    let searcher = world.searcher();
    searcher.similar("00000", everything()).await.unwrap();
    assert_eq!(count(&world, "get segment"), 2);
    searcher.similar("00000", everything()).await.unwrap();
    assert_eq!(count(&world, "get segment"), 2, "nothing is new");
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 4..5, 1).await;
    // The writer reads the two that it does not know, and not its own.
    assert_eq!(count(&world, "get segment"), 4);
    world.fill(&indexer, 5..6, 1).await;
    assert_eq!(count(&world, "get segment"), 4);
    searcher.similar("00000", everything()).await.unwrap();
    assert_eq!(count(&world, "get segment"), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_first_searches_load_once() {
    let world = world().await;
    let before = world.cloud.traffic();
    let searcher = Arc::new(world.searcher_with(Duration::from_secs(60)));
    let searches: Vec<_> = (0..50)
        .map(|_| {
            let searcher = searcher.clone();
            tokio::spawn(async move { searcher.similar("00000", everything()).await.unwrap() })
        })
        .collect();
    for search in searches {
        assert_eq!(search.await.unwrap().results.len(), 3);
    }
    assert_eq!(
        count(&world, "load manifest"),
        before.calls["load manifest"] + 1
    );
    assert_eq!(count(&world, "get segment"), 2);
}

#[tokio::test]
async fn an_index_that_is_gone_is_empty() {
    let world = world().await;
    let searcher = world.searcher();
    searcher.similar("00000", everything()).await.unwrap();
    world.indexer().start_over().await.unwrap();
    let answer = searcher.search_image(bytes("x"), everything()).await;
    assert_eq!(answer.unwrap().index.images, 0);
}
