use std::time::{Duration, Instant, SystemTime};

use aws_sdk_s3::primitives::ByteStream;
use lookalike_local_cloud::{LocalCloud, Options, StartError};
use tokio::io::AsyncWriteExt as _;

use crate::lab::{BUCKET, Lab, failure, options};

#[tokio::test]
async fn objects_survive_a_restart() {
    let lab = Lab::new().await;
    let etag = lab.put("a/b.jpg", b"one").await;
    let before = lab
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("a/b.jpg")
        .send()
        .await
        .unwrap();
    let lab = lab.restart().await;
    let after = lab
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("a/b.jpg")
        .send()
        .await
        .unwrap();
    assert_eq!(after.e_tag(), Some(etag.as_str()));
    assert_eq!(after.last_modified(), before.last_modified());
    assert_eq!(lab.get("a/b.jpg").await, b"one");
}

#[tokio::test]
async fn files_are_objects() {
    let lab = Lab::new().await;
    std::fs::create_dir_all(lab.file("catalog/shoes")).unwrap();
    std::fs::write(lab.file("catalog/shoes/1 +.jpg"), "hello").unwrap();
    let head = lab
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("catalog/shoes/1 +.jpg")
        .send()
        .await
        .unwrap();
    assert_eq!(head.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(head.content_type(), Some("image/jpeg"));
    assert_eq!(lab.keys("catalog/").await, ["catalog/shoes/1 +.jpg"]);
}

#[tokio::test]
async fn changes_behind_the_back_are_seen() {
    let lab = Lab::new().await;
    let put = lab
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("a.png")
        .body(ByteStream::from_static(b"12345"));
    let old = put
        .content_type("image/odd")
        .metadata("product-id", "1")
        .send()
        .await
        .unwrap()
        .e_tag
        .unwrap();
    // The same size, and recent: must not be confused with results computed a moment ago.
    for text in ["hello", "world", "again"] {
        std::fs::write(lab.file("a.png"), text).unwrap();
        let head = lab
            .s3
            .head_object()
            .bucket(BUCKET)
            .key("a.png")
            .send()
            .await
            .unwrap();
        assert_ne!(head.e_tag(), Some(old.as_str()));
        assert_eq!(head.content_type(), Some("image/png"));
        assert!(head.metadata().is_none_or(|metadata| metadata.is_empty()));
        let listing = lab
            .s3
            .list_objects_v2()
            .bucket(BUCKET)
            .send()
            .await
            .unwrap();
        assert_eq!(listing.contents()[0].e_tag(), head.e_tag());
        assert_eq!(lab.get("a.png").await, text.as_bytes());
    }
    // Old enough for the results to be kept; then replaced by one with another time.
    for (text, age) in [("hello", 10), ("world", 20)] {
        let file = std::fs::File::create(lab.file("a.png")).unwrap();
        std::io::Write::write_all(&mut &file, text.as_bytes()).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age))
            .unwrap();
        let first = lab.etag("a.png").await;
        assert_eq!(lab.etag("a.png").await, first);
        assert_eq!(
            first == "\"5d41402abc4b2a76b9719d911017c592\"",
            text == "hello"
        );
    }
    std::fs::write(lab.file("a.png"), "longer than before").unwrap();
    let lab = lab.restart().await;
    assert_eq!(lab.get("a.png").await, b"longer than before");
    let stale = lab
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("a.png")
        .if_match(old)
        .send()
        .await;
    assert_eq!(failure(stale).0, 412);
    std::fs::remove_file(lab.file("a.png")).unwrap();
    assert_eq!(
        failure(lab.s3.get_object().bucket(BUCKET).key("a.png").send().await).0,
        404
    );
}

#[tokio::test]
async fn incomplete_objects_are_dropped() {
    let lab = Lab::new().await;
    lab.put("a", b"whole").await;
    let Lab { cloud, folder, .. } = lab;
    cloud.shutdown().await;
    // State after a kill: half an object, a description whose object is missing, half a line.
    std::fs::write(folder.path().join("s3-incoming/7"), "hal").unwrap();
    std::fs::create_dir_all(folder.path().join("s3-uploads/0123")).unwrap();
    let ledger = folder.path().join("s3-versions.jsonl");
    let mut lines = std::fs::read_to_string(&ledger).unwrap();
    lines += "{\"name\":\"shop/a\",\"size\":3,\"modified\":12,\"etag\":\"never\",\"content_type\":\"never\"}\n{\"na";
    std::fs::write(&ledger, lines).unwrap();
    let cloud = LocalCloud::start(options(folder.path())).await.unwrap();
    let s3 = crate::lab::s3_client(&cloud);
    let listing = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let keys: Vec<_> = listing
        .contents()
        .iter()
        .map(|object| object.key().unwrap())
        .collect();
    assert_eq!(keys, ["a"]);
    let head = s3
        .head_object()
        .bucket(BUCKET)
        .key("a")
        .send()
        .await
        .unwrap();
    assert_ne!(head.content_type(), Some("never"));
    assert_eq!(
        std::fs::read_dir(folder.path().join("s3-incoming"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(
        std::fs::read_dir(folder.path().join("s3-uploads"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(std::fs::read_to_string(&ledger).unwrap().lines().count(), 1);
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_folder_is_used_once() {
    let lab = Lab::new().await;
    let error = LocalCloud::start(Options::new(lab.folder.path()))
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::FolderInUse(_)), "{error}");
    assert!(
        error.to_string().contains("in use by another process"),
        "{error}"
    );
    let lab = lab.restart().await;
    lab.put("a", b"x").await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let lab = Lab::new().await;
    let other = tempfile::tempdir().unwrap();
    let port = |url: String| url.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let mut s3 = Options::new(other.path());
    s3.s3_port = port(lab.cloud.s3_url());
    let message = LocalCloud::start(s3.clone()).await.unwrap_err().to_string();
    assert!(
        message.contains(&format!("port {} for S3 is taken", s3.s3_port)),
        "{message}"
    );
    let mut dynamodb = Options::new(other.path());
    dynamodb.dynamodb_port = port(lab.cloud.dynamodb_url());
    let message = LocalCloud::start(dynamodb).await.unwrap_err().to_string();
    assert!(message.contains("for DynamoDB is taken"), "{message}");
    let mut sqs = Options::new(other.path());
    sqs.sqs_port = port(lab.cloud.sqs_url());
    let message = LocalCloud::start(sqs).await.unwrap_err().to_string();
    assert!(message.contains("for SQS is taken"), "{message}");
    let mut aws = Options::new(other.path());
    aws.aws_port = port(lab.cloud.aws_url());
    let message = LocalCloud::start(aws).await.unwrap_err().to_string();
    assert!(message.contains("for AWS is taken"), "{message}");
}

#[tokio::test]
async fn a_wrong_bucket_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path());
    options.buckets = vec!["Not_A_Bucket".to_owned()];
    let error = LocalCloud::start(options).await.unwrap_err();
    assert!(matches!(error, StartError::BucketName(_)), "{error}");
}

#[tokio::test]
async fn the_shutdown_is_quick() {
    let lab = Lab::new().await;
    lab.put("catalog/a", b"x").await;
    let dynamodb = lab.cloud.dynamodb_url().replace("http://", "");
    let sqs = lab.cloud.sqs_url().replace("http://", "");
    // Clients that hold a connection and send nothing, or stop in the middle of a request.
    let mut clients = Vec::new();
    for address in [lab.address(), dynamodb, sqs] {
        for begun in [
            "",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
        ] {
            let mut client = tokio::net::TcpStream::connect(&address).await.unwrap();
            client.write_all(begun.as_bytes()).await.unwrap();
            clients.push(client);
        }
    }
    let begun = Instant::now();
    lab.cloud.shutdown().await;
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    drop(clients);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_cloud_ends_too() {
    let Lab {
        cloud, folder, s3, ..
    } = Lab::new().await;
    drop((cloud, s3));
    let begun = Instant::now();
    loop {
        match LocalCloud::start(options(folder.path())).await {
            Ok(cloud) => break cloud.shutdown().await,
            Err(StartError::FolderInUse(_)) if begun.elapsed() < Duration::from_secs(10) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
