#![allow(clippy::unwrap_used)]

use lookalike_index::{Field, Fingerprint, VectorBaseLayout};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const DIMENSIONS: usize = 3;

fn base() -> BaseAddress {
    let field = |attribute: &str, bands: &[f64]| Field {
        attribute: attribute.to_owned(),
        bands: bands.to_vec(),
    };
    BaseAddress {
        name: "base".parse().unwrap(),
        fingerprint: Fingerprint([7; 32]),
        dimensions: DIMENSIONS,
        layout: VectorBaseLayout {
            slots: 4,
            fields: vec![field("color", &[]), field("price", &[10.0, 20.0])],
        },
    }
}

fn row() -> Row {
    Row {
        key: "catalog/a b+c.jpg".to_owned(),
        product_id: "größe 1".to_owned(),
        etag: "\"e\"".to_owned(),
        attributes: Attributes::from([
            ("color".to_owned(), json!("red")),
            ("price".to_owned(), json!(19.99)),
            ("sizes".to_owned(), json!(["s", "m"])),
        ]),
        embedding: QuantizedVector::new(&[0.6, 0.0, -0.8]).unwrap(),
    }
}

/// Returns what a read of an item returns.
fn read(mut item: Item) -> Item {
    item.retain(|name, _| ROW_ATTRIBUTES.contains(&name.as_str()));
    item
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[test]
fn an_item_has_what_the_indexes_ask_for() {
    let item = of_row(&base(), &row(), 7).unwrap();
    let slot = base().layout.slot_of("größe 1");
    assert_eq!(item["slot"], AttributeValue::N(slot.to_string()));
    assert_eq!(item["product_id"], text("größe 1"));
    assert_eq!(item["f0"], text("sred"));
    assert_eq!(item["f1"], text("1"));
    assert_eq!(item["writer"], AttributeValue::N("7".to_owned()));
    let vector = item["vector"].as_l().unwrap();
    let vector: Vec<f32> = vector
        .iter()
        .map(|x| x.as_n().unwrap().parse().unwrap())
        .collect();
    assert_eq!(vector, row().embedding.to_f32());
    assert_eq!(item.len(), 10, "{item:?}");
}

#[test]
fn numbers_are_short_and_exact() {
    let numbers = numbers(&[0.1, -0.0, 1.0, 1e-30, -1.5e-7]);
    let expected = ["0.1", "-0.0", "1.0", "1e-30", "-1.5e-7"];
    assert_eq!(numbers, expected.map(|x| AttributeValue::N(x.to_owned())));
}

#[test]
fn a_removed_row_is_in_no_index_and_expires() {
    let item = of_removed("catalog/a.jpg", 9, 1_800_000_000).unwrap();
    let expires = AttributeValue::N("1800000000".to_owned());
    assert_eq!(item["expires"], expires);
    let mut names: Vec<&str> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["expires", "key", "writer"]);
    let state = KeyState {
        row: None,
        writer: 9,
    };
    let expected = ("catalog/a.jpg".to_owned(), state);
    assert_eq!(to_state(read(item), DIMENSIONS), Ok(expected));
}

#[test]
fn what_dynamodb_would_refuse_is_said() {
    let of = |change: fn(&mut Row)| {
        let mut row = row();
        change(&mut row);
        of_row(&base(), &row, 1).map(drop).unwrap_err()
    };
    assert_eq!(of(|row| row.key.clear()), BadRow::Key);
    assert_eq!(of(|row| row.key = "k".repeat(1025)), BadRow::Key);
    assert_eq!(of(|row| row.key = "#base".to_owned()), BadRow::Key);
    assert_eq!(of(|row| row.product_id.clear()), BadRow::ProductId(0));
    let long = of(|row| row.product_id = "p".repeat(2049));
    assert_eq!(long, BadRow::ProductId(2049));
    let other = of(|row| row.embedding = QuantizedVector::new(&[1.0; 4]).unwrap());
    let expected = BadRow::Dimensions {
        found: 4,
        expected: 3,
    };
    assert_eq!(other, expected);
    assert_eq!(of_removed("", 1, 0), Err(BadRow::Key));
}

#[test]
fn damaged_items_are_left_out_of_a_page() {
    let good = read(of_row(&base(), &row(), 1).unwrap());
    let with = |name: &str, value: Option<AttributeValue>| {
        let mut item = good.clone();
        item.remove(name);
        item.extend(value.map(|value| (name.to_owned(), value)));
        item
    };
    let code = |bytes: &[u8]| Some(AttributeValue::B(Blob::new(bytes)));
    let damaged = [
        (with("key", None), BadItem::Attribute("key")),
        (with("writer", None), BadItem::Attribute("writer")),
        (
            with("writer", Some(text("7"))),
            BadItem::Attribute("writer"),
        ),
        (
            with("writer", Some(AttributeValue::N("-1".to_owned()))),
            BadItem::Attribute("writer"),
        ),
        (with("product_id", None), BadItem::Attribute("product_id")),
        (with("etag", None), BadItem::Attribute("etag")),
        (with("attributes", None), BadItem::Attribute("attributes")),
        (
            with("attributes", Some(text("[1]"))),
            BadItem::Attribute("attributes"),
        ),
        (with("code", None), BadItem::Attribute("code")),
        (with("code", Some(text("x"))), BadItem::Attribute("code")),
        (with("code", code(&[0; 9])), BadItem::Code(3)),
        (with("code", code(&[])), BadItem::Code(3)),
        (Item::new(), BadItem::Attribute("key")),
    ];
    for (item, reason) in &damaged {
        assert_eq!(to_state(item.clone(), DIMENSIONS).as_ref(), Err(reason));
    }
    let items = damaged.into_iter().map(|(item, _)| item).chain([good]);
    let found = rows(to_states("table", items, DIMENSIONS));
    assert_eq!(found, [row()]);
}

#[test]
fn rows_of_another_length_are_damaged() {
    let item = read(of_row(&base(), &row(), 1).unwrap());
    assert_eq!(to_state(item, 4), Err(BadItem::Code(4)));
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let value = prop_oneof![
        any::<String>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        proptest::collection::vec(any::<String>(), 0..3).prop_map(Value::from),
    ];
    proptest::collection::btree_map("color|price|\\PC{0,5}", value, 0..5)
}

proptest! {
    #[test]
    fn a_row_comes_back(
        key in "\\PC{1,200}",
        product_id in "\\PC{1,200}",
        etag in any::<String>(),
        attributes in attributes(),
        vector in proptest::collection::vec(-1.0_f32..1.0, DIMENSIONS),
        writer in any::<u64>(),
    ) {
        prop_assume!(key != "#base");
        let Ok(embedding) = QuantizedVector::new(&vector) else {
            return Ok(());
        };
        let row = Row { key: key.clone(), product_id, etag, attributes, embedding };
        let item = of_row(&base(), &row, writer).unwrap();
        let slot = base().layout.slot_of(&row.product_id).to_string();
        prop_assert_eq!(&item[SLOT], &AttributeValue::N(slot));
        let state = KeyState { row: Some(row), writer };
        prop_assert_eq!(to_state(read(item), DIMENSIONS), Ok((key, state)));
    }
}
