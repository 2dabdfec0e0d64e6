//! A model of filters and facets that examines every image.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_index::{Attributes, Facet};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::shop::{Image, Shop};

/// Attributes of every type, and of no type.
pub(crate) fn attributes() -> impl Strategy<Value = Attributes> {
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

/// Filters in JSON over these attributes.
pub(crate) fn filter() -> impl Strategy<Value = Value> {
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

/// Returns the values of an image for an attribute.
pub(crate) fn values<'a>(attributes: &'a Attributes, name: &str) -> Vec<&'a Value> {
    let is_value = |value: &&Value| value.is_string() || value.is_number() || value.is_boolean();
    match attributes.get(name) {
        Some(Value::Array(elements)) => elements.iter().filter(is_value).collect(),
        value => value.into_iter().filter(is_value).collect(),
    }
}

/// True if an image with these attributes matches a filter.
pub(crate) fn matches(filter: &Value, attributes: &Attributes) -> bool {
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

/// Counts products by value, most frequent first.
pub(crate) fn counts<'a>(
    images: impl Iterator<Item = &'a Image>,
    name: &str,
) -> Vec<(usize, String, Value)> {
    let mut products: BTreeMap<String, (Value, BTreeSet<&str>)> = BTreeMap::new();
    for image in images {
        for value in values(&image.attributes, name) {
            // Booleans, then numbers, then texts; numbers as numbers are ordered.
            let sort_key = match value {
                Value::Bool(is) => format!("0{is}"),
                Value::Number(n) => format!("1{:020}", (n.as_f64().unwrap() * 2.0) as i64 + 1000),
                other => format!("2{}", other.as_str().unwrap()),
            };
            let known = products.entry(sort_key);
            let (_, known) = known.or_insert_with(|| (value.clone(), BTreeSet::new()));
            known.insert(&image.product);
        }
    }
    let mut counts: Vec<(usize, String, Value)> = products
        .into_iter()
        .map(|(sort_key, (value, products))| (products.len(), sort_key, value))
        .collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    counts
}

/// Compares a facet with the counts of the model.
pub(crate) fn check_facet(facet: &Facet, counts: &[(usize, String, Value)], max: usize) {
    assert_eq!(facet.distinct, counts.len() as u64);
    let numbers: Vec<f64> = counts.iter().filter_map(|count| count.2.as_f64()).collect();
    let least = numbers.iter().copied().reduce(f64::min);
    assert_eq!(
        facet.range,
        least.zip(numbers.iter().copied().reduce(f64::max))
    );
    let listed = counts
        .iter()
        .filter(|count| numbers.len() <= max || !count.2.is_number());
    let listed: Vec<(u64, Option<f64>, &Value)> = listed
        .take(max)
        .map(|(count, _, value)| (*count as u64, value.as_f64(), value))
        .collect();
    assert_eq!(facet.values.len(), listed.len());
    for (found, (count, number, value)) in facet.values.iter().zip(listed) {
        assert_eq!(found.products, count);
        assert!(found.value == *value || found.value.as_f64() == number && number.is_some());
    }
}

/// True if a live image has a value of such a type.
pub(crate) fn holds(shop: &Shop, name: &str, is_type: fn(&Value) -> bool) -> bool {
    let mut images = shop.images.values();
    images.any(|image| values(&image.attributes, name).into_iter().any(is_type))
}
