//! Dead letters as SQS requests.

use std::time::Duration;

use lookalike_core::StoreErrorKind;
use serde_json::json;

use super::cloud_at;
use super::server::{Reply, Server};

const URL: &str = "http://127.0.0.1/123456789012/shop-dead-letters";

fn two_letters() -> Reply {
    Reply::json(json!({ "Messages": [
        { "MessageId": "1", "ReceiptHandle": "first", "Body": "a", "MD5OfBody": "0cc175b9c0f1b6a831c399e269772661",
          "Attributes": { "SentTimestamp": "1767225600000" } },
        // Without a receipt nothing can be done with a message, so it is left for another receive.
        { "MessageId": "2", "Body": "b" },
    ]}))
}

#[tokio::test]
async fn letters_are_received_with_their_time_and_hidden_meanwhile() {
    let server = Server::replying([two_letters()]).await;
    let queue = cloud_at(server.url()).dead_letters(URL);
    let letters = queue.receive(Duration::from_secs(60)).await.unwrap();
    assert_eq!(queue.name(), "shop-dead-letters");
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].id.as_str(), letters[0].body.as_str()),
        ("1", "a")
    );
    assert_eq!(letters[0].sent, Some(1_767_225_600_000));
    let request = server.seen()[0].json();
    assert_eq!(request["QueueUrl"], URL);
    assert_eq!(request["VisibilityTimeout"], 60);
    assert_eq!(request["MaxNumberOfMessages"], 10);
}

#[tokio::test]
async fn letters_are_released_and_deleted_by_their_receipt() {
    let server = Server::replying([two_letters(), Reply::json(json!({}))]).await;
    let queue = cloud_at(server.url()).dead_letters(URL);
    let letters = queue.receive(Duration::from_secs(60)).await.unwrap();
    queue.release(&letters[0]).await.unwrap();
    queue.delete(&letters[0]).await.unwrap();
    let seen = server.seen();
    let target = |position: usize| seen[position].header("x-amz-target").unwrap().to_owned();
    assert_eq!(target(1), "AmazonSQS.ChangeMessageVisibility");
    assert_eq!(seen[1].json()["VisibilityTimeout"], 0);
    assert_eq!(target(2), "AmazonSQS.DeleteMessage");
    for request in &seen[1..] {
        assert_eq!(request.json()["ReceiptHandle"], "first");
    }
}

#[tokio::test]
async fn a_queue_that_is_gone_is_named() {
    let server = Server::replying([Reply::sqs_error(400, "QueueDoesNotExist")]).await;
    let queue = cloud_at(server.url()).dead_letters(URL);
    let error = queue.receive(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound);
    let text = error.to_string();
    assert!(
        text.contains("shop-dead-letters") && text.contains("the outputs of the stack"),
        "{text}"
    );
}
