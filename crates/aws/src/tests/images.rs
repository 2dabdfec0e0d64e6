//! Images and signed URLs as S3 requests.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use lookalike_core::{ListedImage, StoreErrorKind};

use super::cloud_at;
use super::server::{Reply, Server};

fn picture() -> Reply {
    Reply::new(200, "picture")
        .header("etag", "\"e\"")
        .header("x-amz-meta-Product-Id", "=?UTF-8?Q?R=C3=B6cke?=")
}

#[tokio::test]
async fn a_picture_comes_with_its_head() {
    let server = Server::replying([picture()]).await;
    let pictures = cloud_at(server.url()).pictures;
    let found = pictures.get("catalog/a b+ü.jpg", 7).await.unwrap().unwrap();
    assert_eq!(found.body.as_deref(), Some(b"picture".as_slice()));
    assert_eq!(found.head.etag, "\"e\"");
    assert_eq!(found.head.bytes, 7);
    assert_eq!(found.head.metadata["product-id"], "Röcke");
    let head = pictures.head("catalog/a b+ü.jpg").await.unwrap();
    assert_eq!(head, Some(found.head));
    for request in server.seen() {
        assert_eq!(request.path, "/shop-catalog/catalog/a%20b%2B%C3%BC.jpg");
    }
}

#[tokio::test]
async fn a_large_picture_is_not_downloaded() {
    let server = Server::replying([picture().stalled()]).await;
    let pictures = cloud_at(server.url()).pictures;
    let found = pictures.get("catalog/a.jpg", 16).await.unwrap().unwrap();
    assert_eq!(found.head.bytes, 17);
    assert_eq!(found.body, None);
}

#[tokio::test]
async fn a_missing_picture_is_not_a_missing_bucket() {
    let server = Server::answering(
        |request, _| match (request.method.as_str(), &*request.path) {
            ("HEAD", "/shop-catalog" | "/shop-catalog/") => Reply::new(200, ""),
            ("HEAD", _) => Reply::new(404, ""),
            _ => Reply::s3_error(404, "NoSuchKey"),
        },
    )
    .await;
    let pictures = cloud_at(server.url()).pictures;
    assert!(pictures.get("catalog/a.jpg", 9).await.unwrap().is_none());
    assert!(pictures.head("catalog/a.jpg").await.unwrap().is_none());
    assert!(pictures.head("catalog/b.jpg").await.unwrap().is_none());
    assert_eq!(server.count(), 4, "the bucket is checked once");

    let server = Server::answering(|request, _| match request.method.as_str() {
        "HEAD" => Reply::new(404, ""),
        _ => Reply::s3_error(404, "NoSuchBucket"),
    })
    .await;
    let pictures = cloud_at(server.url()).pictures;
    for error in [
        pictures.get("catalog/a.jpg", 9).await.unwrap_err(),
        pictures.head("catalog/a.jpg").await.unwrap_err(),
        pictures.list("catalog/", None).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, StoreErrorKind::NotFound);
        let message = error.to_string();
        assert!(message.contains("\"shop-catalog\""), "{message}");
        assert!(message.contains("LOOKALIKE_CATALOG_BUCKET"), "{message}");
    }
}

#[tokio::test]
async fn a_listing_continues_after_its_last_key() {
    let page = |keys: &[&str], truncated| {
        let contents: String = keys
            .iter()
            .map(|key| {
                format!("<Contents><Key>{key}</Key><ETag>\"e\"</ETag><Size>7</Size></Contents>")
            })
            .collect();
        Reply::new(
            200,
            format!(
                "<ListBucketResult><EncodingType>url</EncodingType>\
                 <IsTruncated>{truncated}</IsTruncated>{contents}</ListBucketResult>"
            ),
        )
    };
    let first = page(&["catalog/a+b%2B.jpg", "catalog/%C3%BC%01.jpg"], true);
    let server = Server::replying([first, page(&[], false)]).await;
    let pictures = cloud_at(server.url()).pictures;
    let listed = pictures.list("catalog/", None).await.unwrap();
    assert_eq!(
        listed.items[0],
        ListedImage {
            key: "catalog/a b+.jpg".to_owned(),
            etag: "\"e\"".to_owned(),
            bytes: 7
        }
    );
    assert_eq!(listed.next.as_deref(), Some("catalog/ü\u{1}.jpg"));
    let last = pictures
        .list("catalog/", listed.next.as_deref())
        .await
        .unwrap();
    assert_eq!((last.items.len(), last.next), (0, None));
    let queries: Vec<_> = server.seen().into_iter().map(|seen| seen.query).collect();
    assert!(!queries[0].contains("start-after"));
    assert!(
        queries[1].contains("start-after=catalog%2F%C3%BC%01.jpg"),
        "{queries:?}"
    );
}

#[tokio::test]
async fn a_picture_is_stored_with_type_and_metadata() {
    let server = Server::replying([Reply::new(200, "")]).await;
    let writer = cloud_at(server.url()).picture_writer;
    let metadata = BTreeMap::from([("product-id".to_owned(), "Röcke".to_owned())]);
    let large = Bytes::from(vec![7; 3 << 20]);
    writer
        .put("catalog/a.jpg", "small".into(), "image/jpeg", &metadata)
        .await
        .unwrap();
    writer
        .put(
            "catalog/b.png",
            large.clone(),
            "image/png",
            &BTreeMap::new(),
        )
        .await
        .unwrap();
    writer.delete("catalog/a.jpg").await.unwrap();
    let [first, second, delete] = server.seen().try_into().unwrap();
    assert_eq!(first.header("content-type"), Some("image/jpeg"));
    assert_eq!(
        first.header("x-amz-meta-product-id"),
        Some("=?UTF-8?B?UsO2Y2tl?=")
    );
    assert_eq!(first.body, "small");
    assert_eq!(second.header("content-type"), Some("image/png"));
    assert_eq!(second.body, large);
    assert_eq!(
        (delete.method.as_str(), delete.path.as_str()),
        ("DELETE", "/shop-catalog/catalog/a.jpg")
    );
}

#[tokio::test]
async fn changed_metadata_keeps_the_other_headers() {
    let head = Reply::new(200, "")
        .header("etag", "\"e\"")
        .header("content-type", "image/webp")
        .header("cache-control", "max-age=60")
        .header("content-disposition", "inline")
        .header("content-language", "de")
        .header("x-amz-storage-class", "STANDARD_IA");
    let copied = "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>";
    let server = Server::replying([head, Reply::new(200, copied)]).await;
    let metadata = BTreeMap::from([("product-id".to_owned(), "Röcke".to_owned())]);
    cloud_at(server.url())
        .picture_writer
        .set_metadata("catalog/a b.jpg", "\"e\"", &metadata)
        .await
        .unwrap();
    let [head, copy] = server.seen().try_into().unwrap();
    assert_eq!(head.method, "HEAD");
    for (name, value) in [
        ("x-amz-copy-source", "shop-catalog/catalog%2Fa%20b%2Ejpg"),
        ("x-amz-copy-source-if-match", "\"e\""),
        ("if-match", "\"e\""),
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-meta-product-id", "=?UTF-8?B?UsO2Y2tl?="),
        ("content-type", "image/webp"),
        ("cache-control", "max-age=60"),
        ("content-disposition", "inline"),
        ("content-language", "de"),
        ("x-amz-storage-class", "STANDARD_IA"),
    ] {
        assert_eq!(copy.header(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn links_are_signed_without_a_call() {
    let server = Server::replying([Reply::new(500, "")]).await;
    let links = cloud_at(server.url()).links;
    let url = links.fetch("catalog/a b.jpg").await.unwrap();
    let start = format!("{}/shop-catalog/catalog/a%20b.jpg?", server.url());
    assert!(url.starts_with(&start), "{url}");
    assert!(url.contains("X-Amz-Expires=4500"), "{url}");
    // It may have been signed with the time of a quarter of an hour ago.
    assert_eq!(links.good_for(), Duration::from_secs(3600));
    assert!(
        url.contains("X-Amz-SignedHeaders=host&"),
        "a browser sends no other: {url}"
    );

    let link = links
        .upload("uploads/01.jpg", "image/jpeg", 5_000_000)
        .await
        .unwrap();
    assert_eq!(
        (link.key.as_str(), link.expires_in),
        ("uploads/01.jpg", 900)
    );
    assert!(link.url.contains("X-Amz-Expires=900"), "{}", link.url);
    assert!(
        link.url
            .contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match&"),
        "{}",
        link.url
    );
    assert!(
        !link.url.to_lowercase().contains("checksum"),
        "{}",
        link.url
    );
    let headers = [
        ("content-length", "5000000"),
        ("content-type", "image/jpeg"),
        ("if-none-match", "*"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers = BTreeMap::from(headers);
    assert_eq!(link.headers, headers);
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_picture_keeps_its_link_for_a_while() {
    let links = cloud_at("http://127.0.0.1:1").links;
    let both = async || {
        let first = links.fetch("catalog/a.jpg").await.unwrap();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        (first, links.fetch("catalog/a.jpg").await.unwrap())
    };
    let (first, second) = both().await;
    if first != second {
        // A span ended in between; the next one is long enough.
        let (first, second) = both().await;
        assert_eq!(first, second);
    }
}
