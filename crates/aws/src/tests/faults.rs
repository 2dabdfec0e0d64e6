//! Faults between this process and S3.

use std::time::{Duration, Instant};

use aws_config::Region;
use aws_credential_types::provider::{self, ProvideCredentials, error::CredentialsError, future};
use aws_sdk_s3::config::SharedCredentialsProvider;
use lookalike_core::StoreErrorKind;
use lookalike_index::SegmentId;

use super::server::{Reply, Server};
use super::{cloud_at, cloud_within, settings, short_limits};
use crate::Cloud;
use crate::clients::{Clients, Limits};

fn picture() -> Reply {
    Reply::new(200, "picture").header("etag", "\"e\"")
}

#[tokio::test]
async fn throttling_and_faults_are_tried_again() {
    let server = Server::replying([
        Reply::s3_error(503, "SlowDown"),
        Reply::s3_error(500, "InternalError"),
        picture(),
    ])
    .await;
    let pictures = cloud_at(server.url()).pictures;
    assert!(pictures.get("catalog/a.jpg", 9).await.unwrap().is_some());
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn persistent_faults_are_unavailable() {
    for (reply, said) in [
        (
            Reply::s3_error(503, "SlowDown"),
            "SlowDown (status 503): The message [request REQUEST1]",
        ),
        (
            Reply::s3_error(500, "InternalError"),
            "InternalError (status 500)",
        ),
        (Reply::new(502, "<html>Bad Gateway</html>"), "status 502"),
    ] {
        let server = Server::replying([reply]).await;
        let pictures = cloud_at(server.url()).pictures;
        let error = pictures.get("catalog/a.jpg", 9).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
        let message = error.to_string();
        assert!(
            message.starts_with("get s3://shop-catalog/catalog/a.jpg failed: "),
            "{message}"
        );
        assert!(message.contains(said), "{message}");
        assert_eq!(server.count(), 4);
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    for code in ["AccessDenied", "ExpiredToken", "SignatureDoesNotMatch"] {
        let server = Server::replying([Reply::s3_error(403, code)]).await;
        let pictures = cloud_at(server.url()).pictures;
        let error = pictures.get("catalog/a.jpg", 9).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Denied, "{error}");
        assert!(error.to_string().contains("policy"), "{error}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn another_region_is_named_as_the_cause() {
    let server = Server::replying([Reply::s3_error(301, "PermanentRedirect")]).await;
    let pictures = cloud_at(server.url()).pictures;
    let error = pictures.get("catalog/a.jpg", 9).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
    assert!(error.to_string().contains("AWS_REGION"), "{error}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_read_again() {
    let server = Server::replying([picture().broken_off(), picture()]).await;
    let pictures = cloud_at(server.url()).pictures;
    let found = pictures.get("catalog/a.jpg", 99).await.unwrap().unwrap();
    assert_eq!(found.body.as_deref(), Some(b"picture".as_slice()));
    assert_eq!(server.count(), 2);

    let server = Server::replying([picture().broken_off()]).await;
    let pictures = cloud_at(server.url()).pictures;
    let error = pictures.get("catalog/a.jpg", 99).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("broke off"), "{error}");
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_segment_that_breaks_off_is_read_again() {
    let id = SegmentId::new(1, 1);
    let part = || Reply::new(206, "segment");
    let server = Server::replying([part().broken_off(), part()]).await;
    let segments = cloud_at(server.url()).segments;
    assert_eq!(segments.get(id, 0..7).await.unwrap(), "segment");
    assert_eq!(server.count(), 2);

    let server = Server::replying([part().broken_off()]).await;
    let segments = cloud_at(server.url()).segments;
    let error = segments.get(id, 0..7).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("broke off"), "{error}");
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_slow_reply_runs_out_of_time() {
    let limits = Limits {
        first_byte: Duration::from_millis(50),
        attempts: 2,
        ..short_limits()
    };
    let server = Server::replying([picture().after(Duration::from_secs(60))]).await;
    let pictures = cloud_within(server.url(), limits).pictures;
    let started = Instant::now();
    let error = pictures.get("catalog/a.jpg", 9).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    let message = error.to_string();
    assert!(message.contains("no answer in time"), "{message}");
    assert!(message.contains("50ms"), "{message}");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_slow_reply_is_tried_again() {
    let limits = Limits {
        first_byte: Duration::from_millis(200),
        ..short_limits()
    };
    let slow = picture().after(Duration::from_secs(60));
    let server = Server::replying([slow, picture()]).await;
    let pictures = cloud_within(server.url(), limits).pictures;
    assert!(pictures.get("catalog/a.jpg", 9).await.unwrap().is_some());
}

#[tokio::test]
async fn a_body_that_stalls_ends() {
    let limits = Limits {
        stall: Duration::from_millis(200),
        ..short_limits()
    };
    let server = Server::replying([picture().stalled(), picture()]).await;
    let pictures = cloud_within(server.url(), limits).pictures;
    let found = pictures.get("catalog/a.jpg", 99).await.unwrap().unwrap();
    assert!(found.body.is_some());
}

#[tokio::test]
async fn a_refused_connection_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let pictures = cloud_at(&url).pictures;
    let error = pictures.get("catalog/a.jpg", 9).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("no connection"), "{error}");
}

#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let nothing = CredentialsError::not_loaded("no provider in the chain has any");
        future::ProvideCredentials::ready(provider::Result::Err(nothing))
    }
}

#[tokio::test]
async fn without_credentials_the_message_says_so() {
    let clients = Clients::at(
        ["http://127.0.0.1:1"; 3],
        SharedCredentialsProvider::new(NoCredentials),
        Region::new("eu-central-1"),
        short_limits(),
    );
    let cloud = Cloud::with_clients(clients, &settings());
    for error in [
        cloud.pictures.get("catalog/a.jpg", 9).await.unwrap_err(),
        cloud.links.fetch("catalog/a.jpg").await.unwrap_err(),
        cloud.failures.newest(1).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, StoreErrorKind::Denied, "{error}");
        assert!(error.to_string().contains("AWS_PROFILE"), "{error}");
    }
}
