use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::MetadataDirective;

use crate::lab::{BUCKET, Lab, failure};

#[tokio::test]
async fn copies_keep_or_replace_the_description() {
    let lab = Lab::new().await;
    let put = lab
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("a")
        .body(ByteStream::from_static(b"hello"));
    put.content_type("image/png")
        .metadata("product-id", "1")
        .send()
        .await
        .unwrap();
    let source = format!("{BUCKET}/a");
    let copy = |key: &str| {
        lab.s3
            .copy_object()
            .bucket(BUCKET)
            .key(key)
            .copy_source(&source)
    };
    let copied = copy("b").send().await.unwrap();
    assert_eq!(
        copied.copy_object_result().unwrap().e_tag(),
        Some("\"5d41402abc4b2a76b9719d911017c592\"")
    );
    let head = lab
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("b")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            head.content_type(),
            head.metadata().unwrap()["product-id"].as_str()
        ),
        (Some("image/png"), "1")
    );
    let replace = MetadataDirective::Replace;
    copy("a")
        .metadata_directive(replace)
        .content_type("image/webp")
        .metadata("x", "y")
        .send()
        .await
        .unwrap();
    let head = lab
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("a")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_type(), Some("image/webp"));
    assert_eq!(head.metadata().unwrap().len(), 1);
    assert_eq!(lab.get("a").await, b"hello");
    assert_eq!(
        failure(copy("a").send().await),
        (400, "InvalidRequest".to_owned())
    );
    let mismatch = copy("c").copy_source_if_match("\"nope\"").send().await;
    assert_eq!(failure(mismatch), (412, "PreconditionFailed".to_owned()));
    let changed = copy("c").if_match("\"nope\"").send().await;
    assert_eq!(failure(changed), (404, "NoSuchKey".to_owned()));
    let changed = copy("b").if_match("\"nope\"").send().await;
    assert_eq!(failure(changed), (412, "PreconditionFailed".to_owned()));
    let there = copy("b").if_none_match("*").send().await;
    assert_eq!(failure(there), (412, "PreconditionFailed".to_owned()));
    let hello = "\"5d41402abc4b2a76b9719d911017c592\"";
    copy("b").if_match(hello).send().await.unwrap();
    let missing = lab
        .s3
        .copy_object()
        .bucket(BUCKET)
        .key("c")
        .copy_source(format!("{BUCKET}/none"))
        .send()
        .await;
    assert_eq!(failure(missing), (404, "NoSuchKey".to_owned()));
}
