//! Who may keep look-alikes of a product, for how long, and how they are asked for again.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use lookalike_core::ports::Products;
use lookalike_core::{Product, StoreErrorKind};
use lookalike_http::{CacheSettings, HttpSettings};
use serde_json::{Value, json};

use crate::support::{Reply, Shop, stripes};

const PATH: &str = "/products/red/similar?k=3";
/// The same, of which the index tells everything.
const BARE: &str = "/products/red/similar?k=3&fields=&links=false";

async fn ask(shop: &Shop, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    shop.send(request.body(Body::empty()).unwrap()).await
}

/// The stocked shop with answers that may be kept for so many seconds.
async fn keeping(seconds: u64, shared: bool) -> Shop {
    let settings = HttpSettings {
        cache: CacheSettings {
            max_age: Duration::from_secs(seconds),
            shared,
        },
        ..HttpSettings::default()
    };
    Shop::over(Shop::stocked().await.cloud, 0, settings)
}

async fn rename(shop: &Shop, product: &str) {
    let product = Product {
        product_id: product.to_owned(),
        metadata: [("name".to_owned(), json!("another"))].into(),
    };
    shop.cloud.put_many(&[product]).await.unwrap();
}

#[tokio::test]
async fn an_answer_says_who_may_keep_it_and_how_long() {
    let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=a");
    for (seconds, shared, path, headers, expected) in [
        (60, true, PATH, &[][..], "public, max-age=60"),
        (60, true, PATH, &[signed], "private, max-age=60"),
        (60, false, PATH, &[], "private, max-age=60"),
        (0, true, PATH, &[], "private, no-cache"),
        // Links of an hour are in it.
        (86_400, true, PATH, &[], "public, max-age=3600"),
        (86_400, true, BARE, &[], "public, max-age=86400"),
    ] {
        let shop = keeping(seconds, shared).await;
        let reply = ask(&shop, path, headers).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("cache-control"), expected, "{path} {seconds}");
        let known = [headers, &[("if-none-match", reply.header("etag"))]].concat();
        let same = ask(&shop, path, &known).await;
        assert_eq!(same.status, 304);
        assert_eq!(same.header("cache-control"), expected, "{path} {seconds}");
    }
}

#[tokio::test]
async fn nothing_else_may_be_kept() {
    let shop = Shop::stocked().await;
    for path in [
        "/products/red",
        "/index",
        "/products/nobody/similar",
        "/products/red/similar?k=0",
    ] {
        let reply = ask(&shop, path, &[]).await;
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        assert_eq!(reply.header("etag"), "", "{path}");
    }
    let found = shop.post("/search", "", stripes(1, 2, 3)).await;
    assert_eq!(found.header("cache-control"), "no-store");
    // An answer that becomes an error on its way out, for it is long enough to be compressed.
    let shop = Shop::colorful().await;
    let refused = [("accept-encoding", "identity;q=0, *;q=0")];
    let reply = ask(&shop, "/products/p00/similar?k=12", &refused).await;
    reply.problem(406, "not-acceptable");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("etag"), "");
}

#[tokio::test]
async fn an_answer_from_an_old_index_is_not_kept_and_not_the_one_that_is_known() {
    let shop = Shop::stocked().await;
    for path in [PATH, BARE] {
        shop.cloud.set_fault(None);
        let fresh = ask(&shop, path, &[]).await;
        let tag = fresh.header("etag");
        assert_eq!(fresh.header("warning"), "");
        shop.break_call("load manifest", StoreErrorKind::Unavailable);
        let stale = ask(&shop, path, &[("if-none-match", tag)]).await;
        assert_eq!(stale.status, 200, "{path}");
        assert!(stale.json()["index"]["stale"].is_string());
        assert!(!stale.header("warning").is_empty());
        assert_eq!(stale.header("cache-control"), "private, no-cache");
        assert_ne!(stale.header("etag"), tag);
    }
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
        // Where none is asked for, nothing changed.
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

#[tokio::test]
async fn what_the_index_alone_tells_is_known_without_a_search() {
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
    // Another question about the same index has another tag.
    for other in [
        "/products/red/similar?k=2&fields=&links=false",
        "/products/orange/similar?k=3&fields=&links=false",
    ] {
        let reply = ask(&shop, other, &[("if-none-match", &tag)]).await;
        assert_eq!(reply.status, 200, "{other}");
    }
    // Any answer will do, if there is one.
    let any = [("if-none-match", "*")];
    assert_eq!(ask(&shop, BARE, &any).await.status, 304);
    let nobody = "/products/nobody/similar?fields=&links=false";
    let reply = ask(&shop, nobody, &any).await;
    reply.problem(404, "unknown-product");
    // An index that is not there yet is not known either.
    let later = format!("{BARE}&min_generation=9");
    let reply = ask(&shop, &later, &[("if-none-match", &tag)]).await;
    reply.problem(503, "not-yet-indexed");
}

#[tokio::test]
async fn an_index_that_was_made_anew_is_another_one_at_the_same_generation() {
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
async fn a_page_is_known_by_what_is_on_it() {
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
    // It stays what it was while its index is kept.
    shop.index(&[("catalog/far.png", stripes(0, 0, 0))]).await;
    let again = ask(&shop, &path, &[("if-none-match", tag)]).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn links_can_be_left_out() {
    let shop = Shop::stocked().await;
    let signed = || {
        let calls = shop.cloud.traffic().calls;
        calls.get("link to image").copied().unwrap_or(0)
    };
    let without = |answer: &Value| {
        let results = answer["results"].as_array().unwrap();
        assert!(!results.is_empty());
        for result in results {
            assert!(result["image"]["key"].is_string());
            let images = result["images"].as_array().into_iter().flatten();
            for image in images.chain([&result["image"]]) {
                assert!(image.get("url").is_none(), "{image}");
            }
        }
    };
    let before = signed();
    for path in [BARE, "/products/red/similar?images=all&links=false"] {
        without(&shop.get(path).await.json());
    }
    let body = json!({"query": [{"product": "red"}], "links": false});
    without(&shop.ask(body).await.json());
    assert_eq!(signed(), before);
    let usual = shop.get(PATH).await.json();
    assert!(usual["results"][0]["image"]["url"].is_string());
    assert!(signed() > before);
}

#[tokio::test]
async fn an_answer_is_for_the_pages_of_one_origin() {
    let stocked = Shop::stocked().await;
    let listed = HttpSettings {
        cors_origins: vec!["https://shop.example".to_owned()],
        ..HttpSettings::default()
    };
    let listed = Shop::over(stocked.cloud.clone(), 0, listed);
    for shop in [&stocked, &listed] {
        let reply = ask(shop, PATH, &[("origin", "https://shop.example")]).await;
        let vary: Vec<&str> = reply
            .headers
            .get_all("vary")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert!(vary.concat().contains("origin"), "{vary:?}");
        assert!(vary.concat().contains("accept-encoding"), "{vary:?}");
        assert!(!vary.concat().contains("access-control"), "{vary:?}");
    }
}
