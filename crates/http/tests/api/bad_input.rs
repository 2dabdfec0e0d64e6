//! Requests that are refused: bodies, parameters, keys, JSON and forms.

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::drawings::stripes;
use crate::forms::{FORM, form};
use crate::support::Shop;

#[tokio::test]
async fn a_body_of_30_mb() {
    let shop = Shop::stocked().await;
    let large = Bytes::from(vec![0_u8; 30_000_000]);
    for content_type in ["image/jpeg", "application/json", FORM, ""] {
        let reply = shop.post("/search", content_type, large.clone()).await;
        let detail = reply.problem(413, "too-large");
        assert!(detail.contains("POST /uploads"), "{detail}");
    }
    // The declared length is enough: the server does not wait for the body of a client that asks first.
    let waiting = futures::stream::pending::<Result<Bytes, std::io::Error>>();
    let request = Request::post("/search")
        .header("content-length", "30000000")
        .header("expect", "100-continue")
        .body(Body::from_stream(waiting))
        .unwrap();
    shop.send(request).await.problem(413, "too-large");
}

/// A client that ignores an early reply gets it all the same, instead of a connection reset.
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
async fn bad_parameters_are_refused() {
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
async fn bad_keys_are_refused() {
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
async fn bad_json_is_refused() {
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
async fn an_incomplete_body_is_refused() {
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
