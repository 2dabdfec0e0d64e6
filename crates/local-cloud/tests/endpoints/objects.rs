use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};

use crate::lab::{BUCKET, Lab, failure};

/// Keys that are difficult for paths, URLs and XML.
const AWKWARD: [&str; 9] = [
    "plain.jpg",
    "with space.jpg",
    "plus+sign.jpg",
    "per%cent %41.jpg",
    "ünï/日本語 😀.jpg",
    "a&b<c>'\"d.jpg",
    "q?x=1#frag.jpg",
    "~tilde/(paren)/!$,;:@=.jpg",
    ".hidden/..dots../...jpg",
];

#[tokio::test]
async fn awkward_keys_round_trip() {
    let lab = Lab::new().await;
    for key in AWKWARD {
        lab.put(key, key.as_bytes()).await;
        assert_eq!(lab.get(key).await, key.as_bytes());
        assert_eq!(std::fs::read(lab.file(key)).unwrap(), key.as_bytes());
    }
    let mut expected = AWKWARD.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(lab.keys("").await, expected);
    for key in AWKWARD {
        let copy = format!("copies/{key}");
        let source = format!("{BUCKET}/{}", percent(key));
        lab.s3
            .copy_object()
            .bucket(BUCKET)
            .key(&copy)
            .copy_source(source)
            .send()
            .await
            .unwrap();
        assert_eq!(lab.get(&copy).await, key.as_bytes(), "{key}");
        lab.s3
            .delete_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
        assert!(!lab.file(key).exists());
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn keys_that_are_not_paths_are_refused() {
    let lab = Lab::new().await;
    for key in [
        "../escape",
        "a/../../escape",
        "a//b",
        "a/",
        "./a",
        &"x".repeat(300),
    ] {
        let put = lab
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(ByteStream::from_static(b"x"))
            .send()
            .await;
        let (status, code) = failure(put);
        assert_eq!((status, code.as_str()), (400, "InvalidArgument"), "{key}");
        let get = lab.s3.get_object().bucket(BUCKET).key(key).send().await;
        assert_eq!(failure(get), (404, "NoSuchKey".to_owned()), "{key}");
        lab.s3
            .delete_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
    }
    let around: Vec<_> = std::fs::read_dir(lab.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(!around.iter().any(|name| name == "escape"), "{around:?}");
    assert!(lab.keys("").await.is_empty());
}

#[tokio::test]
async fn a_key_is_not_an_object_and_a_folder() {
    let lab = Lab::new().await;
    lab.put("a", b"1").await;
    lab.put("b/c", b"2").await;
    for key in ["a/b", "b"] {
        let put = lab
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(ByteStream::from_static(b"x"))
            .send()
            .await;
        let error = put.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some("InvalidRequest"));
        assert!(
            error
                .meta()
                .message()
                .unwrap()
                .contains("an object and the folder of other objects"),
            "{error:?}"
        );
    }
    assert_eq!(
        failure(lab.s3.get_object().bucket(BUCKET).key("b").send().await).0,
        404
    );
    assert_eq!(
        failure(lab.s3.get_object().bucket(BUCKET).key("a/b").send().await).0,
        404
    );
    lab.s3
        .delete_object()
        .bucket(BUCKET)
        .key("b")
        .send()
        .await
        .unwrap();
    assert_eq!(lab.get("b/c").await, b"2");
    // A folder that the last delete emptied is no longer in the way.
    lab.s3
        .delete_object()
        .bucket(BUCKET)
        .key("b/c")
        .send()
        .await
        .unwrap();
    lab.put("b", b"3").await;
    assert_eq!(lab.get("b").await, b"3");
}

#[tokio::test]
async fn descriptions_are_kept() {
    let lab = Lab::new().await;
    lab.s3
        .put_object()
        .bucket(BUCKET)
        .key("a.jpg")
        .body(ByteStream::from_static(b"hello"))
        .content_type("image/x-odd")
        .cache_control("max-age=60")
        .content_disposition("attachment")
        .content_encoding("identity")
        .content_language("de")
        .metadata("product-id", "1163")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .send()
        .await
        .unwrap();
    let lab = lab.restart().await;
    let object = lab
        .s3
        .get_object()
        .bucket(BUCKET)
        .key("a.jpg")
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(object.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(object.content_type(), Some("image/x-odd"));
    assert_eq!(object.cache_control(), Some("max-age=60"));
    assert_eq!(object.content_disposition(), Some("attachment"));
    assert_eq!(object.content_encoding(), Some("identity"));
    assert_eq!(object.content_language(), Some("de"));
    assert_eq!(
        object.checksum_sha256(),
        Some("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
    );
    assert_eq!(object.metadata().unwrap()["product-id"], "1163");
    let head = lab
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("a.jpg")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (head.content_length(), head.content_type()),
        (Some(5), Some("image/x-odd"))
    );
    assert_eq!(head.metadata().unwrap()["product-id"], "1163");
}

#[tokio::test]
async fn every_checksum_is_checked() {
    let lab = Lab::new().await;
    let algorithms = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];
    for algorithm in algorithms {
        let put = lab
            .s3
            .put_object()
            .bucket(BUCKET)
            .key("a")
            .body(ByteStream::from_static(b"hello"));
        put.checksum_algorithm(algorithm.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(lab.get("a").await, b"hello");
    }
    let put = lab
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("a")
        .body(ByteStream::from_static(b"other"));
    let wrong = put.checksum_crc32("AAAAAA==").send().await;
    assert_eq!(failure(wrong), (400, "BadDigest".to_owned()));
    let put = lab
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("a")
        .body(ByteStream::from_static(b"other"));
    let wrong = put.content_md5("XUFAKrxLKna5cZ2REBfFkg==").send().await;
    assert_eq!(failure(wrong), (400, "BadDigest".to_owned()));
    assert_eq!(lab.get("a").await, b"hello");
}

#[tokio::test]
async fn ranges_are_answered() {
    let lab = Lab::new().await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    lab.put("big", &body).await;
    assert_eq!(lab.get("big").await, body);
    let cases = [
        ("bytes=0-9", 0..10),
        ("bytes=2999990-", 2_999_990..3_000_000),
        ("bytes=-5", 2_999_995..3_000_000),
        ("bytes=100-2500000", 100..2_500_001),
    ];
    for (range, expected) in cases {
        let part = lab
            .s3
            .get_object()
            .bucket(BUCKET)
            .key("big")
            .range(range)
            .send()
            .await
            .unwrap();
        let content_range = format!("bytes {}-{}/3000000", expected.start, expected.end - 1);
        assert_eq!(part.content_range(), Some(content_range.as_str()));
        assert_eq!(part.body.collect().await.unwrap().to_vec(), &body[expected]);
    }
    let beyond = lab
        .s3
        .get_object()
        .bucket(BUCKET)
        .key("big")
        .range("bytes=3000000-")
        .send()
        .await;
    assert_eq!(failure(beyond), (416, "InvalidRange".to_owned()));
    lab.put("empty", b"").await;
    assert_eq!(lab.get("empty").await, b"");
}
