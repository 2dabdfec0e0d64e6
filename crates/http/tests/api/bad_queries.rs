//! Queries and options that are refused.

use serde_json::{Value, json};

use crate::queries::{encoded, fingerprint, picture};
use crate::support::Shop;

#[tokio::test]
async fn bad_queries_are_refused_with_the_reason() {
    let shop = Shop::colorful().await;
    let known = fingerprint(&shop).await;
    let other = "ab".repeat(32);
    let vector = |numbers: Value, fingerprint: &str| json!([{"vector": numbers, "fingerprint": fingerprint}]);
    let small: Vec<f32> = vec![0.1; 7];
    let zero: Vec<f32> = vec![0.0; 256];
    let mut huge: Vec<f64> = vec![0.0; 256];
    huge[3] = 1e300;
    let items: Vec<Value> = (0..50).map(|_| json!({"image": encoded(0)})).collect();
    for (query, status, kind, named) in [
        (json!([]), 400, "invalid-query", "no items"),
        (json!(items), 400, "invalid-query", "50 items, at most 16"),
        (
            json!([{"product": "p01", "weight": -1}]),
            400,
            "invalid-query",
            "negative",
        ),
        (
            json!([{"product": "p01", "weight": 0}]),
            400,
            "invalid-query",
            "other than 0",
        ),
        (
            json!([{"product": "p01", "weight": 101}]),
            400,
            "invalid-query",
            "query[0].weight is 101",
        ),
        (
            json!([{"product": "p01", "weight": 100.000000001}]),
            400,
            "invalid-query",
            "from -100 to 100",
        ),
        (
            json!([{"product": "p01"}, {"product": "p01", "weight": -1}]),
            400,
            "invalid-query",
            "cancel",
        ),
        (
            json!([{"product": "p01"}, {"product": "unknown"}]),
            404,
            "unknown-product",
            "query[1]: ",
        ),
        (
            json!([{"product": "p01"}, {"key": "uploads/no.png"}]),
            404,
            "unknown-key",
            "query[1]: ",
        ),
        (
            json!([{"key": "secret/a.png"}, {"product": "p01"}]),
            400,
            "forbidden-key",
            "query[0]: ",
        ),
        (
            json!([{"product": "p01"}, {"image": "AAAA"}]),
            415,
            "unsupported-format",
            "query[1]: ",
        ),
        (
            json!([{"image": encoded(0), "crop": "60,0,20,20"}]),
            400,
            "invalid-crop",
            "64x48",
        ),
        (
            json!([{"image": encoded(0), "crop": "0,0,0,20"}]),
            400,
            "invalid-crop",
            "64x48",
        ),
        (
            json!([{"image": encoded(0), "crop": "1,2"}]),
            400,
            "invalid-crop",
            "x,y,w,h",
        ),
        (
            json!([{"product": "p01"}, {"image": encoded(0), "crop": "9%,9%,99%,1%"}]),
            400,
            "invalid-crop",
            "query[1]: ",
        ),
        (
            vector(json!(small), &known),
            400,
            "invalid-vector",
            "7 numbers, but those of the index have 256",
        ),
        (vector(json!(small), &other), 400, "invalid-vector", &known),
        (
            vector(json!(zero), &known),
            400,
            "invalid-vector",
            "not all zero",
        ),
        (vector(json!(huge), &known), 400, "invalid-vector", "finite"),
        (
            vector(json!(["NaN"]), &known),
            400,
            "invalid-vector",
            "list of numbers",
        ),
        (json!([{"part": "a"}]), 400, "invalid-json", "\"image\""),
    ] {
        let reply = shop.ask(json!({ "query": query })).await;
        let detail = reply.problem(status, kind);
        assert!(detail.contains(named), "{detail}");
    }
    let body = format!("{{\"query\": [{{\"vector\": [NaN], \"fingerprint\": \"{known}\"}}]}}");
    let reply = shop.post("/search", "application/json", body).await;
    reply.problem(400, "invalid-json");
    for path in [
        "/search?crop=0,0,0,0",
        "/search?crop=64,48,10,10",
        "/search?crop=-10,0,5,5",
    ] {
        let reply = shop.post(path, "", picture(0)).await;
        let detail = reply.problem(400, "invalid-crop");
        assert!(detail.contains("64x48"), "{detail}");
    }
}

#[tokio::test]
async fn bad_options_are_refused_by_name() {
    let shop = Shop::colorful().await;
    let fields: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    for (name, value, text) in [
        ("k", json!(0), "0".to_owned()),
        ("k", json!("5"), "five".to_owned()),
        ("min_score", json!(2), "2".to_owned()),
        (
            "min_score",
            json!(1.0 + f64::EPSILON),
            "1.0000000000000002".to_owned(),
        ),
        ("diversity", json!(1.01), "1.01".to_owned()),
        ("diversity", json!(null), "x".to_owned()),
        ("collapse", json!(1), "1".to_owned()),
        ("group_by", json!("colour"), "colour".to_owned()),
        ("images", json!([]), "none".to_owned()),
        ("fields", json!(fields), fields.join(",")),
        ("facets", json!([7]), ",".to_owned()),
        ("min_generation", json!(-1), "-1".to_owned()),
    ] {
        if !value.is_null() {
            let mut body = json!({"query": [{"product": "p01"}]});
            body[name] = value;
            let detail = shop.ask(body).await.problem(400, "invalid-parameter");
            assert!(detail.starts_with(name), "{detail}");
        }
        for path in ["/products/p01/similar", "/search"] {
            let path = format!("{path}?{name}={text}");
            let reply = match path.starts_with("/search") {
                true => shop.post(&path, "", picture(1)).await,
                false => shop.get(&path).await,
            };
            let detail = reply.problem(400, "invalid-parameter");
            assert!(detail.starts_with(name), "{detail}");
        }
    }
    let twice = shop
        .post(
            "/search?k=3",
            "application/json",
            json!({"image": encoded(1), "k": 3}).to_string(),
        )
        .await;
    assert_eq!(twice.status, 200);
    assert_eq!(
        twice.header("warning"),
        "199 - \"Ignored: k in the query string\""
    );
    let unknown = shop.ask(json!({"image": encoded(1), "limit": 3})).await;
    let detail = unknown.problem(400, "invalid-json");
    assert!(
        detail.contains("`limit`") && detail.contains("`min_score`"),
        "{detail}"
    );
    // Not read to its end before it is refused.
    let many: serde_json::Map<_, _> = (0..1000).map(|i| (format!("m{i}"), json!(i))).collect();
    let detail = shop.ask(json!(many)).await.problem(400, "invalid-json");
    assert!(detail.contains("at most 64"), "{detail}");
    let crop = shop.get("/products/p01/similar?crop=1,1,2,2").await;
    crop.problem(400, "unknown-parameter");
}
