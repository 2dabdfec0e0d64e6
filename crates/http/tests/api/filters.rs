//! Filters, minimum matches and facets.

use std::collections::BTreeMap;
use std::time::Duration;

use lookalike_core::ports::Products;
use lookalike_core::{Deadline, Product};
use lookalike_indexing::{IndexSettings, Indexer};
use serde_json::{Value, json};

use crate::drawings::{color, stripes};
use crate::support::{Shop, encoder};

/// Twelve products of all colors: prices from 5 in steps of 5, two brands, every third with a color name.
async fn priced() -> Shop {
    let shop = Shop::empty();
    let mut products = Vec::new();
    let mut keys = Vec::new();
    for number in 0..12_u8 {
        let (r, g, b) = color(number);
        let key = format!("catalog/{}/p{number:02}.png", kind(number));
        shop.cloud
            .put_image(&key, stripes(r, g, b), BTreeMap::new());
        keys.push(key);
        let mut metadata = BTreeMap::from([
            ("price".to_owned(), json!(5 * (number + 1))),
            (
                "brand".to_owned(),
                json!(["Alba", "Öko"][usize::from(number % 2)]),
            ),
            ("tags".to_owned(), json!(["all", format!("t{number}")])),
        ]);
        if number.is_multiple_of(3) {
            metadata.insert("sale".to_owned(), json!(number.is_multiple_of(2)));
        }
        products.push(Product {
            product_id: format!("p{number:02}"),
            metadata,
        });
    }
    shop.cloud.put_many(&products).await.unwrap();
    let ports = shop.cloud.index_ports(encoder(0).into());
    let settings = IndexSettings {
        filterable: "price,brand,tags,sale".parse().unwrap(),
        ..IndexSettings::default()
    };
    let indexer = Indexer::new(ports, settings);
    let deadline = Deadline::after(Duration::from_secs(60));
    indexer.index_keys(&keys, deadline).await.unwrap();
    shop
}

fn kind(number: u8) -> &'static str {
    match number {
        0..6 => "shoes",
        _ => "hats",
    }
}

/// The products, sorted, that a search by one of them finds with these parameters. The path is percent-encoded.
async fn found(shop: &Shop, parameters: &str) -> Vec<String> {
    let path = format!("/products/p00/similar?k=100&min_score=-1&{parameters}");
    let mut ids = shop.get(&path).await.product_ids();
    ids.sort_unstable();
    ids
}

fn products(numbers: &[u8]) -> Vec<String> {
    numbers.iter().map(|n| format!("p{n:02}")).collect()
}

#[tokio::test]
async fn short_forms_narrow_the_results_down() {
    let shop = priced().await;
    for (parameters, numbers) in [
        ("filter=category%3Dhats", &[6, 7, 8, 9, 10, 11][..]),
        (
            "filter=category%3Dshoes,hats",
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        ),
        ("filter=category!%3Dhats", &[1, 2, 3, 4, 5]),
        ("filter=price%3C20", &[1, 2]),
        ("filter=price%3C%3D20", &[1, 2, 3]),
        ("filter=price%3E50", &[10, 11]),
        ("filter=price%3E%3D50&filter=brand%3D%C3%96ko", &[9, 11]),
        ("filter=sale", &[3, 6, 9]),
        ("filter=!sale&filter=category%3Dshoes", &[1, 2, 4, 5]),
        ("filter=sale%3Dtrue", &[6]),
        ("filter=tags%3Dt4", &[4]),
        ("filter=category%3Dnothing", &[]),
    ] {
        assert_eq!(
            found(&shop, parameters).await,
            products(numbers),
            "{parameters}"
        );
    }
}

#[tokio::test]
async fn filters_in_json_say_more() {
    let shop = priced().await;
    for (filter, numbers) in [
        (
            json!({"category": "hats", "price": {"lt": 45}}),
            &[6, 7][..],
        ),
        (json!({"price": {"gt": 10, "lte": 25}}), &[2, 3, 4]),
        (json!({"price": [10, 15, 1000]}), &[1, 2]),
        (
            json!({"brand": {"ne": "Alba"}, "category": "shoes"}),
            &[1, 3, 5],
        ),
        (
            json!({"sale": {"exists": false}, "category": "shoes"}),
            &[1, 2, 4, 5],
        ),
        (json!({"or": [{"price": 10}, {"price": 60}]}), &[1, 11]),
        (json!({"not": {"category": "hats"}}), &[1, 2, 3, 4, 5]),
        (
            json!({"and": [{"category": "hats"}, {"or": [{"sale": true}, {"tags": "t7"}]}]}),
            &[6, 7],
        ),
    ] {
        let query =
            json!({"query": [{"product": "p00"}], "k": 100, "min_score": -1, "filter": filter});
        let mut ids = shop.ask(query).await.product_ids();
        ids.sort_unstable();
        assert_eq!(ids, products(numbers), "{filter}");
    }
}

#[tokio::test]
async fn values_are_counted_over_everything_that_matches() {
    let shop = priced().await;
    let path =
        "/products/p00/similar?k=1&min_score=-1&filter=price%3E30&facets=category,brand,sale";
    let answer = shop.get(path).await.json();
    let counts = |name: &str| -> Vec<(Value, u64)> {
        let values = answer["facets"][name].as_array().unwrap().iter();
        values
            .map(|facet| (facet["value"].clone(), facet["count"].as_u64().unwrap()))
            .collect()
    };
    assert_eq!(counts("category"), [(json!("hats"), 6)]);
    assert_eq!(counts("brand"), [(json!("Alba"), 3), (json!("Öko"), 3)]);
    assert_eq!(counts("sale"), [(json!(false), 1), (json!(true), 1)]);
    assert_eq!(answer["exact"], true);
}

#[tokio::test]
async fn pages_of_a_filtered_search_miss_nothing() {
    let shop = priced().await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/products/p00/similar?k=2&min_score=-1&filter=category%3Dhats{cursor}");
        let reply = shop.get(&path).await;
        seen.extend(reply.product_ids());
        match reply.json()["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, products(&[6, 7, 8, 9, 10, 11]));
}

#[tokio::test]
async fn a_bad_filter_is_refused_with_the_expected_form() {
    let shop = priced().await;
    let clauses: Vec<Value> = (0..1000).map(|n| json!({"price": n})).collect();
    let values: Vec<Value> = (0..1000).map(Value::from).collect();
    for (filter, name, says) in [
        (json!({"colour": "red"}), "unknown-attribute", "category"),
        (json!({"price": "cheap"}), "filter-type", "number"),
        (json!({"category": {"gt": 5}}), "filter-type", "text"),
        (json!({"price": {"near": 5}}), "invalid-filter", "price"),
        (json!({"price": {}}), "invalid-filter", "price"),
        (json!({"and": "x"}), "invalid-filter", "and"),
        (json!({"or": clauses}), "invalid-filter", "64"),
        (json!({"price": values}), "invalid-filter", "256"),
    ] {
        let query = json!({"query": [{"product": "p00"}], "filter": filter});
        let detail = shop.ask(query).await.problem(400, name);
        assert!(detail.contains(says), "{detail}");
        assert!(detail.len() < 500, "{detail}");
    }
    // A text that looks like a number has the order of letters, in which 2,499 comes before 50.
    for path in ["filter=brand%3C50", "filter=brand%3E%3D-1.5"] {
        let path = format!("/products/p00/similar?{path}");
        let detail = shop.get(&path).await.problem(400, "filter-type");
        assert!(detail.contains("\"brand\" holds text"), "{detail}");
        assert!(detail.contains("--types brand=number"), "{detail}");
    }
    assert_eq!(found(&shop, "filter=brand%3C%2250%22").await, products(&[]));
    let path = "/products/p00/similar?filter=colour%3Dred";
    shop.get(path).await.problem(400, "unknown-attribute");
    let path = "/products/p00/similar?filter=%3D";
    shop.get(path).await.problem(400, "invalid-filter");
    let path = "/products/p00/similar?facets=colour";
    shop.get(path).await.problem(400, "unknown-attribute");
}

#[tokio::test]
async fn a_small_catalog_has_no_matches() {
    let shop = priced().await;
    let path = "/products/p00/similar?k=100&min_score=-1&min_match=same";
    let answer = shop.get(path).await.json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 11);
    let query =
        json!({"query": [{"product": "p00"}], "k": 100, "min_score": -1, "min_match": "similar"});
    assert_eq!(shop.ask(query).await.product_ids().len(), 11);
    let query = json!({"query": [{"product": "p00"}], "min_match": "twin"});
    let detail = shop.ask(query).await.problem(400, "invalid-parameter");
    assert!(
        detail.contains("weak or similar or variant or same"),
        "{detail}"
    );
    assert!(results.iter().all(|found| found.get("match").is_none()));
}
