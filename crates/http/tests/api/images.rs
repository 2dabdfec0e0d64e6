//! `GET /images/{key}`: what became of an image.

use std::collections::BTreeMap;

use lookalike_core::StoreErrorKind;
use serde_json::json;

use crate::drawings::stripes;
use crate::support::Shop;

#[tokio::test]
async fn an_image_is_pending_then_indexed_then_gone() {
    let shop = Shop::stocked().await;
    let key = "catalog/bags/new one+ü.png";
    let path = "/images/catalog/bags/new%20one+%C3%BC.png";
    let nothing = shop.get(path).await.problem(404, "unknown-key");
    assert!(nothing.contains("new one"), "{nothing}");

    shop.cloud
        .put_image(key, stripes(1, 200, 200), BTreeMap::new());
    let reply = shop.get(path).await.json();
    assert_eq!(
        reply,
        json!({"key": key, "state": "pending", "generation": 1})
    );

    shop.index_keys(&[key.to_owned()]).await;
    let reply = shop.get(path).await.json();
    let product = "new one+ü";
    assert_eq!(
        reply,
        json!({"key": key, "state": "indexed", "generation": 2, "product_id": product})
    );
    let found = shop
        .post("/search?k=1&min_generation=2", "", stripes(1, 200, 200))
        .await;
    assert_eq!(found.product_ids(), [product]);
    let encoded = "/images/catalog%2Fbags%2Fnew%20one%2B%C3%BC.png";
    assert_eq!(shop.get(encoded).await.json(), reply);

    // Another image at the same key waits again.
    shop.cloud
        .put_image(key, stripes(1, 100, 100), BTreeMap::new());
    assert_eq!(shop.get(path).await.json()["state"], "pending");
    shop.index_keys(&[key.to_owned()]).await;
    assert_eq!(shop.get(path).await.json()["state"], "indexed");

    shop.cloud.remove_image(key);
    let reply = shop.get(path).await.json();
    assert_eq!(
        (&reply["state"], &reply["removal"]),
        (&json!("pending"), &json!(true))
    );
    shop.index_keys(&[key.to_owned()]).await;
    shop.get(path).await.problem(404, "unknown-key");
}

#[tokio::test]
async fn an_image_that_cannot_be_indexed_says_why() {
    let shop = Shop::stocked().await;
    let key = "catalog/bags/bad.png";
    shop.index(&[(key, b"this is text".to_vec())]).await;
    let reply = shop.get("/images/catalog/bags/bad.png").await.json();
    assert_eq!(reply["state"], "failed");
    assert_eq!(reply["code"], "unsupported-format");
    assert_eq!(reply["product_id"], "bad");
    assert!(
        reply["reason"]
            .as_str()
            .unwrap()
            .contains("JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF")
    );
    // A new image at the key is pending, not failed.
    shop.cloud.put_image(key, stripes(9, 9, 9), BTreeMap::new());
    let reply = shop.get("/images/catalog/bags/bad.png").await.json();
    assert_eq!(reply["state"], "pending");
}

/// Searches check the index once an hour; a lookup of an image that they lack checks at once.
#[tokio::test]
async fn polling_reads_the_newest_index() {
    let shop = Shop::stocked().await.with_hourly_refresh();
    assert_eq!(shop.get("/index").await.json()["images"], 4);
    shop.index(&[("catalog/new.png", stripes(1, 2, 3))]).await;
    assert_eq!(shop.get("/index").await.json()["images"], 4);
    let reply = shop.get("/images/catalog/new.png").await.json();
    assert_eq!(reply["state"], "indexed");
}

/// `failed` also says that searches no longer find the version before.
#[tokio::test]
async fn an_image_is_failed_once_searches_do_not_find_its_earlier_version() {
    let shop = Shop::stocked().await.with_hourly_refresh();
    let (key, path) = ("catalog/hats/red.png", "/images/catalog/hats/red.png");
    let search = async || {
        let found = shop.post("/search?k=4", "", stripes(200, 30, 30)).await;
        found.product_ids().contains(&"red".to_owned())
    };
    assert!(search().await);
    shop.index(&[(key, b"this is text".to_vec())]).await;
    assert!(search().await, "the index was read again too early");
    shop.break_call("load manifest", StoreErrorKind::Unavailable);
    assert_eq!(shop.get(path).await.json()["state"], "pending");
    assert!(search().await);
    shop.cloud.set_fault(None);
    assert_eq!(shop.get(path).await.json()["state"], "failed");
    assert!(!search().await);
}

#[tokio::test]
async fn other_keys_are_refused() {
    let shop = Shop::stocked().await;
    for path in [
        "/images/uploads/a.jpg",
        "/images/index/manifest.json",
        "/images/catalog/",
        "/images/catalog/folder/",
    ] {
        let detail = shop.get(path).await.problem(400, "forbidden-key");
        assert!(detail.contains("catalog/"), "{detail}");
    }
    shop.get("/images/").await.problem(404, "unknown-route");
    shop.get("/images/%FF").await.problem(400, "invalid-path");
    shop.get("/images/catalog/a.png?x=1")
        .await
        .problem(400, "unknown-parameter");
}
