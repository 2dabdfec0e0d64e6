//! Selections, and the types of attributes that filters are checked against.

use lookalike_index::{Filter, FilterError, IndexError, LiveRows, Row, SearchRequest, Snapshot};
use serde_json::{Value, json};

use crate::support::{base, content, delta, row};

/// Makes rows with these attributes; keys and products are their position.
fn rows(attributes: &[Value]) -> Vec<Row> {
    let rows = attributes
        .iter()
        .enumerate()
        .map(|(position, attributes)| Row {
            attributes: serde_json::from_value(attributes.clone()).unwrap(),
            ..row(
                &format!("k{position}"),
                &format!("p{position}"),
                &[1.0, position as f32],
            )
        });
    rows.collect()
}

fn snapshot(attributes: &[Value]) -> Snapshot {
    Snapshot::new(vec![base(1, &content(rows(attributes)), 2, None)], 2).unwrap()
}

/// Returns the keys that short forms select.
fn selected(snapshot: &Snapshot, filters: &[&str]) -> Vec<String> {
    let filter = Filter::from_texts(filters.iter().copied()).unwrap();
    let selection = snapshot.select(&filter, &[]).unwrap();
    let found = snapshot.search(SearchRequest {
        filter: Some(&selection),
        ..SearchRequest::new(&[1.0, 0.0], 100)
    });
    let hits = found.unwrap().hits.into_iter();
    hits.map(|hit| hit.key).collect()
}

/// `size=42` means the text if sizes are texts, and the number if they are numbers.
#[test]
fn words_are_what_the_attribute_holds() {
    let shop = snapshot(&[
        json!({"size": "42", "price": 42, "sale": true, "any": 42}),
        json!({"size": "42.0", "price": 42.5, "sale": false, "any": "42"}),
        json!({"size": "9", "price": 9, "any": true}),
        json!({"size": "true", "price": 1e3, "any": "true"}),
    ]);
    assert_eq!(selected(&shop, &["size=42"]), ["k0"]);
    assert_eq!(selected(&shop, &["price=42.0"]), ["k0"]);
    assert_eq!(selected(&shop, &["price=1000,9"]), ["k2", "k3"]);
    assert_eq!(selected(&shop, &["any=42"]), ["k0", "k1"]);
    assert_eq!(selected(&shop, &["any=\"42\""]), ["k1"]);
    assert_eq!(selected(&shop, &["any=true"]), ["k2", "k3"]);
    assert_eq!(selected(&shop, &["sale=true"]), ["k0"]);
    assert_eq!(
        selected(&shop, &["size<\"5\""]),
        ["k0", "k1"],
        "texts are ordered as texts"
    );
    assert_eq!(selected(&shop, &["price<42.5"]), ["k0", "k2"]);
    assert_eq!(
        selected(&shop, &["price>=9", "price<1000", "!sale"]),
        ["k2"]
    );
    assert_eq!(selected(&shop, &["sale!=true"]), ["k1", "k2", "k3"]);
    let wrong = |text: &str| {
        let filter = Filter::from_text(text).unwrap();
        shop.select(&filter, &[]).unwrap_err().to_string()
    };
    assert_eq!(
        wrong("price<cheap"),
        "attribute \"price\" holds number: it cannot be compared with a range up to or from \"cheap\""
    );
    assert_eq!(
        wrong("price=\"42\""),
        "attribute \"price\" holds number: it cannot be compared with the text \"42\""
    );
    let refused = wrong("size<5");
    assert!(refused.contains("\"size\" holds text"), "{refused}");
    assert!(refused.contains("up to or from the number 5"), "{refused}");
    assert!(wrong("sale<true").contains("holds boolean"));
    assert!(wrong("sale=yes").contains("cannot be compared with \"yes\""));
}

#[test]
fn unknown_attributes_are_refused_with_the_known_ones() {
    let shop = snapshot(&[json!({"color": "red"})]);
    let filter = Filter::from_text("colour=red").unwrap();
    let select = |declared: &[&str]| {
        let declared: Vec<String> = declared.iter().map(ToString::to_string).collect();
        shop.select(&filter, &declared)
    };
    let message = |declared: &[&str]| select(declared).unwrap_err().to_string();
    assert_eq!(
        message(&["category", "color"]),
        "attribute \"colour\" is unknown: filterable are category, color"
    );
    assert_eq!(
        message(&[]),
        "attribute \"colour\" is unknown: no attribute is declared as filterable"
    );
    // A filter may name a declared attribute before any image has it, with any value.
    assert_eq!(select(&["colour"]).unwrap().images(), 0);
    let filter = Filter::from_texts(["colour<5", "colour!=red"]).unwrap();
    assert_eq!(
        shop.select(&filter, &["colour".to_owned()])
            .unwrap()
            .images(),
        0
    );
}

/// An unquoted number is compared with numbers alone, although texts come before and after it by code point.
#[test]
fn a_range_of_numbers_leaves_texts_out() {
    let values = [json!(49.5), json!("2,499.00"), json!("60"), json!(70)];
    let mixed = snapshot(&values.map(|price| json!({"price": price})));
    for (filter, keys) in [
        ("price<50", &["k0"][..]),
        ("price>=49.5", &["k0", "k3"]),
        ("price<\"50\"", &["k1"]),
        ("price<5x", &["k1"]),
        ("price=60", &["k2"]),
    ] {
        let mut found = selected(&mixed, &[filter]);
        found.sort_unstable();
        assert_eq!(found, keys, "{filter}");
    }
}

/// The types of an attribute are those of live images: once the last text is removed, texts are not
/// among them.
#[test]
fn types_are_those_of_live_rows() {
    let first = delta(
        1,
        &content(rows(&[json!({"price": "9"}), json!({"price": 9})])),
        2,
    );
    let live_rows = LiveRows::new(vec![first.meta().clone()]);
    let mut second = content(rows(&[json!({"price": 10})]));
    second.deleted = live_rows.deleted_by(["k0"].into_iter());
    let before = Snapshot::new(vec![first.clone()], 2).unwrap();
    let after = Snapshot::new(vec![first, delta(2, &second, 2)], 2).unwrap();
    let filter = Filter::from_json(&json!({"price": "9"})).unwrap();
    let selection = before.select(&filter, &[]).unwrap();
    assert_eq!(selection.images(), 1);
    assert!(matches!(
        after.select(&filter, &[]),
        Err(FilterError::Type { .. })
    ));
    let types = |snapshot: &Snapshot| snapshot.attributes()[0].types.to_string();
    assert_eq!(
        [types(&before), types(&after)],
        ["number or text", "number"]
    );

    // A selection belongs to one snapshot.
    let request = SearchRequest {
        filter: Some(&selection),
        ..SearchRequest::new(&[1.0, 0.0], 1)
    };
    let refused = IndexError::OtherSnapshot;
    assert_eq!(after.search(request).unwrap_err(), refused);
    assert_eq!(after.search_briefly(request).unwrap_err(), refused);
    assert_eq!(after.images_of_products(request, &[]).unwrap_err(), refused);
    let facet = after.facet("price", Some(&selection), 1);
    assert_eq!(facet.unwrap_err(), refused);
}

#[test]
fn the_pages_of_a_shop_select_once() {
    let shop = snapshot(&[json!({"color": "red"}), json!({"color": "blue"})]);
    let select = |json: Value| {
        shop.select(&Filter::from_json(&json).unwrap(), &[])
            .unwrap()
    };
    let brief = Filter::from_json(&json!({"color": "red"})).unwrap();
    assert!(
        shop.select_briefly(&brief, &[]).unwrap().is_none(),
        "nothing is parsed yet"
    );
    let first = select(json!({"color": ["red", "blue"]}));
    let again = select(json!({"or": [{"color": "blue"}, {"color": "red"}]}));
    assert!(std::sync::Arc::ptr_eq(&first, &again));
    assert_eq!(
        shop.select_briefly(&brief, &[]).unwrap().unwrap().images(),
        1
    );
    // The last selections stay, after any number of others.
    for i in 0..1000 {
        select(json!({"color": format!("{i}")}));
        let again = select(json!({"color": ["blue", "red"]}));
        assert!(std::sync::Arc::ptr_eq(&first, &again));
    }
}
