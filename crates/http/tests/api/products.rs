//! `GET /products/{product_id}` and what is below it.

use serde_json::json;

use crate::support::Shop;

#[tokio::test]
async fn a_product_comes_with_its_pictures() {
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
async fn a_product_without_metadata_is_there_with_its_id() {
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
