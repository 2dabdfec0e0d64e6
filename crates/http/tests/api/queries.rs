//! Queries of one or several items.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::drawings::{color, stripes};
use crate::forms::{FORM, form_of};
use crate::support::Shop;

/// Returns a striped image of [`Shop::colorful`].
pub(crate) fn picture(number: u8) -> Vec<u8> {
    let (r, g, b) = color(number);
    stripes(r, g, b)
}

/// Returns the image in base64.
pub(crate) fn encoded(number: u8) -> String {
    BASE64_STANDARD.encode(picture(number))
}

/// Returns the fingerprint of the index's encoder.
pub(crate) async fn fingerprint(shop: &Shop) -> String {
    let index = shop.get("/index").await.json();
    index["encoder"]["fingerprint"].as_str().unwrap().to_owned()
}

/// Returns the score of a product in an answer.
pub(crate) fn score_of(answer: &Value, product: &str) -> f64 {
    let results = answer["results"].as_array().unwrap();
    let found = results.iter().find(|found| found["product_id"] == product);
    found.unwrap_or_else(|| panic!("{product} in {answer}"))["score"]
        .as_f64()
        .unwrap()
}

#[tokio::test]
async fn one_item_is_the_same_in_every_form() {
    let shop = Shop::colorful().await;
    shop.cloud
        .put_image("uploads/3.png", picture(3), BTreeMap::new());
    let expected = shop.post("/search", "", picture(3)).await.json();
    for body in [
        json!({"image": encoded(3)}),
        json!({"query": [{"image": encoded(3)}]}),
        json!({"query": [{"image": format!("data:image/png;base64,{}", encoded(3)), "weight": 7.5}]}),
        json!({"key": "uploads/3.png"}),
        json!({"query": [{"key": "uploads/3.png"}]}),
    ] {
        let reply = shop.ask(body.clone()).await;
        assert_eq!(reply.json()["results"], expected["results"], "{body}");
    }
    let request = json!({"query": [{"part": "photo"}]}).to_string();
    for form in [
        form_of(&[("image", &picture(3))]),
        form_of(&[("photo", &picture(3)), ("request", request.as_bytes())]),
        form_of(&[("request", b"{}"), ("image", &picture(3))]),
    ] {
        let reply = shop.post("/search", FORM, form).await;
        assert_eq!(reply.json()["results"], expected["results"]);
    }
}

#[tokio::test]
async fn a_product_is_like_similar_and_a_vector_like_its_image() {
    let shop = Shop::colorful().await;
    let similar = shop.get("/products/p04/similar?k=5").await.json();
    let asked = shop
        .ask(json!({"query": [{"product": "p04"}], "k": 5}))
        .await;
    assert_eq!(asked.json()["results"], similar["results"]);
    assert_eq!(asked.json()["query"]["embedding_ms"], 0.0);

    let encoder = lookalike_encoder::Encoder::embedded().unwrap();
    let mut vector = encoder.embed(&picture(4)).unwrap();
    vector.iter_mut().for_each(|x| *x *= 1000.0);
    let item = json!({"vector": vector, "fingerprint": fingerprint(&shop).await});
    let by_vector = shop.ask(json!({ "query": [item] })).await;
    let by_picture = shop.post("/search?trim=false", "", picture(4)).await;
    assert_eq!(by_vector.product_ids(), by_picture.product_ids());
}

#[tokio::test]
async fn items_are_added_up_by_their_weights() {
    let shop = Shop::colorful().await;
    let ask = async |weight: f64| {
        let items = json!([{"image": encoded(0)}, {"image": encoded(6), "weight": weight}]);
        shop.ask(json!({"query": items, "k": 12, "min_score": -1}))
            .await
            .json()
    };
    let [little, much, less] = [ask(0.001).await, ask(50.0).await, ask(-0.7).await];
    assert_eq!(little["results"][0]["product_id"], "p00");
    assert_eq!(much["results"][0]["product_id"], "p06");
    let (plain, without) = (score_of(&little, "p06"), score_of(&less, "p06"));
    assert!(without < plain, "{without} {plain}");
    // With equal weights, the sum is equally similar to both.
    let both = ask(1.0).await;
    let (one, other) = (score_of(&both, "p00"), score_of(&both, "p06"));
    assert!((one - other).abs() < 0.05, "{one} {other}");
}

#[tokio::test]
async fn products_of_the_query_are_no_results() {
    let shop = Shop::colorful().await;
    let items = json!([{"product": "p01"}, {"product": "p02", "weight": -0.5}, {"product": "p03"}, {"image": encoded(7)}]);
    for group_by in ["product", "image"] {
        let asked = json!({"query": items, "k": 100, "min_score": -1, "group_by": group_by});
        let found = shop.ask(asked).await.product_ids();
        assert_eq!(found.len(), if group_by == "product" { 9 } else { 18 });
        for product in ["p01", "p02", "p03"] {
            assert!(!found.contains(&product.to_owned()), "{product} {found:?}");
        }
    }
}

#[tokio::test]
async fn a_form_holds_several_images() {
    let shop = Shop::colorful().await;
    let items = json!([{"image": encoded(1)}, {"image": encoded(5), "weight": 2}]);
    let expected = shop.ask(json!({ "query": items })).await.json();
    let request = json!({"query": [{"part": "one"}, {"part": "other", "weight": 2}]}).to_string();
    let form = form_of(&[
        ("other", &picture(5)),
        ("request", request.as_bytes()),
        ("one", &picture(1)),
    ]);
    let reply = shop.post("/search", FORM, form).await;
    assert_eq!(reply.json()["results"], expected["results"]);
    let form = form_of(&[("image", &picture(1)), ("image", &picture(5))]);
    let reply = shop.post("/search?k=2", FORM, form).await;
    assert_eq!(reply.product_ids().len(), 2);
}
