//! `GET /products/{product_id}` and what is below it.

use std::collections::BTreeMap;

use axum::body::Body;
use http::Request;
use lookalike_core::Product;
use lookalike_core::ports::Products;
use serde_json::json;

use crate::drawings::stripes;
use crate::support::Shop;

#[tokio::test]
async fn a_product_comes_with_its_images() {
    let shop = Shop::stocked().await;
    let reply = shop.get("/products/gr%C3%BCn").await;
    assert_eq!(
        reply.json(),
        json!({
            "product_id": "grün",
            "metadata": {"name": "Green <b>bag</b>", "price": 12.5, "in_stock": true, "category": "bags"},
            "images": [{"key": "catalog/bags/grün.png", "url": "memory:///catalog/bags/grün.png"}],
        })
    );
}

#[tokio::test]
async fn a_product_without_metadata_is_found_by_its_id() {
    let shop = Shop::stocked().await;
    let reply = shop.get("/products/red").await;
    assert_eq!(reply.json()["product_id"], "red");
    assert_eq!(reply.json()["metadata"], json!({"category": "hats"}));
}

#[tokio::test]
async fn similar_products_leave_the_product_itself_out() {
    let shop = Shop::stocked().await;
    let found = shop.get("/products/red/similar?k=10").await.product_ids();
    assert_eq!(found.len(), 3);
    assert!(!found.contains(&"red".to_owned()), "{found:?}");
    let reply = shop.get("/products/red/similar?k=1").await;
    assert_eq!(reply.product_ids(), found[..1]);
    assert_eq!(reply.json()["query"]["embedding_ms"], 0.0);
}

#[tokio::test]
async fn ids_may_hold_anything() {
    let shop = Shop::stocked().await;
    let reply = shop.get("/products/blue%20one+1%25").await;
    assert_eq!(reply.json()["product_id"], "blue one+1%");
    let reply = shop.get("/products/blue%20one+1%25/similar").await;
    assert_eq!(reply.product_ids().len(), 3);
}

#[tokio::test]
async fn unknown_products_are_not_found() {
    let shop = Shop::stocked().await;
    for path in [
        "/products/nope",
        "/products/nope/similar",
        "/products/a%2F..%2Fb",
        "/products/%F0%9F%A6%80/similar",
        "/products/red/similar/similar",
    ] {
        let detail = shop.get(path).await.problem(404, "unknown-product");
        assert!(detail.contains("there is no product"), "{detail}");
    }
    shop.get("/products/").await.problem(404, "unknown-route");
    shop.get("/products/%FF").await.problem(400, "invalid-path");
    let long = format!("/products/{}", "x".repeat(5000));
    let detail = shop.get(&long).await.problem(404, "unknown-product");
    assert!(detail.len() < 300, "{detail}");
}

#[tokio::test]
async fn a_known_answer_is_not_sent_again() {
    let shop = Shop::stocked().await;
    let path = "/products/red/similar?k=3";
    let reply = shop.get(path).await;
    let tag = reply.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(reply.header("cache-control"), "public, max-age=60");
    assert!(reply.header("vary").contains("accept-encoding"));
    let asked = async |method: &str, path: &str, known: &str| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("if-none-match", known);
        shop.send(request.body(Body::empty()).unwrap()).await
    };
    let strong = tag.trim_start_matches("W/").to_owned();
    let listed = format!("\"other\", {tag}");
    for known in [&tag, &strong, &listed, "*"] {
        for method in ["GET", "HEAD"] {
            let same = asked(method, path, known).await;
            assert_eq!(same.status, 304, "{method} {known}");
            assert!(same.body.is_empty());
            assert_eq!(same.header("etag"), tag);
            assert_eq!(same.header("cache-control"), "public, max-age=60");
            assert!(!same.header("x-request-id").is_empty());
        }
    }
    assert_eq!(asked("GET", path, "W/\"other\"").await.status, 200);
    // Other options, other metadata and another generation are other answers.
    let fewer = asked("GET", "/products/red/similar?k=2", &tag).await;
    assert_eq!(fewer.status, 200);
    let product = Product {
        product_id: "orange".to_owned(),
        metadata: BTreeMap::from([("name".to_owned(), "new".into())]),
    };
    shop.cloud.put_many(&[product]).await.unwrap();
    let renamed = asked("GET", path, &tag).await;
    assert_eq!(renamed.status, 200);
    let tag = renamed.header("etag").to_owned();
    assert_eq!(asked("GET", path, &tag).await.status, 304);
    shop.index(&[("catalog/far.png", stripes(0, 0, 0))]).await;
    assert_eq!(asked("GET", path, &tag).await.status, 200);
    // `*` does not match an unknown product.
    asked("GET", "/products/unknown/similar", "*")
        .await
        .problem(404, "unknown-product");
}
