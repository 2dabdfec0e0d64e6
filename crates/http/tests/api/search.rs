//! `POST /search`, when all is well.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::ImageFormat;
use lookalike_core::StoreErrorKind;
use serde_json::json;

use crate::drawings::{encode, stripes};
use crate::forms::{FORM, form, form_of};
use crate::support::Shop;

fn red() -> Vec<u8> {
    stripes(200, 30, 30)
}

#[tokio::test]
async fn an_answer_has_the_names_and_types_of_the_contract() {
    let shop = Shop::stocked().await;
    let reply = shop
        .post("/search?k=2", "image/png", stripes(20, 160, 40))
        .await;
    assert_eq!(reply.product_ids().len(), 2);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "no-store");
    let mut body = reply.json();
    let best = body["results"][0].take();
    assert!(
        (best["score"].as_f64().unwrap() - 1.0).abs() < 1e-5,
        "{best}"
    );
    assert_eq!(best["product_id"], "grün");
    assert_eq!(
        best["image"],
        json!({"key": "catalog/bags/grün.png", "url": "memory:///catalog/bags/grün.png"})
    );
    assert_eq!(
        best["metadata"],
        json!({"name": "Green <b>bag</b>", "price": 12.5, "in_stock": true, "category": "bags"})
    );
    assert_eq!(
        body["index"],
        json!({"generation": 1, "images": 4, "products": 4})
    );
    assert!(body["query"]["embedding_ms"].as_f64().unwrap() > 0.0);
    assert!(body["query"]["search_ms"].as_f64().unwrap() >= 0.0);
    let names = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(&best), ["image", "metadata", "product_id", "score"]);
    assert_eq!(
        names(&body),
        ["exact", "index", "next_cursor", "query", "results"]
    );
    assert_eq!(body["exact"], true);
    assert_eq!(names(&body["query"]), ["embedding_ms", "search_ms"]);
}

#[tokio::test]
async fn an_image_is_found_in_every_kind_of_body() {
    let shop = Shop::stocked().await;
    let encoded = BASE64_STANDARD.encode(red());
    let plain = json!({"image": encoded}).to_string();
    let url = json!({"image": format!("data:image/png;base64,{encoded}")}).to_string();
    for (content_type, body) in [
        ("image/png", red()),
        ("image/jpeg", red()),
        ("application/octet-stream", red()),
        ("", red()),
        ("application/x-www-form-urlencoded", red()),
        (FORM, form("image", &red())),
        ("application/json", plain.clone().into_bytes()),
        ("application/json; charset=utf-8", url.into_bytes()),
        ("", red()),
    ] {
        let reply = shop.post("/search", content_type, body).await;
        let found = reply.product_ids();
        assert_eq!(found[0], "red", "as {content_type:?}: {found:?}");
        assert_eq!(found.len(), 4, "as {content_type:?}: {found:?}");
    }
}

#[tokio::test]
async fn every_supported_format_is_searched() {
    let shop = Shop::stocked().await;
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Gif,
        ImageFormat::WebP,
    ] {
        let picture = encode(200, 30, 30, format);
        let reply = shop.post("/search?k=1", "image/*", picture).await;
        assert_eq!(reply.product_ids(), ["red"], "{format:?}");
    }
}

#[tokio::test]
async fn an_object_is_searched_by_its_key_however_awkward() {
    let shop = Shop::stocked().await;
    let body = |key: &str| json!({ "key": key }).to_string();
    let reply = shop
        .post(
            "/search?k=1",
            "application/json",
            body("catalog/bags/grün.png"),
        )
        .await;
    assert_eq!(reply.product_ids(), ["grün"]);

    let blue = "catalog/bags/blue one+1%.png";
    let reply = shop
        .post("/search?k=1", "application/json", body(blue))
        .await;
    assert_eq!(reply.product_ids(), ["blue one+1%"]);

    let upload = "uploads/my hat+%20ü.png";
    shop.cloud.put_image(upload, red(), BTreeMap::new());
    let reply = shop
        .post("/search?k=1", "application/json", body(upload))
        .await;
    assert_eq!(reply.product_ids(), ["red"]);
}

#[tokio::test]
async fn k_and_min_score_cut_the_ranking() {
    let shop = Shop::stocked().await;
    let all = shop.post("/search?k=1000&min_score=-1", "", red()).await;
    assert_eq!(all.product_ids().len(), 4);
    let scores: Vec<f64> = all.json()["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["score"].as_f64().unwrap())
        .collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let two = shop.post("/search?k=2", "", red()).await;
    assert_eq!(two.product_ids(), all.product_ids()[..2]);
    let one = shop.post("/search?min_score=0.9999", "", red()).await;
    assert_eq!(one.product_ids(), ["red"]);
}

#[tokio::test]
async fn an_empty_index_answers_with_nothing() {
    let shop = Shop::empty();
    let reply = shop.post("/search", "image/png", red()).await;
    assert!(reply.product_ids().is_empty());
    let expected = json!({"generation": 0, "images": 0, "products": 0});
    assert_eq!(reply.json()["index"], expected);
}

/// As a browser sends a form of a page: a token, a second file input in which nothing was chosen, and a button.
#[tokio::test]
async fn fields_beside_an_image_are_ignored_and_named() {
    let shop = Shop::stocked().await;
    let alone = shop.post("/search", FORM, form("image", &red())).await;
    assert_eq!(alone.header("warning"), "");
    let fields = [
        ("csrf", &b"token"[..]),
        ("image", &red()),
        ("image", b""),
        ("back", b""),
        ("send", b"Search"),
    ];
    let reply = shop.post("/search", FORM, form_of(&fields)).await;
    assert_eq!(reply.product_ids(), alone.product_ids());
    assert_eq!(
        reply.header("warning"),
        "199 - \"Ignored: field 'csrf', field 'image', field 'back', field 'send'\""
    );
    // Both warnings of a reply are there.
    shop.break_call("load manifest", StoreErrorKind::Unavailable);
    let stale = shop.post("/search", FORM, form_of(&fields)).await;
    assert_eq!(stale.headers.get_all("warning").iter().count(), 2);
}
