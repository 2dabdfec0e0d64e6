use std::time::Duration;

use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;

use crate::bare_http::http;
use crate::lab::{BUCKET, Lab, failure, s3_client_with};

fn presigning() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).unwrap()
}

/// Returns path and query of a URL.
fn target(url: &str) -> String {
    let start = url.find("//").unwrap() + 2;
    url[start + url[start..].find('/').unwrap()..].to_owned()
}

#[tokio::test]
async fn presigned_urls_work_from_a_page() {
    let lab = Lab::new().await;
    let key = "uploads/a b+%ü.jpg";
    let put = lab
        .s3
        .put_object()
        .bucket(BUCKET)
        .key(key)
        .content_type("image/jpeg")
        .presigned(presigning())
        .await
        .unwrap();
    let origin = ("Origin", "http://127.0.0.1:8080");
    let asks = [
        origin,
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "content-type"),
    ];
    let preflight = http(&lab.address(), "OPTIONS", &target(put.uri()), &asks, "").await;
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert_eq!(
        preflight.header("access-control-allow-headers"),
        "content-type"
    );
    assert!(
        preflight
            .header("access-control-allow-methods")
            .contains("PUT")
    );
    let headers = [origin, ("Content-Type", "image/jpeg")];
    let reply = http(&lab.address(), "PUT", &target(put.uri()), &headers, "hello").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    let get = lab
        .s3
        .get_object()
        .bucket(BUCKET)
        .key(key)
        .presigned(presigning())
        .await
        .unwrap();
    let reply = http(&lab.address(), "GET", &target(get.uri()), &[origin], "").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
    assert_eq!(reply.header("content-type"), "image/jpeg");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert!(
        reply
            .header("access-control-expose-headers")
            .contains("ETag")
    );
    let etag = reply.header("etag").to_owned();
    let cached = http(
        &lab.address(),
        "GET",
        &target(get.uri()),
        &[("If-None-Match", &etag)],
        "",
    )
    .await;
    assert_eq!((cached.status, cached.body.as_str()), (304, ""));
    let other = target(get.uri()).replace("a%20b", "a%20c");
    let forged = http(&lab.address(), "GET", &other, &[], "").await;
    assert_eq!(forged.status, 403);
    assert!(
        forged.body.contains("SignatureDoesNotMatch"),
        "{}",
        forged.body
    );
}

#[tokio::test]
async fn a_url_expires() {
    let lab = Lab::new().await;
    lab.put("a", b"x").await;
    let short = PresigningConfig::expires_in(Duration::from_secs(1)).unwrap();
    let get = lab
        .s3
        .get_object()
        .bucket(BUCKET)
        .key("a")
        .presigned(short)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let reply = http(&lab.address(), "GET", &target(get.uri()), &[], "").await;
    assert_eq!(reply.status, 403, "{reply:?}");
}

#[tokio::test]
async fn requests_must_be_signed() {
    let lab = Lab::new().await;
    lab.put("a", b"x").await;
    for (method, path) in [
        ("GET", "/shop/a"),
        ("PUT", "/shop/b"),
        ("DELETE", "/shop/a"),
        ("GET", "/"),
    ] {
        let reply = http(&lab.address(), method, path, &[], "").await;
        assert_eq!(reply.status, 403, "{method} {path}");
        assert!(
            reply.body.contains("<Code>AccessDenied</Code>"),
            "{}",
            reply.body
        );
    }
    let wrong = s3_client_with(
        &lab.cloud,
        Credentials::new("local", "wrong", None, None, "test"),
    );
    let refused = wrong.get_object().bucket(BUCKET).key("a").send().await;
    assert_eq!(failure(refused), (403, "SignatureDoesNotMatch".to_owned()));
    let unknown = s3_client_with(
        &lab.cloud,
        Credentials::new("nobody", "locallocal", None, None, "test"),
    );
    let refused = unknown.get_object().bucket(BUCKET).key("a").send().await;
    assert_eq!(failure(refused), (403, "InvalidAccessKeyId".to_owned()));
    assert_eq!(lab.get("a").await, b"x");
}

#[tokio::test]
async fn bodies_in_signed_chunks_are_read() {
    let lab = Lab::new().await;
    // A body of unknown length is sent in chunks, followed by its checksum.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    let bytes: Vec<u8> = (0..1_500_000_u32).map(|n| (n % 253) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    let body = ByteStream::from_path(&path).await.unwrap();
    lab.s3
        .put_object()
        .bucket(BUCKET)
        .key("chunks")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(lab.get("chunks").await, bytes);
    let head = lab
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("chunks")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_encoding(), None);
    assert_eq!(head.content_type(), Some("application/octet-stream"));
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let lab = Lab::new().await;
    lab.put("a", b"old").await;
    let put = lab
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("a")
        .presigned(presigning())
        .await
        .unwrap();
    let request = format!(
        "PUT {} HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\nonly this",
        target(put.uri()),
        lab.address()
    );
    let mut stream = tokio::net::TcpStream::connect(lab.address()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
        .await
        .unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(lab.get("a").await, b"old");
    assert_eq!(
        std::fs::read_dir(lab.folder.path().join("s3-incoming"))
            .unwrap()
            .count(),
        0
    );
}
