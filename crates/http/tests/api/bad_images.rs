//! Images that are refused.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::ImageFormat;
use lookalike_core::MemoryBudget;
use lookalike_search::SearchSettings;
use serde_json::json;

use crate::drawings::encode;
use crate::forms::{FORM, form};
use crate::support::Shop;

/// Makes a PNG whose header claims a size. Its data is long enough for it, but empty.
fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut checksum = u32::MAX;
    for byte in &header {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            let low = checksum & 1;
            checksum = (checksum >> 1) ^ (0xedb8_8320 * low);
        }
    }
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend_from_slice(&header);
    png.extend_from_slice(&(!checksum).to_be_bytes());
    // Deflate packs at most a thousand bytes into one, and at most 64 million pixels are decoded.
    let bytes = (u64::from(width) * u64::from(height)).min(64_000_000) * 3 / 1000;
    png.extend_from_slice(&(bytes as u32).to_be_bytes());
    png.extend_from_slice(b"IDAT");
    png.resize(png.len() + bytes as usize, 0);
    png.extend_from_slice(b"\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
    png
}

#[tokio::test]
async fn broken_images_are_refused() {
    let shop = Shop::stocked().await;
    let jpeg = encode(200, 30, 30, ImageFormat::Jpeg);
    let truncated = jpeg[..jpeg.len() / 2].to_vec();
    let header_only = jpeg[..20].to_vec();
    let bomb = png_that_claims(100_000, 100_000);
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec();
    for (name, picture, status, problem) in [
        ("truncated JPEG", truncated, 422, "corrupt-picture"),
        ("start of a JPEG", header_only, 422, "corrupt-picture"),
        ("no bytes", Vec::new(), 400, "empty-picture"),
        ("text", b"this is text".to_vec(), 415, "unsupported-format"),
        ("HEIC", heic, 415, "unsupported-format"),
        ("a bomb", bomb, 422, "too-many-pixels"),
    ] {
        println!("{name}, raw");
        let reply = shop.post("/search", "image/jpeg", picture.clone()).await;
        reply.problem(status, problem);
        println!("{name}, in a form");
        let reply = shop.post("/search", FORM, form("image", &picture)).await;
        reply.problem(status, problem);
    }
}

#[tokio::test]
async fn the_images_of_a_request_share_a_limit_of_pixels() {
    let shop = Shop::stocked().await;
    let large = png_that_claims(6600, 6600);
    let image = BASE64_STANDARD.encode(&large);
    let items = json!([{"image": image}, {"image": image}, {"image": image}]);
    let reply = shop.ask(json!({ "query": items })).await;
    reply.problem(422, "too-many-pixels");
    let detail = reply.json()["detail"].to_string();
    for part in [
        "130680000 pixels together",
        "at most 64000000",
        "send smaller images or fewer",
    ] {
        assert!(detail.contains(part), "{detail}");
    }
    // Images named by key count too. A single one is within the limits, and decoding finds that it is broken.
    shop.cloud
        .put_image("uploads/large.png", large, BTreeMap::new());
    let items = json!([{"key": "uploads/large.png"}, {"image": image}]);
    let reply = shop.ask(json!({ "query": items })).await;
    reply.problem(422, "too-many-pixels");
    let reply = shop.ask(json!({"key": "uploads/large.png"})).await;
    reply.problem(422, "corrupt-picture");
}

#[tokio::test]
async fn an_image_that_needs_too_much_memory_is_refused() {
    // 100 MB are left for images. At three bytes per pixel, 25 million pixels need less, and 41 million more.
    let search = SearchSettings {
        image_memory: MemoryBudget::of_process(250 << 20),
        ..SearchSettings::default()
    };
    let shop = Shop::stocked().await.searching_with(search);
    let reply = shop.post("/search", "", png_that_claims(6400, 6400)).await;
    reply.problem(422, "too-many-pixels");
    let detail = reply.json()["detail"].to_string();
    assert!(
        detail.contains("6400x6400") && detail.contains("more memory"),
        "{detail}"
    );
    let reply = shop.post("/search", "", png_that_claims(5000, 5000)).await;
    reply.problem(422, "corrupt-picture");
}

#[tokio::test]
async fn an_unsupported_format_is_answered_with_the_supported_ones() {
    let shop = Shop::stocked().await;
    let reply = shop.post("/search", "image/jpeg", "plain text").await;
    reply.problem(415, "unsupported-format");
    let expected = json!(["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF"]);
    assert_eq!(reply.json()["supported"], expected);
}
