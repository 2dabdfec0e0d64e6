use lookalike_local_cloud::LocalCloud;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bare_http::Reply;
use crate::lab::Lab;
use crate::signing::Signer;

/// Sends one signed request in the JSON protocol.
pub(crate) async fn call(cloud: &LocalCloud, action: &str, input: &Value) -> Reply {
    let address = cloud.sqs_url().replace("http://", "");
    let target = format!("AmazonSQS.{action}");
    let headers = [
        ("x-amz-target", target.as_str()),
        ("content-type", "application/x-amz-json-1.0"),
    ];
    let body = input.to_string();
    Signer::new().post("sqs", &address, &headers, &body).await
}

#[tokio::test]
async fn errors_describe_what_is_wrong() {
    let lab = Lab::new().await;
    let url = lab.cloud.queue_url();
    let entries = |count: usize| -> Vec<Value> {
        let entry = |number| json!({"Id": format!("e{number}"), "MessageBody": "x"});
        (0..count).map(entry).collect()
    };
    let long = "x".repeat(200_000);
    let batch = |entries: Value| {
        (
            "SendMessageBatch",
            json!({"QueueUrl": url, "Entries": entries}),
        )
    };
    let one = |input: Value| {
        let mut input = input;
        input["QueueUrl"] = url.clone().into();
        ("SendMessage", input)
    };
    let elsewhere = url.replace("changes", "other");
    for ((action, input), name, code) in [
        (
            (
                "SendMessage",
                json!({"QueueUrl": elsewhere, "MessageBody": "x"}),
            ),
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (
            batch(json!([])),
            "EmptyBatchRequest",
            "AWS.SimpleQueueService.EmptyBatchRequest",
        ),
        (
            batch(entries(11).into()),
            "TooManyEntriesInBatchRequest",
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
        (
            batch([entries(2), entries(1)].concat().into()),
            "BatchEntryIdsNotDistinct",
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        ),
        (
            batch(json!([{"Id": "a b", "MessageBody": "x"}])),
            "InvalidBatchEntryId",
            "AWS.SimpleQueueService.InvalidBatchEntryId",
        ),
        (
            batch(json!([
                {"Id": "a", "MessageBody": long},
                {"Id": "b", "MessageBody": long},
            ])),
            "BatchRequestTooLong",
            "AWS.SimpleQueueService.BatchRequestTooLong",
        ),
        (
            one(json!({"MessageBody": "\u{1}"})),
            "InvalidMessageContents",
            "InvalidMessageContents",
        ),
        (
            one(json!({"MessageBody": ""})),
            "MissingRequiredParameterException",
            "MissingParameter",
        ),
        (
            one(json!({"MessageBody": long.repeat(2)})),
            "InvalidParameterValueException",
            "InvalidParameterValue",
        ),
        (
            one(json!({"MessageBody": "x", "DelaySeconds": 901})),
            "InvalidParameterValueException",
            "InvalidParameterValue",
        ),
        (
            one(json!({"MessageBody": "x", "MessageAttributes": {"a": {}}})),
            "UnsupportedOperation",
            "AWS.SimpleQueueService.UnsupportedOperation",
        ),
        (
            one(json!({"MessageBody": 5})),
            "SerializationException",
            "SerializationException",
        ),
        (
            (
                "GetQueueAttributes",
                json!({"QueueUrl": url, "AttributeNames": ["Colour"]}),
            ),
            "InvalidAttributeName",
            "InvalidAttributeName",
        ),
        (
            ("ReceiveMessage", json!({"QueueUrl": url})),
            "UnsupportedOperation",
            "AWS.SimpleQueueService.UnsupportedOperation",
        ),
    ] {
        let reply = call(&lab.cloud, action, &input).await;
        assert_eq!(reply.status, 400, "{name}");
        assert_eq!(reply.header("x-amzn-query-error"), format!("{code};Sender"));
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let kind = body["__type"].as_str().unwrap();
        assert!(kind.ends_with(&format!("#{name}")), "{kind}");
        assert!(!body["message"].as_str().unwrap().is_empty());
    }
    assert!(lab.events().await.is_empty());
}

#[tokio::test]
async fn invalid_requests_are_refused() {
    let lab = Lab::new().await;
    let address = lab.cloud.sqs_url().replace("http://", "");
    let target = [("x-amz-target", "AmazonSQS.ListQueues")];
    for (headers, body, status, said) in [
        (&[][..], "Action=ListQueues", 400, "UnsupportedOperation"),
        (&target, "{", 400, "SerializationException"),
        (&target, "", 400, "SerializationException"),
    ] {
        let reply = Signer::new().post("sqs", &address, headers, body).await;
        assert_eq!(reply.status, status, "{body}");
        assert!(reply.body.contains(said), "{}", reply.body);
    }
    // The server does not even wait for it.
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n\
                Authorization: x\r\nContent-Length: 5000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
}
