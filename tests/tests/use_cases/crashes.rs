//! A process that dies at any call: the same index once the events are delivered again.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use lookalike_test_support::memory::MemoryCloud;

use crate::world::{World, bytes, everything, index, long};

/// Runs `work` up to the cloud call of this number, which is not carried out any more. `None` when the
/// work died there.
pub(crate) async fn up_to_call<T>(
    cloud: &MemoryCloud,
    call: u64,
    work: impl Future<Output = T>,
) -> Option<T> {
    let last = cloud.calls() + call;
    let mut work = pin!(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if cloud.calls() >= last => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

const BATCH: [&str; 5] = [
    "catalog/bad.jpg",
    "catalog/changed.jpg",
    "catalog/gone.jpg",
    "catalog/new.jpg",
    "catalog/spoilt.jpg",
];

/// Some images are indexed, then they change.
async fn before_the_batch() -> World {
    let world = World::new();
    for key in ["changed", "gone", "spoilt", "steady"] {
        let key = format!("catalog/{key}.jpg");
        world.put_product(&key, &key, "p1");
    }
    let keys = ["changed", "gone", "spoilt", "steady"].map(|key| format!("catalog/{key}.jpg"));
    world.indexer().index_keys(&keys, long()).await.unwrap();
    world.put_product("catalog/changed.jpg", "changed", "p2");
    world.put_product("catalog/new.jpg", "new", "p3");
    world.put_product("catalog/bad.jpg", "bad", "p4");
    world.put_product("catalog/spoilt.jpg", "bad too", "p5");
    world.cloud.remove_image("catalog/gone.jpg");
    world
}

/// What there is in the end: rows without the ETags' numbers, failures and other records.
type End = (Vec<(String, String)>, Vec<(String, String, String)>, usize);

fn end(world: &World) -> End {
    let versions = world.cloud.image_versions();
    let rows = world.rows().into_iter();
    let rows = rows.map(|(key, said)| {
        assert_eq!(said.etag, versions[&key], "{key} is indexed as it is");
        (key, said.product_id)
    });
    (
        rows.collect(),
        world.failures(),
        world.cloud.image_records().len(),
    )
}

#[tokio::test]
async fn a_batch_that_dies_at_any_call_is_made_good_by_the_next_delivery() {
    let world = before_the_batch().await;
    world.index(&BATCH).await;
    let expected = end(&world);
    assert_eq!(expected.0.len(), 3);
    assert_eq!(expected.1.len(), 2);

    let mut call = 0;
    let mut orphans = 0;
    loop {
        call += 1;
        let world = before_the_batch().await;
        let searcher = world.searcher();
        let indexer = world.indexer();
        let died = up_to_call(&world.cloud, call, index(&indexer, &BATCH)).await;
        let found = searcher
            .search_image(bytes("steady"), everything())
            .await
            .unwrap();
        assert!(found.results.iter().any(|r| r.product_id == "p1"));

        // Images that are indexed and not recorded can be found, where no event comes again.
        let recorded: Vec<String> = world
            .cloud
            .image_records()
            .into_iter()
            .map(|r| r.key)
            .collect();
        let unrecorded = world.indexer().unrecorded().await.unwrap();
        assert!(unrecorded.iter().all(|key| world.rows().contains_key(key)));
        let lacks = |key: &&String| !recorded.contains(*key);
        let lacking: Vec<String> = world.rows().keys().filter(lacks).cloned().collect();
        assert!(
            lacking.iter().all(|key| unrecorded.contains(key)),
            "call {call}"
        );
        world.index(&BATCH).await;
        assert_eq!(
            world.indexer().unrecorded().await.unwrap(),
            [] as [String; 0]
        );
        assert_eq!(end(&world), expected, "died at call {call}");
        world.verify().await;
        orphans += expect_orphans_go(&world, call).await;
        let after = searcher
            .search_image(bytes("steady"), everything())
            .await
            .unwrap();
        assert_eq!((after.index.images, after.index.stale), (3, None));
        if died.is_some() {
            break;
        }
    }
    assert!(call > 15, "the batch made {call} calls");
    assert!(
        orphans > 0,
        "it died between segment and manifest at least once"
    );
}

/// Orphans stay until the safe age and go then; what is named stays.
async fn expect_orphans_go(world: &World, call: u64) -> usize {
    let indexer = world.indexer();
    let orphans = world.cloud.segments().len() - world.segment_ids().len();
    let (almost, rest) = (Duration::from_secs(3590), Duration::from_secs(20));
    let collected = async || {
        let collected = indexer.collect_garbage().await.unwrap();
        (collected.removed, collected.doomed)
    };
    assert_eq!(collected().await, (0, 0), "call {call}");
    world.cloud.age_segments(almost);
    world.age_generations(almost);
    assert_eq!(collected().await, (0, 0), "call {call}");
    world.cloud.age_segments(rest);
    assert_eq!(collected().await, (0, orphans), "call {call}");
    world.age_doomed(almost);
    assert_eq!(collected().await, (0, orphans), "call {call}");
    world.age_doomed(rest);
    assert_eq!(collected().await, (orphans, 0), "call {call}");
    let left = world.cloud.segments().into_keys().collect();
    assert_eq!(world.segment_ids(), left, "call {call}");
    orphans
}

#[tokio::test]
async fn maintenance_that_dies_at_any_call_is_made_good_by_the_next() {
    // With 12 images deltas are merged, with 30 the base is rebuilt.
    for images in [12, 30] {
        let mut call = 0;
        loop {
            call += 1;
            let world = World::new();
            let indexer = world.indexer();
            world.fill(&indexer, 0..images, 4).await;
            let rows = world.rows();
            let searcher = world.searcher();
            let died = up_to_call(&world.cloud, call, indexer.maintain(long())).await;
            assert_eq!(world.rows(), rows, "died at call {call}");
            let answer = searcher
                .search_image(bytes("x"), everything())
                .await
                .unwrap();
            assert_eq!(answer.results.len(), images as usize);

            // A lease of the dead ends by itself.
            let mut manifest = world.manifest();
            if let Some(lease) = &mut manifest.lease {
                lease.until = 0;
                manifest.generation += 1;
                world.cloud.set_manifest(manifest.encode());
            }
            let indexer = world.indexer();
            while indexer.maintain(long()).await.unwrap().merged_deltas > 0 {}
            assert_eq!(world.rows(), rows, "died at call {call}");
            assert_eq!(world.verify().await, u64::from(images));
            assert_eq!(world.bases(), usize::from(images == 30));
            expect_orphans_go(&world, call).await;
            if died.is_some() {
                break;
            }
        }
        assert!(call > 5, "maintenance made {call} calls");
    }
}
