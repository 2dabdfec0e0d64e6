//! Rows that change, and rows that are removed.

use lookalike_index::Row;
use serde_json::json;

use super::super::support::AWKWARD_KEYS;
use super::bed::Bed;
use super::rows::{self, MANY, SLOTS};

/// Lets a row change its attributes, then its product.
pub(super) async fn rows_change(bed: &Bed, rows: &[Row]) {
    let old = &rows[6];
    let slot = bed.address.layout.slot_of(&old.product_id);
    let vector = old.embedding.to_f32();
    let violet = bed.terms(&[("color", json!("violet"))]);
    let old_color = bed.terms(&[("color", old.attributes["color"].clone())]);
    let mut new = old.clone();
    new.attributes.insert("color".to_owned(), json!("violet"));
    new.etag = "\"new\"".to_owned();
    bed.put(std::slice::from_ref(&new), 1, 1).await;
    bed.expect_state(&old.key, Some(&new), 1).await;
    bed.expect_found((slot, &vector, &violet, 10), &[&new])
        .await;
    let others: Vec<Row> = rows
        .iter()
        .filter(|row| row.key != old.key)
        .cloned()
        .collect();
    let ranked = bed.ranked(&others, slot, &vector, &old_color);
    bed.expect_found((slot, &vector, &old_color, 5), &ranked[..5])
        .await;

    let ids = (0..MANY).map(|i| format!("moved {i}"));
    let mut elsewhere = ids.filter(|id| bed.address.layout.slot_of(id) != slot);
    let Some(product) = elsewhere.next() else {
        panic!("every product is in one slot");
    };
    let mut moved = new.clone();
    moved.product_id = product.clone();
    bed.put(std::slice::from_ref(&moved), 1, 1).await;
    bed.expect_state(&old.key, Some(&moved), 1).await;
    bed.expect_found((slot, &vector, &violet, 10), &[]).await;
    bed.expect_found((1 - slot, &vector, &violet, 10), &[&moved])
        .await;
    bed.expect_of_products(&[&old.product_id], &rows[7..9])
        .await;
    bed.expect_of_products(&[&product], std::slice::from_ref(&moved))
        .await;
    let ids = [old.product_id.as_str(), &product];
    let both = [moved, rows[7].clone(), rows[8].clone()];
    bed.expect_of_products(&ids, &both).await;
    bed.put(std::slice::from_ref(old), 1, 1).await;
    bed.expect_of_products(&[&old.product_id], &rows[6..9])
        .await;
    bed.expect_scan(rows).await;
}

/// Removes rows, one of them twice, and keys without an entry; then all that are left.
pub(super) async fn rows_are_removed(bed: &Bed, rows: &[Row]) {
    let gone = &rows[4];
    bed.remove(&[&gone.key, "catalog/never.jpg"], 1, 2).await;
    bed.remove(&[&gone.key], 1, 1).await;
    for key in [&gone.key, "catalog/never.jpg"] {
        bed.expect_state(key, None, 1).await;
    }
    let left: Vec<Row> = rows
        .iter()
        .filter(|row| row.key != gone.key)
        .cloned()
        .collect();
    bed.expect_scan(&left).await;
    bed.expect_of_products(&[&gone.product_id], &[rows[3].clone(), rows[5].clone()])
        .await;
    let slot = bed.address.layout.slot_of(&gone.product_id);
    let vector = gone.embedding.to_f32();
    let ranked = bed.ranked(&left, slot, &vector, &[]);
    bed.expect_found((slot, &vector, &[], 20), &ranked[..20])
        .await;

    let keys: Vec<&str> = left.iter().map(|row| row.key.as_str()).collect();
    bed.remove(&keys, 1, keys.len() as u64).await;
    bed.expect_scan(&[]).await;
    for slot in 0..SLOTS {
        let found = bed.expect_found((slot, &vector, &[], 20), &[]).await;
        assert_eq!(found.floor, None, "there are no more");
    }
    bed.put(std::slice::from_ref(gone), 1, 1).await;
    bed.expect_found((slot, &vector, &[], 20), &[gone]).await;
    bed.expect_scan(std::slice::from_ref(gone)).await;
    bed.remove(&[&gone.key], 1, 1).await;
    bed.expect_of_products(&[&gone.product_id], &[]).await;
}

/// Stores rows whose keys, products and attributes are long, or written differently elsewhere.
pub(super) async fn names_may_be_strange(bed: &Bed) {
    // The maximum length of a key in S3, and that of a product id which the table of products can have.
    let long_key = format!("catalog/{}.jpg", "x".repeat(1012));
    let long_product = "ö".repeat(1024);
    let names = AWKWARD_KEYS.iter().map(|key| (*key, *key));
    let long = [(long_key.as_str(), long_product.as_str()), ("#f0", ":slot")];
    let rows = names.chain(long).enumerate().map(|(i, (key, product))| {
        let mut row = rows::row(key, product, i as u64);
        row.attributes.insert("color".to_owned(), json!(key));
        row
    });
    let rows: Vec<Row> = rows.collect();
    bed.put(&rows, 1, rows.len() as u64).await;
    bed.expect_scan(&rows).await;
    for row in &rows {
        bed.expect_state(&row.key, Some(row), 1).await;
        bed.expect_of_products(&[&row.product_id], std::slice::from_ref(row))
            .await;
        let slot = bed.address.layout.slot_of(&row.product_id);
        let terms = bed.terms(&[("color", json!(row.key))]);
        bed.expect_found((slot, &rows::vector(9), &terms, 10), &[row])
            .await;
    }
    // No row can have these keys.
    let impossible = [String::new(), "k".repeat(3000)];
    assert!(bed.get(&impossible).await.is_empty());
    let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    bed.remove(&keys, 1, keys.len() as u64).await;
    bed.expect_scan(&[]).await;
}
