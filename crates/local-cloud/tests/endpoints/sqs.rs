use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use lookalike_local_cloud::{EventHandler, LocalCloud};
use serde_json::{Value, json};

use crate::lab::{Lab, failure, http_client};
use crate::recorder::{Answer, records};
use crate::sqs_refusals::call;

pub(crate) fn client(cloud: &LocalCloud) -> aws_sdk_sqs::Client {
    let keys = Credentials::new(cloud.access_key(), cloud.secret_key(), None, None, "test");
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(cloud.region()))
        .endpoint_url(cloud.sqs_url())
        .credentials_provider(keys)
        .http_client(http_client())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

fn event(key: &str) -> String {
    json!({"Records": [{
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"object": {"key": key}},
    }]})
    .to_string()
}

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    let entry = SendMessageBatchRequestEntry::builder().id(id);
    entry.message_body(body).build().unwrap()
}

#[tokio::test]
async fn messages_reach_the_handler_like_events() {
    let lab = Lab::new().await;
    let sqs = client(&lab.cloud);
    let body = event("catalog/a+b%2B%C3%BC.jpg");
    let sent = sqs
        .send_message()
        .queue_url(lab.cloud.queue_url())
        .message_body(&body)
        .send()
        .await
        .unwrap();
    lab.put("catalog/next.jpg", b"x").await;
    let keys: Vec<String> = lab.events().await.into_iter().map(|(_, key)| key).collect();
    assert_eq!(keys, ["catalog/a+b%2B%C3%BC.jpg", "catalog/next.jpg"]);
    let deliveries = lab.recorder.deliveries.lock().unwrap();
    let record = &deliveries[0]["Records"][0];
    assert_eq!(record["body"], body.as_str());
    assert_eq!(record["messageId"], sent.message_id().unwrap());
    assert_eq!(record["md5OfBody"], sent.md5_of_message_body().unwrap());
    let arn = "arn:aws:sqs:us-east-1:000000000000:lookalike-changes";
    assert_eq!(record["eventSourceARN"], arn);
}

#[tokio::test]
async fn batches_are_taken_entry_by_entry() {
    let lab = Lab::new().await;
    let batch = client(&lab.cloud)
        .send_message_batch()
        .queue_url(lab.cloud.queue_url())
        .entries(entry("one", &event("catalog/1")))
        .entries(entry("bell", "a\u{7}b"))
        .entries(entry("two", &event("catalog/2")));
    let sent = batch.send().await.unwrap();
    let ids: Vec<&str> = sent.successful().iter().map(|entry| entry.id()).collect();
    assert_eq!(ids, ["one", "two"]);
    let [failed] = sent.failed() else {
        panic!("expected one failure")
    };
    assert_eq!(
        (failed.id(), failed.code(), failed.sender_fault()),
        ("bell", "InvalidMessageContents", true)
    );
    assert_eq!(lab.events().await.len(), 2);
}

#[tokio::test]
async fn digests_are_of_the_text() {
    let lab = Lab::new().await;
    lab.recorder.plan([Answer::Reply(json!({}))]);
    let url = lab.cloud.queue_url();
    let reply = call(
        &lab.cloud,
        "SendMessage",
        &json!({"QueueUrl": url, "MessageBody": "hello"}),
    )
    .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/x-amz-json-1.0");
    let sent: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    let entries = json!([{"Id": "a", "MessageBody": "größe 鞋\n"}]);
    let input = json!({"QueueUrl": url, "Entries": entries});
    let reply = call(&lab.cloud, "SendMessageBatch", &input).await;
    let sent: Value = serde_json::from_str(&reply.body).unwrap();
    let entry = &sent["Successful"][0];
    assert_eq!(
        entry["MD5OfMessageBody"],
        "3a53ad0133614d95d9f1e5ec0ed0dbe3"
    );
    assert_eq!(sent["Failed"], json!([]));
}

/// Fails if a message is not JSON, like the indexer.
struct Reader;

#[async_trait]
impl EventHandler for Reader {
    async fn handle(&self, sqs_event: Value) -> Result<Value, String> {
        let records = sqs_event["Records"].as_array().unwrap();
        let is_bad = |record: &&Value| {
            serde_json::from_str::<Value>(record["body"].as_str().unwrap()).is_err()
        };
        let bad = records.iter().filter(is_bad);
        let items: Vec<Value> = bad
            .map(|record| json!({"itemIdentifier": record["messageId"]}))
            .collect();
        Ok(json!({"batchItemFailures": items}))
    }
}

#[tokio::test]
async fn an_unreadable_message_becomes_a_dead_letter() {
    let lab = Lab::with(|options| options.queue.max_receives = 3).await;
    lab.cloud.deliver_to(Arc::new(Reader));
    let sqs = client(&lab.cloud);
    let send = |body: &str| {
        let send = sqs.send_message().queue_url(lab.cloud.queue_url());
        send.message_body(body).send()
    };
    send("no \"event\" at all: <ü>").await.unwrap();
    send(&event("catalog/fine")).await.unwrap();
    lab.cloud.idle().await;
    let dead = lab.cloud.dead_letters();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].body, "no \"event\" at all: <ü>");
    assert_eq!(dead[0].receives, 3);
}

/// Waits until it may end.
struct Slow(tokio::sync::Semaphore);

#[async_trait]
impl EventHandler for Slow {
    async fn handle(&self, _: Value) -> Result<Value, String> {
        let _turn = self.0.acquire().await;
        Ok(Value::Null)
    }
}

async fn counts(sqs: &aws_sdk_sqs::Client, url: &str) -> [u64; 3] {
    let names = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let get = sqs.get_queue_attributes().queue_url(url);
    let get = get.set_attribute_names(Some(names.to_vec()));
    let found = get.send().await.unwrap().attributes.unwrap();
    names.map(|name| found[&name].parse().unwrap())
}

#[tokio::test]
async fn messages_are_counted_and_purged() {
    let lab = Lab::with(|options| options.queue.batch = 2).await;
    let slow = Arc::new(Slow(tokio::sync::Semaphore::new(0)));
    lab.cloud.deliver_to(slow.clone());
    let (sqs, url) = (client(&lab.cloud), lab.cloud.queue_url());
    for number in 0..6 {
        let send = sqs.send_message().queue_url(&url);
        let send = send.message_body(event(&format!("catalog/{number}")));
        let delay = if number == 5 { 900 } else { 0 };
        send.delay_seconds(delay).send().await.unwrap();
    }
    while counts(&sqs, &url).await != [3, 2, 1] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sqs.purge_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(counts(&sqs, &url).await, [0, 2, 0]);
    slow.0.add_permits(1);
    lab.cloud.idle().await;
    assert_eq!(counts(&sqs, &url).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_message_can_be_sent_for_later() {
    let lab = Lab::new().await;
    let send = client(&lab.cloud)
        .send_message()
        .queue_url(lab.cloud.queue_url());
    let begun = std::time::Instant::now();
    send.message_body(event("catalog/later"))
        .delay_seconds(1)
        .send()
        .await
        .unwrap();
    assert_eq!(lab.events().await.len(), 1);
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn the_queue_can_be_found() {
    let lab = Lab::new().await;
    let (sqs, url) = (client(&lab.cloud), lab.cloud.queue_url());
    assert!(url.ends_with("/000000000000/lookalike-changes"), "{url}");
    let found = sqs.get_queue_url().queue_name("lookalike-changes");
    assert_eq!(found.send().await.unwrap().queue_url(), Some(url.as_str()));
    let listed = sqs.list_queues().send().await.unwrap();
    assert_eq!(listed.queue_urls(), std::slice::from_ref(&url));
    let listed = sqs.list_queues().queue_name_prefix("other").send().await;
    assert!(listed.unwrap().queue_urls().is_empty());
    let all = sqs.get_queue_attributes().queue_url(&url);
    let all = all.attribute_names(QueueAttributeName::All).send().await;
    let all = all.unwrap().attributes.unwrap();
    assert_eq!(all[&QueueAttributeName::MaximumMessageSize], "262144");
    let arn = "arn:aws:sqs:us-east-1:000000000000:lookalike-changes";
    assert_eq!(all[&QueueAttributeName::QueueArn], arn);
    let none = sqs.get_queue_attributes().queue_url(&url).send().await;
    assert!(none.unwrap().attributes().is_none());
    let missing = sqs.get_queue_url().queue_name("other").send().await;
    assert_eq!(
        failure(missing),
        (400, "AWS.SimpleQueueService.NonExistentQueue".to_owned())
    );
}

#[tokio::test]
async fn many_messages_at_once_are_all_delivered() {
    let lab = Lab::with(|options| options.queue.concurrency = 4).await;
    let (sqs, url) = (client(&lab.cloud), lab.cloud.queue_url());
    let sends = (0..40).map(|turn| {
        let entries = (0..10).map(|number| {
            let key = format!("catalog/{turn}-{number}");
            entry(&number.to_string(), &event(&key))
        });
        let send = sqs.send_message_batch().queue_url(&url);
        send.set_entries(Some(entries.collect())).send()
    });
    for sent in futures::future::join_all(sends).await {
        assert_eq!(sent.unwrap().successful().len(), 10);
    }
    lab.cloud.idle().await;
    let deliveries = lab.recorder.deliveries.lock().unwrap();
    let keys: std::collections::BTreeSet<String> = (deliveries.iter())
        .flat_map(records)
        .map(|(_, event)| event["s3"]["object"]["key"].to_string())
        .collect();
    assert_eq!(keys.len(), 400);
}
