//! Who is answered: programs that sign with the keys, and pages of this machine.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bare_http::http;
use crate::dynamodb::table;
use crate::lab::Lab;
use crate::signing::{Signer, post};

/// A service by its name in signatures, the URL of its port, and a harmless request.
fn services(lab: &Lab) -> [(&'static str, String, &'static str); 4] {
    let (tables, queues) = ("DynamoDB_20120810.ListTables", "AmazonSQS.ListQueues");
    [
        ("dynamodb", lab.cloud.dynamodb_url(), tables),
        ("dynamodb", lab.cloud.aws_url(), tables),
        ("sqs", lab.cloud.sqs_url(), queues),
        ("sqs", lab.cloud.aws_url(), queues),
    ]
}

#[tokio::test]
async fn tables_and_queues_are_for_those_who_have_the_keys() {
    let lab = Lab::with(|options| options.tables = vec![table()]).await;
    for (service, url, target) in services(&lab) {
        let address = url.replace("http://", "");
        let headers = [
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        let signed = |signer: Signer| signer.headers(service, &address, &headers, "{}");
        let reply = post(&address, &signed(Signer::new()), "{}").await;
        assert_eq!(reply.status, 200, "{url} {reply:?}");

        let right = Signer::new();
        let old = right.time - Duration::from_secs(3600);
        for (signer, name) in [
            (
                Signer {
                    secret_key: "guessed",
                    ..right
                },
                "InvalidSignatureException",
            ),
            (
                Signer {
                    access_key: "AKIDEXAMPLE",
                    ..right
                },
                "UnrecognizedClientException",
            ),
            (Signer { time: old, ..right }, "InvalidSignatureException"),
        ] {
            let reply = post(&address, &signed(signer), "{}").await;
            assert!(
                reply.status >= 400 && reply.body.contains(name),
                "{url} {name} {reply:?}"
            );
        }
        let changed = post(&address, &signed(right), "{ }").await;
        assert!(
            changed.body.contains("InvalidSignatureException"),
            "{url} {changed:?}"
        );
        let mut made_up = signed(right);
        for (name, value) in &mut made_up {
            if name == "authorization" {
                *value = "AWS4-HMAC-SHA256 Credential=local".to_owned();
            }
        }
        let reply = post(&address, &made_up, "{}").await;
        assert!(
            reply.body.contains("IncompleteSignatureException"),
            "{url} {reply:?}"
        );
        let unsigned: Vec<_> = signed(right)
            .into_iter()
            .filter(|(name, _)| name != "authorization")
            .collect();
        let reply = post(&address, &unsigned, "{}").await;
        assert!(
            reply.body.contains("MissingAuthenticationToken"),
            "{url} {reply:?}"
        );
    }
}

#[tokio::test]
async fn pages_of_other_sites_are_refused_by_every_port() {
    let lab = Lab::with(|options| options.tables = vec![table()]).await;
    for (service, url, target) in services(&lab) {
        let address = url.replace("http://", "");
        for (origin, status) in [
            ("http://localhost:8080", 200),
            ("https://example.com", 403),
            ("null", 403),
        ] {
            let headers = [
                ("x-amz-target", target),
                ("content-type", "application/x-amz-json-1.0"),
                ("origin", origin),
            ];
            let reply = Signer::new().post(service, &address, &headers, "{}").await;
            assert_eq!(reply.status, status, "{url} {origin} {reply:?}");
        }
    }
    let foreign = [
        ("Origin", "https://example.com"),
        ("Access-Control-Request-Method", "PUT"),
    ];
    let reply = http(&lab.address(), "OPTIONS", "/shop/a", &foreign, "").await;
    assert_eq!(
        (reply.status, reply.header("access-control-allow-origin")),
        (403, "")
    );
    assert!(reply.body.contains("https://example.com"), "{reply:?}");
}

#[tokio::test]
async fn a_name_that_another_site_gave_this_machine_is_refused() {
    let lab = Lab::new().await;
    let mut stream = tokio::net::TcpStream::connect(lab.address()).await.unwrap();
    let request = "GET /shop/a HTTP/1.1\r\nHost: rebound.example.com\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 403"), "{reply}");
    assert!(reply.contains("rebound.example.com"), "{reply}");
}

#[tokio::test]
async fn requests_that_are_never_finished_end() {
    let lab = Lab::with(|options| options.max_silence = Duration::from_millis(300)).await;
    let half_head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Ta";
    let half_body = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n\
                     Content-Length: 100\r\n\r\n{";
    for url in [
        lab.cloud.s3_url(),
        lab.cloud.dynamodb_url(),
        lab.cloud.sqs_url(),
        lab.cloud.aws_url(),
    ] {
        for half in [half_head, half_body] {
            let address = url.replace("http://", "");
            let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
            stream.write_all(half.as_bytes()).await.unwrap();
            let mut reply = Vec::new();
            let ended = stream.read_to_end(&mut reply);
            let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
            assert!(ended.is_ok(), "{url} still waits after {half:?}");
        }
    }
}
