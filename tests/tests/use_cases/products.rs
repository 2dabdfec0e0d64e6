//! What rows keep of their products, and how they follow when that changes.

use std::collections::BTreeMap;

use lookalike_core::{Filterable, Fingerprint, Role, StoreErrorKind};
use lookalike_index::{CompactionPolicy, IndexError, Row};
use lookalike_indexing::{IndexSettings, Indexer, IndexingError, Outcome, Outdated};
use lookalike_test_support::memory::Traffic;
use serde_json::json;

use crate::world::{
    Noted, World, bytes, everything, index, index_products, long, never_compacting, outcomes,
    settings,
};

const OLD: Fingerprint = Fingerprint([1; 32]);
const NEW: Fingerprint = Fingerprint([2; 32]);

fn calls(before: &Traffic, after: &Traffic, call: &str) -> u64 {
    let count = |traffic: &Traffic| traffic.calls.get(call).copied().unwrap_or(0);
    count(after) - count(before)
}

/// Rows without what they say of their products.
fn without_attributes(rows: BTreeMap<String, Row>) -> BTreeMap<String, Row> {
    let rows = rows.into_iter();
    let bare = |row| Row {
        attributes: BTreeMap::new(),
        ..row
    };
    rows.map(|(key, row)| (key, bare(row))).collect()
}

#[tokio::test]
async fn rows_keep_the_declared_attributes_of_their_products() {
    let world = World::new();
    let metadata =
        json!({"price": 49.90, "brand": "b", "name": "Boot", "category": "of the table"});
    world.put_metadata("1", metadata);
    world.put_metadata("2", json!({"price": 50.0, "brand": "x".repeat(1025)}));
    for key in [
        "catalog/shoes/1.jpg",
        "catalog/shoes/2.jpg",
        "catalog/shoes/3.jpg",
        "catalog/4.jpg",
    ] {
        world.put(key, key);
    }
    let before = world.cloud.traffic();
    let keys = world.cloud.image_versions().into_keys().collect::<Vec<_>>();
    world.indexer().index_keys(&keys, long()).await.unwrap();
    let after = world.cloud.traffic();
    for (key, attributes) in [
        (
            "catalog/shoes/1.jpg",
            r#"{"brand":"b","category":"of the table","price":49.9}"#,
        ),
        ("catalog/shoes/2.jpg", r#"{"category":"shoes","price":50}"#),
        ("catalog/shoes/3.jpg", r#"{"category":"shoes"}"#),
        ("catalog/4.jpg", "{}"),
    ] {
        assert_eq!(world.attributes(key), attributes, "{key}");
    }
    // Once for the batch, and once more after it was published.
    assert_eq!(calls(&before, &after, "get latest products"), 2);
    assert_eq!(calls(&before, &after, "get products"), 0);
    // What has no image, and what is known and as it was, costs no second look.
    let before = world.cloud.traffic();
    world.index(&["catalog/4.jpg", "catalog/gone.jpg"]).await;
    assert_eq!(
        calls(&before, &world.cloud.traffic(), "get latest products"),
        1
    );
    let before = world.cloud.traffic();
    world.index(&["catalog/gone.jpg"]).await;
    assert_eq!(
        calls(&before, &world.cloud.traffic(), "get latest products"),
        0
    );
}

#[tokio::test]
async fn a_changed_product_changes_its_rows_and_embeds_nothing() {
    let world = World::new();
    for (key, product) in [("a", "p1"), ("b", "p1"), ("c", "p2"), ("d", "p3")] {
        world.put_product(&format!("catalog/{key}.jpg"), key, product);
    }
    let keys: Vec<String> = world.cloud.image_versions().into_keys().collect();
    world.indexer().index_keys(&keys, long()).await.unwrap();
    let rows = world.full_rows_of(OLD);
    let records = world.cloud.image_records();

    world.put_metadata("p1", json!({"price": 5}));
    world.put_metadata("p3", json!({"name": "nothing to filter by"}));
    let report = world.index_products(&["p3", "p1", "nobody", "p1"]).await;
    assert_eq!((report.updated, report.generation), (2, 2));
    assert_eq!((report.retry, report.conflicts), (vec![], 0));
    for (key, attributes) in [
        ("a", r#"{"price":5}"#),
        ("b", r#"{"price":5}"#),
        ("c", "{}"),
        ("d", "{}"),
    ] {
        assert_eq!(world.attributes(&format!("catalog/{key}.jpg")), attributes);
    }
    assert_eq!(
        without_attributes(world.full_rows_of(OLD)),
        without_attributes(rows.clone())
    );
    assert_eq!(world.embedded(), 4);
    assert_eq!(world.cloud.image_records(), records);

    let report = world.index_products(&["p3", "p1", "nobody", "p1"]).await;
    assert_eq!(
        (report.updated, report.generation),
        (0, 2),
        "told twice, done once"
    );
    world.cloud.remove_metadata("p1");
    let report = world.index_products(&["p1"]).await;
    assert_eq!((report.updated, report.generation), (2, 3));
    assert_eq!(world.full_rows_of(OLD), rows);
    assert_eq!((world.verify().await, world.embedded()), (4, 4));
}

#[tokio::test]
async fn rows_are_updated_wherever_they_are_stored() {
    let world = World::new();
    let indexer = world.indexer();
    // Enough for a base, behind which there are deltas, some of them merged.
    for batch in 0..12 {
        world.fill(&indexer, batch * 5..batch * 5 + 5, 5).await;
        indexer.maintain(long()).await.unwrap();
    }
    assert_eq!(world.bases(), 1);
    assert!(world.manifest().segments.len() > 2);
    let rows = world.full_rows_of(OLD);
    for round in 0..3 {
        let products: Vec<String> = (0..60).map(|n| format!("{n:05}")).collect();
        for (n, product) in products.iter().enumerate() {
            world.put_metadata(product, json!({"price": n + 100 * round, "brand": "b"}));
        }
        for chunk in products.chunks(23) {
            let report = indexer.index_products(chunk, long()).await.unwrap();
            assert_eq!(report.updated, chunk.len());
            indexer.maintain(long()).await.unwrap();
        }
        for n in 0..60 {
            let expected = format!(r#"{{"brand":"b","price":{}}}"#, n + 100 * round);
            assert_eq!(world.attributes(&format!("catalog/{n:05}.jpg")), expected);
        }
    }
    assert_eq!(
        without_attributes(world.full_rows_of(OLD)),
        without_attributes(rows)
    );
    assert_eq!((world.verify().await, world.embedded()), (60, 60));
    let searcher = world.searcher();
    let answer = searcher.search_image(bytes("catalog/00017.jpg"), everything());
    assert_eq!(answer.await.unwrap().results[0].product_id, "00017");
}

#[tokio::test]
async fn a_category_is_that_of_the_table_else_of_the_image_else_of_the_folder() {
    let world = World::new();
    let own = BTreeMap::from([("category".to_owned(), "own".to_owned())]);
    world.cloud.put_image("catalog/folder/1.jpg", "one", own);
    world.put("catalog/folder/2.jpg", "two");
    let indexer = world.indexer();
    index(&indexer, &["catalog/folder/1.jpg", "catalog/folder/2.jpg"]).await;
    let expect = |one: &str, two: &str| {
        for (n, category) in [(1, one), (2, two)] {
            let said = world.attributes(&format!("catalog/folder/{n}.jpg"));
            assert_eq!(said, format!(r#"{{"category":"{category}"}}"#));
        }
    };
    expect("own", "folder");
    for n in ["1", "2"] {
        world.put_metadata(n, json!({"category": "table"}));
    }
    let before = world.cloud.traffic();
    assert_eq!(index_products(&indexer, &["1", "2"]).await.updated, 2);
    expect("table", "table");
    assert_eq!(calls(&before, &world.cloud.traffic(), "head image"), 0);
    // Formerly the same as the folder: only the image knows that it has one of its own.
    world.put_metadata("1", json!({"category": "folder"}));
    world.put_metadata("2", json!({"category": ["not", 1, "category"]}));
    index_products(&indexer, &["1", "2"]).await;
    expect("folder", "folder");
    world.cloud.remove_metadata("1");
    assert_eq!(index_products(&indexer, &["1", "2"]).await.updated, 1);
    expect("own", "folder");
    assert_eq!(world.indexer().outdated().await.unwrap(), []);
}

#[tokio::test]
async fn products_without_images_cost_next_to_nothing() {
    let world = World::new();
    let indexer = world.indexer();
    let report = index_products(&indexer, &["p1"]).await;
    assert_eq!((report.updated, report.generation), (0, 0));
    world.put("catalog/a.jpg", "one");
    index(&indexer, &["catalog/a.jpg"]).await;
    let before = world.cloud.traffic();
    let many: Vec<String> = (0..1000).map(|n| format!("p{n}")).collect();
    indexer.index_products(&many, long()).await.unwrap();
    let after = world.cloud.traffic();
    assert_eq!(calls(&before, &after, "load manifest"), 1);
    let all = |traffic: &Traffic| traffic.calls.values().sum::<u64>();
    assert_eq!(all(&after) - all(&before), 1, "{after:?}");
}

#[tokio::test]
async fn another_set_of_filterable_attributes_is_found_and_applied() {
    let world = World::new();
    let keys = ["catalog/x/1.jpg", "catalog/x/2.jpg", "catalog/x/3.jpg"];
    for (n, key) in keys.iter().enumerate() {
        world.put(key, key);
        let metadata = json!({"price": n, "size": "M", "brand": "b"});
        world.put_metadata(&(n + 1).to_string(), metadata);
    }
    world.cloud.remove_metadata("3");
    world.index(&keys).await;
    let declaring = |names: &str| {
        let filterable: Filterable = names.parse().unwrap();
        world.indexer_with(IndexSettings {
            filterable,
            ..settings()
        })
    };
    assert_eq!(declaring("price,brand").outdated().await.unwrap(), []);
    let indexer = declaring("size,price");
    let outdated = indexer.outdated().await.unwrap();
    let expected = [("catalog/x/1.jpg", "1"), ("catalog/x/2.jpg", "2")];
    let expected = expected.map(|(key, product)| Outdated {
        key: key.to_owned(),
        product_id: product.to_owned(),
    });
    assert_eq!(outdated, expected);
    let products = indexer.indexed_products().await.unwrap();
    assert_eq!(products.len(), 3);
    let report = indexer.index_products(&products, long()).await.unwrap();
    assert_eq!(report.updated, 2);
    let said = world.attributes("catalog/x/2.jpg");
    assert_eq!(said, r#"{"category":"x","price":1,"size":"M"}"#);
    assert_eq!(indexer.outdated().await.unwrap(), []);
    let images = indexer.images_of(&["2".to_owned()]).await.unwrap();
    assert_eq!(images.len(), 1);
    assert_eq!(json!(images[0].attributes).to_string(), said);
    assert_eq!(world.embedded(), 3);
}

#[tokio::test]
async fn every_index_is_told_with_one_write() {
    let old = World::new();
    old.fill(&old.indexer(), 0..20, 10).await;
    let new = World::over(old.cloud.clone(), 2);
    let indexer = new.indexer();
    indexer.begin_building(long()).await.unwrap();
    let missing = indexer.coverage().await.unwrap().missing;
    // A product changes before its image is embedded for the new index, another one after.
    old.put_metadata("00003", json!({"price": 3}));
    indexer.index_keys(&missing, long()).await.unwrap();
    let generation = old.manifest().generation;
    let vectors = [OLD, NEW].map(|encoder| without_attributes(old.full_rows_of(encoder)));
    old.put_metadata("00003", json!({"price": 4}));
    old.put_metadata("00007", json!({"price": 7}));
    // Updating attributes needs neither encoder.
    let mut ports = old.index_ports();
    ports.encoders = World::over(old.cloud.clone(), 3).encoders();
    let other = Indexer::new(ports, settings());
    let report = index_products(&other, &["00003", "00007"]).await;
    assert_eq!((report.updated, report.generation), (2, generation + 1));
    for encoder in [OLD, NEW] {
        let rows = old.rows_of(encoder);
        assert_eq!(rows["catalog/00003.jpg"].attributes, r#"{"price":4}"#);
        assert_eq!(rows["catalog/00007.jpg"].attributes, r#"{"price":7}"#);
    }
    let after = [OLD, NEW].map(|encoder| without_attributes(old.full_rows_of(encoder)));
    assert_eq!(after, vectors);
    assert_eq!(old.indexer().outdated().await.unwrap(), []);
    indexer.switch(Role::Building, &[], long()).await.unwrap();
    let report = other
        .index_products(&["00003".to_owned()], long())
        .await
        .unwrap();
    assert_eq!((report.updated, report.generation), (0, generation + 2));
}

#[tokio::test]
async fn what_cannot_be_found_out_is_to_be_told_again() {
    let world = World::new();
    for (key, product) in [("a", "p1"), ("b", "p2")] {
        world.put_product(&format!("catalog/{key}.jpg"), key, product);
        world.put_metadata(product, json!({"price": 1}));
    }
    let indexer = world.indexer();
    world.fail("get latest products", 1, StoreErrorKind::Unavailable);
    let report = index(&indexer, &["catalog/a.jpg"]).await;
    assert!(
        matches!(report.outcomes[0].1, Outcome::Retry(_)),
        "{report:?}"
    );
    assert_eq!(
        world.rows(),
        BTreeMap::new(),
        "no row without what it is to say"
    );
    world.cloud.set_fault(None);
    index(&indexer, &["catalog/a.jpg", "catalog/b.jpg"]).await;
    for product in ["p1", "p2"] {
        world.put_metadata(product, json!({"price": 2}));
    }
    world.fail("get latest products", 1, StoreErrorKind::Unavailable);
    let products = ["p1".to_owned(), "p2".to_owned()];
    let refused = indexer.index_products(&products, long()).await;
    assert!(
        matches!(refused, Err(IndexingError::Store(_))),
        "{refused:?}"
    );
    // One image cannot be asked for its category: the other product is done.
    world.fail("head image", 1, StoreErrorKind::Unavailable);
    let report = indexer.index_products(&products, long()).await.unwrap();
    assert_eq!((report.updated, report.retry.len()), (1, 1), "{report:?}");
    world.cloud.set_fault(None);
    let again = report.retry.into_iter().map(|(product, _)| product);
    let again: Vec<String> = again.collect();
    let report = indexer.index_products(&again, long()).await.unwrap();
    assert_eq!((report.updated, report.retry), (1, vec![]));
    assert_eq!(indexer.outdated().await.unwrap(), []);
    let late = lookalike_core::Deadline::after(std::time::Duration::from_secs(4));
    let report = indexer.index_products(&again, late).await.unwrap();
    assert!(report.retry[0].1.contains("no time"), "{report:?}");
}

#[tokio::test]
async fn a_damaged_vector_is_not_written_again() {
    let world = World::new();
    world.put("catalog/1.jpg", "one");
    world.index(&["catalog/1.jpg"]).await;
    let entry = world.manifest().segments[0].clone();
    let mut stored = world.cloud.segments()[&entry.id].to_vec();
    stored[entry.meta_bytes as usize + 64..].fill(0);
    world.cloud.tamper(entry.id, Some(stored.into()));
    world.put_metadata("1", json!({"price": 1}));
    let refused = world
        .indexer()
        .index_products(&["1".to_owned()], long())
        .await;
    let malformed = matches!(
        &refused,
        Err(IndexingError::Index(IndexError::Malformed { .. }))
    );
    assert!(malformed, "{refused:?}");
    assert_eq!(world.manifest().generation, 1);
    let report = world.index(&["catalog/1.jpg"]).await;
    assert!(
        matches!(report.outcomes[0].1, Outcome::Retry(_)),
        "{report:?}"
    );
}

#[tokio::test]
async fn what_was_updated_is_measured() {
    let world = World::new();
    let noted = std::sync::Arc::new(Noted::default());
    let mut ports = world.index_ports();
    ports.metrics = noted.clone();
    let indexer = Indexer::new(ports, settings());
    world.put("catalog/1.jpg", "one");
    index(&indexer, &["catalog/1.jpg"]).await;
    world.put_metadata("1", json!({"price": 1}));
    let embedded = noted.names().len();
    index_products(&indexer, &["1"]).await;
    let names = noted.names().split_off(embedded);
    assert_eq!(
        names,
        ["AttributesUpdated", "PublishConflicts", "Generation"]
    );
    world.put_metadata("1", json!({"price": 2}));
    let report = index(&indexer, &["catalog/1.jpg"]).await;
    assert_eq!(outcomes(&report), [("catalog/1.jpg", &Outcome::Updated)]);
    assert!(!noted.names().split_off(embedded + 3).contains(&"EmbedTime"));
}

/// Calls and bytes to update one product, in a catalog of so many images of which all are in the base.
async fn cost_of_an_update(images: u32) -> (u64, u64, u64) {
    let world = World::new();
    let policy = CompactionPolicy {
        graph_minimum: usize::MAX,
        ..never_compacting().policy
    };
    let indexer = world.indexer_with(IndexSettings {
        policy,
        ..settings()
    });
    world.fill(&indexer, 0..images, 500).await;
    indexer.rebuild(long()).await.unwrap();
    index_products(&indexer, &["00000"]).await;
    let product = format!("{:05}", images / 2);
    world.put_metadata(&product, json!({"price": 1}));
    let before = world.cloud.traffic();
    assert_eq!(index_products(&indexer, &[&product]).await.updated, 1);
    let after = world.cloud.traffic();
    let all = |traffic: &Traffic| traffic.calls.values().sum::<u64>();
    assert_eq!(calls(&before, &after, "get image"), 0);
    (
        all(&after) - all(&before),
        after.read - before.read,
        after.written - before.written,
    )
}

#[tokio::test]
async fn a_changed_product_costs_the_same_in_a_catalog_of_any_size() {
    let (small, large) = (
        cost_of_an_update(100).await,
        cost_of_an_update(20_000).await,
    );
    // The columns of a large base are too far apart to be read as one.
    assert!(
        large.0 <= small.0 + 2 && large.0 <= 16,
        "calls: {small:?} {large:?}"
    );
    assert!(
        large.1 <= small.1 + (256 << 10),
        "bytes read: {small:?} {large:?}"
    );
    // The manifest of the large one tells of 20 generations, of some 45 bytes each, that of the small one of few. It is
    // written, and the one before it is kept.
    assert!(
        large.2 <= small.2 + 2000,
        "bytes written: {small:?} {large:?}"
    );
}
