//! Garbage collection against writers, collectors and operators that are slow, asleep or dead. Whatever the ages of
//! objects and whatever the clocks say, every segment that the manifest names is there.

use std::pin::pin;
use std::time::Duration;

use lookalike_core::ports::ImageEncoder;
use lookalike_core::{Role, StoreErrorKind};
use lookalike_index::SegmentId;
use lookalike_indexing::Outcome;
use proptest::prelude::*;

use crate::crashes::up_to_call;
use crate::maintenance::up_to;
use crate::world::{World, index, long, never_compacting};

const KEYS: [&str; 2] = ["catalog/late.jpg", "catalog/later.jpg"];

/// Thirty images in ten deltas.
async fn filled() -> World {
    let world = World::new();
    world
        .fill(&world.indexer_with(never_compacting()), 0..30, 3)
        .await;
    world
}

/// Waits until everything is older than the present millisecond.
async fn tick() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// Collects so often, with a clock that is far ahead.
async fn collect(world: &World, times: u32) {
    for _ in 0..times {
        tick().await;
        world.hasty().collect_garbage().await.unwrap();
    }
}

/// The segments that are stored and not named.
fn unnamed(world: &World) -> Vec<SegmentId> {
    let named = world.segment_ids();
    let stored = world.cloud.segments().into_keys();
    stored.filter(|id| !named.contains(id)).collect()
}

/// One collection dooms, the next removes, the next finds nothing.
const UNTIL_FORGOTTEN: u32 = 3;

#[tokio::test]
async fn a_base_whose_upload_takes_longer_than_the_safe_age_is_published() {
    for collections in 0..=UNTIL_FORGOTTEN {
        let world = filled().await;
        let rows = world.rows();
        let indexer = world.indexer();
        let mut rebuild = pin!(indexer.rebuild(long()));
        // The first write takes the lease.
        up_to(&world.cloud, "put segment", rebuild.as_mut()).await;
        up_to(&world.cloud, "swap manifest", rebuild.as_mut()).await;
        collect(&world, collections).await;
        let report = rebuild.await.unwrap();
        assert_eq!(report.rebuilt_rows, Some(30), "{collections} collections");
        assert_eq!(world.rows(), rows);
        assert_eq!((world.verify().await, world.bases()), (30, 1));
        assert_eq!(world.manifest().lease, None);
    }
}

#[tokio::test]
async fn a_writer_that_sleeps_before_it_publishes_loses_nothing() {
    for collections in 0..=UNTIL_FORGOTTEN {
        let world = filled().await;
        KEYS.iter().for_each(|key| _ = world.put(key, key));
        let indexer = world.indexer();
        let mut writing = pin!(index(&indexer, &KEYS));
        up_to(&world.cloud, "swap manifest", writing.as_mut()).await;
        collect(&world, collections).await;
        let report = writing.await;
        let is_indexed = |(_, outcome): &(String, Outcome)| *outcome == Outcome::Indexed;
        assert!(report.outcomes.iter().all(is_indexed), "{report:?}");
        assert_eq!(world.verify().await, 32, "{collections} collections");
    }
}

/// A merge whose rows change meanwhile is published with a delta that names the merged segment.
#[tokio::test]
async fn a_delta_that_refers_to_a_doomed_segment_is_made_again() {
    let world = filled().await;
    let merger = world.indexer();
    let mut merge = pin!(merger.maintain(long()));
    up_to(&world.cloud, "put segment", merge.as_mut()).await;
    up_to(&world.cloud, "swap manifest", merge.as_mut()).await;
    let writer = world.indexer_with(never_compacting());
    let etag = world.put("catalog/00000.jpg", "changed");
    index(&writer, &["catalog/00000.jpg"]).await;
    world.cloud.remove_image("catalog/00001.jpg");
    index(&writer, &["catalog/00001.jpg"]).await;
    // It has seen the change by now, and uploaded the delta.
    up_to(&world.cloud, "put segment", merge.as_mut()).await;
    up_to(&world.cloud, "swap manifest", merge.as_mut()).await;
    collect(&world, UNTIL_FORGOTTEN).await;
    merge.await.unwrap();
    let rows = world.rows();
    assert_eq!(rows.len(), 29);
    assert_eq!(rows["catalog/00000.jpg"].etag, etag);
    assert_eq!(world.verify().await, 29);
}

#[tokio::test]
async fn a_collector_that_sleeps_before_it_removes_harms_no_one() {
    let world = filled().await;
    KEYS.iter().for_each(|key| _ = world.put(key, key));
    let (indexer, collector) = (world.indexer(), world.hasty());
    let mut writing = pin!(index(&indexer, &KEYS));
    up_to(&world.cloud, "swap manifest", writing.as_mut()).await;
    tick().await;
    // Before the fence, the first run removed.
    let mut collecting = pin!(async {
        collector.collect_garbage().await.unwrap();
        tick().await;
        collector.collect_garbage().await.unwrap();
    });
    up_to(&world.cloud, "delete segment", collecting.as_mut()).await;
    writing.await;
    assert_eq!(world.verify().await, 32);
    collecting.await;
    assert_eq!(world.verify().await, 32);
}

#[tokio::test]
async fn two_collectors_and_a_writer_get_along() {
    for seed in 0..20 {
        let world = filled().await;
        world.indexer().rebuild(long()).await.unwrap();
        world.cloud.set_pace(seed);
        let writer = world.indexer();
        let writing = world.fill(&writer, 30..45, 3);
        let collecting = || async { collect(&world, 6).await };
        tokio::join!(writing, collecting(), collecting());
        assert_eq!(world.verify().await, 45, "seed {seed}");
        collect(&world, 2).await;
        assert_eq!(unnamed(&world), [], "seed {seed}");
        assert_eq!(world.manifest().doomed, []);
    }
}

#[tokio::test]
async fn a_collection_that_dies_at_any_call_is_completed_by_the_next() {
    let mut call = 0;
    loop {
        call += 1;
        let world = filled().await;
        world.indexer().rebuild(long()).await.unwrap();
        world.put(KEYS[0], KEYS[0]);
        let indexer = world.indexer();
        let mut writing = pin!(index(&indexer, &KEYS[..1]));
        up_to(&world.cloud, "swap manifest", writing.as_mut()).await;
        let collecting = collect(&world, UNTIL_FORGOTTEN);
        let died = up_to_call(&world.cloud, call, collecting).await;
        assert_eq!(world.verify().await, 30, "died at call {call}");
        writing.await;
        assert_eq!(world.verify().await, 31, "died at call {call}");
        collect(&world, UNTIL_FORGOTTEN).await;
        assert_eq!(world.verify().await, 31, "died at call {call}");
        assert_eq!(unnamed(&world), [], "died at call {call}");
        if died.is_some() {
            break;
        }
    }
    assert!(call > 20, "the collections made {call} calls");
}

#[tokio::test]
async fn a_collection_whose_answers_are_lost_or_that_fails_is_completed() {
    for (name, kind) in [
        ("swap manifest", StoreErrorKind::Conflict),
        ("swap manifest", StoreErrorKind::Unavailable),
        ("answer swap manifest", StoreErrorKind::Unavailable),
    ] {
        let world = filled().await;
        world.indexer().rebuild(long()).await.unwrap();
        let generation = world.manifest().generation;
        for (removed, doomed) in [(0, 10), (10, 0)] {
            tick().await;
            world.fail(name, 2, kind);
            let collected = world.hasty().collect_garbage().await.unwrap();
            assert_eq!(
                (collected.removed, collected.doomed),
                (removed, doomed),
                "{name}"
            );
        }
        assert_eq!(
            world.manifest().generation,
            generation + 2,
            "one write each"
        );
        assert_eq!(world.verify().await, 30);
    }
}

#[tokio::test]
async fn a_collection_that_finds_nothing_publishes_nothing() {
    let world = filled().await;
    let before = world.manifest();
    for _ in 0..3 {
        collect(&world, 1).await;
        world.indexer().collect_garbage().await.unwrap();
    }
    assert_eq!(world.manifest(), before);
}

#[tokio::test]
async fn a_rollback_that_sleeps_does_not_publish_what_was_removed() {
    for collections in 1..=UNTIL_FORGOTTEN {
        let world = filled().await;
        let before = world.manifest().generation;
        world.indexer().rebuild(long()).await.unwrap();
        let rows = world.rows();
        let indexer = world.indexer();
        let mut rollback = pin!(indexer.roll_back(before));
        up_to(&world.cloud, "swap manifest", rollback.as_mut()).await;
        collect(&world, collections).await;
        let refused = rollback.await.unwrap_err();
        assert!(
            refused.to_string().contains(&before.to_string()),
            "{refused}"
        );
        assert_eq!((world.verify().await, world.rows()), (30, rows));
    }
}

/// A release that does not know the list publishes without it, after a collection has read it.
#[tokio::test]
async fn a_list_that_an_earlier_release_drops_is_not_needed() {
    let world = filled().await;
    world.put(KEYS[0], KEYS[0]);
    let (indexer, collector) = (world.indexer(), world.hasty());
    let mut writing = pin!(index(&indexer, &KEYS[..1]));
    up_to(&world.cloud, "swap manifest", writing.as_mut()).await;
    tick().await;
    collector.collect_garbage().await.unwrap();
    tick().await;
    let mut collecting = pin!(collector.collect_garbage());
    up_to(&world.cloud, "delete segment", collecting.as_mut()).await;
    let mut earlier = world.manifest();
    assert_eq!(earlier.doomed.len(), 1);
    earlier.doomed.clear();
    earlier.forgotten = None;
    earlier.generation += 1;
    world.cloud.set_manifest(earlier.encode());
    writing.await;
    collecting.await.unwrap();
    assert_eq!(world.verify().await, 31);
    collect(&world, UNTIL_FORGOTTEN).await;
    assert_eq!((world.verify().await, unnamed(&world)), (31, vec![]));
}

/// A collector that runs at every upload, which no schedule does, ends a commit with an error instead of a loop.
#[tokio::test]
async fn a_commit_whose_segments_are_doomed_again_and_again_ends() {
    let world = filled().await;
    world.put(KEYS[0], KEYS[0]);
    let indexer = world.indexer();
    let keys = [KEYS[0].to_owned()];
    let mut writing = pin!(indexer.index_keys(&keys, long()));
    let ended = async {
        loop {
            let swaps = || world.cloud.traffic().calls["swap manifest"];
            let before = swaps();
            let step = std::future::poll_fn(|context| match writing.as_mut().poll(context) {
                std::task::Poll::Ready(done) => std::task::Poll::Ready(Some(done)),
                std::task::Poll::Pending if swaps() > before => std::task::Poll::Ready(None),
                std::task::Poll::Pending => std::task::Poll::Pending,
            });
            if let Some(ended) = step.await {
                return ended;
            }
            collect(&world, 1).await;
        }
    };
    let error = ended.await.unwrap_err();
    assert!(error.to_string().contains("try again"), "{error}");
    assert_eq!(world.verify().await, 30);
    index(&indexer, &KEYS[..1]).await;
    assert_eq!(world.verify().await, 31);
}

/// A process of the property below. It stops at the call of that number, asleep, and goes on when all are asleep.
#[derive(Debug, Clone, Copy)]
enum Process {
    Write(u32),
    Maintain,
    Rebuild,
    Collect,
    RollBack(u64),
}

fn process() -> impl Strategy<Value = Process> {
    prop_oneof![
        3 => (0..6_u32).prop_map(Process::Write),
        1 => Just(Process::Maintain),
        1 => Just(Process::Rebuild),
        3 => Just(Process::Collect),
        1 => (1..8_u64).prop_map(Process::RollBack),
    ]
}

/// A process shares nothing with another one, so that none waits for one that is asleep.
async fn run(world: &World, process: Process) {
    let indexer = world.indexer();
    // What fails is as good as before.
    match process {
        Process::Write(number) => {
            let key = format!("catalog/new-{number}.jpg");
            world.put(&key, &key);
            let _ = indexer.index_keys(&[key], long()).await;
        }
        Process::Maintain => _ = indexer.maintain(long()).await,
        Process::Rebuild => _ = indexer.rebuild(long()).await,
        Process::Collect => _ = world.hasty().collect_garbage().await,
        Process::RollBack(generation) => _ = indexer.roll_back(generation).await,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn processes_that_sleep_anywhere_name_no_segment_that_is_gone(
        processes in proptest::collection::vec((process(), 0..30_u64), 1..10),
        order in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            world.fill(&world.indexer_with(never_compacting()), 0..9, 3).await;
            let mut asleep = Vec::new();
            for (process, calls) in processes {
                tick().await;
                let mut working = Box::pin(run(&world, process));
                if up_to_call(&world.cloud, calls, working.as_mut()).await.is_none() {
                    asleep.push(working);
                }
                world.verify().await;
            }
            let mut order = order;
            while !asleep.is_empty() {
                let next = crate::world::mix(&mut order) as usize % asleep.len();
                asleep.swap_remove(next).await;
                world.verify().await;
            }
        });
    }
}

#[tokio::test]
async fn a_collector_that_sleeps_before_it_removes_an_encoder_puts_it_back() {
    let world = filled().await;
    let other = World::over(world.cloud.clone(), 2);
    other.encoders().store_configured().await.unwrap();
    tick().await;
    let collector = world.hasty();
    let mut collecting = pin!(collector.collect_garbage());
    up_to(&world.cloud, "delete encoder", collecting.as_mut()).await;
    let building = other.indexer().begin_building(long()).await.unwrap();
    collecting.await.unwrap();
    assert!(world.cloud.encoders().contains(&building.fingerprint));
    // One that no index has goes.
    other
        .indexer()
        .give_up(Role::Building, long())
        .await
        .unwrap();
    collect(&world, 1).await;
    assert!(!world.cloud.encoders().contains(&building.fingerprint));
}

#[tokio::test]
async fn an_encoder_that_is_removed_while_it_is_first_named_is_stored_again() {
    let world = World::new();
    let fingerprint = world.encoder.fingerprint();
    let cloud = std::sync::Arc::downgrade(&world.cloud);
    world.cloud.set_fault(Some(Box::new(move |call| {
        if let ("swap manifest", Some(cloud)) = (call, cloud.upgrade()) {
            cloud.forget_encoder(fingerprint);
        }
        None
    })));
    world.put(KEYS[0], KEYS[0]);
    world.index(&KEYS[..1]).await;
    assert_eq!(world.cloud.encoders(), [fingerprint]);
    world.indexer().start_over().await.unwrap();
    assert_eq!(world.cloud.encoders(), [fingerprint]);
}
