//! Products and images that change at the same time, events that come twice or in any order, and processes
//! that die: rows say in the end what table and bucket do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lookalike_core::{Fingerprint, StoreErrorKind};
use lookalike_indexing::{Indexer, Outcome};
use serde_json::json;

use crate::crashes::up_to_call;
use crate::world::{World, bytes, everything, index, index_products, long, outcomes};

const OLD: Fingerprint = Fingerprint([1; 32]);

/// Does something once, when the first call of that name is about to be carried out.
fn once_at(world: &World, call: &'static str, work: impl Fn(&World) + Send + Sync + 'static) {
    let (copy, done) = (world.clone(), AtomicU64::new(0));
    world.cloud.set_fault(Some(Box::new(move |name| {
        if name == call && done.fetch_add(1, Ordering::SeqCst) == 0 {
            work(&copy);
        }
        None
    })));
}

#[tokio::test]
async fn an_upload_that_read_the_table_before_a_change_ends_with_the_change() {
    // From just after the table was read to just after the manifest was written.
    for call in [
        "put segment",
        "swap manifest",
        "answer swap manifest",
        "put records",
    ] {
        let world = World::new();
        world.put_metadata("1", json!({"price": 1}));
        world.put("catalog/1.jpg", "one");
        once_at(&world, call, |world| {
            world.put_metadata("1", json!({"price": 2}))
        });
        let report = world.index(&["catalog/1.jpg"]).await;
        assert_eq!(outcomes(&report), [("catalog/1.jpg", &Outcome::Indexed)]);
        assert_eq!(
            world.attributes("catalog/1.jpg"),
            r#"{"price":2}"#,
            "{call}"
        );
        assert_eq!(world.embedded(), 1, "{call}");
    }
}

#[tokio::test]
async fn an_update_that_read_the_table_before_a_change_ends_with_the_change() {
    for call in [
        "get segment",
        "put segment",
        "swap manifest",
        "answer swap manifest",
    ] {
        let world = World::new();
        world.put("catalog/1.jpg", "one");
        world.index(&["catalog/1.jpg"]).await;
        world.put_metadata("1", json!({"price": 1}));
        let indexer = world.indexer();
        index_products(&indexer, &["nobody"]).await;
        once_at(&world, call, |world| {
            world.put_metadata("1", json!({"price": 2}))
        });
        let report = index_products(&indexer, &["1"]).await;
        assert_eq!((report.updated, report.retry), (1, vec![]), "{call}");
        assert_eq!(
            world.attributes("catalog/1.jpg"),
            r#"{"price":2}"#,
            "{call}"
        );
    }
}

/// Runs work of somebody else to its end, while the runtime at hand waits.
fn run<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(work)
    });
    thread.join().unwrap()
}

/// Lets another indexer index keys, to the end, at the moment of a call.
fn meanwhile(world: &World, call: &'static str, keys: &'static [&'static str]) {
    let (other, done) = (world.clone(), AtomicU64::new(0));
    world.cloud.set_fault(Some(Box::new(move |name| {
        if name == call && done.fetch_add(1, Ordering::SeqCst) == 0 {
            let other = other.clone();
            let report = run(async move { other.index(keys).await });
            let unfinished = |(_, o): &(String, Outcome)| matches!(o, Outcome::Retry(_));
            assert!(!report.outcomes.iter().any(unfinished), "{report:?}");
        }
        None
    })));
}

#[tokio::test]
async fn a_image_that_is_replaced_meanwhile_stays_replaced() {
    for call in ["get segment", "put segment", "swap manifest"] {
        let world = World::new();
        world.put("catalog/1.jpg", "one");
        world.put_product("catalog/2.jpg", "two", "p1");
        world.index(&["catalog/1.jpg", "catalog/2.jpg"]).await;
        world.put_metadata("1", json!({"price": 1}));
        world.put_metadata("p1", json!({"price": 2}));
        let indexer = world.indexer();
        index_products(&indexer, &["nobody"]).await;
        let new = world.put("catalog/1.jpg", "another");
        // The same version, of another product.
        let etag = world.rows()["catalog/2.jpg"].etag.clone();
        let metadata = BTreeMap::from([("product-id".to_owned(), "p2".to_owned())]);
        world
            .cloud
            .put_image_as("catalog/2.jpg", "two", metadata, &etag);
        meanwhile(&world, call, &["catalog/1.jpg", "catalog/2.jpg"]);
        let report = index_products(&indexer, &["1", "p1"]).await;
        assert_eq!(report.retry, [], "{call}");
        let rows = world.rows();
        assert_eq!(rows["catalog/1.jpg"].etag, new, "{call}");
        assert_eq!(rows["catalog/1.jpg"].attributes, r#"{"price":1}"#, "{call}");
        assert_eq!(rows["catalog/2.jpg"].product_id, "p2", "{call}");
        assert_eq!(rows["catalog/2.jpg"].attributes, "{}", "{call}");
        assert_eq!((world.verify().await, world.embedded()), (2, 3), "{call}");
    }
}

#[tokio::test]
async fn a_image_that_is_removed_meanwhile_stays_removed() {
    for call in ["get segment", "put segment", "swap manifest"] {
        let world = World::new();
        world.put("catalog/1.jpg", "one");
        world.index(&["catalog/1.jpg"]).await;
        world.put_metadata("1", json!({"price": 1, "category": "c"}));
        let indexer = world.indexer();
        index_products(&indexer, &["nobody"]).await;
        world.cloud.remove_image("catalog/1.jpg");
        meanwhile(&world, call, &["catalog/1.jpg"]);
        index_products(&indexer, &["1"]).await;
        assert_eq!(world.rows(), BTreeMap::new(), "{call}");
    }
}

#[tokio::test]
async fn a_product_that_never_rests_is_to_be_told_again() {
    let world = World::new();
    world.put("catalog/1.jpg", "one");
    world.put("catalog/2.jpg", "two");
    world.index(&["catalog/1.jpg", "catalog/2.jpg"]).await;
    for product in ["1", "2"] {
        world.put_metadata(product, json!({"price": 0}));
    }
    let (copy, price) = (world.clone(), AtomicU64::new(1));
    world.cloud.set_fault(Some(Box::new(move |call| {
        if call == "swap manifest" {
            let price = price.fetch_add(1, Ordering::SeqCst);
            copy.put_metadata("1", json!({"price": price}));
        }
        None
    })));
    let report = world.index_products(&["1", "2"]).await;
    assert_eq!(report.updated, 2);
    let [(product, reason)] = &report.retry[..] else {
        panic!("{report:?}");
    };
    assert!(
        product == "1" && reason.contains("keeps changing"),
        "{reason}"
    );
    let report = world.index(&["catalog/1.jpg"]).await;
    assert!(
        matches!(report.outcomes[0].1, Outcome::Retry(_)),
        "{report:?}"
    );
    world.cloud.set_fault(None);
    assert_eq!(world.index_products(&["1"]).await.retry, []);
    assert_eq!(world.indexer().outdated().await.unwrap(), []);
}

/// A change of a product before its image is there, the same twice, an old one after a new one: events say
/// nothing but a name.
#[tokio::test]
async fn events_come_in_any_order_and_any_number() {
    let world = World::new();
    let indexer = world.indexer();
    world.put_metadata("1", json!({"price": 1}));
    index_products(&indexer, &["1", "1"]).await;
    world.put("catalog/1.jpg", "one");
    for _ in 0..2 {
        index(&indexer, &["catalog/1.jpg", "catalog/1.jpg"]).await;
        index_products(&indexer, &["1"]).await;
    }
    assert_eq!(world.attributes("catalog/1.jpg"), r#"{"price":1}"#);
    let generation = world.manifest().generation;
    assert_eq!((generation, world.embedded()), (1, 1));
    world.put_metadata("1", json!({"price": 2}));
    world.put_metadata("1", json!({"price": 3}));
    for _ in 0..2 {
        index_products(&indexer, &["1"]).await;
        index(&indexer, &["catalog/1.jpg"]).await;
    }
    assert_eq!(world.attributes("catalog/1.jpg"), r#"{"price":3}"#);
    assert_eq!(world.manifest().generation, generation + 1);
}

#[tokio::test]
async fn a_lost_answer_to_the_manifest_write_is_no_second_write() {
    let world = World::new();
    world.put("catalog/1.jpg", "one");
    world.index(&["catalog/1.jpg"]).await;
    world.put_metadata("1", json!({"price": 1}));
    world.fail("answer swap manifest", 1, StoreErrorKind::Unavailable);
    let report = world.index_products(&["1"]).await;
    assert_eq!((report.updated, report.generation), (1, 2));
    assert_eq!(world.manifest().segments.len(), 2);
}

/// Two indexes with three products, all of which changed: one in the table, one more image, one gone.
async fn before_the_batch() -> (World, Arc<Indexer>) {
    let world = World::new();
    for key in ["a", "b", "c"] {
        world.put_product(&format!("catalog/{key}.jpg"), key, &format!("p-{key}"));
        world.put_metadata(&format!("p-{key}"), json!({"price": 1, "brand": "b"}));
    }
    let keys: Vec<String> = world.cloud.image_versions().into_keys().collect();
    world.indexer().index_keys(&keys, long()).await.unwrap();
    let new = World::over(world.cloud.clone(), 2).indexer();
    new.begin_building(long()).await.unwrap();
    new.index_keys(&keys, long()).await.unwrap();
    world.put_metadata("p-a", json!({"price": 2, "category": "c"}));
    world.put_metadata("p-b", json!({"price": 2}));
    world.cloud.remove_metadata("p-c");
    let indexer = Arc::new(world.indexer());
    (world, indexer)
}

const PRODUCTS: [&str; 3] = ["p-a", "p-b", "p-c"];

#[tokio::test]
async fn an_update_that_dies_at_any_call_is_made_good_by_the_next_delivery() {
    let (world, _) = before_the_batch().await;
    world.index_products(&PRODUCTS).await;
    let expected = world.full_rows_of(OLD);
    let said: Vec<String> = ["a", "b", "c"]
        .map(|key| world.attributes(&format!("catalog/{key}.jpg")))
        .into();
    assert_eq!(
        said,
        [r#"{"category":"c","price":2}"#, r#"{"price":2}"#, "{}"]
    );
    let mut call = 0;
    loop {
        call += 1;
        let (world, indexer) = before_the_batch().await;
        let searcher = world.searcher();
        let work = index_products(&indexer, &PRODUCTS);
        let died = up_to_call(&world.cloud, call, work).await;
        let found = searcher
            .search_image(bytes("a"), everything())
            .await
            .unwrap();
        assert_eq!((found.results.len(), found.index.stale), (3, None));

        world.index_products(&PRODUCTS).await;
        let rows = world.full_rows_of(OLD);
        for (key, row) in &rows {
            // ETags are numbered from one in every world.
            let expected = &expected[key];
            assert_eq!(row.attributes, expected.attributes, "died at call {call}");
            assert_eq!(row.embedding, expected.embedding, "died at call {call}");
        }
        assert_eq!(world.rows(), world.rows_of(Fingerprint([2; 32])));
        assert_eq!(
            world.indexer().outdated().await.unwrap(),
            [],
            "died at call {call}"
        );
        assert_eq!(world.verify().await, 3);
        if died.is_some() {
            break;
        }
    }
    assert!(call > 10, "the update made {call} calls");
}

/// The upload has read the old price, and dies somewhere around its publication while the price changes. Its
/// own event is delivered again; that of the product may have come before there was any row.
#[tokio::test]
async fn an_upload_that_dies_at_any_call_while_its_product_changes_is_made_good() {
    let mut call = 0;
    loop {
        call += 1;
        let world = World::new();
        world.put_metadata("1", json!({"price": 1}));
        world.put("catalog/1.jpg", "one");
        once_at(&world, "put segment", |world| {
            world.put_metadata("1", json!({"price": 2}));
            let copy = world.clone();
            let told = run(async move { copy.index_products(&["1"]).await });
            assert_eq!(told.updated, 0);
        });
        let indexer = world.indexer();
        let died = up_to_call(&world.cloud, call, index(&indexer, &["catalog/1.jpg"])).await;
        // Where the first delivery did not come so far, the second one meets the change.
        world.index(&["catalog/1.jpg"]).await;
        let price = world.cloud.products()["1"]["price"].clone();
        let said = world.attributes("catalog/1.jpg");
        assert_eq!(
            said,
            json!({ "price": price }).to_string(),
            "died at call {call}"
        );
        assert_eq!(world.indexer().outdated().await.unwrap(), []);
        if died.is_some() {
            break;
        }
    }
    assert!(call > 10, "the upload made {call} calls");
}
