//! Caching of look-alikes: who may cache an answer, and for how long.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use lookalike_core::StoreErrorKind;
use lookalike_http::{CacheSettings, HttpSettings};
use serde_json::{Value, json};

use crate::drawings::stripes;
use crate::support::{Reply, Shop};

/// An answer with metadata and links.
pub(crate) const PATH: &str = "/products/red/similar?k=3";
/// An answer that the index determines.
pub(crate) const BARE: &str = "/products/red/similar?k=3&fields=&links=false";

/// Sends a request with headers.
pub(crate) async fn ask(shop: &Shop, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    shop.send(request.body(Body::empty()).unwrap()).await
}

/// Makes the stocked shop with answers that may be cached for so many seconds.
async fn caching(seconds: u64, shared: bool) -> Shop {
    let settings = HttpSettings {
        cache: CacheSettings {
            max_age: Duration::from_secs(seconds),
            shared,
        },
        ..HttpSettings::default()
    };
    Shop::over(Shop::stocked().await.cloud, 0, settings)
}

#[tokio::test]
async fn an_answer_says_who_may_cache_it_and_how_long() {
    let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=a");
    for (seconds, shared, path, headers, expected) in [
        (60, true, PATH, &[][..], "public, max-age=60"),
        (60, true, PATH, &[signed], "private, max-age=60"),
        (60, false, PATH, &[], "private, max-age=60"),
        (0, true, PATH, &[], "private, no-cache"),
        // Its links expire after an hour.
        (86_400, true, PATH, &[], "public, max-age=3600"),
        (86_400, true, BARE, &[], "public, max-age=86400"),
    ] {
        let shop = caching(seconds, shared).await;
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
async fn no_other_answer_may_be_cached() {
    let shop = Shop::stocked().await;
    for path in [
        "/products/red",
        "/index",
        "/products/unknown/similar",
        "/products/red/similar?k=0",
    ] {
        let reply = ask(&shop, path, &[]).await;
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        assert_eq!(reply.header("etag"), "", "{path}");
    }
    let found = shop.post("/search", "", stripes(1, 2, 3)).await;
    assert_eq!(found.header("cache-control"), "no-store");
    // The answer is long enough to be compressed, which the client refuses.
    let shop = Shop::colorful().await;
    let refused = [("accept-encoding", "identity;q=0, *;q=0")];
    let reply = ask(&shop, "/products/p00/similar?k=12", &refused).await;
    reply.problem(406, "not-acceptable");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("etag"), "");
}

#[tokio::test]
async fn an_answer_from_an_old_index_is_not_cached() {
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
async fn an_answer_varies_by_origin_and_encoding() {
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
