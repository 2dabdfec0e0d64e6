//! Changes as SQS requests.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_smithy_types::date_time::{DateTime, Format};
use lookalike_core::StoreErrorKind;
use lookalike_core::ports::ChangeQueue;
use lookalike_events::decode_key;
use serde_json::{Value, json};

use super::server::{Reply, Seen, Server};
use super::{cloud_at, settings};
use crate::{Cloud, Settings};

const URL: &str = "http://127.0.0.1/123456789012/shop-changes";

fn queue(server: &Server) -> Arc<dyn ChangeQueue> {
    cloud_at(server.url()).changes.unwrap()
}

fn entries(request: &Seen) -> Vec<Value> {
    request.json()["Entries"].as_array().unwrap().clone()
}

/// Returns the keys of an entry's message, encoded.
fn encoded_keys(entry: &Value) -> Vec<String> {
    let body: Value = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
    let records = body["Records"].as_array().unwrap();
    let key = |record: &Value| record["s3"]["object"]["key"].as_str().unwrap().to_owned();
    records.iter().map(key).collect()
}

/// Takes the entries that `takes` selects; the others fail on the queue's side.
fn reply(request: &Seen, takes: impl Fn(&str) -> bool) -> Reply {
    let entries = entries(request);
    let ids = entries.iter().map(|entry| entry["Id"].as_str().unwrap());
    let (taken, failed): (Vec<_>, Vec<_>) = ids.partition(|id| takes(id));
    let taken: Vec<Value> = taken
        .iter()
        .map(|id| json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "d"}))
        .collect();
    let failed: Vec<Value> = failed
        .iter()
        .map(|id| json!({"Id": id, "SenderFault": false, "Code": "InternalError"}))
        .collect();
    Reply::json(json!({"Successful": taken, "Failed": failed}))
}

fn keys(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("catalog/a {number}+%.jpg"))
        .collect()
}

#[tokio::test]
async fn keys_go_out_as_notifications_of_the_catalog() {
    let server = Server::answering(|request, _| reply(request, |_| true)).await;
    queue(&server).push(&keys(121)).await.unwrap();
    let seen = server.seen();
    let sizes: Vec<usize> = seen.iter().map(|request| entries(request).len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 25);
    assert_eq!(sizes.len(), 3);
    for request in &seen {
        assert_eq!(
            request.header("x-amz-target"),
            Some("AmazonSQS.SendMessageBatch")
        );
        assert_eq!(request.json()["QueueUrl"], URL);
        let ids: BTreeSet<String> = entries(request)
            .iter()
            .map(|e| e["Id"].to_string())
            .collect();
        assert_eq!(ids.len(), entries(request).len());
    }
    let sent: Vec<String> = seen
        .iter()
        .flat_map(entries)
        .flat_map(|e| encoded_keys(&e))
        .collect();
    assert!(sent.contains(&"catalog/a+7%2B%25.jpg".to_owned()));
    let sent: BTreeSet<String> = sent.iter().map(|key| decode_key(key).unwrap()).collect();
    assert_eq!(sent, BTreeSet::from_iter(keys(121)));
    let body: Value =
        serde_json::from_str(entries(&seen[0])[0]["MessageBody"].as_str().unwrap()).unwrap();
    let record = &body["Records"][0];
    assert_eq!(record["eventSource"], "aws:s3");
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert_eq!(record["awsRegion"], "eu-central-1");
    assert_eq!(record["s3"]["bucket"]["name"], settings().catalog_bucket);
    let time = record["eventTime"].as_str().unwrap();
    assert!(
        DateTime::from_str(time, Format::DateTime).is_ok(),
        "{time:?}"
    );
}

#[tokio::test]
async fn keys_to_be_tried_again_go_out_one_by_one() {
    let server = Server::answering(|request, _| reply(request, |_| true)).await;
    let settings = Settings {
        retry_queue_url: Some(URL.to_owned()),
        ..settings()
    };
    let clients = cloud_at(server.url()).clients().clone();
    let cloud = Cloud::with_clients(clients, &settings);
    cloud.retries.unwrap().push(&keys(21)).await.unwrap();
    let sent: Vec<Value> = server.seen().iter().flat_map(entries).collect();
    assert_eq!(sent.len(), 21);
    assert!(sent.iter().all(|entry| encoded_keys(entry).len() == 1));
}

#[tokio::test]
async fn the_longest_keys_fit() {
    let server = Server::answering(|request, _| reply(request, |_| true)).await;
    // Every byte of these keys becomes three.
    let long = |number: usize| format!("{number:04}{}", "ü".repeat(510));
    let keys: Vec<String> = (0..200).map(long).collect();
    queue(&server).push(&keys).await.unwrap();
    let mut sent = 0;
    for request in server.seen() {
        let bodies = entries(&request);
        let bytes = bodies
            .iter()
            .map(|entry| entry["MessageBody"].as_str().unwrap().len());
        assert!(bytes.sum::<usize>() <= 256 * 1024);
        sent += bodies.iter().flat_map(encoded_keys).count();
    }
    assert_eq!(sent, 200);

    let before = server.count();
    let error = queue(&server).push(&["k".repeat(1025)]).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
    assert!(
        error.to_string().contains("has at most 1024 bytes"),
        "{error}"
    );
    assert_eq!(server.count(), before);
}

#[tokio::test]
async fn pushing_nothing_makes_no_request() {
    let server = Server::answering(|request, _| reply(request, |_| true)).await;
    queue(&server).push(&[]).await.unwrap();
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn only_failed_entries_are_sent_again() {
    // Half of the open entries are taken each time.
    let server = Server::answering(|request, before| {
        let open = entries(request).len();
        let first: BTreeSet<String> = entries(request)[..open.div_ceil(2)]
            .iter()
            .map(|entry| entry["Id"].as_str().unwrap().to_owned())
            .collect();
        match before {
            // An error of the whole batch, which the SDK retries.
            0 => Reply::sqs_error(500, "InternalError"),
            _ => reply(request, |id| first.contains(id)),
        }
    })
    .await;
    queue(&server).push(&keys(50)).await.unwrap();
    let seen = server.seen();
    let sizes: Vec<usize> = seen.iter().map(|request| entries(request).len()).collect();
    assert_eq!(sizes, [10, 10, 5, 2, 1]);
    let last = encoded_keys(&entries(&seen[4])[0]);
    assert_eq!(last[4], "catalog/a+49%2B%25.jpg");
}

#[tokio::test]
async fn a_queue_that_takes_nothing_is_unavailable() {
    let server = Server::answering(|request, _| reply(request, |_| false)).await;
    let queue = queue(&server);
    let error = queue.push(&keys(3)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    assert!(
        error
            .to_string()
            .starts_with("send to sqs queue shop-changes failed: SQS keeps"),
        "{error}"
    );
    assert_eq!(server.count(), 8);
}

#[tokio::test]
async fn messages_that_the_queue_refuses_are_not_retried() {
    for (code, kind) in [
        ("InvalidMessageContents", StoreErrorKind::Invalid),
        ("KMS.AccessDeniedException", StoreErrorKind::Denied),
    ] {
        let failed = json!([
            {"Id": "0", "SenderFault": true, "Code": code, "Message": "The message."},
        ]);
        let server =
            Server::replying([Reply::json(json!({"Successful": [], "Failed": failed}))]).await;
        let error = queue(&server).push(&keys(1)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(
            error.to_string().contains(&format!("{code}: The message")),
            "{error}"
        );
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn errors_of_the_queue_are_reported() {
    for (code, kind, said) in [
        (
            "QueueDoesNotExist",
            StoreErrorKind::NotFound,
            "there is no queue \"shop-changes\" in this account and region: correct LOOKALIKE_QUEUE_URL",
        ),
        (
            "AccessDeniedException",
            StoreErrorKind::Denied,
            "allow it in the policy for queue \"shop-changes\"",
        ),
        (
            "BatchRequestTooLong",
            StoreErrorKind::Invalid,
            "The message",
        ),
    ] {
        let server = Server::replying([Reply::sqs_error(400, code)]).await;
        let pushed = queue(&server).push(&keys(1)).await.unwrap_err();
        let counted = queue(&server).waiting().await.unwrap_err();
        for error in [pushed, counted] {
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.to_string().contains(said), "{error}");
        }
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn waiting_messages_are_counted_in_every_state() {
    let counts = |numbers: [&str; 3]| {
        json!({"Attributes": {
            "ApproximateNumberOfMessages": numbers[0],
            "ApproximateNumberOfMessagesNotVisible": numbers[1],
            "ApproximateNumberOfMessagesDelayed": numbers[2],
        }})
    };
    let server = Server::replying([Reply::json(counts(["100", "20", "3"]))]).await;
    assert_eq!(queue(&server).waiting().await.unwrap(), 123);
    let request = &server.seen()[0].json();
    assert_eq!(request["QueueUrl"], URL);
    assert_eq!(request["AttributeNames"].as_array().unwrap().len(), 3);

    for odd in [counts(["many", "20", "3"]), json!({})] {
        let server = Server::replying([Reply::json(odd)]).await;
        let error = queue(&server).waiting().await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Invalid);
        assert!(error.to_string().contains("expected a number"), "{error}");
    }
}
