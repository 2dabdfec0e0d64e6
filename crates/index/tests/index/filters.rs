//! Filters, facets and what is said of attributes, against a model that asks every picture.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_index::{
    Attributes, Facet, Filter, FilterError, GroupBy, IndexError, Row, SearchRequest, Snapshot,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::shop::{Picture, Shop, step};
use crate::support::{base, content, cosine, delta, row};

/// Attributes of every type, and what is no value of any.
fn attributes() -> impl Strategy<Value = Attributes> {
    let text = || {
        let texts = [
            "",
            "red",
            "Red",
            "blue",
            "2024-05-01",
            "a\"b\\",
            "grün",
            "50",
        ];
        proptest::sample::select(texts.to_vec())
    };
    let number = || (-4i32..8).prop_map(|n| f64::from(n) / 2.0);
    let tags = proptest::collection::vec(text(), 0..4);
    let mixed = prop_oneof![
        3 => number().prop_map(Value::from),
        3 => text().prop_map(Value::from),
        2 => any::<bool>().prop_map(Value::from),
        1 => proptest::collection::vec(number(), 0..3).prop_map(Value::from),
        1 => Just(json!([1, "red", [2], {"a": 3}, null, true])),
        1 => Just(json!({"color": "red"})),
        1 => Just(Value::Null),
    ];
    let some = |value: BoxedStrategy<Value>| proptest::option::weighted(0.7, value);
    (
        some(text().prop_map(Value::from).boxed()),
        some(number().prop_map(Value::from).boxed()),
        some(any::<bool>().prop_map(Value::from).boxed()),
        some(tags.prop_map(Value::from).boxed()),
        some(mixed.boxed()),
    )
        .prop_map(|(color, price, sale, tags, mixed)| {
            let all = [
                ("color", color),
                ("price", price),
                ("sale", sale),
                ("tags", tags),
                ("mixed", mixed),
            ];
            let all = all.into_iter();
            all.filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect()
        })
}

fn filter() -> impl Strategy<Value = Value> {
    let name = || proptest::sample::select(vec!["color", "price", "sale", "tags", "mixed", "none"]);
    let scalar = || {
        prop_oneof![
            proptest::sample::select(vec!["", "red", "blue", "grün", "2024-06", "50", "no"])
                .prop_map(Value::from),
            (-4i32..8).prop_map(|n| Value::from(f64::from(n) / 2.0)),
            any::<bool>().prop_map(Value::from),
        ]
    };
    let bounds = prop_oneof![
        (-4i32..8, -4i32..8).prop_map(|(a, b)| json!({"gte": f64::from(a) / 2.0, "lt": b})),
        (-4i32..8).prop_map(|a| json!({"gt": a})),
        (-4i32..8).prop_map(|a| json!({"lte": a})),
        Just(json!({"gt": "2024", "lte": "blue"})),
        Just(json!({"lt": "b"})),
    ];
    let is = prop_oneof![
        3 => scalar(),
        2 => proptest::collection::vec(scalar(), 1..5).prop_map(Value::from),
        3 => bounds,
        1 => scalar().prop_map(|value| json!({"ne": value})),
        1 => any::<bool>().prop_map(|exists| json!({"exists": exists})),
    ];
    let clause = (name(), is).prop_map(|(name, is)| json!({name: is}));
    clause.prop_recursive(3, 12, 3, |inner| {
        let several = || proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several().prop_map(|all| json!({"and": all})),
            several().prop_map(|any| json!({"or": any})),
            inner.clone().prop_map(|not| json!({"not": not})),
        ]
    })
}

/// The values of a picture for an attribute.
fn values<'a>(attributes: &'a Attributes, name: &str) -> Vec<&'a Value> {
    let is_value = |value: &&Value| value.is_string() || value.is_number() || value.is_boolean();
    match attributes.get(name) {
        Some(Value::Array(elements)) => elements.iter().filter(is_value).collect(),
        value => value.into_iter().filter(is_value).collect(),
    }
}

/// What a filter means.
fn matches(filter: &Value, attributes: &Attributes) -> bool {
    let inner = |filters: &Value| -> Vec<bool> {
        let filters = filters.as_array().unwrap().iter();
        filters.map(|filter| matches(filter, attributes)).collect()
    };
    let equal = |a: &Value, b: &Value| a == b || a.is_number() && a.as_f64() == b.as_f64();
    let any_equal = |name: &str, wanted: &Value| {
        let wanted = match wanted {
            Value::Array(wanted) => wanted.iter().collect(),
            one => vec![one],
        };
        let mut values = values(attributes, name).into_iter();
        values.any(|value| wanted.iter().any(|wanted| equal(value, wanted)))
    };
    filter
        .as_object()
        .unwrap()
        .iter()
        .all(|(name, is)| match (name.as_str(), is) {
            ("and", filters) => inner(filters).into_iter().all(|is| is),
            ("or", filters) => inner(filters).into_iter().any(|is| is),
            ("not", filter) => !matches(filter, attributes),
            (name, Value::Object(operators)) => {
                match (operators.get("exists"), operators.get("ne")) {
                    (Some(exists), _) => *exists == json!(!values(attributes, name).is_empty()),
                    (_, Some(wanted)) => !any_equal(name, wanted),
                    _ => values(attributes, name).into_iter().any(|value| {
                        let mut bounds = operators.iter();
                        bounds.all(|(operator, bound)| is_within(value, operator, bound))
                    }),
                }
            }
            (name, wanted) => any_equal(name, wanted),
        })
}

fn is_within(value: &Value, operator: &str, bound: &Value) -> bool {
    let order = match (value, bound) {
        (Value::String(value), Value::String(bound)) => value.chars().cmp(bound.chars()),
        (Value::Number(value), Value::Number(bound)) => {
            value.as_f64().unwrap().total_cmp(&bound.as_f64().unwrap())
        }
        _ => return false,
    };
    match operator {
        "lt" => order.is_lt(),
        "lte" => order.is_le(),
        "gt" => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// Counts of products by value, most frequent first.
fn counts<'a>(
    pictures: impl Iterator<Item = &'a Picture>,
    name: &str,
) -> Vec<(usize, String, Value)> {
    let mut products: BTreeMap<String, (Value, BTreeSet<&str>)> = BTreeMap::new();
    for picture in pictures {
        for value in values(&picture.attributes, name) {
            // Booleans, then numbers, then texts; numbers as numbers are ordered.
            let sort_key = match value {
                Value::Bool(is) => format!("0{is}"),
                Value::Number(n) => format!("1{:020}", (n.as_f64().unwrap() * 2.0) as i64 + 1000),
                other => format!("2{}", other.as_str().unwrap()),
            };
            let known = products.entry(sort_key);
            let (_, known) = known.or_insert_with(|| (value.clone(), BTreeSet::new()));
            known.insert(&picture.product);
        }
    }
    let mut counts: Vec<(usize, String, Value)> = products
        .into_iter()
        .map(|(sort_key, (value, products))| (products.len(), sort_key, value))
        .collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    counts
}

fn check_facet(facet: &Facet, counts: &[(usize, String, Value)], most: usize) {
    assert_eq!(facet.distinct, counts.len() as u64);
    let numbers: Vec<f64> = counts.iter().filter_map(|count| count.2.as_f64()).collect();
    let least = numbers.iter().copied().reduce(f64::min);
    assert_eq!(
        facet.range,
        least.zip(numbers.iter().copied().reduce(f64::max))
    );
    let listed = counts
        .iter()
        .filter(|count| numbers.len() <= most || !count.2.is_number());
    let listed: Vec<(u64, Option<f64>, &Value)> = listed
        .take(most)
        .map(|(count, _, value)| (*count as u64, value.as_f64(), value))
        .collect();
    assert_eq!(facet.values.len(), listed.len());
    for (found, (count, number, value)) in facet.values.iter().zip(listed) {
        assert_eq!(found.products, count);
        assert!(found.value == *value || found.value.as_f64() == number && number.is_some());
    }
}

/// Whether a live picture has a value of such a type.
fn holds(shop: &Shop, name: &str, is_type: fn(&Value) -> bool) -> bool {
    let mut pictures = shop.pictures.values();
    pictures.any(|picture| values(&picture.attributes, name).into_iter().any(is_type))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn finds_what_asking_every_picture_finds(
        dimensions in prop_oneof![Just(2usize), Just(8), Just(64)],
        steps in proptest::collection::vec(step(attributes()), 1..8),
        filters in proptest::collection::vec(filter(), 1..6),
        k in prop_oneof![Just(1usize), Just(10), Just(1000)],
        min_score in prop_oneof![2 => Just(-1.0f32), 1 => -0.5f32..1.0],
    ) {
        let mut shop = Shop::new(dimensions, steps);
        let snapshot = shop.snapshot();
        let queries = shop.queries();
        let declared = ["none".to_owned()];
        for json in filters {
            let filter = Filter::from_json(&json).unwrap();
            let selection = match snapshot.select(&filter, &declared) {
                Ok(selection) => selection,
                // Attributes go with the pictures that have them.
                Err(FilterError::UnknownAttribute { attribute, .. }) => {
                    prop_assert!(!holds(&shop, &attribute, |_| true));
                    continue;
                }
                Err(FilterError::Type { attribute, holds: types, given }) => {
                    prop_assert_eq!(types.texts, holds(&shop, &attribute, Value::is_string));
                    prop_assert_eq!(types.numbers, holds(&shop, &attribute, Value::is_number));
                    prop_assert_eq!(types.booleans, holds(&shop, &attribute, Value::is_boolean));
                    let fits = types.texts && given.contains("the text")
                        || types.numbers && given.contains("the number")
                        || types.booleans && !given.contains("the ");
                    prop_assert!(!fits, "{} holds {}: {}", attribute, types, given);
                    continue;
                }
                Err(other) => panic!("{other}"),
            };
            let is_selected = |picture: &Picture| matches(&json, &picture.attributes);
            let selected = shop.pictures.values().filter(|picture| is_selected(picture));
            prop_assert_eq!(selection.images(), selected.clone().count() as u64);
            for vector in &queries {
                for group_by in [GroupBy::Product, GroupBy::Image] {
                    for without in [&[][..], &["p0".to_owned(), "p2".to_owned()]] {
                        let request = SearchRequest {
                            min_score,
                            without_products: without,
                            filter: Some(&selection),
                            group_by,
                            ..SearchRequest::new(vector, k)
                        };
                        let found = snapshot.search(request).unwrap();
                        shop.check(request, &found, is_selected);
                        if let Some(brief) = snapshot.search_briefly(request).unwrap() {
                            prop_assert_eq!(brief, found);
                        }
                    }
                }
            }
            for name in ["color", "price", "sale", "tags", "mixed"] {
                for most in [3, 20] {
                    let facet = snapshot.facet(name, Some(&selection), most).unwrap();
                    check_facet(&facet, &counts(selected.clone(), name), most);
                }
            }
        }
        for name in ["color", "price", "sale", "tags", "mixed", "none"] {
            let facet = snapshot.facet(name, None, 4).unwrap();
            check_facet(&facet, &counts(shop.pictures.values(), name), 4);
        }
    }

    #[test]
    fn what_is_there_is_described(steps in proptest::collection::vec(step(attributes()), 1..8)) {
        let shop = Shop::new(2, steps);
        let snapshot = shop.snapshot();
        for name in ["color", "price", "sale", "tags", "mixed"] {
            let having = shop.pictures.values().filter(|p| !values(&p.attributes, name).is_empty());
            let products: BTreeSet<&str> = having.map(|picture| picture.product.as_str()).collect();
            let info = snapshot.attributes().iter().find(|info| info.name == name);
            prop_assert_eq!(info.map_or(0, |info| info.products), products.len() as u64);
            let Some(info) = info else { continue };
            prop_assert_eq!(info.types.texts, holds(&shop, name, Value::is_string));
            prop_assert_eq!(info.types.numbers, holds(&shop, name, Value::is_number));
            prop_assert_eq!(info.types.booleans, holds(&shop, name, Value::is_boolean));
        }
        prop_assert!(snapshot.attributes().is_sorted_by(|a, b| a.name < b.name));
    }

    /// The pictures of a product that a search shows beside its best one.
    #[test]
    fn all_pictures_of_products_are_scored(
        steps in proptest::collection::vec(step(attributes()), 1..6),
        min_score in prop_oneof![Just(-1.0f32), -0.5f32..1.0],
    ) {
        let mut shop = Shop::new(64, steps);
        let snapshot = shop.snapshot();
        let products = ["p0", "p3", "nobody"].map(str::to_owned);
        let filter = Filter::from_json(&json!({"price": {"exists": true}})).unwrap();
        let selection = snapshot.select(&filter, &["price".to_owned()]).unwrap();
        for vector in &shop.queries() {
            let request = SearchRequest {
                min_score,
                filter: Some(&selection),
                ..SearchRequest::new(vector, 1)
            };
            let found = snapshot.pictures(request, &products).unwrap();
            prop_assert_eq!(found.len(), products.len());
            for (product, pictures) in products.iter().zip(found) {
                let wanted = shop.pictures.values().filter(|picture| {
                    let score = cosine(vector, &picture.vector);
                    picture.product == *product
                        && !values(&picture.attributes, "price").is_empty()
                        && score >= f64::from(min_score) + 2e-5
                });
                prop_assert!(pictures.len() >= wanted.count());
                for picture in &pictures {
                    let known = &shop.pictures[&picture.key];
                    prop_assert_eq!(&known.product, product);
                    prop_assert!(known.attributes.contains_key("price"));
                    let score = cosine(vector, &known.vector);
                    prop_assert!((score - f64::from(picture.score)).abs() < 2e-5);
                    prop_assert!(picture.score >= min_score);
                }
                let in_order = pictures.is_sorted_by(|a, b| {
                    a.score > b.score || a.score == b.score && a.key < b.key
                });
                prop_assert!(in_order);
            }
        }
    }
}

/// Rows with such attributes, key and product their place.
fn rows(attributes: &[Value]) -> Vec<Row> {
    let rows = attributes
        .iter()
        .enumerate()
        .map(|(place, attributes)| Row {
            attributes: serde_json::from_value(attributes.clone()).unwrap(),
            ..row(
                &format!("k{place}"),
                &format!("p{place}"),
                &[1.0, place as f32],
            )
        });
    rows.collect()
}

fn snapshot(attributes: &[Value]) -> Snapshot {
    Snapshot::new(vec![base(1, &content(rows(attributes)), 2, None)], 2).unwrap()
}

/// Keys that a short form selects, by place.
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

/// `size=42` asks for the text where sizes are texts, and for the number where they are numbers.
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
        selected(&shop, &["size<5"]),
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
    // What is declared may be asked for before the first picture has it, with whatever value.
    assert_eq!(select(&["colour"]).unwrap().images(), 0);
    let filter = Filter::from_texts(["colour<5", "colour!=red"]).unwrap();
    assert_eq!(
        shop.select(&filter, &["colour".to_owned()])
            .unwrap()
            .images(),
        0
    );
}

/// The type of an attribute is what live pictures have: once the last text is gone, texts are no part of it.
#[test]
fn types_are_those_of_live_rows() {
    let first = delta(
        1,
        &content(rows(&[json!({"price": "9"}), json!({"price": 9})])),
        2,
    );
    let view = lookalike_index::View::new(vec![first.meta().clone()]);
    let mut second = content(rows(&[json!({"price": 10})]));
    second.superseded = view.superseded_by(["k0"].into_iter());
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

    // And a selection is of one snapshot alone.
    let request = SearchRequest {
        filter: Some(&selection),
        ..SearchRequest::new(&[1.0, 0.0], 1)
    };
    let refused = IndexError::OtherSnapshot;
    assert_eq!(after.search(request).unwrap_err(), refused);
    assert_eq!(after.search_briefly(request).unwrap_err(), refused);
    assert_eq!(after.pictures(request, &[]).unwrap_err(), refused);
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
    // However many others are asked for, the last ones stay.
    for i in 0..1000 {
        select(json!({"color": format!("{i}")}));
        let again = select(json!({"color": ["blue", "red"]}));
        assert!(std::sync::Arc::ptr_eq(&first, &again));
    }
}
