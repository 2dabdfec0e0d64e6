//! Searches with parts of images.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{Rgb, RgbImage};
use serde_json::json;

use crate::drawings::{color, disc};
use crate::queries::{picture, score_of};
use crate::support::Shop;

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
async fn margins_are_trimmed_unless_the_caller_keeps_them() {
    let shop = Shop::colorful().await;
    let file = disc_on_a_sheet(9);
    let score = async |query: &str| {
        let path = format!("/search?k=12&min_score=-1{query}");
        let answer = shop.post(&path, "", file.clone()).await.json();
        score_of(&answer, "p09")
    };
    let (default, trimmed) = (score("").await, score("&trim=true").await);
    let left = score("&trim=false").await;
    assert!(trimmed > left, "{trimmed} {left}");
    assert!(default == trimmed, "{default} {trimmed}");
}

#[tokio::test]
async fn margins_of_catalog_images_are_trimmed_too() {
    let shop = Shop::colorful().await;
    let sheet = disc_on_a_sheet(9);
    shop.index(&[("catalog/things/sheet.png", sheet.clone())])
        .await;
    let answer = shop.post("/search?k=1", "", sheet).await;
    let score = score_of(&answer.json(), "sheet");
    assert!(score > 0.999, "{score}");
}
