//! An upload costs the same whether the catalog is small or large. Calls and bytes are counted, not
//! time.

use lookalike_index::CompactionPolicy;
use lookalike_indexing::IndexSettings;
use lookalike_test_support::memory::Traffic;

use crate::world::{World, long};

const IMAGES: u32 = 20_000;
const BATCH: u32 = 50;
/// Batches over which costs are averaged: merges and rebuilds do not fall on every batch.
const WINDOW: u32 = 100;

/// Costs of a window of batches.
#[derive(Debug, Clone, Copy)]
struct Cost {
    calls: u64,
    read: u64,
    written: u64,
}

fn cost(before: &Traffic, after: &Traffic) -> Cost {
    let calls = |traffic: &Traffic| traffic.calls.values().sum::<u64>();
    Cost {
        calls: calls(after) - calls(before),
        read: after.read - before.read,
        written: after.written - before.written,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_bytes_per_batch_stay_flat() {
    let world = World::new();
    // Building graphs costs time, which is not counted here.
    let policy = CompactionPolicy {
        graph_minimum: usize::MAX,
        ..CompactionPolicy::default()
    };
    let indexer = world.indexer_with(IndexSettings {
        policy,
        ..IndexSettings::default()
    });
    let mut uploading = Vec::new();
    let mut maintaining = Vec::new();
    for window in 0..IMAGES / BATCH / WINDOW {
        let (mut up, mut keep) = (Traffic::default(), Traffic::default());
        for batch in 0..WINDOW {
            let first = (window * WINDOW + batch) * BATCH;
            let start = world.cloud.traffic();
            world
                .fill(&indexer, first..first + BATCH, BATCH as usize)
                .await;
            let published = world.cloud.traffic();
            indexer.maintain(long()).await.unwrap();
            add(&mut up, cost(&start, &published));
            add(&mut keep, cost(&published, &world.cloud.traffic()));
        }
        uploading.push(cost(&Traffic::default(), &up));
        maintaining.push(cost(&Traffic::default(), &keep));
    }
    assert_eq!(world.verify().await, u64::from(IMAGES));
    let segments = world.manifest().segments.len();
    assert!(segments < 40, "{segments} segments");
    assert!(world.cloud.manifest().unwrap().len() < 16 << 10);

    let (first, last) = (uploading[0], uploading[uploading.len() - 1]);
    // The first of all stored the encoder and looked for it afterwards, and had no generation before it to keep.
    assert_eq!(
        last.calls + 1,
        first.calls,
        "calls of the batches themselves"
    );
    assert!(last.written as f64 <= 1.2 * first.written as f64);
    assert!(last.read as f64 <= 1.2 * first.read as f64);
    // A row is rewritten a bounded number of times, however many there are.
    for (up, keep) in uploading.iter().zip(&maintaining) {
        assert!(keep.calls < up.calls / 10, "{keep:?} {up:?}");
        assert!(keep.written < 16 * up.written, "{keep:?} {up:?}");
        assert!(keep.read < 16 * up.written, "{keep:?} {up:?}");
    }
}

fn add(sum: &mut Traffic, cost: Cost) {
    *sum.calls.entry("all").or_default() += cost.calls;
    sum.read += cost.read;
    sum.written += cost.written;
}

#[tokio::test]
async fn a_batch_of_a_warm_indexer_makes_few_calls_for_the_index() {
    let world = World::new();
    let indexer = world.indexer();
    world.fill(&indexer, 0..4, 4).await;
    let before = world.cloud.traffic();
    world.fill(&indexer, 4..8, 4).await;
    indexer.maintain(long()).await.unwrap();
    let after = world.cloud.traffic();
    let calls = |name: &str| {
        let count = |t: &Traffic| t.calls.get(name).copied().unwrap_or(0);
        count(&after) - count(&before)
    };
    assert_eq!(calls("put segment"), 1);
    assert_eq!(calls("swap manifest"), 1);
    assert_eq!(calls("get segment"), 0, "its own segments are known");
    assert_eq!(calls("load manifest"), 3, "conditional reads");
    assert_eq!(calls("put records"), 1);
    let read = after.read - before.read;
    let images = 4 * "catalog/00000.jpg".len() as u64;
    assert_eq!(read, images, "only images are read");
}
