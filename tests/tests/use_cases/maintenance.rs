//! Joining, rebuilding, leasing and removing segments.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lookalike_core::{Deadline, StoreErrorKind};
use lookalike_index::{CompactionPolicy, Lease, RetiredSegment};
use lookalike_indexing::{Collected, IndexSettings, Indexer, IndexingError};
use lookalike_test_support::memory::MemoryCloud;

use crate::world::{Noted, World, bytes, everything, index, long, never_compacting, settings};

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis() as u64
}

fn set_lease(world: &World, owner: &str, until: u64) {
    let mut manifest = world.manifest();
    manifest.generation += 1;
    manifest.lease = Some(Lease {
        owner: owner.to_owned(),
        until,
    });
    world.cloud.set_manifest(manifest.encode());
}

async fn rebuild_due() -> World {
    let world = World::new();
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 0..30, 3).await;
    world
}

#[tokio::test]
async fn small_deltas_are_joined() {
    let world = World::new();
    let indexer = world.indexer();
    let mut most = 0;
    for n in 0..20 {
        world.fill(&indexer, n..n + 1, 1).await;
        indexer.maintain(long()).await.unwrap();
        most = most.max(world.manifest().segments.len());
    }
    assert!(most <= 6, "{most} segments");
    assert_eq!(world.rows().len(), 20);
    assert_eq!(world.verify().await, 20);
}

#[tokio::test]
async fn two_maintainers_never_rebuild_both() {
    for seed in 0..20 {
        let world = rebuild_due().await;
        world.cloud.set_pace(seed);
        let (one, other) = (world.indexer(), world.indexer());
        let (one, other) = tokio::join!(one.maintain(long()), other.maintain(long()));
        let (one, other) = (one.unwrap(), other.unwrap());
        let rebuilt = [&one, &other]
            .iter()
            .filter(|r| r.rebuilt_rows.is_some())
            .count();
        assert_eq!(rebuilt, 1, "seed {seed}: {one:?} {other:?}");
        assert_eq!(world.bases(), 1);
        assert_eq!(world.manifest().lease, None);
        assert_eq!(world.verify().await, 30);
    }
}

#[tokio::test]
async fn images_that_come_and_go_during_a_rebuild_are_kept_so() {
    for seed in 0..20 {
        let world = rebuild_due().await;
        world.cloud.set_pace(seed);
        let (rebuilder, writer) = (world.indexer(), world.indexer());
        let meanwhile = async {
            while world.manifest().lease.is_none() {
                tokio::task::yield_now().await;
            }
            world.put("catalog/00003.jpg", "changed");
            world.cloud.remove_image("catalog/00004.jpg");
            world.put("catalog/new.jpg", "new");
            let keys = ["catalog/00003.jpg", "catalog/00004.jpg", "catalog/new.jpg"];
            for key in keys {
                index(&writer, &[key]).await;
            }
            // Joins the deltas that the rebuild has read or that came since.
            writer.maintain(long()).await.unwrap();
        };
        let (report, ()) = tokio::join!(rebuilder.rebuild(long()), meanwhile);
        assert!(report.unwrap().rebuilt_rows.is_some(), "seed {seed}");
        let rows = world.rows();
        let versions = world.cloud.image_versions();
        assert_eq!(rows.len(), 30, "seed {seed}");
        for (key, said) in rows {
            assert_eq!(said.etag, versions[&key], "seed {seed}: {key}");
        }
        assert_eq!(world.verify().await, 30, "seed {seed}");
    }
}

/// Works until it makes a call of this name, which is not carried out yet.
pub(crate) async fn up_to<T: std::fmt::Debug>(
    cloud: &MemoryCloud,
    call: &str,
    mut work: Pin<&mut impl Future<Output = T>>,
) {
    let calls = || cloud.traffic().calls.get(call).copied().unwrap_or(0);
    let before = calls();
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => panic!("done without the call: {done:?}"),
        Poll::Pending if calls() > before => Poll::Ready(()),
        Poll::Pending => Poll::Pending,
    })
    .await;
}

#[tokio::test]
async fn a_merge_that_overtakes_a_rebuild_takes_nothing_from_it() {
    let world = World::new();
    let [first, second] = ["catalog/00000.jpg", "catalog/00001.jpg"];
    let writer = world.indexer_with(never_compacting());
    world.fill(&writer, 0..3, 1).await;
    // A merge is made; then one of its keys changes and another goes.
    let merger = world.indexer();
    let mut merge = pin!(merger.maintain(long()));
    up_to(&world.cloud, "put segment", merge.as_mut()).await;
    let etag = world.put(first, "changed");
    index(&writer, &[first]).await;
    world.cloud.remove_image(second);
    index(&writer, &[second]).await;
    // A rebuild is made that knows these changes; but the merge is published before it.
    let rebuilder = world.indexer();
    let mut rebuild = pin!(rebuilder.rebuild(long()));
    up_to(&world.cloud, "put segment", rebuild.as_mut()).await;
    assert_eq!(merge.await.unwrap().merged_deltas, 3);
    assert_eq!(world.verify().await, 2);
    assert_eq!(rebuild.await.unwrap().rebuilt_rows, Some(2));
    let rows = world.rows();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows[first].etag, etag);
    assert_eq!(world.verify().await, 2);
}

#[tokio::test]
async fn a_lease_is_respected_until_it_ends() {
    let world = rebuild_due().await;
    set_lease(&world, "somebody", now() + 60_000);
    let report = world.indexer().maintain(long()).await.unwrap();
    assert_eq!(report.rebuilt_rows, None);
    assert_eq!(
        report.postponed.as_deref(),
        Some("another invocation is rebuilding")
    );
    assert!(report.merged_deltas > 0, "deltas are joined all the same");
    let lease = world.manifest().lease.unwrap();
    assert_eq!(lease.owner, "somebody");

    set_lease(&world, "somebody dead", now() - 1);
    let report = world.indexer().maintain(long()).await.unwrap();
    assert_eq!(report.rebuilt_rows, Some(30));
    assert_eq!(world.manifest().lease, None);
}

#[tokio::test]
async fn who_lost_the_lease_installs_nothing() {
    let world = rebuild_due().await;
    let cloud = world.cloud.clone();
    // The lease passes to somebody else while the segments are read for the rebuild.
    let passed = std::sync::atomic::AtomicBool::new(false);
    let thief = world.clone();
    world.cloud.set_fault(Some(Box::new(move |call| {
        let leased = || thief.manifest().lease.is_some();
        if call == "get segment"
            && leased()
            && !passed.swap(true, std::sync::atomic::Ordering::Relaxed)
        {
            set_lease(&thief, "thief", now() + 60_000);
        }
        None
    })));
    let (indexer, metrics) = noting(&world, settings());
    let report = indexer.rebuild(long()).await.unwrap();
    cloud.set_fault(None);
    assert_eq!(report.rebuilt_rows, None);
    assert!(report.postponed.is_some());
    assert!(metrics.names().is_empty(), "nothing was published");
    assert_eq!(world.bases(), 0);
    assert_eq!(world.manifest().lease.unwrap().owner, "thief");
}

#[tokio::test]
async fn a_failed_rebuild_gives_its_lease_back() {
    let world = rebuild_due().await;
    world.fail("put segment", 1, StoreErrorKind::Denied);
    let failed = world.indexer().rebuild(long()).await;
    assert!(matches!(failed, Err(IndexingError::Store(_))), "{failed:?}");
    assert_eq!(world.manifest().lease, None);
    world.cloud.set_fault(None);
    let report = world.indexer().rebuild(long()).await.unwrap();
    assert_eq!(report.rebuilt_rows, Some(30));
}

#[tokio::test]
async fn a_rebuild_that_does_not_fit_is_put_off() {
    let world = rebuild_due().await;
    let deadline = Deadline::after(Duration::from_secs(8));
    let report = world.indexer().maintain(deadline).await.unwrap();
    assert!(report.postponed.unwrap().contains("30 rows"));
    assert_eq!(report.rebuilt_rows, None);
    assert!(report.merged_deltas > 0, "deltas are joined all the same");
    assert_eq!(world.manifest().lease, None);
    let generation = world.manifest().generation;
    let no_time = Deadline::after(Duration::from_secs(1));
    world.indexer().maintain(no_time).await.unwrap();
    assert_eq!(world.manifest().generation, generation);
}

#[tokio::test]
async fn a_rebuild_that_may_take_more_memory_than_there_is_is_put_off() {
    let world = rebuild_due().await;
    let metrics = Arc::new(Noted::default());
    let with = |memory| {
        let mut ports = world.index_ports();
        ports.metrics = metrics.clone();
        let memory = Some(memory);
        let settings = IndexSettings {
            memory,
            ..settings()
        };
        Indexer::new(ports, settings)
    };
    let report = with(256 << 20).maintain(long()).await.unwrap();
    let reason = report.postponed.unwrap();
    assert!(
        reason.contains("30 rows may take 300 MB of memory, there are 256"),
        "{reason}"
    );
    assert_eq!(report.rebuilt_rows, None);
    assert_eq!(world.manifest().lease, None);
    assert_eq!(metrics.names(), ["RebuildPostponed"]);
    let enough = (300 << 20) + lookalike_index::rebuild_bytes(&world.manifest().segments);
    let report = with(enough - 1).maintain(long()).await.unwrap();
    assert!(report.postponed.is_some());
    let report = with(enough).maintain(long()).await.unwrap();
    assert_eq!((report.rebuilt_rows, report.postponed), (Some(30), None));
}

/// ImageStore enough for a graph to be walked.
const MANY: u32 = 4000;

/// A rebuild of so many images is due, and by these settings they get a graph that finds enough.
async fn large_rebuild_due() -> World {
    let world = World::new();
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 0..MANY, 1000).await;
    world
}

fn with_floor(min_recall: f64) -> IndexSettings {
    let mut settings = settings();
    settings.policy.graph.min_recall = min_recall;
    settings
}

/// An indexer that notes what it measures.
fn noting(world: &World, settings: IndexSettings) -> (Indexer, Arc<Noted>) {
    let metrics = Arc::new(Noted::default());
    let mut ports = world.index_ports();
    ports.metrics = metrics.clone();
    (Indexer::new(ports, settings), metrics)
}

#[tokio::test]
async fn a_rebuild_of_everything_leaves_one_base_with_a_graph() {
    let world = large_rebuild_due().await;
    let indexer = world.indexer_with(never_compacting());
    for n in 0..10 {
        world.cloud.remove_image(&format!("catalog/{n:05}.jpg"));
        index(&indexer, &[&format!("catalog/{n:05}.jpg")]).await;
    }
    let (indexer, metrics) = noting(&world, with_floor(0.5));
    let report = indexer.rebuild(long()).await.unwrap();
    let left = MANY - 10;
    assert_eq!(report.rebuilt_rows, Some(u64::from(left)));
    assert_eq!(report.without_graph, None);
    assert_eq!(metrics.names(), ["RebuildTime", "GraphRecall"]);
    let manifest = world.manifest();
    assert_eq!(manifest.segments.len(), 1);
    assert_eq!(world.bases(), 1);
    assert!(manifest.segments[0].recall.unwrap().share() > 0.5);
    let stored = world.cloud.segments();
    let id = manifest.segments[0].id;
    let base = lookalike_index::Segment::open(&stored[&id], id, manifest.fingerprint).unwrap();
    assert!(base.graph_layers() > 0);
    let searcher = world.searcher();
    let answer = searcher.search_image(bytes("x"), everything()).await;
    let expected = everything().k.min(left as usize);
    assert_eq!(answer.unwrap().results.len(), expected);
}

#[tokio::test]
async fn a_base_whose_graph_finds_too_little_is_published_without_it_and_says_so() {
    let world = large_rebuild_due().await;
    // So much work that there is no graph with more, for which the lease may be too short on a busy machine.
    let mut settings = with_floor(1.1);
    settings.policy.graph.ef_construction = 201;
    settings.policy.graph.fill_lists = true;
    let (indexer, metrics) = noting(&world, settings);
    let report = indexer.rebuild(long()).await.unwrap();
    assert_eq!(report.rebuilt_rows, Some(u64::from(MANY)));
    let reason = report.without_graph.unwrap();
    assert!(
        reason.contains("no graph that was built finds enough"),
        "{reason}"
    );
    assert_eq!(metrics.names(), ["RebuildTime", "GraphLeftOut"]);
    assert_eq!(world.manifest().segments[0].recall, None);
    assert_eq!(world.verify().await, u64::from(MANY));
}

/// A function that is ended while it builds a graph for the third time begins at the next upload with the
/// first again, and so on forever.
#[tokio::test]
async fn a_graph_that_finds_too_little_is_not_built_again_past_the_deadline() {
    let world = large_rebuild_due().await;
    let settings = IndexSettings {
        publish_reserve: Duration::from_secs(60),
        ..with_floor(1.1)
    };
    let (indexer, metrics) = noting(&world, settings);
    // By the estimate, 12 s, a rebuild fits; but no second graph, before the time that publishing may take.
    let deadline = Deadline::after(Duration::from_secs(30));
    let report = indexer.rebuild(deadline).await.unwrap();
    assert_eq!(report.rebuilt_rows, Some(u64::from(MANY)), "{report:?}");
    let reason = report.without_graph.unwrap();
    assert!(reason.contains("no time was left"), "{reason}");
    assert_eq!(metrics.names(), ["RebuildTime", "GraphLeftOut"]);
    assert_eq!(world.bases(), 1);
    assert_eq!(world.verify().await, u64::from(MANY));
    // What is published is not due again.
    let report = indexer.maintain(long()).await.unwrap();
    assert_eq!((report.rebuilt_rows, report.postponed), (None, None));
}

/// One vector needs no graph, which is no reason for a warning.
#[tokio::test]
async fn a_base_of_one_vector_is_no_failure() {
    let world = World::new();
    let keys: Vec<String> = (0..60).map(|n| format!("catalog/{n:05}.jpg")).collect();
    keys.iter().for_each(|key| _ = world.put(key, "the same"));
    let writer = world.indexer_with(never_compacting());
    writer.index_keys(&keys, long()).await.unwrap();
    let (indexer, metrics) = noting(&world, settings());
    let report = indexer.rebuild(long()).await.unwrap();
    assert_eq!(
        (report.rebuilt_rows, report.without_graph),
        (Some(60), None)
    );
    assert_eq!(metrics.names(), ["RebuildTime"]);
}

#[tokio::test]
async fn nothing_is_a_base_too() {
    let world = World::new();
    let report = world.indexer().rebuild(long()).await.unwrap();
    assert_eq!(report.rebuilt_rows, Some(0));
    assert_eq!(world.verify().await, 0);
    let searcher = world.searcher();
    let answer = searcher.search_image(bytes("x"), everything()).await;
    assert_eq!(answer.unwrap().results.len(), 0);
    world.fill(&world.indexer(), 0..2, 2).await;
    let answer = searcher.search_image(bytes("x"), everything()).await;
    assert_eq!(answer.unwrap().results.len(), 2);
}

#[tokio::test]
async fn an_index_that_is_emptied_is_empty() {
    let world = rebuild_due().await;
    world.indexer().maintain(long()).await.unwrap();
    let keys: Vec<String> = world.rows().into_keys().collect();
    keys.iter().for_each(|key| world.cloud.remove_image(key));
    let indexer = world.indexer();
    indexer.index_keys(&keys, long()).await.unwrap();
    assert_eq!(world.rows().len(), 0);
    while indexer
        .maintain(long())
        .await
        .unwrap()
        .rebuilt_rows
        .is_some()
    {}
    assert_eq!(world.verify().await, 0);
}

#[tokio::test]
async fn replaced_segments_stay_for_slow_readers() {
    let world = World::new();
    // Everything counts as old at once, yet what was replaced just now stays.
    let settings = IndexSettings {
        safe_age: Duration::from_millis(400),
        policy: CompactionPolicy {
            fan_in: 2,
            ..settings().policy
        },
        ..settings()
    };
    let indexer = world.indexer_with(settings);
    world.fill(&indexer, 0..1, 1).await;
    world.fill(&indexer, 1..2, 1).await;
    let old = world.segment_ids();
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.cloud.age_segments(Duration::from_secs(60));
    assert_eq!(indexer.maintain(long()).await.unwrap().merged_deltas, 2);
    let retired = world.manifest().retired;
    let ids: std::collections::BTreeSet<_> =
        retired.iter().map(|r: &RetiredSegment| r.id).collect();
    assert_eq!(ids, old);
    assert_eq!(world.cloud.segments().len(), 3);
    let collected = async || {
        let collected = indexer.collect_garbage().await.unwrap();
        (collected.removed, collected.doomed)
    };
    assert_eq!(collected().await, (0, 0));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(collected().await, (0, 2));
    assert_eq!(collected().await, (0, 2));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(collected().await, (2, 0));
    assert_eq!(world.verify().await, 2);
}

#[tokio::test]
async fn nothing_is_removed_where_nothing_was_published() {
    let world = World::new();
    use lookalike_core::ports::Segments;
    let id = lookalike_index::SegmentId::new(1, 1);
    let body = bytes("something");
    Segments::put(&*world.cloud, id, body).await.unwrap();
    world.cloud.age_segments(Duration::from_secs(9000));
    let collected = world.indexer().collect_garbage().await.unwrap();
    assert_eq!(collected, Collected::default());
    assert_eq!(world.cloud.segments().len(), 1);
}

/// Garbage collection removes them only after a safe age, for which a process may have been asleep.
#[tokio::test]
async fn a_rebuild_and_a_merge_survive_that_their_segments_are_removed() {
    let world = World::new();
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 0..12, 3).await;
    world.fail("get segment", 1, StoreErrorKind::NotFound);
    indexer.rebuild(long()).await.unwrap();
    assert_eq!(world.bases(), 1);
    let indexer = world.indexer();
    world.fill(&indexer, 12..15, 1).await;
    world.fail("get segment", 1, StoreErrorKind::NotFound);
    let report = indexer.maintain(long()).await.unwrap();
    assert_eq!(report.merged_deltas, 0);
    let report = indexer.maintain(long()).await.unwrap();
    assert_eq!(report.merged_deltas, 3);
    world.verify().await;
}
