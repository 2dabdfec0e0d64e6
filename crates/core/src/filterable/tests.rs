#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn filterable(text: &str) -> Filterable {
    text.parse().unwrap()
}

fn metadata(value: Value) -> Metadata {
    serde_json::from_value(value).unwrap()
}

#[test]
fn category_is_always_filterable() {
    assert_eq!(Filterable::default().to_string(), "category");
    assert_eq!(filterable("").to_string(), "category");
    let some = filterable(" price,,in stock , Größe,price");
    assert_eq!(some.to_string(), "Größe,category,in stock,price");
    assert_eq!(filterable(&some.to_string()), some);
}

#[test]
fn names_that_no_filter_could_contain_are_refused() {
    for bad in ["a=b", "not", "price<", "a!", "x\ny", &"x".repeat(129)] {
        let refused = bad.parse::<Filterable>().unwrap_err();
        assert_eq!(refused, NotFilterable::Name(bad.to_owned()));
    }
    let many: Vec<String> = (0..32).map(|i| format!("a{i}")).collect();
    let refused = many.join(",").parse::<Filterable>();
    assert_eq!(refused, Err(NotFilterable::TooMany(33)));
    assert!(many[1..].join(",").parse::<Filterable>().is_ok());
}

#[test]
fn declared_values_are_kept_in_one_form() {
    let product = metadata(json!({
        "price": 50.0, "sale": false, "name": "not declared", "tags": ["b", "a", "", "b"],
        "brand": "", "sizes": [], "colour": null, "weight": -0.0,
    }));
    let kept = filterable("price,sale,tags,brand,sizes,colour,weight,missing").of_product(&product);
    let expected = json!({"price": 50, "sale": false, "tags": ["a", "b"], "weight": 0});
    assert_eq!(json!(kept), expected);
}

#[test]
fn values_that_cannot_be_kept_are_named() {
    let product = metadata(json!({
        "story": "x".repeat(1025), "size": {"w": 1}, "mixed": ["a", 1], "fits": "x".repeat(1024),
        "tags": (0..5).map(|i| format!("{i}").repeat(1000)).collect::<Vec<_>>(),
        "other": {"not": "declared"},
    }));
    let declared = filterable("story,size,mixed,fits,tags,absent");
    let refused: Vec<_> = declared.unfilterable(&product).collect();
    let expected = [
        ("mixed", Unfilterable::NoTexts),
        ("size", Unfilterable::Nested),
        ("story", Unfilterable::LongText(1025)),
        ("tags", Unfilterable::LongList(5000)),
    ];
    assert_eq!(refused, expected);
    assert_eq!(declared.of_product(&product).len(), 1);
}

#[test]
fn the_table_takes_precedence_over_the_image() {
    let own = |category: &str| Some(category.to_owned());
    let product = Attributes::from([("category".to_owned(), json!("boots"))]);
    assert_eq!(attributes(&product, own("shoes"))["category"], "boots");
    let silent = Attributes::new();
    assert_eq!(attributes(&silent, own("shoes"))["category"], "shoes");
    for none in [None, own(""), own(&"x".repeat(1025))] {
        assert!(attributes(&silent, none).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A kept value is read back from the index as it was written, so that it is never seen as
    /// changed.
    #[test]
    fn kept_values_come_back(bits in any::<u64>(), text in any::<String>(), whole in any::<i64>()) {
        for value in [json!(f64::from_bits(bits)), json!(text), json!(whole), json!(whole as f64 / 1e3)] {
            let Ok(Some(kept_once)) = kept(&value) else { continue };
            let stored = serde_json::to_string(&kept_once).unwrap();
            let read: Value = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(&read, &kept_once);
            prop_assert_eq!(kept(&read), Ok(Some(kept_once)));
        }
    }
}
