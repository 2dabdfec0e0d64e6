//! Stores that fail, and an index that cannot be used.

use bytes::Bytes;
use lookalike_core::StoreErrorKind::{Denied, NotFound, Unavailable};
use lookalike_core::ports::Segments;
use lookalike_http::HttpSettings;

use crate::drawings::stripes;
use crate::support::Shop;

fn red() -> Vec<u8> {
    stripes(200, 30, 30)
}

#[tokio::test]
async fn a_busy_store_may_be_retried() {
    let shop = Shop::stocked().await;
    for call in ["load manifest", "get segment", "get products"] {
        let shop = Shop::over(shop.cloud.clone(), 0, HttpSettings::default());
        shop.break_call(call, Unavailable);
        let reply = shop.post("/search", "", red()).await;
        reply.problem(503, "unavailable");
        assert_eq!(reply.header("retry-after"), "2");
        shop.cloud.set_fault(None);
        assert_eq!(shop.post("/search", "", red()).await.status, 200, "{call}");
    }
}

#[tokio::test]
async fn a_missing_bucket_is_for_the_operator() {
    let shop = Shop::stocked().await;
    for (call, kind) in [
        ("load manifest", NotFound),
        ("load manifest", Denied),
        ("get products", NotFound),
    ] {
        let shop = Shop::over(shop.cloud.clone(), 0, HttpSettings::default());
        shop.break_call(call, kind);
        let reply = shop.post("/search", "", red()).await;
        let detail = reply.problem(500, "misconfigured");
        assert!(!detail.contains("manifest"), "{detail}");
        assert_eq!(reply.header("retry-after"), "");
        shop.cloud.set_fault(None);
    }
}

#[tokio::test]
async fn an_index_that_cannot_be_refreshed_answers_with_a_warning() {
    let shop = Shop::stocked().await;
    assert_eq!(shop.post("/search", "", red()).await.header("warning"), "");
    shop.break_call("load manifest", Unavailable);
    let searched = shop.post("/search?k=1", "", red()).await;
    assert_eq!(searched.product_ids(), ["red"]);
    let similar = shop.get("/products/red/similar").await;
    let state = shop.get("/index").await;
    for (reply, index) in [
        (&searched, &searched.json()["index"]),
        (&similar, &similar.json()["index"]),
        (&state, &state.json()),
    ] {
        assert_eq!(reply.status, 200);
        assert!(reply.header("warning").starts_with("110 "));
        let stale = index["stale"].as_str().unwrap();
        assert!(stale.contains("busy or failing"), "{stale}");
        assert!(!stale.contains("manifest"), "{stale}");
        assert_eq!(index["generation"], 1);
    }
}

#[tokio::test]
async fn an_index_of_another_encoder_is_not_searched() {
    let shop = Shop::stocked().await;
    let other = Shop::over(shop.cloud.clone(), 1, HttpSettings::default());
    let reply = other.post("/search", "", red()).await;
    let detail = reply.problem(500, "other-encoder");
    assert!(detail.contains("index the catalog again"), "{detail}");
    let (index, ours) = (
        other.get("/index").await.json(),
        shop.get("/index").await.json(),
    );
    assert_eq!(index["encoder"], ours["encoder"]);
    assert_ne!(
        index["configured_encoder"]["fingerprint"],
        ours["encoder"]["fingerprint"]
    );
    for absent in ["configured_encoder", "side_indexes", "vector_base"] {
        assert!(ours.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn a_damaged_segment_is_not_searched() {
    let shop = Shop::stocked().await;
    let (id, bytes) = shop.cloud.segments().into_iter().next().unwrap();
    for position in [0, 5, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.to_vec();
        damaged[position] ^= 0x10;
        shop.cloud.tamper(id, Some(Bytes::from(damaged)));
        let cold = Shop::over(shop.cloud.clone(), 0, HttpSettings::default());
        let reply = cold.post("/search", "", red()).await;
        reply.problem(500, "unreadable-index");
    }
}

/// Each operation lists the problems that it answers with if the index cannot be read.
#[tokio::test]
async fn errors_of_an_unreadable_index_are_documented() {
    let shop = Shop::stocked().await;
    let (id, _) = shop.cloud.segments().into_iter().next().unwrap();
    let document = shop.get("/openapi.json").await.json();
    let cut = Some(Bytes::from_static(b"LK"));
    for (damage, name) in [(cut, "unreadable-index"), (None, "incomplete-index")] {
        shop.cloud.tamper(id, damage);
        for (route, path) in [
            ("/index", "/index"),
            ("/images/{key}", "/images/catalog/hats/red.png"),
            ("/products/{product_id}", "/products/red"),
            ("/products/{product_id}/similar", "/products/red/similar"),
        ] {
            let cold = Shop::over(shop.cloud.clone(), 0, HttpSettings::default());
            cold.get(path).await.problem(500, name);
            let answers = &document["paths"][route]["get"]["responses"]["500"];
            let examples = &answers["content"]["application/problem+json"]["examples"];
            assert!(examples[name].is_object(), "{route} {name}");
        }
    }
}

#[tokio::test]
async fn a_missing_segment_and_a_manifest_of_the_future() {
    let shop = Shop::stocked().await;
    let segment = shop.cloud.segments().into_iter().next().unwrap();
    let id = segment.0;
    let manifest = shop.cloud.manifest().unwrap();
    let text = String::from_utf8(manifest.to_vec()).unwrap();
    let future = text.replacen("\"version\":1", "\"version\":9", 1);
    assert_ne!(future, text, "{text}");
    shop.cloud.set_manifest(future);
    let cold = Shop::over(shop.cloud.clone(), 0, HttpSettings::default());
    let reply = cold.post("/search", "", red()).await;
    let detail = reply.problem(500, "unreadable-index");
    assert!(detail.contains('9') && detail.contains('3'), "{detail}");

    shop.cloud.set_manifest(manifest);
    shop.cloud.tamper(id, None);
    let cold = Shop::over(shop.cloud.clone(), 0, HttpSettings::default());
    let reply = cold.post("/search", "", red()).await;
    let detail = reply.problem(500, "incomplete-index");
    assert!(detail.contains(&id.to_string()), "{detail}");
    assert!(detail.contains("index the catalog again"), "{detail}");
    // Restored, it is found without a restart.
    let (_, bytes) = segment;
    Segments::put(&*shop.cloud, id, bytes).await.unwrap();
    assert_eq!(cold.post("/search", "", red()).await.status, 200);
}

#[tokio::test]
async fn a_panic_is_a_problem_and_the_next_request_is_answered() {
    let shop = Shop::stocked().await;
    shop.cloud
        .set_fault(Some(Box::new(|_| panic!("a secret about the inside"))));
    let reply = shop.get("/index").await;
    let detail = reply.problem(500, "internal");
    assert!(!detail.contains("secret"), "{detail}");
    shop.cloud.set_fault(None);
    assert_eq!(shop.get("/health").await.status, 200);
}
