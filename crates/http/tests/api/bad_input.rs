//! What callers get wrong, and what they are told.

use std::collections::BTreeMap;

use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::Request;
use image::ImageFormat;
use lookalike_core::MemoryBudget;
use lookalike_search::SearchSettings;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{FORM, Shop, encode, form, stripes};

/// A PNG whose header claims a size that its data might have, by its length, and has not.
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
    // Deflate packs a thousand bytes into one at most, and no more pixels are decoded than so many.
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
async fn the_images_of_a_request_have_so_many_pixels_together() {
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
    // Those that are named by key count too, and one alone is found to be broken only when it is decoded.
    shop.cloud
        .put_image("uploads/large.png", large, BTreeMap::new());
    let items = json!([{"key": "uploads/large.png"}, {"image": image}]);
    let reply = shop.ask(json!({ "query": items })).await;
    reply.problem(422, "too-many-pixels");
    let reply = shop.ask(json!({"key": "uploads/large.png"})).await;
    reply.problem(422, "corrupt-picture");
}

#[tokio::test]
async fn an_image_for_which_there_is_no_memory_is_refused() {
    // For images, 100 MB of it: at some three bytes each, 25 million pixels take less, and 41 million more.
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

#[tokio::test]
async fn a_body_of_30_mb() {
    let shop = Shop::stocked().await;
    let large = Bytes::from(vec![0_u8; 30_000_000]);
    for content_type in ["image/jpeg", "application/json", FORM, ""] {
        let reply = shop.post("/search", content_type, large.clone()).await;
        let detail = reply.problem(413, "too-large");
        assert!(detail.contains("POST /uploads"), "{detail}");
    }
    // The declared length alone is enough: the body is not waited for when the client asks first.
    let waiting = futures::stream::pending::<Result<Bytes, std::io::Error>>();
    let request = Request::post("/search")
        .header("content-length", "30000000")
        .header("expect", "100-continue")
        .body(Body::from_stream(waiting))
        .unwrap();
    shop.send(request).await.problem(413, "too-large");
}

/// A client that pays no heed to an early reply, and would see its connection reset.
#[tokio::test]
async fn a_body_of_30_mb_over_a_connection() {
    let app = Shop::empty().app;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let mut connection = TcpStream::connect(address).await.unwrap();
    let head =
        "POST /search HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 30000000\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..30 {
        connection.write_all(&[0; 1_000_000]).await.unwrap();
    }
    let mut reply = String::new();
    connection.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
    assert!(reply.contains("urn:lookalike:problem:too-large"), "{reply}");
    server.abort();
}

#[tokio::test]
async fn parameters() {
    let shop = Shop::stocked().await;
    for query in [
        "k=0",
        "k=100000",
        "k=abc",
        "k=",
        "k=1&k=1",
        "min_score=NaN",
        "min_score=2",
    ] {
        let reply = shop
            .post(&format!("/search?{query}"), "", stripes(1, 2, 3))
            .await;
        reply.problem(400, "invalid-parameter");
        let reply = shop.get(&format!("/products/red/similar?{query}")).await;
        reply.problem(400, "invalid-parameter");
    }
    let reply = shop.post("/search?K=3", "", stripes(1, 2, 3)).await;
    let detail = reply.problem(400, "unknown-parameter");
    assert!(
        detail.contains("known here: k, min_score, min_match, filter"),
        "{detail}"
    );
    for path in ["/index?k=1", "/products/red?k=1"] {
        shop.get(path).await.problem(400, "unknown-parameter");
    }
}

#[tokio::test]
async fn keys() {
    let shop = Shop::stocked().await;
    for (key, status, problem) in [
        ("catalog/nope.jpg", 404, "unknown-key"),
        ("uploads/with space+%20ü.jpg", 404, "unknown-key"),
        ("secrets/a.jpg", 400, "forbidden-key"),
        ("index/manifest.json", 400, "forbidden-key"),
        ("catalog/../index/manifest.json", 400, "forbidden-key"),
        ("uploads/..", 400, "forbidden-key"),
        ("catalog//a.jpg", 400, "forbidden-key"),
        ("/catalog/a.jpg", 400, "forbidden-key"),
        ("catalog/", 400, "forbidden-key"),
        ("", 400, "forbidden-key"),
    ] {
        let body = json!({ "key": key }).to_string();
        let reply = shop.post("/search", "application/json", body).await;
        reply.problem(status, problem);
    }
}

#[tokio::test]
async fn json_that_is_not() {
    let shop = Shop::stocked().await;
    for body in [
        "{",
        "",
        "null",
        "{}",
        r#"{"image": 1}"#,
        r#"{"picture": "x"}"#,
        "\u{feff}{}",
    ] {
        let reply = shop.post("/search", "application/json", body).await;
        reply.problem(400, "invalid-json");
    }
    let body = r#"{"image": "not base64!"}"#;
    let reply = shop.post("/search", "application/json", body).await;
    reply.problem(400, "invalid-base64");
    let reply = shop
        .post("/search", "application/json", r#"{"image": ""}"#)
        .await;
    reply.problem(400, "empty-picture");
    let reply = shop
        .post("/search", "application/json", vec![0xff, 0xfe])
        .await;
    reply.problem(400, "invalid-json");
}

#[tokio::test]
async fn forms_without_an_image_and_unknown_types_are_refused() {
    let shop = Shop::stocked().await;
    let reply = shop.post("/search", FORM, form("file", b"x")).await;
    let detail = reply.problem(400, "invalid-form");
    assert!(detail.contains("\"image\""), "{detail}");
    let reply = shop
        .post("/search", "multipart/form-data", form("image", b"x"))
        .await;
    reply.problem(400, "invalid-form");
    let reply = shop.post("/search", "text/html", "<p>").await;
    let detail = reply.problem(415, "unsupported-media-type");
    assert!(detail.contains("application/json"), "{detail}");
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    let shop = Shop::stocked().await;
    let broken = futures::stream::iter([
        Ok(Bytes::from_static(b"\xff\xd8\xff")),
        Err(std::io::Error::other("connection lost")),
    ]);
    let reply = shop
        .post("/search", "image/jpeg", Body::from_stream(broken))
        .await;
    reply.problem(400, "incomplete-body");
}
