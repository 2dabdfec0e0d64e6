//! The contract of reading the whole table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::model::{Failure, ImageRecord, Metadata, Product, TableEntry};
use lookalike_core::ports::{ImageRecords, Products, TableReader};
use serde_json::json;

use super::support::{AWKWARD_KEYS, all_pages, done};

/// More than one page of the adapter in memory.
const MANY: usize = 130;
/// Time within which a scan sees writes.
const MOMENTS: Duration = Duration::from_secs(10);

/// Tests reading all products and records.
pub async fn table_reader(
    reader: Arc<dyn TableReader>,
    products: Arc<dyn Products>,
    records: Arc<dyn ImageRecords>,
) {
    let reader = &*reader;
    expect(reader, &[]).await;
    let ids: Vec<String> = (0..MANY).map(|i| format!("p/{i} +%ü")).collect();
    let stored: Vec<Product> = ids.iter().map(|id| product(id)).collect();
    done("store products", products.put_many(&stored).await);
    // Under a product with metadata, and under one without.
    let mut written: Vec<ImageRecord> = AWKWARD_KEYS
        .iter()
        .map(|key| record(&ids[0], key))
        .collect();
    written.extend((0..MANY).map(|i| record("nobody", &format!("catalog/{i}.jpg"))));
    written.push(record(
        "nobody",
        &format!("catalog/{}.jpg", "x".repeat(1012)),
    ));
    written[1].failure = Some(Failure {
        code: "corrupt".to_owned(),
        reason: "the JPEG is cut off: größe".to_owned(),
    });
    done("store records", records.put_many(&written).await);
    let mut expected: Vec<TableEntry> = ids.into_iter().map(TableEntry::Product).collect();
    expected.extend(written.iter().cloned().map(TableEntry::Image));
    expect(reader, &expected).await;

    let gone = &written[2];
    done("remove", records.remove(&gone.product_id, &gone.key).await);
    let gone = TableEntry::Image(gone.clone());
    expected.retain(|entry| *entry != gone);
    expect(reader, &expected).await;
}

fn product(id: &str) -> Product {
    Product {
        product_id: id.to_owned(),
        metadata: Metadata::from([
            // Names that records use too.
            ("key".to_owned(), json!("k")),
            ("etag".to_owned(), json!("e")),
        ]),
    }
}

fn record(product_id: &str, key: &str) -> ImageRecord {
    ImageRecord {
        key: key.to_owned(),
        product_id: product_id.to_owned(),
        etag: "\"0123abc\"".to_owned(),
        bytes: 12_345,
        encoder: "ab".repeat(32),
        at: "2026-01-02T03:04:05Z".to_owned(),
        failure: None,
    }
}

async fn expect(reader: &dyn TableReader, expected: &[TableEntry]) {
    let by_name = |entries: &[TableEntry]| -> BTreeMap<(String, String), TableEntry> {
        let named = entries.iter().map(|entry| {
            let name = match entry {
                TableEntry::Product(id) => (id.clone(), String::new()),
                TableEntry::Image(record) => (record.product_id.clone(), record.key.clone()),
            };
            (name, entry.clone())
        });
        named.collect()
    };
    let wanted = by_name(expected);
    let begun = tokio::time::Instant::now();
    loop {
        let found = done(
            "scan",
            all_pages(async |after| reader.scan(after).await).await,
        );
        let named = by_name(&found);
        if (named == wanted && found.len() == wanted.len()) || begun.elapsed() > MOMENTS {
            assert_eq!(named, wanted, "the entries of the table");
            assert_eq!(found.len(), wanted.len(), "an entry comes twice");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
