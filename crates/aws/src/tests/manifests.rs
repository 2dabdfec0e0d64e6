//! The manifest: conditional reads and writes.

use bytes::Bytes;
use lookalike_core::{LoadedManifest, StoreErrorKind};

use super::cloud_at;
use super::server::{Reply, Server};

const KEY: &str = "/shop-index/index/manifest.json";

fn found(etag: &str, body: &'static str) -> Reply {
    Reply::new(200, body).header("etag", etag)
}

#[tokio::test]
async fn it_is_read_once_per_version() {
    let server = Server::replying([
        Reply::s3_error(404, "NoSuchKey"),
        found("\"1\"", "one"),
        Reply::new(304, ""),
    ])
    .await;
    let manifests = cloud_at(server.url()).manifests;
    assert_eq!(manifests.load(None).await.unwrap(), LoadedManifest::Missing);
    let one = LoadedManifest::Found {
        etag: "\"1\"".to_owned(),
        bytes: Bytes::from_static(b"one"),
    };
    assert_eq!(manifests.load(None).await.unwrap(), one);
    let again = manifests.load(Some("\"1\"")).await.unwrap();
    assert_eq!(again, LoadedManifest::Unchanged);
    let seen = server.seen();
    assert!(seen.iter().all(|request| request.path == KEY));
    assert_eq!(seen[1].header("if-none-match"), None);
    assert_eq!(seen[2].header("if-none-match"), Some("\"1\""));
}

#[tokio::test]
async fn it_is_written_under_a_condition() {
    let server = Server::replying([found("\"1\"", ""), found("\"2\"", "")]).await;
    let manifests = cloud_at(server.url()).manifests;
    let first = manifests.swap("one".into(), None).await.unwrap();
    assert_eq!(first, "\"1\"");
    let second = manifests.swap("two".into(), Some(&first)).await.unwrap();
    assert_eq!(second, "\"2\"");
    let [create, replace] = server.seen().try_into().unwrap();
    assert_eq!((create.method.as_str(), create.path.as_str()), ("PUT", KEY));
    assert_eq!(create.header("if-none-match"), Some("*"));
    assert_eq!(create.header("if-match"), None);
    assert_eq!(create.header("content-type"), Some("application/json"));
    assert!(
        create.header("x-amz-checksum-crc32").is_some(),
        "{create:?}"
    );
    assert_eq!(create.body, "one");
    assert_eq!(replace.header("if-match"), Some("\"1\""));
    assert_eq!(replace.header("if-none-match"), None);
}

#[tokio::test]
async fn a_lost_race_is_a_conflict() {
    for (status, code, expected) in [
        (412, "PreconditionFailed", Some("\"1\"")),
        (412, "PreconditionFailed", None),
        (409, "ConditionalRequestConflict", Some("\"1\"")),
        // The manifest was removed meanwhile.
        (404, "NoSuchKey", Some("\"1\"")),
    ] {
        let server = Server::replying([Reply::s3_error(status, code)]).await;
        let manifests = cloud_at(server.url()).manifests;
        let error = manifests.swap("two".into(), expected).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Conflict, "{error}");
        assert_eq!(server.count(), 1, "a conflict is not retried here");
    }
}

#[tokio::test]
async fn a_write_whose_reply_was_lost_is_not_a_conflict() {
    let lost = [
        Reply::s3_error(500, "InternalError"),
        Reply::s3_error(412, "PreconditionFailed"),
    ];
    let ours = found("\"2\"", "two");
    let server = Server::replying([lost.as_slice(), &[ours]].concat()).await;
    let manifests = cloud_at(server.url()).manifests;
    let etag = manifests.swap("two".into(), Some("\"1\"")).await.unwrap();
    assert_eq!(etag, "\"2\"");

    let theirs = found("\"3\"", "three");
    let server = Server::replying([lost.as_slice(), &[theirs]].concat()).await;
    let manifests = cloud_at(server.url()).manifests;
    let error = manifests
        .swap("two".into(), Some("\"1\""))
        .await
        .unwrap_err();
    // Another manifest may have replaced this one: a conflict would claim that this one was never
    // stored.
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_missing_bucket_is_not_a_missing_manifest() {
    let server = Server::replying([Reply::s3_error(404, "NoSuchBucket")]).await;
    let manifests = cloud_at(server.url()).manifests;
    for error in [
        manifests.load(None).await.unwrap_err(),
        manifests.swap("one".into(), None).await.unwrap_err(),
        manifests
            .swap("one".into(), Some("\"1\""))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind, StoreErrorKind::NotFound);
        let message = error.to_string();
        assert!(message.contains("\"shop-index\""), "{message}");
        assert!(message.contains("LOOKALIKE_INDEX_BUCKET"), "{message}");
    }
}
