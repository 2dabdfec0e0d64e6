//! Storing and finding rows.

use std::collections::BTreeMap;

use lookalike_core::vector_base::{KeyState, MAX_FOUND};
use lookalike_index::{Row, Term};
use serde_json::json;

use super::bed::{Bed, similarity};
use super::rows::{self, MANY, SLOTS};

/// Accuracy of a floor.
const ACCURACY: f32 = 1e-4;

/// Checks a base without rows.
pub(super) async fn an_empty_base_has_nothing(bed: &Bed) {
    bed.put(&[], 1, 0).await;
    bed.remove(&[], 1, 0).await;
    let none = bed.get(&[]).await;
    assert!(none.is_empty());
    let none = bed.get(&["catalog/unknown.jpg".to_owned()]).await;
    assert!(none.is_empty(), "this key has no entry");
    bed.expect_scan(&[]).await;
    bed.expect_of_products(&[], &[]).await;
    bed.expect_of_products(&["unknown"], &[]).await;
    let found = bed.expect_found((0, &rows::vector(1), &[], 10), &[]).await;
    assert_eq!(found.floor, None, "there are no more");
}

/// Stores the rows, and reads them by their keys and page by page.
pub(super) async fn rows_are_stored(bed: &Bed, rows: &[Row]) {
    bed.put(rows, 1, MANY as u64).await;
    bed.expect_scan(rows).await;
    let mut keys: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
    keys.extend([keys[3].clone(), "catalog/unknown.jpg".to_owned()]);
    let states = rows.iter().map(|row| {
        let state = KeyState {
            row: Some(row.clone()),
            writer: 1,
        };
        (row.key.clone(), state)
    });
    let expected: BTreeMap<_, _> = states.collect();
    assert_eq!(bed.get(&keys).await, expected, "all that were stored");
    bed.put(&rows[..20], 1, 20).await;
    bed.expect_scan(rows).await;
}

/// Searches every slot, for few rows and for all.
pub(super) async fn slots_are_searched(bed: &Bed, rows: &[Row]) {
    for slot in 0..SLOTS {
        let vector = rows::vector(1000 + u64::from(slot));
        let ranked = bed.ranked(rows, slot, &vector, &[]);
        assert!(ranked.len() > MAX_FOUND, "the test is too small");
        for top in [1, 10, MAX_FOUND] {
            let query = (slot, &vector[..], &[][..], top);
            let found = bed.expect_found(query, &ranked[..top]).await;
            expect_floor(found.floor, ranked[top - 1], &vector);
        }
        let found = bed.search(slot, &vector, &[], 10 * MAX_FOUND).await;
        assert_eq!(found.rows.len(), MAX_FOUND, "a search has a maximum");
        expect_floor(found.floor, ranked[MAX_FOUND - 1], &vector);
    }
}

/// Searches for rows with terms of one field, of two, and of none.
pub(super) async fn terms_narrow_a_search(bed: &Bed, rows: &[Row]) {
    let vector = rows::vector(2000);
    let red = ("color", json!("red"));
    let cheap = ("price", json!(9.9));
    for terms in [
        bed.terms(std::slice::from_ref(&red)),
        bed.terms(&[("color", json!("grün")), ("price", json!(20.5))]),
        bed.terms(&[red.clone(), cheap.clone(), ("sold", json!(true))]),
        bed.terms(&[cheap, ("sizes", json!([]))]),
    ] {
        for slot in 0..SLOTS {
            let ranked = bed.ranked(rows, slot, &vector, &terms);
            assert!(ranked.len() > 1, "the test is too small: {terms:?}");
            let query = (slot, &vector[..], &terms[..], MAX_FOUND);
            let found = bed.expect_found(query, &ranked).await;
            assert_eq!(found.floor, None, "there are no more with {terms:?}");
            let query = (slot, &vector[..], &terms[..], 1);
            let found = bed.expect_found(query, &ranked[..1]).await;
            expect_floor(found.floor, ranked[0], &vector);
        }
    }
    // A text is not the boolean that is written in the same way, nor a part of another text.
    for (name, value) in [("sold", json!("true")), ("color", json!("re"))] {
        let terms: Vec<Term> = bed.terms(&[(name, value)]);
        let found = bed.search(0, &vector, &terms, 10).await;
        assert_eq!(found.rows, [], "no row has {terms:?}");
        assert_eq!(found.floor, None);
    }
}

/// Reads the rows of products.
pub(super) async fn products_have_rows(bed: &Bed, rows: &[Row]) {
    let first = rows::product(0);
    bed.expect_of_products(&[&first], &rows[..3]).await;
    let ids: Vec<String> = (0..MANY).map(rows::product).collect();
    let long = "p".repeat(3000);
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.extend([ids[2], "unknown", "", &long]);
    bed.expect_of_products(&ids, rows).await;
}

fn expect_floor(floor: Option<f32>, last: &Row, vector: &[f32]) {
    let expected = similarity(last, vector);
    let is_near = floor.is_some_and(|floor| (floor - expected).abs() < ACCURACY);
    assert!(is_near, "the floor is {floor:?}, expected {expected}");
}
