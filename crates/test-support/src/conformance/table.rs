//! The contracts of products, image records and failures.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use lookalike_core::model::{
    Failure, ImageRecord, ImageVersion, Metadata, NewestFailures, Product,
};
use lookalike_core::ports::{Failures, ImageRecords, Products};
use serde_json::json;

use super::support::{all_pages, done, eventually};

/// More than DynamoDB takes in one call, several times over.
const MANY: usize = 130;

/// Tests storing and finding product metadata.
pub async fn products(products: Arc<dyn Products>) {
    let products = &*products;
    let none = done("get no ids", products.get_many(&[]).await);
    assert!(none.is_empty());
    let unknown = ["nobody".to_owned()];
    let none = done("get an unknown id", products.get_many(&unknown).await);
    assert!(none.is_empty(), "this product was never stored");
    let none = done("get the latest of none", products.latest(&[]).await);
    assert!(none.is_empty());
    done("store none", products.put_many(&[]).await);

    let stored: Vec<Product> = (0..MANY).map(product).collect();
    done("store many", products.put_many(&stored).await);
    let mut ids: Vec<String> = stored.iter().map(|p| p.product_id.clone()).collect();
    ids.push("nobody".to_owned());
    ids.push(ids[0].clone());
    let found = done("get many", products.get_many(&ids).await);
    let expected: HashMap<String, Metadata> = stored
        .into_iter()
        .map(|product| (product.product_id, product.metadata))
        .collect();
    assert_eq!(found, expected, "all that were stored, and only those");
    let found = done("get the latest of many", products.latest(&ids).await);
    assert_eq!(found, expected, "the same");

    let id = &ids[3];
    let replaced = Product {
        product_id: id.clone(),
        metadata: Metadata::from([("name".to_owned(), json!("new"))]),
    };
    let stored = products.put_many(std::slice::from_ref(&replaced)).await;
    done("replace", stored);
    let found = done("get the latest", products.latest(&ids[3..4]).await);
    assert_eq!(found.get(id), Some(&replaced.metadata), "at once");
    let found = done("get one", products.get_many(&ids[3..4]).await);
    assert_eq!(
        found.get(id),
        Some(&replaced.metadata),
        "metadata is replaced, not joined"
    );
}

fn product(i: usize) -> Product {
    let metadata = json!({
        "name": format!("größe {i} 鞋"),
        "price": 19.99 + i as f64,
        "stock": i,
        "owed": -3,
        "sold": i.is_multiple_of(2),
        "with space.and-dot": "x",
        "empty": "",
    });
    Product {
        product_id: format!("p/{i} +%ü"),
        metadata: serde_json::from_value(metadata).unwrap_or_default(),
    }
}

/// Tests storing and removing image records, and finding those of failures.
pub async fn records(records: Arc<dyn ImageRecords>, failures: Arc<dyn Failures>) {
    let (records, failures) = (&*records, &*failures);
    expect_failures(failures, &[]).await;
    done("store none", records.put_many(&[]).await);
    done("remove nothing", records.remove("p", "catalog/a.jpg").await);

    // Two products under one key, a key that is a prefix of another, and more than one page. They
    // failed one after the other, in an order that is neither that of their keys nor its reverse.
    let mut failed: Vec<ImageRecord> = (0..MANY)
        .map(|i| ImageRecord {
            at: format!("2026-01-02T03:{:02}:00Z", i * 7 % 60),
            ..record(&format!("p{i}"), &format!("catalog/{i:04}.jpg"), true)
        })
        .collect();
    failed.push(record("other", "catalog/0007.jpg", true));
    failed.push(record("p7", "catalog/0007.jpg2", true));
    let good = record("p0", "catalog/good.jpg", false);
    let mut stored = failed.clone();
    stored.push(good);
    // If the same record is stored twice in one call, the last one counts.
    stored.insert(0, record("p1", "catalog/0001.jpg", false));
    done("store many", records.put_many(&stored).await);
    expect_failures(failures, &failed).await;
    let version = |product_id: &str, key: &str, etag: &str| ImageVersion {
        key: key.to_owned(),
        product_id: product_id.to_owned(),
        etag: etag.to_owned(),
    };
    let mut images: Vec<ImageVersion> = stored
        .iter()
        .skip(1)
        .map(|r| version(&r.product_id, &r.key, &r.etag))
        .collect();
    let none = done("look for records", records.missing(&images).await);
    assert_eq!(none, [], "all are there");
    let changed = version("p7", &stored[8].key, "\"another\"");
    assert_eq!(
        (stored[8].product_id.as_str(), failed[7].key.as_str()),
        ("p7", &*changed.key)
    );
    let unknown = ["p1", ""].map(|id| version(id, "catalog/unknown.jpg", "\"0123abc\""));
    let unknown = [unknown[0].clone(), unknown[1].clone(), changed];
    images.splice(3..3, unknown.clone());
    let missing = done("look for records", records.missing(&images).await);
    assert_eq!(missing, unknown);
    for expected in [&stored[3], &stored[MANY + 3]] {
        let found = records.find(&expected.product_id, &expected.key).await;
        assert_eq!(done("find a record", found).as_ref(), Some(expected));
    }
    for image in &unknown[..2] {
        let found = records.find(&image.product_id, &image.key).await;
        assert_eq!(done("find a record", found), None);
    }
    expect_of_key(failures, "catalog/0007.jpg", &["other", "p7"]).await;
    expect_of_key(failures, "catalog/good.jpg", &[]).await;
    expect_of_key(failures, "catalog/unknown.jpg", &[]).await;

    // A key of the maximum length in S3.
    let long = format!("catalog/{}.jpg", "x".repeat(1012));
    let record_of_long = record("long", &long, true);
    let one = std::slice::from_ref(&record_of_long);
    done("store a long key", records.put_many(one).await);
    expect_of_key(failures, &long, &["long"]).await;
    done("remove a long key", records.remove("long", &long).await);
    expect_of_key(failures, &long, &[]).await;

    let repaired = record("p2", "catalog/0002.jpg", false);
    done("a good one follows", records.put_many(&[repaired]).await);
    for _ in 0..2 {
        let removed = records.remove("other", "catalog/0007.jpg").await;
        done("remove, also again", removed);
    }
    failed.retain(|record| record.key != "catalog/0002.jpg" && record.product_id != "other");
    expect_failures(failures, &failed).await;
    expect_of_key(failures, "catalog/0007.jpg", &["p7"]).await;
}

fn record(product_id: &str, key: &str, failed: bool) -> ImageRecord {
    ImageRecord {
        key: key.to_owned(),
        product_id: product_id.to_owned(),
        etag: "\"0123abc\"".to_owned(),
        bytes: 12_345,
        encoder: "ab".repeat(32),
        at: "2026-01-02T03:04:05Z".to_owned(),
        failure: failed.then(|| Failure {
            code: "corrupt".to_owned(),
            reason: "the JPEG is cut off: größe".to_owned(),
        }),
    }
}

async fn expect_failures(failures: &dyn Failures, expected: &[ImageRecord]) {
    let by_id = |records: &[ImageRecord]| -> BTreeMap<(String, String), ImageRecord> {
        let id = |r: &ImageRecord| (r.key.clone(), r.product_id.clone());
        records.iter().map(|r| (id(r), r.clone())).collect()
    };
    let is_so = |found: &Vec<ImageRecord>| {
        let unique = by_id(found);
        unique.len() == found.len() && unique == by_id(expected)
    };
    let read = async || all_pages(async |after| failures.list(after).await).await;
    let found = eventually(read, is_so).await;
    assert_eq!(by_id(&found), by_id(expected), "the failures");
    assert!(is_so(&found), "a failure is listed twice");
    assert!(
        found.iter().is_sorted_by_key(|record| &record.key),
        "failures come in key order"
    );
    for most in [0, 5, MANY * 2] {
        let newest = done("read the newest", failures.newest(most).await);
        let count = expected.len() as u64;
        assert_eq!(newest.count, count, "the number of failures");
        let expected = NewestFailures::default().and(count, expected.to_vec(), most);
        assert_eq!(newest, expected, "the newest failures");
    }
}

async fn expect_of_key(failures: &dyn Failures, key: &str, products: &[&str]) {
    let expected: BTreeSet<String> = products.iter().map(|p| (*p).to_owned()).collect();
    let found = eventually(
        async || {
            let records = failures.of_key(key).await?;
            let products = records.into_iter().map(|record| record.product_id);
            Ok(products.collect::<BTreeSet<String>>())
        },
        |found| *found == expected,
    )
    .await;
    assert_eq!(found, expected, "the products that failed at {key:?}");
}
