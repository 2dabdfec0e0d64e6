//! Entity tags of answers, and revalidation.

use std::time::Duration;

use lookalike_core::Product;
use lookalike_core::ports::Products;
use lookalike_http::HttpSettings;
use lookalike_search::SearchSettings;
use serde_json::json;

use crate::caching::{BARE, PATH, ask};
use crate::drawings::stripes;
use crate::support::Shop;

async fn rename(shop: &Shop, product: &str) {
    let product = Product {
        product_id: product.to_owned(),
        metadata: [("name".to_owned(), json!("another"))].into(),
    };
    shop.cloud.put_many(&[product]).await.unwrap();
}

#[tokio::test]
async fn a_tag_begins_with_the_generation() {
    let shop = Shop::stocked().await;
    for path in [PATH, BARE] {
        let generation = shop.get("/index").await.json()["generation"].clone();
        let before = ask(&shop, path, &[]).await.header("etag").to_owned();
        assert!(
            before.starts_with(&format!("W/\"g{generation}-")),
            "{before}"
        );
        let key = format!("catalog/far-{generation}.png");
        shop.index(&[(&key, stripes(0, 0, 0))]).await;
        let reply = ask(&shop, path, &[("if-none-match", &before)]).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_ne!(reply.header("etag"), before, "{path}");
    }
}

#[tokio::test]
async fn metadata_may_change_without_a_new_generation() {
    let shop = Shop::stocked().await;
    for (path, status) in [
        (PATH, 200),
        ("/products/red/similar?fields=name&links=false", 200),
        // Answers without metadata are unchanged.
        ("/products/red/similar?fields=", 304),
        (BARE, 304),
    ] {
        shop.cloud.remove_metadata("orange");
        let before = ask(&shop, path, &[]).await.header("etag").to_owned();
        rename(&shop, "orange").await;
        let reply = ask(&shop, path, &[("if-none-match", &before)]).await;
        assert_eq!(reply.status, status, "{path}");
    }
}

/// With another declaration, the same index refuses or answers other filters and facets.
#[tokio::test]
async fn a_declared_attribute_changes_the_tag() {
    let cloud = Shop::stocked().await.cloud;
    let declaring = |names: &str| {
        Shop::over(cloud.clone(), 0, HttpSettings::default()).searching_with(SearchSettings {
            refresh: Duration::ZERO,
            filterable: names.parse().unwrap(),
            ..SearchSettings::default()
        })
    };
    for path in [
        PATH.to_owned(),
        BARE.to_owned(),
        format!("{BARE}&facets=price"),
    ] {
        let with = declaring("brand,price");
        let tag = ask(&with, &path, &[]).await.header("etag").to_owned();
        let known = [("if-none-match", tag.as_str())];
        assert_eq!(ask(&with, &path, &known).await.status, 304, "{path}");
        let same = declaring("price, brand");
        assert_eq!(ask(&same, &path, &known).await.status, 304, "{path}");
        let without = ask(&declaring("brand"), &path, &known).await;
        assert_ne!(without.status, 304, "{path}");
        assert_ne!(without.header("etag"), tag, "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_the_index_determines_is_revalidated_without_a_search() {
    let shop = Shop::stocked().await;
    let calls = || shop.cloud.traffic().calls;
    let tag = ask(&shop, BARE, &[]).await.header("etag").to_owned();
    let before = calls();
    let known = ask(&shop, BARE, &[("if-none-match", &tag)]).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
    assert_eq!(known.header("etag"), tag);
    let mut expected = before.clone();
    *expected.entry("load manifest").or_default() += 1;
    assert_eq!(calls(), expected);
    // Another request to the same index has another tag.
    for other in [
        "/products/red/similar?k=2&fields=&links=false",
        "/products/orange/similar?k=3&fields=&links=false",
    ] {
        let reply = ask(&shop, other, &[("if-none-match", &tag)]).await;
        assert_eq!(reply.status, 200, "{other}");
    }
    // `*` matches every answer, but not an error.
    let any = [("if-none-match", "*")];
    assert_eq!(ask(&shop, BARE, &any).await.status, 304);
    let unknown = "/products/unknown/similar?fields=&links=false";
    let reply = ask(&shop, unknown, &any).await;
    reply.problem(404, "unknown-product");
    // Nor an index that is not published yet.
    let later = format!("{BARE}&min_generation=9");
    let reply = ask(&shop, &later, &[("if-none-match", &tag)]).await;
    reply.problem(409, "not-yet-indexed");
}

#[tokio::test]
async fn a_rebuilt_index_of_the_same_generation_has_another_tag() {
    let [before, after] = [Shop::stocked().await, Shop::stocked().await];
    let tag = ask(&before, BARE, &[]).await.header("etag").to_owned();
    let reply = ask(&after, BARE, &[("if-none-match", &tag)]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json()["index"],
        before.get(BARE).await.json()["index"]
    );
    assert!(reply.header("etag").starts_with("W/\"g1-"));
}

#[tokio::test]
async fn the_tag_of_a_later_page_depends_on_its_results() {
    let shop = Shop::stocked().await;
    let first = ask(
        &shop,
        "/products/red/similar?k=1&fields=&links=false&min_score=-1",
        &[],
    );
    let cursor = first.await.json()["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let path =
        format!("/products/red/similar?k=1&fields=&links=false&min_score=-1&cursor={cursor}");
    let page = ask(&shop, &path, &[]).await;
    let tag = page.header("etag");
    assert_eq!(
        ask(&shop, &path, &[("if-none-match", tag)]).await.status,
        304
    );
    // The page does not change while its index is kept.
    shop.index(&[("catalog/far.png", stripes(0, 0, 0))]).await;
    let again = ask(&shop, &path, &[("if-none-match", tag)]).await;
    assert_eq!(again.status, 304);
}
