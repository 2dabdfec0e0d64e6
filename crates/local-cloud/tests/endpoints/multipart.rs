use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};

use crate::lab::{BUCKET, Lab, failure};

const MIB: usize = 1 << 20;

fn completed(parts: &[(i32, String)]) -> CompletedMultipartUpload {
    let part = |(number, etag): &(i32, String)| {
        CompletedPart::builder()
            .part_number(*number)
            .e_tag(etag)
            .build()
    };
    CompletedMultipartUpload::builder()
        .set_parts(Some(parts.iter().map(part).collect()))
        .build()
}

async fn start(lab: &Lab, key: &str) -> String {
    let create = lab
        .s3
        .create_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .content_type("image/png");
    create
        .metadata("product-id", "7")
        .send()
        .await
        .unwrap()
        .upload_id
        .unwrap()
}

async fn upload(lab: &Lab, key: &str, id: &str, number: i32, body: Vec<u8>) -> (i32, String) {
    let part = lab
        .s3
        .upload_part()
        .bucket(BUCKET)
        .key(key)
        .upload_id(id)
        .part_number(number);
    let part = part
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .body(ByteStream::from(body))
        .send()
        .await
        .unwrap();
    assert!(part.checksum_crc32().is_some());
    (number, part.e_tag.unwrap())
}

#[tokio::test]
async fn parts_become_an_object() {
    let lab = Lab::new().await;
    let key = "catalog/big +.png";
    let id = start(&lab, key).await;
    let replaced = upload(&lab, key, &id, 2, vec![9; 5 * MIB]).await;
    let parts = [
        upload(&lab, key, &id, 2, vec![1; 5 * MIB]).await,
        upload(&lab, key, &id, 5, vec![2; 5 * MIB]).await,
        upload(&lab, key, &id, 7, vec![3; 10]).await,
    ];
    assert!(lab.keys("").await.is_empty());
    // Parts survive a restart.
    let lab = lab.restart().await;
    let listed = lab
        .s3
        .list_parts()
        .bucket(BUCKET)
        .key(key)
        .upload_id(&id)
        .send()
        .await
        .unwrap();
    let numbers: Vec<_> = listed
        .parts()
        .iter()
        .map(|part| part.part_number().unwrap())
        .collect();
    assert_eq!(numbers, [2, 5, 7]);
    let uploads = lab
        .s3
        .list_multipart_uploads()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(uploads.uploads()[0].key(), Some(key));
    let complete = |parts: &[(i32, String)]| {
        let complete = lab
            .s3
            .complete_multipart_upload()
            .bucket(BUCKET)
            .key(key)
            .upload_id(&id);
        complete.multipart_upload(completed(parts))
    };
    let swapped = [parts[1].clone(), parts[0].clone()];
    assert_eq!(
        failure(complete(&swapped).send().await),
        (400, "InvalidPartOrder".to_owned())
    );
    assert_eq!(
        failure(complete(&[replaced]).send().await),
        (400, "InvalidPart".to_owned())
    );
    let small = [parts[2].clone(), (8, parts[2].1.clone())];
    assert_eq!(
        failure(complete(&small).send().await),
        (400, "InvalidPart".to_owned())
    );
    let done = complete(&parts).send().await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-3\""), "{done:?}");
    let object = lab
        .s3
        .get_object()
        .bucket(BUCKET)
        .key(key)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (object.e_tag(), object.content_type()),
        (done.e_tag(), Some("image/png"))
    );
    assert_eq!(object.metadata().unwrap()["product-id"], "7");
    let bytes = object.body.collect().await.unwrap().to_vec();
    assert_eq!(bytes.len(), 10 * MIB + 10);
    assert_eq!((bytes[0], bytes[5 * MIB], bytes[10 * MIB]), (1, 2, 3));
    assert_eq!(
        failure(complete(&parts).send().await),
        (404, "NoSuchUpload".to_owned())
    );
    let events = lab.events().await;
    assert_eq!(
        events,
        [(
            "ObjectCreated:CompleteMultipartUpload".to_owned(),
            "catalog/big+%2B.png".to_owned()
        )]
    );
    // The ETag is not one that could be computed from the file.
    let etag = lab.etag(key).await;
    assert_eq!(lab.restart().await.etag(key).await, etag);
}

#[tokio::test]
async fn small_parts_and_wrong_uploads_are_refused() {
    let lab = Lab::new().await;
    let id = start(&lab, "a").await;
    let parts = [
        upload(&lab, "a", &id, 1, vec![1; 10]).await,
        upload(&lab, "a", &id, 2, vec![1; 10]).await,
    ];
    let complete = lab
        .s3
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("a")
        .upload_id(&id);
    let small = complete.multipart_upload(completed(&parts)).send().await;
    assert_eq!(failure(small), (400, "EntityTooSmall".to_owned()));
    let other = lab
        .s3
        .upload_part()
        .bucket(BUCKET)
        .key("b")
        .upload_id(&id)
        .part_number(1)
        .send()
        .await;
    assert_eq!(failure(other), (404, "NoSuchUpload".to_owned()));
    let escape = lab
        .s3
        .upload_part()
        .bucket(BUCKET)
        .key("a")
        .upload_id("../../s3")
        .part_number(1)
        .send()
        .await;
    assert_eq!(failure(escape), (404, "NoSuchUpload".to_owned()));
    lab.s3
        .abort_multipart_upload()
        .bucket(BUCKET)
        .key("a")
        .upload_id(&id)
        .send()
        .await
        .unwrap();
    let listed = lab
        .s3
        .list_parts()
        .bucket(BUCKET)
        .key("a")
        .upload_id(&id)
        .send()
        .await;
    assert_eq!(failure(listed), (404, "NoSuchUpload".to_owned()));
    assert_eq!(
        std::fs::read_dir(lab.folder.path().join("s3-uploads"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_condition_that_fails_keeps_the_upload() {
    let lab = Lab::new().await;
    let id = start(&lab, "a").await;
    let parts = [upload(&lab, "a", &id, 1, b"parts".to_vec()).await];
    lab.put("a", b"put").await;
    let complete = || {
        let complete = lab
            .s3
            .complete_multipart_upload()
            .bucket(BUCKET)
            .key("a")
            .upload_id(&id);
        complete.multipart_upload(completed(&parts))
    };
    let created = complete().if_none_match("*").send().await;
    assert_eq!(failure(created), (412, "PreconditionFailed".to_owned()));
    assert_eq!(lab.get("a").await, b"put");
    complete()
        .if_match(lab.etag("a").await)
        .send()
        .await
        .unwrap();
    assert_eq!(lab.get("a").await, b"parts");
}

#[tokio::test]
async fn parts_are_copied() {
    let lab = Lab::new().await;
    lab.put("from here", b"0123456789").await;
    let id = start(&lab, "to").await;
    let copy = |range: &str| {
        let copy = lab
            .s3
            .upload_part_copy()
            .bucket(BUCKET)
            .key("to")
            .upload_id(&id)
            .part_number(1);
        copy.copy_source(format!("{BUCKET}/from%20here"))
            .copy_source_range(range)
    };
    assert_eq!(
        failure(copy("bytes=20-30").send().await),
        (416, "InvalidRange".to_owned())
    );
    let etag = copy("bytes=2-5")
        .send()
        .await
        .unwrap()
        .copy_part_result
        .unwrap()
        .e_tag
        .unwrap();
    let complete = lab
        .s3
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("to")
        .upload_id(&id);
    complete
        .multipart_upload(completed(&[(1, etag)]))
        .send()
        .await
        .unwrap();
    assert_eq!(lab.get("to").await, b"2345");
}
