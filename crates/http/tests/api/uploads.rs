//! `POST /uploads`.

use crate::support::Shop;

#[tokio::test]
async fn an_upload_is_a_jpeg_unless_it_says_otherwise() {
    let shop = Shop::empty();
    for (content_type, body, media_type, extension) in [
        ("", r#"{"size": 7000000}"#, "image/jpeg", ".jpeg"),
        (
            "application/json",
            r#"{"size": 7000000, "content_type": null}"#,
            "image/jpeg",
            ".jpeg",
        ),
        (
            "application/json",
            r#"{"size": 7000000, "content_type": "image/webp"}"#,
            "image/webp",
            ".webp",
        ),
    ] {
        let reply = shop.post("/uploads", content_type, body).await;
        assert_eq!(reply.status, 200);
        let link = reply.json();
        let key = link["key"].as_str().unwrap();
        assert!(
            key.starts_with("uploads/") && key.ends_with(extension),
            "{key}"
        );
        assert_eq!(link["url"], format!("memory:///{key}"));
        assert_eq!(link["expires_in"], 900);
        assert_eq!(link["headers"]["content-type"], media_type);
        assert_eq!(link["headers"]["content-length"], "7000000");
        assert_eq!(link["headers"]["if-none-match"], "*");
    }
}

#[tokio::test]
async fn unsupported_formats_cannot_be_uploaded() {
    let shop = Shop::empty();
    let heic = r#"{"size": 1000, "content_type": "image/heic"}"#;
    let reply = shop.post("/uploads", "application/json", heic).await;
    reply.problem(415, "unsupported-format");
    assert_eq!(reply.json()["supported"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn other_bodies_are_refused() {
    let shop = Shop::empty();
    for body in [
        "",
        "{}",
        "nonsense",
        "[]",
        r#"{"content_type": "image/png"}"#,
        r#"{"size": 0}"#,
        r#"{"size": "1"}"#,
        r#"{"size": 1, "type": "image/png"}"#,
        r#"{"size": 1, "content_type": 1}"#,
    ] {
        let reply = shop.post("/uploads", "application/json", body).await;
        reply.problem(400, "invalid-json");
    }
    let reply = shop.post("/uploads", "image/png", "bytes").await;
    reply.problem(415, "unsupported-media-type");
    let reply = shop
        .post("/uploads", "application/json", vec![b' '; 20_000])
        .await;
    reply.problem(413, "too-large");
    // As large as what is read, and a byte more.
    for (size, status) in [(33_554_432, 200), (33_554_433, 400)] {
        let body = format!("{{\"size\": {size}}}");
        let reply = shop.post("/uploads", "application/json", body).await;
        assert_eq!(reply.status, status, "{size}");
    }
    shop.post("/uploads?k=1", "", "")
        .await
        .problem(400, "unknown-parameter");
}
