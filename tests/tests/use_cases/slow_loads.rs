//! Searches while the index loads slowly.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join_all;
use lookalike_core::ports::{Manifests, Segments};
use lookalike_core::{LoadedManifest, StoreError, StoreErrorKind};
use lookalike_index::SegmentId;
use lookalike_search::{SearchError, SearchOptions, SearchSettings, Searcher};
use tokio::time::timeout;

use crate::snapshots::{count, world};
use crate::world::{World, everything, never_compacting};

/// A bucket that pauses before each read of the manifest.
struct SlowManifests {
    manifests: Arc<dyn Manifests>,
    pause: Mutex<Duration>,
}

#[async_trait]
impl Manifests for SlowManifests {
    async fn load(&self, known: Option<&str>) -> Result<LoadedManifest, StoreError> {
        let pause = *self.pause.lock().unwrap();
        tokio::time::sleep(pause).await;
        self.manifests.load(known).await
    }

    async fn swap(&self, bytes: Bytes, expected: Option<&str>) -> Result<String, StoreError> {
        self.manifests.swap(bytes, expected).await
    }
}

fn slow(world: &World, pause: Duration, refresh: Duration) -> (Arc<SlowManifests>, Searcher) {
    let mut ports = world.search_ports();
    let slow = Arc::new(SlowManifests {
        manifests: ports.manifests.clone(),
        pause: Mutex::new(pause),
    });
    ports.manifests = slow.clone();
    (
        slow,
        Searcher::new(
            ports,
            SearchSettings {
                refresh,
                ..SearchSettings::default()
            },
        ),
    )
}

#[tokio::test]
async fn a_search_with_a_good_index_does_not_wait_long_for_a_newer_one() {
    let world = world().await;
    let (bucket, searcher) = slow(&world, Duration::ZERO, Duration::ZERO);
    searcher.similar("00000", everything()).await.unwrap();
    *bucket.pause.lock().unwrap() = Duration::from_secs(6);
    for _ in 0..2 {
        let begun = Instant::now();
        let answer = searcher.similar("00000", everything()).await.unwrap();
        let stale = answer.index.stale.unwrap();
        assert!(stale.contains("busy or failing"), "{stale}");
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    *bucket.pause.lock().unwrap() = Duration::ZERO;
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 4..5, 1).await;
    let answer = searcher.similar("00000", everything()).await.unwrap();
    assert_eq!((answer.index.images, answer.index.stale), (5, None));
}

/// A bucket that pauses before each read of a segment, or fails fatally.
struct SlowSegments {
    segments: Arc<dyn Segments>,
    pause: Mutex<Option<Duration>>,
}

#[async_trait]
impl Segments for SlowSegments {
    async fn put(&self, id: SegmentId, bytes: Bytes) -> Result<(), StoreError> {
        self.segments.put(id, bytes).await
    }

    async fn get(&self, id: SegmentId, range: Range<u64>) -> Result<Bytes, StoreError> {
        let pause = *self.pause.lock().unwrap();
        tokio::time::sleep(pause.expect("a load that ends early")).await;
        self.segments.get(id, range).await
    }
}

#[tokio::test]
async fn an_answer_says_that_a_newer_index_is_not_loaded() {
    let world = world().await;
    let mut ports = world.search_ports();
    let bucket = Arc::new(SlowSegments {
        segments: ports.segments.clone(),
        pause: Mutex::new(Some(Duration::ZERO)),
    });
    ports.segments = bucket.clone();
    let settings = SearchSettings {
        refresh: Duration::ZERO,
        ..SearchSettings::default()
    };
    let searcher = Searcher::new(ports, settings);
    let search = async || searcher.similar("00000", everything()).await.unwrap().index;
    assert_eq!(search().await.stale, None);

    // The load ends without a result.
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 4..5, 1).await;
    *bucket.pause.lock().unwrap() = None;
    let index = search().await;
    assert_eq!(index.images, 4);
    assert!(index.stale.unwrap().contains("busy or failing"));

    // One search waits for the load, others do not.
    *bucket.pause.lock().unwrap() = Some(Duration::from_secs(4));
    let waiting = search();
    let others = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        search().await
    };
    let (waited, other) = tokio::join!(waiting, others);
    assert_eq!((waited.images, waited.stale), (5, None));
    assert_eq!(other.images, 4);
    let stale = other.stale.unwrap();
    assert!(stale.contains("takes long to load"), "{stale}");
}

/// A page of an earlier generation is not stale: its cursor asks for it.
#[tokio::test]
async fn a_later_page_is_not_stale_because_a_refresh_failed_before() {
    let world = world().await;
    let searcher = world.searcher();
    let page = |cursor: Option<String>| SearchOptions {
        k: 1,
        cursor,
        ..everything()
    };
    let first = searcher.similar("00000", page(None)).await.unwrap();
    world.fail("load manifest", 1, StoreErrorKind::Unavailable);
    let stale = searcher.similar("00000", page(None)).await.unwrap();
    assert!(stale.index.stale.is_some());
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 4..5, 1).await;
    let second = searcher.similar("00000", page(first.next_cursor)).await;
    let second = second.unwrap().index;
    assert_eq!((second.images, second.stale), (4, None));
}

#[tokio::test]
async fn callers_of_a_failing_first_load_share_its_error() {
    let world = world().await;
    let (_, searcher) = slow(&world, Duration::from_millis(400), Duration::ZERO);
    let before = count(&world, "load manifest");
    world.fail("load manifest", 8, StoreErrorKind::Unavailable);
    let searches = (0..8).map(|_| searcher.similar("00000", everything()));
    for failed in join_all(searches).await {
        assert!(matches!(failed, Err(SearchError::Store(_))), "{failed:?}");
    }
    assert_eq!(count(&world, "load manifest"), before + 1);
}

#[tokio::test]
async fn a_caller_who_disconnects_does_not_stop_a_load() {
    let world = world().await;
    let (_, searcher) = slow(&world, Duration::from_millis(1500), Duration::ZERO);
    let before = count(&world, "load manifest");
    for _ in 0..4 {
        let search = searcher.similar("00000", everything());
        let gone = timeout(Duration::from_millis(20), search).await;
        assert!(gone.is_err());
    }
    searcher.similar("00000", everything()).await.unwrap();
    assert_eq!(count(&world, "load manifest"), before + 1);
}

/// All callers that wait for a generation share the reads of the manifest.
#[tokio::test]
async fn waiting_for_a_generation_reads_the_manifest_again_once() {
    let world = world().await;
    let refresh = Duration::from_secs(3600);
    let (bucket, searcher) = slow(&world, Duration::ZERO, refresh);
    searcher.similar("00000", everything()).await.unwrap();
    let reads = || count(&world, "load manifest");
    let generation = world.manifest().generation;
    let waiting = || SearchOptions {
        min_generation: Some(generation + 1),
        ..everything()
    };
    *bucket.pause.lock().unwrap() = Duration::from_millis(400);
    let before = reads();
    let searches = (0..16).map(|_| searcher.similar("00000", waiting()));
    for answer in join_all(searches).await {
        assert!(matches!(answer, Err(SearchError::NotYetIndexed { .. })));
    }
    assert!(reads() - before <= 3, "{}", reads() - before);
    *bucket.pause.lock().unwrap() = Duration::ZERO;
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 4..5, 1).await;
    let before = reads();
    let answer = searcher.similar("00000", waiting()).await.unwrap();
    assert_eq!(answer.results.len(), 4);
    assert_eq!(reads() - before, 1);
    searcher.similar("00000", waiting()).await.unwrap();
    assert_eq!(reads() - before, 1, "the generation is loaded");
}
