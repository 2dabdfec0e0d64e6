//! Looking over the catalog, and exporting answers.

use std::collections::BTreeMap;

use lookalike_core::ports::{ImageRecords, Products};
use lookalike_core::{Deadline, ImageRecord, Metadata, Product, StoreErrorKind};
use lookalike_search::{
    AuditError, AuditOptions, AuditReport, AuditedGroup, Contradiction, Listed, SearchError,
    SearchOptions,
};

use crate::world::{World, long};

const KEYS: [&str; 4] = [
    "catalog/a/1.jpg",
    "catalog/a/2.jpg",
    "catalog/b/3.jpg",
    "catalog/b/4.jpg",
];

fn options() -> AuditOptions {
    AuditOptions {
        until: long(),
        max_images: u64::MAX,
    }
}

async fn audit(world: &World) -> AuditReport {
    world.searcher().audit(options()).await.unwrap()
}

/// Four images of four products, three of them in the table.
async fn shop() -> World {
    let world = World::new();
    for key in KEYS {
        world.put(key, key);
    }
    world.index(&KEYS).await;
    let products = ["1", "2", "3"].map(|id| Product {
        product_id: id.to_owned(),
        metadata: Metadata::new(),
    });
    let products = Products::put_many(&*world.cloud, &products);
    products.await.unwrap();
    world
}

fn record(key: &str, product_id: &str, etag: &str) -> ImageRecord {
    ImageRecord {
        key: key.to_owned(),
        product_id: product_id.to_owned(),
        etag: etag.to_owned(),
        bytes: 1,
        encoder: String::new(),
        at: String::new(),
        failure: None,
    }
}

fn contradictions(report: &AuditReport) -> Vec<(&str, &str, Contradiction)> {
    let records = report.contradictions.items.iter();
    records
        .map(|r| (r.key.as_str(), r.product_id.as_str(), r.contradiction))
        .collect()
}

fn keys(group: &AuditedGroup) -> Vec<&str> {
    let images = group.images.items.iter();
    images.map(|image| image.key.as_str()).collect()
}

#[tokio::test]
async fn an_empty_catalog_is_fine() {
    let report = audit(&World::new()).await;
    assert!(report.is_consistent());
    assert_eq!((report.generation, report.images, report.stored), (0, 0, 0));
}

#[tokio::test]
async fn products_and_images_that_lack_each_other() {
    let world = shop().await;
    world.put_metadata("bare", serde_json::json!({"name": "no image"}));
    let report = audit(&world).await;
    assert!(report.is_consistent(), "{report:?}");
    assert_eq!(report.products_without_images.items, ["bare"]);
    let alone = &report.images_without_product.items;
    assert_eq!((alone.len(), alone[0].product_id.as_str()), (1, "4"));
    assert_eq!((report.images, report.stored, report.in_table), (4, 4, 4));
    assert!(!report.calibrated && (report.threshold - 0.985).abs() < 1e-6);
}

#[tokio::test]
async fn one_image_under_two_products_is_a_duplicate() {
    let world = shop().await;
    world.put("catalog/a/copy.jpg", KEYS[2]);
    world.index(&["catalog/a/copy.jpg"]).await;
    let report = audit(&world).await;
    assert_eq!(report.duplicates.total, 1);
    let group = &report.duplicates.items[0];
    assert_eq!(keys(group), ["catalog/a/copy.jpg", KEYS[2]]);
    assert_eq!((group.products, group.score), (2, 1.0));
    assert_eq!(report.near_duplicates, Listed::default());
}

/// A writer that was stopped between record and index, or a manifest that was restored.
#[tokio::test]
async fn an_image_is_failed_once_its_earlier_version_is_not_found() {
    let world = shop().await;
    let before = world.cloud.manifest().unwrap();
    world.put(KEYS[1], "bad");
    world.index(&[KEYS[1]]).await;
    let report = audit(&world).await;
    assert_eq!((report.failed.total, report.outdated.total), (1, 0));
    world.cloud.set_manifest(before);
    let report = audit(&world).await;
    assert_eq!(report.outdated.items, [KEYS[1]]);
    assert_eq!(report.failed, Listed::default());
}

#[tokio::test]
async fn bucket_and_index_are_compared() {
    let world = shop().await;
    world.put("catalog/new.jpg", "new");
    world.put("catalog/folder/", "");
    world.put("uploads/shopper.jpg", "no catalog image");
    world.put(KEYS[1], "another version");
    world.cloud.remove_image(KEYS[3]);
    world.put("catalog/bad.jpg", "bad");
    world.index(&["catalog/bad.jpg"]).await;
    let report = audit(&world).await;
    assert_eq!(report.unindexed.items, ["catalog/new.jpg"]);
    assert_eq!(report.outdated.items, [KEYS[1]]);
    assert_eq!(report.gone.items, [KEYS[3]]);
    // Their records are explained by that.
    assert_eq!(contradictions(&report), []);
    assert_eq!(report.failed.total, 1);
    assert_eq!(report.failed.items[0].key, "catalog/bad.jpg");
    assert_eq!(report.differences(), 3);

    // A failed image that was replaced waits for the indexer.
    world.put("catalog/bad.jpg", "good");
    let report = audit(&world).await;
    assert_eq!(
        report.unindexed.items,
        ["catalog/bad.jpg", "catalog/new.jpg"]
    );

    let keys = report.keys_to_repair();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "catalog/a/2.jpg",
            "catalog/b/4.jpg",
            "catalog/bad.jpg",
            "catalog/new.jpg"
        ]
    );
    world.index(&keys).await;
    let report = audit(&world).await;
    assert!(report.is_consistent(), "{report:?}");
    assert_eq!(report.failed.total, 0);
}

#[tokio::test]
async fn records_are_compared_with_the_index() {
    let world = shop().await;
    world.put("catalog/bad.jpg", "bad");
    world.index(&["catalog/bad.jpg"]).await;
    let mut failed = record(KEYS[1], "another", "\"x\"");
    failed.failure = world
        .cloud
        .image_records()
        .into_iter()
        .find_map(|r| r.failure);
    let records = [
        record("catalog/gone.jpg", "g", "\"x\""),
        record("catalog/bad.jpg", "other", "\"x\""),
        record(KEYS[0], "other", "\"x\""),
        failed,
        record(KEYS[2], "3", "\"x\""),
    ];
    ImageRecords::put_many(&*world.cloud, &records)
        .await
        .unwrap();
    ImageRecords::remove(&*world.cloud, "4", KEYS[3])
        .await
        .unwrap();
    let report = audit(&world).await;
    assert_eq!(
        contradictions(&report),
        [
            (KEYS[0], "other", Contradiction::OtherProduct),
            (KEYS[1], "another", Contradiction::NotFailed),
            (KEYS[2], "3", Contradiction::OtherVersion),
            (KEYS[3], "4", Contradiction::Unrecorded),
            ("catalog/bad.jpg", "other", Contradiction::NotIndexed),
            ("catalog/gone.jpg", "g", Contradiction::Gone),
        ]
    );
    // What a repair does: false records go, and the keys are looked at as after an event.
    for record in &report.contradictions.items {
        if record.contradiction.is_false() {
            let remove = ImageRecords::remove(&*world.cloud, &record.product_id, &record.key);
            remove.await.unwrap();
        }
    }
    let keys = report.keys_to_repair();
    world.indexer().index_keys(&keys, long()).await.unwrap();
    let report = audit(&world).await;
    assert!(report.is_consistent(), "{report:?}");
    assert_eq!(report.failed.total, 1);
    assert_eq!(world.cloud.image_records().len(), 5);
}

#[tokio::test]
async fn lists_are_shortened_and_counted() {
    let world = World::new();
    let keys: Vec<String> = (0..30).map(|n| format!("catalog/{n:02}.jpg")).collect();
    for key in &keys {
        world.put(key, "one image");
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    world.index(&keys).await;
    let report = audit(&world).await.shortened(2, 3);
    let group = &report.duplicates.items[0];
    assert_eq!((group.images.total, group.images.items.len()), (30, 3));
    let alone = &report.images_without_product;
    assert_eq!(
        (alone.total, alone.items.len(), alone.left_out()),
        (30, 2, 28)
    );
}

#[tokio::test]
async fn a_catalog_that_is_too_large_is_refused() {
    let world = shop().await;
    for (max_images, refused) in [(4, false), (3, true), (0, true)] {
        let options = AuditOptions {
            max_images,
            ..options()
        };
        let audited = world.searcher().audit(options).await;
        match refused {
            true => assert!(matches!(audited, Err(AuditError::TooLarge { .. }))),
            false => assert!(audited.is_ok()),
        }
    }
    let late = AuditOptions {
        until: Deadline::after(std::time::Duration::ZERO),
        ..options()
    };
    let audited = world.searcher().audit(late).await;
    assert!(matches!(audited, Err(AuditError::Late)));
}

#[tokio::test]
async fn a_store_that_fails_is_an_error_and_no_finding() {
    for call in [
        "load manifest",
        "list images",
        "scan table",
        "list failures",
    ] {
        let world = shop().await;
        let searcher = world.searcher();
        searcher.audit(options()).await.unwrap();
        world.fail(call, 1, StoreErrorKind::Unavailable);
        let audited = searcher.audit(options()).await;
        assert!(
            matches!(audited, Err(AuditError::Search(SearchError::Store(_)))),
            "{call}"
        );
    }
}

/// What is indexed between the looks at bucket and index is no finding.
#[tokio::test(flavor = "multi_thread")]
async fn what_changes_meanwhile_is_not_reported() {
    for call in ["list images", "scan table", "list failures"] {
        let world = shop().await;
        let other = world.clone();
        // Before that call is answered, somebody indexes a new image and removes another.
        let first = std::sync::atomic::AtomicBool::new(true);
        world.cloud.set_fault(Some(Box::new(move |name| {
            if name == call && first.swap(false, std::sync::atomic::Ordering::Relaxed) {
                let other = other.clone();
                let changing = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Runtime::new().unwrap();
                    runtime.block_on(async {
                        other.put("catalog/late.jpg", "late");
                        other.cloud.remove_image(KEYS[3]);
                        other.index(&["catalog/late.jpg", KEYS[3]]).await;
                    });
                });
                changing.join().unwrap();
            }
            None
        })));
        let report = audit(&world).await;
        world.cloud.set_fault(None);
        assert!(world.rows().contains_key("catalog/late.jpg"), "{call}");
        assert!(!world.rows().contains_key(KEYS[3]), "{call}");
        let nothing = Listed::default();
        assert_eq!(report.gone, nothing, "{call}");
        assert_eq!(report.unindexed, nothing, "{call}");
        assert_eq!(contradictions(&report), [], "{call}");
    }
}

#[tokio::test]
async fn an_export_says_what_searches_for_similar_products_say() {
    let world = World::new();
    let indexer = world.indexer();
    world.fill(&indexer, 0..60, 20).await;
    for n in 0..3 {
        let key = format!("catalog/second/{n}.jpg");
        world.put_product(&key, &format!("second {n}"), "00007");
        world.index(&[&key]).await;
    }
    world.put_metadata(
        "00009",
        serde_json::json!({"name": "nine", "price": 9, "secret": 1}),
    );
    let searcher = world.searcher();
    let fields = vec!["name".to_owned(), "category".to_owned()];
    let mut exporter = searcher.exporter(12, fields).await.unwrap();
    let products = exporter.products();
    assert_eq!(products.len(), 60);
    assert!(products.is_sorted());
    let answers = exporter.answers(&products).await.unwrap();
    for (product, answer) in products.iter().zip(&answers) {
        assert_eq!(&answer.product_id, product);
        let options = SearchOptions {
            k: 12,
            ..SearchOptions::default()
        };
        let expected = searcher.similar(product, options).await.unwrap().results;
        let expected: Vec<(String, String)> = expected
            .into_iter()
            .map(|found| (found.product_id, found.image.key))
            .collect();
        let found = answer.results.iter();
        let found: Vec<(String, String)> = found
            .map(|found| (found.product_id.clone(), found.image.key.clone()))
            .collect();
        assert_eq!(found, expected, "{product}");
    }
    let names: BTreeMap<&str, &Metadata> = answers
        .iter()
        .flat_map(|answer| &answer.results)
        .map(|found| (found.product_id.as_str(), &found.metadata))
        .collect();
    assert_eq!(
        names["00009"],
        &Metadata::from([("name".to_owned(), "nine".into())])
    );
    for (k, fields) in [(0, 0), (1001, 0), (1, 65)] {
        let fields = (0..fields).map(|n: i32| n.to_string()).collect();
        assert!(searcher.exporter(k, fields).await.is_err());
    }
}
