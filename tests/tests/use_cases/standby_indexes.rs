//! An index beside the searched one: begun, filled, switched to, taken back, given up.

use std::collections::BTreeMap;
use std::time::Duration;

use lookalike_core::ports::ChangeQueue;
use lookalike_core::{Fingerprint, Role, StoreErrorKind};
use lookalike_indexing::{MigrationError, Outcome};

use crate::crashes::up_to_call;
use crate::world::{World, bytes, everything, long, outcomes};

const OLD: Fingerprint = Fingerprint([1; 32]);
const NEW: Fingerprint = Fingerprint([2; 32]);

/// A shop of some images, indexed with the old encoder, and the same with the new encoder.
async fn shop(images: u32) -> (World, World) {
    let old = World::new();
    old.fill(&old.indexer(), 0..images, 10).await;
    let new = World::over(old.cloud.clone(), 2);
    (old, new)
}

/// Indexes what the building index lacks, with an indexer of the old release.
async fn fill(old: &World, new: &World) {
    let coverage = new.indexer().coverage().await.unwrap();
    let keys = [coverage.missing, coverage.neither, coverage.gone].concat();
    ChangeQueue::push(&*old.cloud, &keys).await.unwrap();
    let indexer = old.indexer();
    for batch in keys.chunks(7) {
        indexer.index_keys(batch, long()).await.unwrap();
        indexer.maintain(long()).await.unwrap();
    }
}

async fn expect_found(world: &World, key: &str, product: &str) {
    let answer = world
        .searcher()
        .search_image(bytes(key), everything())
        .await
        .unwrap();
    let best = &answer.results[0];
    assert_eq!(best.product_id, product);
    assert!(best.score > 0.999, "{}", best.score);
}

#[tokio::test]
async fn a_catalog_changes_its_encoder_and_back_and_forth() {
    let (old, new) = shop(60).await;
    let searchers = [old.searcher(), new.searcher()];
    let indexer = new.indexer();
    let building = indexer.begin_building(long()).await.unwrap();
    assert_eq!((building.fingerprint, building.resumed), (NEW, false));
    assert!(indexer.begin_building(long()).await.unwrap().resumed);
    assert_eq!(old.cloud.encoders(), [OLD, NEW]);
    let refused = indexer.switch(Role::Building, &[], long()).await;
    assert!(matches!(refused, Err(MigrationError::Incomplete { keys, .. }) if keys.len() == 60));
    assert!(indexer.differences().await.unwrap().to_index.is_empty());
    assert_eq!(indexer.differences().await.unwrap().to_build.len(), 60);

    fill(&old, &new).await;
    let coverage = indexer.coverage().await.unwrap();
    assert_eq!((coverage.images, coverage.done), (60, 60));
    assert!(coverage.missing.is_empty() && !coverage.rebuild_due);
    assert_eq!(old.rows_of(NEW), old.rows_of(OLD));

    let mut generation = old.manifest().generation;
    for (role, searched) in [
        (Role::Building, NEW),
        (Role::Previous, OLD),
        (Role::Previous, NEW),
    ] {
        let switched = indexer.switch(role, &[], long()).await.unwrap();
        assert_eq!(switched.generation, generation + 1);
        generation += 1;
        assert_eq!(old.manifest().fingerprint, searched);
        for searcher in &searchers {
            let answer = searcher
                .search_image(bytes("catalog/00017.jpg"), everything())
                .await
                .unwrap();
            assert_eq!(answer.index.stale, None);
            assert_eq!(answer.results.len(), 60);
            assert_eq!(answer.results[0].product_id, "00017");
            assert!(answer.results[0].score > 0.999);
        }
        // Both are kept, whichever is searched and whichever process writes.
        for (number, world) in [&old, &new].into_iter().enumerate() {
            let key = format!("catalog/{generation}-{number}.jpg");
            world.put(&key, &key);
            world.index(&[&key]).await;
            expect_found(world, &key, &format!("{generation}-{number}")).await;
            world.cloud.remove_image(&key);
            world.index(&[&key]).await;
            generation += 2;
        }
        assert_eq!(old.rows_of(NEW), old.rows_of(OLD));
    }
    assert_eq!(old.verify().await, 60);
    expect_finished(&old, &new).await;
}

/// The old index goes, and everything of it once it is old enough.
async fn expect_finished(old: &World, new: &World) {
    let indexer = new.indexer();
    let late = old.searcher();
    let found = late.search_image(bytes("x"), everything()).await.unwrap();
    indexer.give_up(Role::Previous, long()).await.unwrap();
    let again = indexer.give_up(Role::Previous, long()).await;
    assert!(matches!(
        again,
        Err(MigrationError::NoStandby(Role::Previous))
    ));
    indexer.collect_garbage().await.unwrap();
    assert_eq!(old.cloud.encoders(), [OLD, NEW], "too young to go");
    old.cloud.age_segments(Duration::from_secs(7200));
    old.cloud.age_encoders(Duration::from_secs(7200));
    indexer.collect_garbage().await.unwrap();
    let kept = "an earlier generation needs it";
    assert_eq!(old.cloud.encoders(), [OLD, NEW], "{kept}");
    old.age_generations(Duration::from_secs(7200));
    indexer.collect_garbage().await.unwrap();
    assert_eq!(old.cloud.encoders(), [NEW]);
    old.age_doomed(Duration::from_secs(7200));
    indexer.collect_garbage().await.unwrap();
    let left = old.cloud.segments().into_keys().collect();
    assert_eq!(old.segment_ids(), left);
    let same = late.search_image(bytes("x"), everything()).await.unwrap();
    assert_eq!(same.results.len(), found.results.len());
    // The release with the old encoder goes on with the new one.
    old.put("catalog/late.jpg", "late");
    old.index(&["catalog/late.jpg"]).await;
    expect_found(old, "late", "late").await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let new = World::over(World::new().cloud, 2);
    let refused = new.indexer().begin_building(long()).await;
    assert!(matches!(refused, Err(MigrationError::NothingPublished)));
    let (old, new) = shop(3).await;
    let refused = old.indexer().begin_building(long()).await;
    assert!(matches!(refused, Err(MigrationError::Served(_))));
    for role in [Role::Building, Role::Previous] {
        let refused = new.indexer().switch(role, &[], long()).await;
        assert!(matches!(refused, Err(MigrationError::NoStandby(found)) if found == role));
    }
    assert!(matches!(
        new.indexer().coverage().await,
        Err(MigrationError::NoStandby(_))
    ));
    old.cloud.forget_encoder(OLD);
    let refused = new.indexer().begin_building(long()).await;
    assert!(matches!(refused, Err(MigrationError::ServedNotStored(_))));
    old.indexer().maintain(long()).await.unwrap();

    new.indexer().begin_building(long()).await.unwrap();
    let third = World::over(old.cloud.clone(), 3);
    let refused = third.indexer().begin_building(long()).await;
    assert!(matches!(
        refused,
        Err(MigrationError::OtherBuilding {
            fingerprint: NEW,
            ..
        })
    ));
    fill(&old, &new).await;
    new.indexer()
        .switch(Role::Building, &[], long())
        .await
        .unwrap();
    let refused = old.indexer().begin_building(long()).await;
    assert!(matches!(refused, Err(MigrationError::Previous(_))));
    // Beside a previous one, another may be built; the switch lets the oldest go.
    third.indexer().begin_building(long()).await.unwrap();
    fill(&old, &third).await;
    third
        .indexer()
        .switch(Role::Building, &[], long())
        .await
        .unwrap();
    let manifest = old.manifest();
    let sides: Vec<_> = manifest
        .standby_indexes
        .iter()
        .map(|s| (s.role, s.fingerprint))
        .collect();
    assert_eq!(sides, [(Role::Previous, NEW)]);
    third.indexer().begin_building(long()).await.unwrap_err();
}

#[tokio::test]
async fn giving_up_a_building_index_leaves_the_searched_one_alone() {
    let (old, new) = shop(20).await;
    let rows = old.rows();
    new.indexer().begin_building(long()).await.unwrap();
    fill(&old, &new).await;
    new.indexer().give_up(Role::Building, long()).await.unwrap();
    assert!(old.manifest().standby_indexes.is_empty());
    assert_eq!(old.rows(), rows);
    assert!(String::from_utf8_lossy(&old.cloud.manifest().unwrap()).contains("\"version\":1"));
}

/// An image that only one of the encoders can embed.
#[tokio::test]
async fn a_switch_needs_every_image_unless_it_is_told_otherwise() {
    let (old, new) = shop(5).await;
    new.indexer().begin_building(long()).await.unwrap();
    fill(&old, &new).await;
    old.put("catalog/only-1.jpg", "only-1");
    old.put("catalog/only-2.jpg", "only-2");
    let report = old
        .index(&["catalog/only-1.jpg", "catalog/only-2.jpg"])
        .await;
    let [(_, indexed), (_, failed)] = outcomes(&report)[..] else {
        panic!("{report:?}");
    };
    assert_eq!(*indexed, Outcome::Indexed, "the searched index decides");
    assert!(matches!(failed, Outcome::Failed(_)));
    let indexer = new.indexer();
    let coverage = indexer.coverage().await.unwrap();
    assert_eq!(coverage.missing, ["catalog/only-1.jpg"]);
    assert_eq!(coverage.only_new, ["catalog/only-2.jpg"]);
    let refused = indexer.switch(Role::Building, &[], long()).await;
    let Err(MigrationError::Incomplete { keys, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(keys, ["catalog/only-1.jpg"]);
    let switched = indexer.switch(Role::Building, &keys, long()).await.unwrap();
    assert_eq!(switched.accepted, keys);
    expect_found(&old, "only-2", "only-2").await;
    // What failed and what did not is reported again.
    old.index(&["catalog/only-1.jpg", "catalog/only-2.jpg"])
        .await;
    let failed: Vec<String> = old.failures().into_iter().map(|(key, ..)| key).collect();
    assert_eq!(failed, ["catalog/only-1.jpg"]);
}

#[tokio::test]
async fn a_side_index_without_its_encoder_does_not_stop_the_searched_one() {
    let (old, new) = shop(5).await;
    new.indexer().begin_building(long()).await.unwrap();
    fill(&old, &new).await;
    // In trouble for a while: the key comes back.
    old.put("catalog/b.jpg", "b");
    old.fail("load encoder", 1, StoreErrorKind::Unavailable);
    let indexer = old.indexer();
    let keys = ["catalog/b.jpg".to_owned()];
    let report = indexer.index_keys(&keys, long()).await.unwrap();
    assert!(
        matches!(report.outcomes[0].1, Outcome::Retry(_)),
        "{report:?}"
    );
    assert!(old.rows().contains_key("catalog/b.jpg"));
    indexer.index_keys(&keys, long()).await.unwrap();
    assert_eq!(old.rows_of(NEW), old.rows());

    // Gone for good: the searched index goes on without it, and no process switches to it.
    old.cloud.forget_encoder(NEW);
    old.put("catalog/c.jpg", "c");
    assert_eq!(
        outcomes(&old.index(&["catalog/c.jpg"]).await)[0].1,
        &Outcome::Indexed
    );
    assert!(!old.searcher().index_info().await.unwrap().standby_indexes[0].available);
    let refused = new.indexer().switch(Role::Building, &[], long()).await;
    assert!(
        matches!(refused, Err(MigrationError::Incomplete { keys, .. }) if keys == ["catalog/c.jpg"])
    );
    // A release that brings the encoder makes it good.
    new.index(&["catalog/c.jpg"]).await;
    new.indexer()
        .switch(Role::Building, &[], long())
        .await
        .unwrap();
    assert_eq!(old.cloud.encoders(), [OLD, NEW]);
}

#[tokio::test]
async fn a_searcher_that_cannot_get_the_new_encoder_goes_on_with_the_old_index() {
    let (old, new) = shop(5).await;
    let searcher = old.searcher();
    searcher
        .search_image(bytes("x"), everything())
        .await
        .unwrap();
    new.indexer().begin_building(long()).await.unwrap();
    fill(&old, &new).await;
    new.indexer()
        .switch(Role::Building, &[], long())
        .await
        .unwrap();
    old.fail("load encoder", 2, StoreErrorKind::Unavailable);
    for stale in [true, true, false, false] {
        let query = bytes("catalog/00003.jpg");
        let answer = searcher.search_image(query, everything()).await.unwrap();
        assert_eq!(answer.index.stale.is_some(), stale, "{:?}", answer.index);
        assert_eq!(answer.results[0].product_id, "00003");
        assert!(answer.results[0].score > 0.999);
    }
}

#[tokio::test]
async fn a_damaged_side_index_stops_neither_indexing_nor_maintenance() {
    let (old, new) = shop(5).await;
    new.indexer().begin_building(long()).await.unwrap();
    fill(&old, &new).await;
    let side = old.manifest().standby_indexes[0].segments[0].id;
    for damage in [Some(bytes("nonsense")), None] {
        old.cloud.tamper(side, damage);
        let indexer = old.indexer();
        old.put("catalog/b.jpg", "b");
        let report = indexer
            .index_keys(&["catalog/b.jpg".to_owned()], long())
            .await
            .unwrap();
        assert_eq!(report.outcomes[0].1, Outcome::Indexed);
        indexer.maintain(long()).await.unwrap();
        let problems = indexer.verify().await.unwrap().problems;
        assert!(
            problems[0].starts_with("building index: segment"),
            "{problems:?}"
        );
        assert!(
            new.indexer()
                .switch(Role::Building, &[], long())
                .await
                .is_err()
        );
    }
    new.indexer().give_up(Role::Building, long()).await.unwrap();
    assert_eq!(old.verify().await, 6);
}

/// A process that dies at any call of any step leaves a state that the same step goes on from.
#[tokio::test]
async fn a_change_that_dies_at_any_call_goes_on() {
    let mut call = 0;
    let mut deaths = BTreeMap::new();
    loop {
        call += 1;
        let (old, new) = shop(4).await;
        let begun = up_to_call(&old.cloud, call, async {
            let indexer = new.indexer();
            indexer.begin_building(long()).await.unwrap();
            fill(&old, &new).await;
            indexer.switch(Role::Building, &[], long()).await.unwrap();
            indexer.switch(Role::Previous, &[], long()).await.unwrap();
            indexer.switch(Role::Previous, &[], long()).await.unwrap();
            indexer.give_up(Role::Previous, long()).await.unwrap();
        });
        let died = begun.await.is_none();
        expect_found(&old, "catalog/00002.jpg", "00002").await;
        let manifest = old.manifest();
        *deaths
            .entry((manifest.fingerprint, manifest.standby_indexes.len()))
            .or_insert(0) += 1;

        let indexer = new.indexer();
        match indexer.begin_building(long()).await {
            Ok(_) => {
                fill(&old, &new).await;
                indexer.switch(Role::Building, &[], long()).await.unwrap();
            }
            Err(MigrationError::Previous(_)) => {
                indexer.switch(Role::Previous, &[], long()).await.unwrap();
            }
            Err(MigrationError::Served(_)) => {}
            Err(error) => panic!("call {call}: {error}"),
        }
        let _ = indexer.give_up(Role::Previous, long()).await;
        assert_eq!(old.manifest().fingerprint, NEW, "call {call}");
        assert_eq!(old.verify().await, 4, "call {call}");
        expect_found(&old, "catalog/00002.jpg", "00002").await;
        if !died {
            break;
        }
    }
    // It died before, while building, and with a previous index, in both directions.
    assert_eq!(deaths.len(), 4, "{deaths:?} in {call} calls");
}

#[tokio::test]
async fn a_batch_that_dies_at_any_call_is_made_good_in_every_index() {
    let mut call = 0;
    loop {
        call += 1;
        let (old, new) = shop(4).await;
        new.indexer().begin_building(long()).await.unwrap();
        fill(&old, &new).await;
        old.put("catalog/00000.jpg", "changed");
        old.put("catalog/new.jpg", "new");
        old.put("catalog/bad.jpg", "bad");
        old.cloud.remove_image("catalog/00001.jpg");
        let keys = ["00000", "00001", "bad", "new"].map(|k| format!("catalog/{k}.jpg"));
        let indexer = old.indexer();
        let died = up_to_call(&old.cloud, call, indexer.index_keys(&keys, long())).await;
        // One write for both: they never differ.
        assert_eq!(old.rows_of(NEW), old.rows_of(OLD), "call {call}");
        old.indexer().index_keys(&keys, long()).await.unwrap();
        assert_eq!(old.rows_of(NEW), old.rows_of(OLD), "call {call}");
        assert_eq!(old.rows().len(), 4, "call {call}");
        let coverage = new.indexer().coverage().await.unwrap();
        assert_eq!((coverage.neither.len(), coverage.gone.len()), (1, 0));
        if died.is_some() {
            break;
        }
    }
    assert!(call > 15, "the batch made {call} calls");
}

/// Batches that read the manifest before the new index was begun, or while.
#[tokio::test]
async fn no_event_falls_between_an_index_that_begins_and_its_listing() {
    for call in 0..40 {
        let (old, new) = shop(4).await;
        let keys: Vec<String> = (0..4).map(|k| format!("catalog/{k:05}.jpg")).collect();
        old.put("catalog/00000.jpg", "changed");
        old.cloud.remove_image("catalog/00001.jpg");
        let indexer = old.indexer();
        let batch = indexer.index_keys(&keys, long());
        let begun = async {
            for _ in 0..call {
                tokio::task::yield_now().await;
            }
            new.indexer().begin_building(long()).await.unwrap();
            new.indexer().coverage().await.unwrap()
        };
        let (report, coverage) = tokio::join!(batch, begun);
        report.unwrap();
        let lacking = [coverage.missing, coverage.neither, coverage.gone].concat();
        old.indexer().index_keys(&lacking, long()).await.unwrap();
        assert_eq!(old.rows_of(NEW), old.rows_of(OLD), "{call}");
        assert_eq!(old.rows().len(), 3);
        new.indexer()
            .switch(Role::Building, &[], long())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_daily_comparison_is_about_the_searched_index() {
    let (old, new) = shop(20).await;
    new.indexer().begin_building(long()).await.unwrap();
    let indexer = old.indexer();
    // The new index lacks everything, and is filled by the command that began it.
    assert!(indexer.missed_changes(long()).await.unwrap().is_empty());
    let lost = "catalog/lost.jpg";
    old.put(lost, lost);
    assert_eq!(indexer.missed_changes(long()).await.unwrap(), [lost]);

    // A standby index that is damaged hides nothing of this.
    fill(&old, &new).await;
    let manifest = old.manifest();
    let standby = manifest.standby_indexes.iter();
    for entry in standby.flat_map(|index| &index.segments) {
        old.cloud.tamper(entry.id, None);
    }
    let indexer = old.indexer();
    old.cloud.remove_image(lost);
    assert_eq!(indexer.missed_changes(long()).await.unwrap(), [lost]);
    indexer.is_maintenance_due().await.unwrap();
}
