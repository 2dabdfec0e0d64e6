//! Filters, facets and attributes, compared with a model.

use std::collections::BTreeSet;

use lookalike_index::{Filter, FilterError, GroupBy, SearchRequest};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::filter_model::{attributes, check_facet, counts, filter, holds, matches, values};
use crate::shop::{Image, Shop, step};
use crate::support::cosine;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn finds_the_same_as_examining_every_image(
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
                // Attributes disappear with the images that have them.
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
                Err(FilterError::NumberRange { attribute, holds: types, .. }) => {
                    prop_assert!(types.texts && !types.numbers, "{} holds {}", attribute, types);
                    prop_assert!(holds(&shop, &attribute, Value::is_string));
                    prop_assert!(!holds(&shop, &attribute, Value::is_number));
                    continue;
                }
                Err(other) => panic!("{other}"),
            };
            let is_selected = |image: &Image| matches(&json, &image.attributes);
            let selected = shop.images.values().filter(|image| is_selected(image));
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
            check_facet(&facet, &counts(shop.images.values(), name), 4);
        }
    }

    #[test]
    fn attributes_are_described(steps in proptest::collection::vec(step(attributes()), 1..8)) {
        let shop = Shop::new(2, steps);
        let snapshot = shop.snapshot();
        for name in ["color", "price", "sale", "tags", "mixed"] {
            let having = shop.images.values().filter(|p| !values(&p.attributes, name).is_empty());
            let products: BTreeSet<&str> = having.map(|image| image.product.as_str()).collect();
            let info = snapshot.attributes().iter().find(|info| info.name == name);
            prop_assert_eq!(info.map_or(0, |info| info.products), products.len() as u64);
            let Some(info) = info else { continue };
            prop_assert_eq!(info.types.texts, holds(&shop, name, Value::is_string));
            prop_assert_eq!(info.types.numbers, holds(&shop, name, Value::is_number));
            prop_assert_eq!(info.types.booleans, holds(&shop, name, Value::is_boolean));
        }
        prop_assert!(snapshot.attributes().is_sorted_by(|a, b| a.name < b.name));
    }

    /// The images of a product that a search shows besides its best one.
    #[test]
    fn all_images_of_products_are_scored(
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
            let found = snapshot.images_of_products(request, &products).unwrap();
            prop_assert_eq!(found.len(), products.len());
            for (product, images) in products.iter().zip(found) {
                let wanted = shop.images.values().filter(|image| {
                    let score = cosine(vector, &image.vector);
                    image.product == *product
                        && !values(&image.attributes, "price").is_empty()
                        && score >= f64::from(min_score) + 2e-5
                });
                prop_assert!(images.len() >= wanted.count());
                for image in &images {
                    let known = &shop.images[&image.key];
                    prop_assert_eq!(&known.product, product);
                    prop_assert!(known.attributes.contains_key("price"));
                    let score = cosine(vector, &known.vector);
                    prop_assert!((score - f64::from(image.score)).abs() < 2e-5);
                    prop_assert!(image.score >= min_score);
                }
                let in_order = images.is_sorted_by(|a, b| {
                    a.score > b.score || a.score == b.score && a.key < b.key
                });
                prop_assert!(in_order);
            }
        }
    }
}
