//! When a searcher loads what, and what it does when that fails.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join_all;
use lookalike_core::ports::{ImageEncoder, Manifests};
use lookalike_core::{
    Area, EncoderCell, Fingerprint, ImageError, ImageInfo, LoadedManifest, StoreError,
    StoreErrorKind,
};
use lookalike_search::{SearchError, SearchOptions, SearchSettings, Searcher};
use tokio::time::timeout;

use crate::world::{Noted, World, bytes, everything, long, never_compacting};

fn count(world: &World, call: &str) -> u64 {
    world.cloud.traffic().calls.get(call).copied().unwrap_or(0)
}

async fn world() -> World {
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
async fn the_manifest_is_checked_at_most_so_often() {
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
async fn a_failed_refresh_serves_the_last_good_index_and_says_so() {
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
            // Where it failed is for the log: the reason goes out with the answer.
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

    // Also when the new manifest is not to be read at all.
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
async fn an_index_that_is_replaced_faster_than_it_loads_is_worth_another_try() {
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

#[tokio::test]
async fn an_index_that_is_gone_is_empty() {
    let world = world().await;
    let searcher = world.searcher();
    searcher.similar("00000", everything()).await.unwrap();
    world.indexer().start_over().await.unwrap();
    let answer = searcher.search_image(bytes("x"), everything()).await;
    assert_eq!(answer.unwrap().index.images, 0);
}

#[tokio::test]
async fn an_encoder_that_does_not_load_is_tried_again() {
    let world = world().await;
    let tries = Arc::new(AtomicU32::new(0));
    let (encoder, counted) = (world.encoder.clone(), tries.clone());
    let mut ports = world.search_ports();
    ports.encoders = EncoderCell::lazy(Box::new(move || {
        let (encoder, tries) = (encoder.clone(), counted.fetch_add(1, Ordering::Relaxed));
        Box::pin(async move {
            match tries {
                0 | 1 => Err("the model is not there".to_owned()),
                _ => Ok(encoder as Arc<dyn ImageEncoder>),
            }
        })
    }))
    .into();
    let searcher = Searcher::new(ports, SearchSettings::default());
    searcher.warm_up().await;
    let failed = searcher.search_image(bytes("x"), everything()).await;
    assert!(matches!(&failed, Err(SearchError::Encoder(reason)) if reason.contains("not there")));
    for _ in 0..3 {
        let answer = searcher.search_image(bytes("x"), everything()).await;
        assert_eq!(answer.unwrap().results.len(), 4);
    }
    assert_eq!(tries.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_query_that_makes_the_encoder_panic_fails_alone() {
    let world = world().await;
    let searcher = world.searcher();
    for query in ["panic", "zero"] {
        let failed = searcher.search_image(bytes(query), everything()).await;
        assert!(matches!(failed, Err(SearchError::Image(_))), "{failed:?}");
    }
    let answer = searcher.search_image(bytes("x"), everything()).await;
    assert_eq!(answer.unwrap().results.len(), 4);
    let none: BTreeMap<String, String> = BTreeMap::new();
    world.cloud.put_image("uploads/panic.jpg", "panic", none);
    let failed = searcher.search_key("uploads/panic.jpg", everything()).await;
    assert!(matches!(failed, Err(SearchError::Image(_))));
}

/// A bucket that answers a read of the manifest only after a while.
struct Slow {
    manifests: Arc<dyn Manifests>,
    pause: Mutex<Duration>,
}

#[async_trait]
impl Manifests for Slow {
    async fn load(&self, known: Option<&str>) -> Result<LoadedManifest, StoreError> {
        let pause = *self.pause.lock().unwrap();
        tokio::time::sleep(pause).await;
        self.manifests.load(known).await
    }

    async fn swap(&self, bytes: Bytes, expected: Option<&str>) -> Result<String, StoreError> {
        self.manifests.swap(bytes, expected).await
    }
}

fn slow(world: &World, pause: Duration, refresh: Duration) -> (Arc<Slow>, Searcher) {
    let mut ports = world.search_ports();
    let slow = Arc::new(Slow {
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
async fn no_search_waits_long_for_news_when_there_is_a_good_index() {
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
async fn a_caller_who_goes_away_takes_no_load_along() {
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

/// However many wait for a generation, the manifest is read for all of them together.
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
    assert_eq!(reads() - before, 1, "the generation is at hand");
}

/// Counts how many images it embeds at once.
struct Counting {
    encoder: Arc<dyn ImageEncoder>,
    now: AtomicU32,
    most: AtomicU32,
}

impl ImageEncoder for Counting {
    fn name(&self) -> &str {
        self.encoder.name()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.encoder.fingerprint()
    }

    fn dimensions(&self) -> usize {
        self.encoder.dimensions()
    }

    fn inspect(&self, image: &[u8]) -> Result<ImageInfo, ImageError> {
        self.encoder.inspect(image)
    }

    fn embed(&self, image: &[u8], area: &Area) -> Result<Vec<f32>, ImageError> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(30));
        let embedding = self.encoder.embed(image, area);
        self.now.fetch_sub(1, Ordering::SeqCst);
        embedding
    }
}

#[tokio::test]
async fn no_more_images_are_embedded_at_once_than_cores_and_one() {
    let world = world().await;
    let counting = Arc::new(Counting {
        encoder: world.encoder.clone(),
        now: AtomicU32::new(0),
        most: AtomicU32::new(0),
    });
    let mut ports = world.search_ports();
    ports.encoders = EncoderCell::ready(counting.clone()).into();
    let searcher = Searcher::new(ports, SearchSettings::default());
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let search = || searcher.search_image(bytes("x"), everything());
    for answer in join_all((0..3 * cores).map(|_| search())).await {
        assert_eq!(answer.unwrap().results.len(), 4);
    }
    // Callers who do not wait for the answer do not make room for others.
    for _ in 0..3 {
        let impatient = || timeout(Duration::from_millis(5), search());
        join_all((0..2 * cores).map(|_| impatient())).await;
    }
    let most = counting.most.load(Ordering::SeqCst) as usize;
    assert!(
        (1..=cores + 1).contains(&most),
        "{most} at once on {cores} cores"
    );
}

#[tokio::test]
async fn only_what_was_embedded_counts_as_time_to_embed() {
    let world = world().await;
    let metrics = Arc::new(Noted::default());
    let mut ports = world.search_ports();
    ports.metrics = metrics.clone();
    let searcher = Searcher::new(ports, SearchSettings::default());
    let count = |name| {
        metrics
            .names()
            .iter()
            .filter(|noted| **noted == name)
            .count()
    };
    searcher.similar("00000", everything()).await.unwrap();
    assert_eq!((count("SearchTime"), count("QueryEmbedTime")), (1, 0));
    let found = searcher.search_image(bytes("x"), everything()).await;
    found.unwrap();
    assert_eq!((count("SearchTime"), count("QueryEmbedTime")), (2, 1));
}
