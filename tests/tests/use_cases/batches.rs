//! What becomes of the keys of one batch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lookalike_core::ports::{Failures, ImageStore};
use lookalike_core::{
    Deadline, Image, ImageHead, ImageRecord, ListedImage, NewestFailures, Page, StoreError,
    StoreErrorKind,
};
use lookalike_encoder::MAX_BYTES;
use lookalike_index::Manifest;
use lookalike_indexing::{IndexSettings, Indexer, Outcome};
use lookalike_test_support::memory::{MemoryCloud, Traffic};

use crate::world::{World, index, long, outcomes, settings};

fn since(before: &Traffic, after: &Traffic, call: &str) -> u64 {
    let count = |traffic: &Traffic| traffic.calls.get(call).copied().unwrap_or(0);
    count(after) - count(before)
}

#[tokio::test]
async fn images_are_indexed_changed_and_removed() {
    let world = World::new();
    let old = world.put("catalog/a.jpg", "one");
    world.put("catalog/b.jpg", "two");
    let keys = [
        "catalog/b.jpg",
        "catalog/a.jpg",
        "catalog/b.jpg",
        "catalog/c.jpg",
    ];
    let report = world.index(&keys).await;
    let expected = [
        ("catalog/a.jpg", &Outcome::Indexed),
        ("catalog/b.jpg", &Outcome::Indexed),
        ("catalog/c.jpg", &Outcome::Removed),
    ];
    assert_eq!(outcomes(&report), expected, "every key once, in order");
    assert_eq!(report.generation, 1);
    assert_eq!(world.rows()["catalog/a.jpg"].etag, old);

    let new = world.put("catalog/a.jpg", "another");
    world.cloud.remove_image("catalog/b.jpg");
    let report = world.index(&keys[..2]).await;
    let expected = [
        ("catalog/a.jpg", &Outcome::Indexed),
        ("catalog/b.jpg", &Outcome::Removed),
    ];
    assert_eq!(outcomes(&report), expected);
    let rows = world.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows["catalog/a.jpg"].etag, new);
    let records = world.cloud.image_records();
    let [record] = &records[..] else {
        panic!("expected one record, found {records:?}");
    };
    assert_eq!((&*record.key, &record.etag), ("catalog/a.jpg", &new));
}

#[tokio::test]
async fn what_is_indexed_already_is_neither_embedded_nor_published() {
    let world = World::new();
    let indexer = world.indexer();
    world.put("catalog/a.jpg", "one");
    index(&indexer, &["catalog/a.jpg"]).await;
    assert_eq!(world.embedded(), 1);
    let before = world.cloud.traffic();
    for indexer in [indexer, world.indexer()] {
        let report = index(&indexer, &["catalog/a.jpg", "catalog/never-there.jpg"]).await;
        let expected = [
            ("catalog/a.jpg", &Outcome::Unchanged),
            ("catalog/never-there.jpg", &Outcome::Removed),
        ];
        assert_eq!(outcomes(&report), expected);
        assert_eq!(report.generation, 1, "the generation that was there");
    }
    let after = world.cloud.traffic();
    assert_eq!(world.embedded(), 1);
    assert_eq!(since(&before, &after, "swap manifest"), 0);
    assert_eq!(since(&before, &after, "put segment"), 0);
    let empty = world.index(&[]).await;
    assert_eq!((empty.outcomes.len(), empty.generation), (0, 1));
}

#[tokio::test]
async fn a_batch_of_nothing_leaves_no_manifest() {
    let world = World::new();
    world.put("catalog/bad.jpg", "bad");
    let report = world.index(&["catalog/bad.jpg", "catalog/gone.jpg"]).await;
    assert_eq!(report.generation, 0);
    assert_eq!(world.cloud.manifest(), None);
    assert!(world.cloud.segments().is_empty());
}

#[tokio::test]
async fn a_bad_image_fails_alone_until_a_good_one_follows() {
    let world = World::new();
    world.put_product("catalog/a.jpg", "bad one", "p1");
    world.put("catalog/b.jpg", "two");
    let report = world.index(&["catalog/a.jpg", "catalog/b.jpg"]).await;
    let [(_, Outcome::Failed(failure)), (_, Outcome::Indexed)] = &report.outcomes[..] else {
        panic!("{report:?}");
    };
    assert_eq!(failure.code, "unsupported-format");
    let failed = |product: &str| {
        let code = "unsupported-format".to_owned();
        vec![("catalog/a.jpg".to_owned(), product.to_owned(), code)]
    };
    assert_eq!(world.failures(), failed("p1"));
    assert_eq!(world.cloud.newest(0).await.unwrap().count, 1);

    // The same product still, then another one, still bad, then good.
    world.put_product("catalog/a.jpg", "bad two", "p2");
    world.index(&["catalog/a.jpg"]).await;
    assert_eq!(world.failures(), failed("p2"));
    world.put_product("catalog/a.jpg", "good", "p3");
    world.index(&["catalog/a.jpg"]).await;
    assert_eq!(world.failures(), []);
    assert_eq!(world.rows()["catalog/a.jpg"].product_id, "p3");
    assert_eq!(world.cloud.image_records().len(), 2);

    // Garbage over a good image takes it out of the index.
    world.put_product("catalog/a.jpg", "bad three", "p3");
    world.index(&["catalog/a.jpg"]).await;
    assert_eq!(world.failures(), failed("p3"));
    assert_eq!(world.rows().len(), 1);
    world.cloud.remove_image("catalog/a.jpg");
    world.index(&["catalog/a.jpg"]).await;
    assert_eq!(world.failures(), []);
    assert_eq!(world.cloud.image_records().len(), 1);
}

/// An index of failures that is always behind.
struct Lagging(Arc<dyn Failures>);

#[async_trait]
impl Failures for Lagging {
    async fn list(&self, after: Option<&str>) -> Result<Page<ImageRecord>, StoreError> {
        self.0.list(after).await
    }

    async fn of_key(&self, _: &str) -> Result<Vec<ImageRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn newest(&self, most: usize) -> Result<NewestFailures, StoreError> {
        self.0.newest(most).await
    }
}

#[tokio::test]
async fn a_bad_image_that_is_removed_at_once_leaves_no_record() {
    let world = World::new();
    world.put("catalog/a.jpg", "bad one");
    world.index(&["catalog/a.jpg"]).await;
    assert_eq!(world.cloud.image_records().len(), 1);
    world.cloud.remove_image("catalog/a.jpg");
    let mut ports = world.index_ports();
    ports.failures = Arc::new(Lagging(ports.failures));
    let keys = ["catalog/a.jpg".to_owned()];
    let indexer = Indexer::new(ports, settings());
    indexer.index_keys(&keys, long()).await.unwrap();
    assert_eq!(world.cloud.image_records().len(), 0);
}

#[tokio::test]
async fn every_way_of_being_bad_is_named() {
    let world = World::new();
    for (key, body) in [
        ("catalog/empty.jpg", ""),
        ("catalog/panic.jpg", "panic"),
        ("catalog/zero.jpg", "zero"),
        ("catalog/good.jpg", "good"),
    ] {
        world.put(key, body);
    }
    let large = vec![b'x'; MAX_BYTES + 1];
    let cloud = &world.cloud;
    cloud.put_image("catalog/large.jpg", large, BTreeMap::new());
    let keys = [
        "catalog/empty.jpg",
        "catalog/good.jpg",
        "catalog/large.jpg",
        "catalog/panic.jpg",
        "catalog/zero.jpg",
    ];
    world.index(&keys).await;
    let failures = world.failures();
    let codes: Vec<&str> = failures.iter().map(|(_, _, code)| &**code).collect();
    assert_eq!(
        codes,
        ["empty", "too-many-bytes", "network", "no-direction"]
    );
    assert_eq!(world.rows().len(), 1);
    assert_eq!(world.verify().await, 1);
}

#[tokio::test]
async fn images_of_every_size_up_to_the_limit_are_indexed() {
    let world = World::new();
    let keys: Vec<String> = (0..6).map(|i| format!("catalog/{i}.jpg")).collect();
    for (key, megabytes) in keys.iter().zip([1, 3, 4, 5, 31, 32]) {
        let body = vec![b'x'; megabytes << 20];
        world.cloud.put_image(key, body, BTreeMap::new());
    }
    let report = world.indexer().index_keys(&keys, long()).await.unwrap();
    assert!(report.outcomes.iter().all(|(_, o)| *o == Outcome::Indexed));
}

#[tokio::test]
async fn metadata_that_changes_under_the_same_etag_is_followed() {
    let world = World::new();
    let put = |product: &str, category: &str| {
        let metadata = BTreeMap::from([
            ("product-id".to_owned(), product.to_owned()),
            ("category".to_owned(), category.to_owned()),
        ]);
        let cloud = &world.cloud;
        cloud.put_image_as("catalog/a.jpg", "same", metadata, "\"same\"");
    };
    put("p1", "shoes");
    world.index(&["catalog/a.jpg"]).await;
    for (product, category) in [("p2", "shoes"), ("p2", "boots")] {
        put(product, category);
        let report = world.index(&["catalog/a.jpg"]).await;
        assert_eq!(outcomes(&report), [("catalog/a.jpg", &Outcome::Updated)]);
        assert_eq!(world.rows()["catalog/a.jpg"].product_id, product);
    }
    assert_eq!(world.embedded(), 1);
    let view = world.searcher().product("p2").await.unwrap();
    assert_eq!(view.metadata["category"], "boots");
    assert_eq!(world.cloud.image_records().len(), 1, "none is left of p1");
}

#[tokio::test]
async fn metadata_that_changes_during_indexing_is_followed() {
    let world = World::new();
    let cloud = world.cloud.clone();
    let put = move |product: &str| {
        let metadata = BTreeMap::from([("product-id".to_owned(), product.to_owned())]);
        cloud.put_image_as("catalog/a.jpg", "same", metadata, "\"same\"");
    };
    put("p1");
    let changes = AtomicU64::new(0);
    world.cloud.set_fault(Some(Box::new(move |call| {
        if call == "put records" && changes.fetch_add(1, Ordering::Relaxed) == 0 {
            put("p2");
        }
        None
    })));
    let report = world.index(&["catalog/a.jpg"]).await;
    assert_eq!(outcomes(&report), [("catalog/a.jpg", &Outcome::Indexed)]);
    assert_eq!(world.rows()["catalog/a.jpg"].product_id, "p2");
    let records = world.cloud.image_records();
    assert_eq!(records.len(), 1, "none is left of p1: {records:?}");
}

#[tokio::test]
async fn what_was_indexed_in_an_earlier_round_is_not_unchanged() {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    // The first look after publishing fails, so the key is looked at again.
    world.fail("head image", 1, StoreErrorKind::Unavailable);
    let report = world.index(&["catalog/a.jpg"]).await;
    assert_eq!(outcomes(&report), [("catalog/a.jpg", &Outcome::Indexed)]);
    assert_eq!(world.embedded(), 1);
}

#[tokio::test]
async fn a_image_that_never_rests_is_tried_again_later() {
    let world = World::new();
    world.put("catalog/a.jpg", "0");
    world.put("catalog/b.jpg", "b");
    let cloud = world.cloud.clone();
    let version = AtomicU64::new(1);
    world.cloud.set_fault(Some(Box::new(move |call| {
        if call == "put records" {
            let body = version.fetch_add(1, Ordering::Relaxed).to_string();
            cloud.put_image("catalog/a.jpg", body, BTreeMap::new());
        }
        None
    })));
    let report = world.index(&["catalog/a.jpg", "catalog/b.jpg"]).await;
    assert!(matches!(report.outcomes[0].1, Outcome::Retry(_)));
    assert_eq!(report.outcomes[1].1, Outcome::Indexed);
}

#[tokio::test]
async fn a_failing_store_means_retry_for_what_needs_it() {
    for (call, kind) in [
        ("get image", StoreErrorKind::Unavailable),
        ("get image", StoreErrorKind::Denied),
        ("failures of key", StoreErrorKind::Unavailable),
    ] {
        let world = World::new();
        world.put("catalog/a.jpg", "one");
        world.put("catalog/b.jpg", "two");
        world.fail(call, 1, kind);
        let report = world.index(&["catalog/a.jpg", "catalog/b.jpg"]).await;
        let retries = report
            .outcomes
            .iter()
            .filter(|(_, o)| matches!(o, Outcome::Retry(_)));
        assert_eq!(retries.count(), 1, "{call}: {report:?}");
        assert_eq!(world.rows().len(), 1, "{call}");
    }
}

#[tokio::test]
async fn a_record_that_the_table_refuses_holds_up_itself_alone() {
    let world = World::new();
    let keys = ["catalog/a.jpg", "catalog/b.jpg", "catalog/c.jpg"];
    keys.iter().for_each(|key| drop(world.put(key, key)));
    // The whole batch is refused, then the first record alone.
    world.fail("put records", 2, StoreErrorKind::Invalid);
    let report = world.index(&keys).await;
    let retries: Vec<bool> = report
        .outcomes
        .iter()
        .map(|(_, o)| matches!(o, Outcome::Retry(_)))
        .collect();
    assert_eq!(retries, [true, false, false]);
    world.fail("put records", 2, StoreErrorKind::Unavailable);
    let report = world.index(&keys).await;
    let retry = |(_, o): &(String, Outcome)| matches!(o, Outcome::Retry(_));
    assert!(report.outcomes.iter().all(retry), "{report:?}");
}

#[tokio::test]
async fn a_lost_answer_to_the_manifest_write_is_no_second_write() {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    world.fail("answer swap manifest", 1, StoreErrorKind::Unavailable);
    let report = world.index(&["catalog/a.jpg"]).await;
    assert_eq!(outcomes(&report), [("catalog/a.jpg", &Outcome::Indexed)]);
    assert_eq!((report.generation, report.conflicts), (1, 0));
    assert_eq!(world.cloud.segments().len(), 1);
}

#[tokio::test]
async fn a_segment_that_may_have_been_part_of_the_index_is_not_published_again() {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    // The manifest is written, its answer is lost, and before the writer looks again the segment was
    // replaced and removed.
    let cloud = world.cloud.clone();
    let first = AtomicU64::new(0);
    world.cloud.set_fault(Some(Box::new(move |call| {
        if call != "answer swap manifest" || first.fetch_add(1, Ordering::Relaxed) > 0 {
            return None;
        }
        let mut manifest = Manifest::decode(&cloud.manifest()?).unwrap();
        manifest.segments.clear();
        manifest.generation += 1;
        cloud.set_manifest(manifest.encode());
        let segments = cloud.segments();
        segments.keys().for_each(|id| cloud.tamper(*id, None));
        Some(StoreErrorKind::Unavailable)
    })));
    let report = world.index(&["catalog/a.jpg"]).await;
    assert_eq!(outcomes(&report), [("catalog/a.jpg", &Outcome::Indexed)]);
    assert_eq!(world.verify().await, 1);
}

#[tokio::test]
async fn lost_races_are_run_again_with_the_same_segment() {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    world.fail("swap manifest", 4, StoreErrorKind::Conflict);
    let report = world.index(&["catalog/a.jpg"]).await;
    assert_eq!((report.generation, report.conflicts), (1, 4));
    assert_eq!(world.cloud.segments().len(), 1);
}

#[tokio::test]
async fn no_image_is_begun_when_only_the_time_to_publish_is_left() {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    let keys = ["catalog/a.jpg".to_owned()];
    let indexer = world.indexer();
    let report = indexer
        .index_keys(&keys, Deadline::after(Duration::from_secs(4)))
        .await
        .unwrap();
    assert!(matches!(report.outcomes[0].1, Outcome::Retry(_)));
    assert_eq!(world.embedded(), 0);
    assert_eq!(world.cloud.traffic().calls.get("get image"), None);
}

#[tokio::test]
async fn a_image_that_does_not_come_leaves_time_to_publish_the_others() {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    world.put("catalog/slow.jpg", "slow");
    let slow = SlowImage(world.cloud.clone());
    let mut ports = world.index_ports();
    ports.images = Arc::new(slow);
    let settings = IndexSettings {
        publish_reserve: Duration::from_millis(500),
        ..settings()
    };
    let indexer = Indexer::new(ports, settings);
    let keys = ["catalog/a.jpg".to_owned(), "catalog/slow.jpg".to_owned()];
    let deadline = Deadline::after(Duration::from_secs(2));
    let report = indexer.index_keys(&keys, deadline).await.unwrap();
    assert!(!deadline.remaining().is_zero(), "it answers in time");
    assert_eq!(report.outcomes[0].1, Outcome::Indexed);
    assert!(matches!(report.outcomes[1].1, Outcome::Retry(_)));
    assert_eq!(world.rows().len(), 1);
}

/// Never answers for keys that contain `slow`.
struct SlowImage(Arc<MemoryCloud>);

#[async_trait]
impl ImageStore for SlowImage {
    async fn head(&self, key: &str) -> Result<Option<ImageHead>, StoreError> {
        self.0.head(key).await
    }

    async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Image>, StoreError> {
        if key.contains("slow") {
            std::future::pending::<()>().await;
        }
        ImageStore::get(&*self.0, key, max_bytes).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page<ListedImage>, StoreError> {
        ImageStore::list(&*self.0, prefix, after).await
    }
}
