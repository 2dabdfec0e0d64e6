//! Queries of several items, and of parts of images.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{Rgb, RgbImage};
use serde_json::{Value, json};

use crate::support::{FORM, Shop, color, disc, form_of, stripes};

fn picture(number: u8) -> Vec<u8> {
    let (r, g, b) = color(number);
    stripes(r, g, b)
}

fn encoded(number: u8) -> String {
    BASE64_STANDARD.encode(picture(number))
}

async fn fingerprint(shop: &Shop) -> String {
    let index = shop.get("/index").await.json();
    index["encoder"]["fingerprint"].as_str().unwrap().to_owned()
}

fn score_of(answer: &Value, product: &str) -> f64 {
    let results = answer["results"].as_array().unwrap();
    let found = results.iter().find(|found| found["product_id"] == product);
    found.unwrap_or_else(|| panic!("{product} in {answer}"))["score"]
        .as_f64()
        .unwrap()
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// Two images side by side.
fn side_by_side(left: u8, right: u8) -> RgbImage {
    let [left, right] = [left, right].map(|number| {
        let picture = image::load_from_memory(&picture(number)).unwrap();
        picture.into_rgb8()
    });
    RgbImage::from_fn(128, 48, |x, y| match x {
        0..64 => *left.get_pixel(x, y),
        _ => *right.get_pixel(x - 64, y),
    })
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
    // Of two that count the same, the sum is as like the one as the other.
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

#[tokio::test]
async fn a_crop_searches_with_a_part_of_the_image() {
    let shop = Shop::colorful().await;
    let both = png(&side_by_side(2, 8));
    for (crop, product) in [
        ("0,0,64,48", "p02"),
        ("64,0,64,48", "p08"),
        ("0.5,0.0,0.5,1.0", "p08"),
        ("0%25,0%25,50%25,100%25", "p02"),
    ] {
        let path = format!("/search?k=1&crop={crop}");
        let reply = shop.post(&path, "image/png", both.clone()).await;
        assert_eq!(reply.product_ids(), [product], "{crop}");
        assert!(score_of(&reply.json(), product) > 0.999, "{crop}");
    }
    let encoded = BASE64_STANDARD.encode(&both);
    let boxed = json!({"x": 0.5, "y": 0, "w": 0.5, "h": 1, "unit": "share"});
    for body in [
        json!({"image": encoded, "crop": boxed}),
        json!({"query": [{"image": encoded, "crop": boxed}]}),
        json!({"query": [{"image": encoded, "crop": "64,0,64,48"}], "k": 1}),
    ] {
        assert_eq!(shop.ask(body).await.product_ids()[0], "p08");
    }
}

/// An image of [`Shop::colorful`] with wide margins.
fn disc_on_a_sheet(number: u8) -> Vec<u8> {
    let (r, g, b) = color(number);
    let disc = image::load_from_memory(&disc(r, g, b)).unwrap().into_rgb8();
    let mut sheet = RgbImage::from_pixel(400, 400, Rgb([255; 3]));
    image::imageops::replace(&mut sheet, &disc, 30, 200);
    png(&sheet)
}

#[tokio::test]
async fn margins_are_cut_off_unless_they_are_to_stay() {
    let shop = Shop::colorful().await;
    let file = disc_on_a_sheet(9);
    let score = async |query: &str| {
        let path = format!("/search?k=12&min_score=-1{query}");
        let answer = shop.post(&path, "", file.clone()).await.json();
        score_of(&answer, "p09")
    };
    let (usual, trimmed) = (score("").await, score("&trim=true").await);
    let left = score("&trim=false").await;
    assert!(trimmed > left, "{trimmed} {left}");
    assert!(usual == trimmed, "{usual} {trimmed}");
}

#[tokio::test]
async fn margins_of_catalog_images_do_not_count_either() {
    let shop = Shop::colorful().await;
    let sheet = disc_on_a_sheet(9);
    shop.index(&[("catalog/things/sheet.png", sheet.clone())])
        .await;
    let answer = shop.post("/search?k=1", "", sheet).await;
    let score = score_of(&answer.json(), "sheet");
    assert!(score > 0.999, "{score}");
}

#[tokio::test]
async fn what_cannot_be_a_query_is_told_why() {
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
            json!([{"product": "p01"}, {"product": "p01", "weight": -1}]),
            400,
            "invalid-query",
            "cancel",
        ),
        (
            json!([{"product": "p01"}, {"product": "nobody"}]),
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
async fn options_are_refused_by_name_wherever_they_stand() {
    let shop = Shop::colorful().await;
    let fields: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    for (name, value, text) in [
        ("k", json!(0), "0".to_owned()),
        ("k", json!("5"), "five".to_owned()),
        ("min_score", json!(2), "2".to_owned()),
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
    let detail = twice.problem(400, "invalid-parameter");
    assert!(
        detail.contains("in the query string and in the body"),
        "{detail}"
    );
    let unknown = shop.ask(json!({"image": encoded(1), "limit": 3})).await;
    let detail = unknown.problem(400, "invalid-json");
    assert!(
        detail.contains("`limit`") && detail.contains("`min_score`"),
        "{detail}"
    );
    let crop = shop.get("/products/p01/similar?crop=1,1,2,2").await;
    crop.problem(400, "unknown-parameter");
}
