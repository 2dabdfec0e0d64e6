//! Results: their unit, their order and their members.

use std::collections::BTreeMap;

use image::{Rgb, RgbImage};
use serde_json::{Value, json};

use crate::drawings::{color, stripes};
use crate::support::Shop;

fn results(answer: &Value) -> &Vec<Value> {
    answer["results"].as_array().unwrap()
}

fn products(answer: &Value) -> Vec<&str> {
    let product = |found: &'_ Value| found["product_id"].as_str().unwrap().len();
    assert!(results(answer).iter().all(|found| product(found) > 0));
    let results = results(answer).iter();
    results
        .map(|found| found["product_id"].as_str().unwrap())
        .collect()
}

fn scores(list: &[Value]) -> Vec<f64> {
    list.iter()
        .map(|one| one["score"].as_f64().unwrap())
        .collect()
}

#[tokio::test]
async fn every_image_is_a_result_of_its_own() {
    let shop = Shop::colorful().await;
    let path = "/products/p00/similar?k=1000&min_score=-1&group_by=image";
    let answer = shop.get(path).await.json();
    let found = results(&answer);
    assert_eq!(found.len(), 22);
    assert!(scores(found).is_sorted_by(|a, b| a >= b));
    let mut keys: Vec<&str> = found
        .iter()
        .map(|one| one["image"]["key"].as_str().unwrap())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 22);
    assert!(found.iter().all(|one| one.get("images").is_none()));
    let few = shop
        .get("/products/p00/similar?k=7&min_score=-1&group_by=image")
        .await
        .json();
    assert_eq!(results(&few)[..], found[..7]);
}

#[tokio::test]
async fn all_images_come_with_a_product() {
    let shop = Shop::colorful().await;
    let path = "/products/p00/similar?k=5&min_score=-1&images=all";
    let answer = shop.get(path).await.json();
    for found in results(&answer) {
        let images = found["images"].as_array().unwrap();
        assert_eq!(images.len(), 2);
        assert!(scores(images).is_sorted_by(|a, b| a >= b));
        assert_eq!(images[0]["key"], found["image"]["key"]);
        assert_eq!(images[0]["url"], found["image"]["url"]);
        assert_eq!(images[0]["score"], found["score"]);
    }
    // Only those that are similar enough.
    let least = scores(results(&answer)[0]["images"].as_array().unwrap());
    let between = f64::midpoint(least[0], least[1]);
    let path = format!("/products/p00/similar?k=1&min_score={between}&images=all");
    let answer = shop.get(&path).await.json();
    assert_eq!(results(&answer)[0]["images"].as_array().unwrap().len(), 1);
    let best = shop.get("/products/p00/similar?k=1").await.json();
    assert!(results(&best)[0].get("images").is_none());
}

#[tokio::test]
async fn only_chosen_metadata_is_shown() {
    let shop = Shop::stocked().await;
    let get = async |fields: &str| {
        let path = format!("/products/red/similar?k=1000&min_score=-1{fields}");
        let answer = shop.get(&path).await.json();
        let green = results(&answer)
            .iter()
            .find(|one| one["product_id"] == "grün");
        green.unwrap()["metadata"].clone()
    };
    let all =
        json!({"name": "Green <b>bag</b>", "price": 12.5, "in_stock": true, "category": "bags"});
    assert_eq!(get("").await, all);
    assert_eq!(
        get("&fields=price,category,unknown").await,
        json!({"price": 12.5, "category": "bags"})
    );
    assert_eq!(get("&fields=").await, json!({}));
    let before = shop.cloud.traffic().calls.get("get products").copied();
    get("&fields=").await;
    let after = shop.cloud.traffic().calls.get("get products").copied();
    assert_eq!(before, after, "metadata was not requested");
    let body = json!({"query": [{"product": "red"}], "fields": ["name"]});
    let answer = shop.ask(body).await.json();
    assert!(
        results(&answer)
            .iter()
            .all(|one| one["metadata"].as_object().unwrap().len() <= 1)
    );
}

/// An image that the encoder's tests are made from.
fn golden(name: &str) -> Vec<u8> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../encoder/tests/golden/pictures"
    );
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// Many images of one kind and a few of others.
async fn lopsided() -> Shop {
    let shop = Shop::empty();
    let mut pictures = Vec::new();
    for number in 0..8_u8 {
        let (r, g, b) = color(0);
        let key = format!("catalog/many/same-{number}.png");
        pictures.push((key, stripes(r - 4 * number, g, b + 3 * number)));
    }
    for number in 3..9_u8 {
        let (r, g, b) = color(number);
        pictures.push((format!("catalog/few/other-{number}.png"), stripes(r, g, b)));
    }
    for (key, picture) in &pictures {
        shop.cloud.put_image(key, picture.clone(), BTreeMap::new());
    }
    let keys: Vec<String> = pictures.into_iter().map(|(key, _)| key).collect();
    shop.index_keys(&keys).await;
    shop
}

#[tokio::test]
async fn diverse_results_differ_from_each_other() {
    let shop = lopsided().await;
    let get = async |diversity: f32| {
        let path = format!("/products/same-0/similar?k=4&min_score=-1&diversity={diversity}");
        shop.get(&path).await.json()
    };
    let others = |answer: &Value| {
        let products = products(answer);
        products.iter().filter(|id| id.starts_with("other")).count()
    };
    let plain = get(0.0).await;
    assert_eq!(others(&plain), 0, "{plain}");
    let diverse = get(0.7).await;
    assert!(others(&diverse) >= 2, "{diverse}");
    // The most similar result is first at any diversity.
    for diversity in [0.1, 0.5, 1.0] {
        let answer = get(diversity).await;
        assert_eq!(products(&answer)[0], products(&plain)[0]);
        assert_eq!(results(&answer).len(), 4);
    }
}

#[tokio::test]
async fn nearly_the_same_image_of_several_products_is_one_result() {
    let shop = Shop::empty();
    let photo = golden("baseline-640x480.jpg");
    let picture = image::load_from_memory(&photo).unwrap().to_rgb8();
    let again = |width: u32, quality: u8| {
        let mut file = Vec::new();
        let kind = image::imageops::FilterType::CatmullRom;
        let small = image::imageops::resize(&picture, width, width * 3 / 4, kind);
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, quality);
        small.write_with_encoder(encoder).unwrap();
        file
    };
    let mut pictures = vec![
        ("catalog/a/original.jpg".to_owned(), photo.clone()),
        ("catalog/a/copy-1.jpg".to_owned(), again(640, 90)),
        ("catalog/a/copy-2.jpg".to_owned(), again(400, 85)),
    ];
    for number in 4..10 {
        let (r, g, b) = color(number);
        pictures.push((format!("catalog/a/other-{number}.png"), stripes(r, g, b)));
    }
    for (key, picture) in &pictures {
        shop.cloud.put_image(key, picture.clone(), BTreeMap::new());
    }
    let keys: Vec<String> = pictures.into_iter().map(|(key, _)| key).collect();
    shop.index_keys(&keys).await;

    let query = photo;
    let plain = shop
        .post("/search?k=3&min_score=-1", "", query.clone())
        .await;
    let plain = plain.json();
    assert!(
        products(&plain).iter().all(|id| !id.starts_with("other")),
        "{plain}"
    );
    assert!(results(&plain)[0].get("collapsed").is_none());
    let path = "/search?k=3&min_score=-1&collapse=true";
    let collapsed = shop.post(path, "", query).await.json();
    assert_eq!(results(&collapsed)[0]["collapsed"], 2, "{collapsed}");
    assert!(
        products(&collapsed)[1..]
            .iter()
            .all(|id| id.starts_with("other"))
    );
}

#[tokio::test]
async fn images_of_one_product_do_not_collapse() {
    let shop = Shop::empty();
    let drawn = RgbImage::from_fn(80, 80, |x, y| Rgb([x as u8 * 3, y as u8 * 3, 90]));
    let mut file = std::io::Cursor::new(Vec::new());
    drawn.write_to(&mut file, image::ImageFormat::Png).unwrap();
    let metadata = BTreeMap::from([("product-id".to_owned(), "one".to_owned())]);
    let keys = ["catalog/1.png", "catalog/2.png"].map(str::to_owned);
    for key in &keys {
        shop.cloud
            .put_image(key, file.get_ref().clone(), metadata.clone());
    }
    shop.index_keys(&keys).await;
    let path = "/search?group_by=image&collapse=true";
    let answer = shop.post(path, "", file.into_inner()).await.json();
    assert_eq!(results(&answer).len(), 2, "{answer}");
}
