//! What the manifest tells of the generations before it.

use lookalike_index::{Changed, MAX_HISTORY_ENTRIES, Manifest, Step};

use crate::world::{World, index, long, never_compacting};

/// The generations that are told of, and what was added in all of them.
fn told(manifest: &Manifest) -> (Vec<u64>, u64) {
    let generations = manifest.history.iter().map(|entry| entry.generation);
    let added = manifest.history.iter().map(|entry| entry.changed.added);
    (generations.collect(), added.sum())
}

fn last(world: &World) -> Changed {
    world.manifest().history.last().unwrap().changed
}

#[tokio::test]
async fn every_kind_of_change_is_told() {
    let world = World::new();
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 0..4, 4).await;
    let nothing = Changed::default();
    assert_eq!(
        last(&world),
        Changed {
            added: 4,
            ..nothing
        }
    );
    // One of each kind in one batch: new, another version, gone, and nothing but attributes.
    world.put("catalog/new.jpg", "new");
    world.put("catalog/00000.jpg", "changed");
    world.cloud.remove_image("catalog/00001.jpg");
    world.put_metadata("00002", serde_json::json!({"brand": "b"}));
    let keys = [
        "catalog/new.jpg",
        "catalog/00000.jpg",
        "catalog/00001.jpg",
        "catalog/00002.jpg",
    ];
    index(&indexer, &keys).await;
    let expected = Changed {
        added: 1,
        replaced: 1,
        removed: 1,
        updated: 1,
        ..nothing
    };
    assert_eq!(last(&world), expected);
    // A batch that changes nothing publishes nothing, and is not told of.
    let before = world.manifest();
    index(&indexer, &keys).await;
    assert_eq!(world.manifest().history, before.history);

    world.indexer().rebuild(long()).await.unwrap();
    let history = world.manifest().history;
    let steps = history.iter().rev().take(2).map(|entry| entry.changed);
    let rebuilt = Changed {
        rebuilt: 4,
        ..nothing
    };
    let begun = Changed::step(Step::RebuildBegun);
    assert_eq!(steps.collect::<Vec<_>>(), [rebuilt, begun]);

    world.indexer().start_over().await.unwrap();
    assert_eq!(last(&world), Changed::step(Step::StartedOver));
    let (generations, _) = told(&world.manifest());
    assert_eq!(generations, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn lost_races_leave_no_hole_and_tell_nothing_twice() {
    for seed in 0..20 {
        let world = World::new();
        world.cloud.set_pace(seed);
        let writers = [0, 1].map(|_| world.indexer_with(never_compacting()));
        let [one, other] = &writers;
        tokio::join!(world.fill(one, 0..6, 1), world.fill(other, 6..15, 2));
        let manifest = world.manifest();
        let (generations, added) = told(&manifest);
        let expected: Vec<u64> = (1..=manifest.generation).collect();
        assert_eq!(generations, expected, "seed {seed}");
        assert_eq!(added, 15, "seed {seed}");
        let times = manifest.history.iter().map(|entry| entry.at);
        assert!(times.is_sorted(), "seed {seed}");
    }
}

/// What somebody else published in between was counted again: no image is added twice.
#[tokio::test]
async fn what_is_told_is_counted_against_what_was_there_at_last() {
    let mut raced = 0;
    for seed in 0..20 {
        let world = World::new();
        world.put("catalog/a.jpg", "a");
        world.cloud.set_pace(seed);
        let [one, other] = [0, 1].map(|_| world.indexer_with(never_compacting()));
        let keys = ["catalog/a.jpg"];
        tokio::join!(index(&one, &keys), index(&other, &keys));
        let calls = world.cloud.traffic().calls;
        raced += u32::from(calls.get("swap manifest").copied().unwrap_or(0) > 1);
        let (generations, added) = told(&world.manifest());
        assert_eq!((generations, added), (vec![1], 1), "seed {seed}");
    }
    assert!(raced > 0, "no writer lost a race");
}

#[tokio::test]
async fn a_manifest_without_a_history_begins_one() {
    let world = World::new();
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 0..3, 1).await;
    let mut old = world.manifest();
    old.history.clear();
    let bytes = old.encode();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(!text.contains("history"), "{text}");
    world.cloud.set_manifest(bytes);
    let info = world.searcher().index_info().await.unwrap();
    assert_eq!((info.state.images, info.history.len()), (3, 0));

    world.fill(&world.indexer(), 3..4, 1).await;
    assert_eq!(told(&world.manifest()), (vec![4], 1));
}

#[tokio::test]
async fn only_the_newest_generations_are_kept_and_told_newest_first() {
    let world = World::new();
    let indexer = world.indexer_with(never_compacting());
    let many = MAX_HISTORY_ENTRIES as u32 + 5;
    world.fill(&indexer, 0..many, 1).await;
    let history = world.searcher().index_info().await.unwrap().history;
    let generations: Vec<u64> = history.iter().map(|one| one.generation).collect();
    let expected: Vec<u64> = (6..=u64::from(many)).rev().collect();
    assert_eq!(generations, expected);
    assert_eq!(history[0].summary, "1 image added");
}

#[tokio::test]
async fn the_history_costs_no_request() {
    let world = World::new();
    world.put("catalog/a.jpg", "a");
    world.index(&["catalog/a.jpg"]).await;
    let before = world.cloud.traffic().calls;
    world.searcher().index_info().await.unwrap();
    let calls = world.cloud.traffic().calls;
    let of = |name: &str| calls.get(name).copied().unwrap_or(0) - before.get(name).unwrap_or(&0);
    assert_eq!(of("load manifest"), 1);
}

#[tokio::test]
async fn a_damaged_manifest_cannot_tell_of_what_was_before() {
    let world = World::new();
    world.put("catalog/a.jpg", "a");
    world.index(&["catalog/a.jpg"]).await;
    world.cloud.set_manifest(b"{}".to_vec());
    world.indexer().start_over().await.unwrap();
    assert_eq!(told(&world.manifest()), (vec![1], 0));
    assert_eq!(last(&world), Changed::step(Step::StartedOver));
}
