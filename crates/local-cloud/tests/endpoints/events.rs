use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

use crate::lab::{BUCKET, Lab};
use crate::recorder::{Answer, records};

fn event(name: &str, key: &str) -> (String, String) {
    (name.to_owned(), key.to_owned())
}

#[tokio::test]
async fn changes_cause_events_in_order() {
    let lab = Lab::new().await;
    lab.put("catalog/a b+ü.jpg", b"hello").await;
    lab.put("uploads/not-watched.jpg", b"x").await;
    let copy = lab.s3.copy_object().bucket(BUCKET).key("catalog/copy.jpg");
    copy.copy_source(format!("{BUCKET}/uploads/not-watched.jpg"))
        .send()
        .await
        .unwrap();
    let failed = lab
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("catalog/copy.jpg")
        .if_none_match("*")
        .send()
        .await;
    assert!(failed.is_err());
    for key in [
        "catalog/a b+ü.jpg",
        "catalog/never.jpg",
        "uploads/not-watched.jpg",
    ] {
        lab.s3
            .delete_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
    }
    let expected = [
        event("ObjectCreated:Put", "catalog/a+b%2B%C3%BC.jpg"),
        event("ObjectCreated:Copy", "catalog/copy.jpg"),
        event("ObjectRemoved:Delete", "catalog/a+b%2B%C3%BC.jpg"),
    ];
    assert_eq!(lab.events().await, expected);
    let events = lab.recorder.events();
    let object = &events[0]["s3"]["object"];
    assert_eq!(object["size"], 5);
    assert_eq!(object["eTag"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(events[0]["eventVersion"], "2.1");
    assert_eq!(events[0]["eventSource"], "aws:s3");
    assert_eq!(events[0]["s3"]["bucket"]["name"], BUCKET);
    assert!(events[2]["s3"]["object"].get("size").is_none());
    let sequencer = |event: &Value| {
        event["s3"]["object"]["sequencer"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(sequencer(&events[0]) < sequencer(&events[2]));
}

#[tokio::test]
async fn events_are_batched() {
    let lab = Lab::with(|options| {
        options.queue.window = Duration::from_secs(30);
        options.queue.batch = 3;
    })
    .await;
    for number in 0..6 {
        lab.put(&format!("catalog/{number}"), b"x").await;
    }
    // A full batch does not wait for the window.
    let begun = Instant::now();
    lab.cloud.idle().await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    let sizes: Vec<usize> = lab
        .recorder
        .deliveries
        .lock()
        .unwrap()
        .iter()
        .map(|event| records(event).len())
        .collect();
    assert_eq!(sizes, [3, 3]);
}

#[tokio::test]
async fn only_failed_messages_are_delivered_again() {
    let lab = Lab::with(|options| options.queue.window = Duration::from_millis(300)).await;
    lab.recorder.plan([
        Answer::FailKeys(vec!["catalog/bad"]),
        Answer::FailKeys(vec!["catalog/bad"]),
    ]);
    for key in ["catalog/good", "catalog/bad", "catalog/fine"] {
        lab.put(key, b"x").await;
    }
    lab.cloud.idle().await;
    let deliveries = lab.recorder.deliveries.lock().unwrap();
    let sizes: Vec<usize> = deliveries
        .iter()
        .map(|event| records(event).len())
        .collect();
    assert_eq!(sizes, [3, 1, 1]);
    let again = &deliveries[2]["Records"][0];
    assert_eq!(again["attributes"]["ApproximateReceiveCount"], "3");
    assert_eq!(records(&deliveries[1])[0].0, records(&deliveries[2])[0].0);
    assert!(lab.cloud.dead_letters().is_empty());
}

#[tokio::test]
async fn errors_panics_and_nonsense_fail_the_batch() {
    let lab = Lab::with(|options| options.queue.max_receives = 6).await;
    lab.recorder.plan([
        Answer::Fail,
        Answer::Panic,
        Answer::Reply(json!({"batchItemFailures": [{"itemIdentifier": "unknown"}]})),
        Answer::Reply(json!({"batchItemFailures": "all"})),
        Answer::Reply(json!({"batchItemFailures": []})),
    ]);
    lab.put("catalog/a", b"x").await;
    assert_eq!(lab.events().await.len(), 5);
    assert!(lab.cloud.dead_letters().is_empty());
}

#[tokio::test]
async fn a_message_that_never_succeeds_becomes_a_dead_letter() {
    let lab = Lab::with(|options| options.queue.max_receives = 3).await;
    lab.recorder
        .plan([Answer::Fail, Answer::Panic, Answer::Fail]);
    lab.put("catalog/a", b"x").await;
    assert_eq!(lab.events().await.len(), 3);
    let [dead] = &lab.cloud.dead_letters()[..] else {
        panic!("expected one dead letter")
    };
    assert_eq!((dead.receives, dead.reason.as_str()), (3, "told to fail"));
    let body: Value = serde_json::from_str(&dead.body).unwrap();
    assert_eq!(body["Records"][0]["s3"]["object"]["key"], "catalog/a");
    // The queue continues.
    lab.put("catalog/b", b"x").await;
    assert_eq!(lab.events().await.len(), 4);
}

#[tokio::test]
async fn events_can_be_caused() {
    let lab = Lab::new().await;
    std::fs::create_dir_all(lab.file("catalog")).unwrap();
    std::fs::write(lab.file("catalog/new one.jpg"), "hello").unwrap();
    lab.cloud.notify_changed("catalog/new one.jpg", false).await;
    lab.cloud.notify_changed("catalog/gone.jpg", true).await;
    lab.cloud.notify_changed("catalog/neither.jpg", false).await;
    lab.cloud.notify_changed("uploads/other.jpg", true).await;
    let expected = [
        event("ObjectCreated:Put", "catalog/new+one.jpg"),
        event("ObjectRemoved:Delete", "catalog/gone.jpg"),
        event("ObjectCreated:Put", "catalog/neither.jpg"),
    ];
    assert_eq!(lab.events().await, expected);
    let events = lab.recorder.events();
    assert_eq!(
        events[0]["s3"]["object"]["eTag"],
        "5d41402abc4b2a76b9719d911017c592"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_batches_run_at_once_and_none_is_lost() {
    let lab = Lab::with(|options| {
        options.queue.concurrency = 4;
        options.queue.batch = 5;
        options.queue.max_receives = 50;
    })
    .await;
    lab.recorder.plan((0..30).map(|turn| {
        if turn % 2 == 0 {
            Answer::Fail
        } else {
            Answer::Panic
        }
    }));
    let puts = (0..100).map(|number| {
        let put = lab
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(format!("catalog/{number}"));
        put.body(ByteStream::from_static(b"x")).send()
    });
    futures::future::join_all(puts)
        .await
        .into_iter()
        .for_each(|put| drop(put.unwrap()));
    let keys: std::collections::BTreeSet<String> =
        lab.events().await.into_iter().map(|(_, key)| key).collect();
    assert_eq!(keys.len(), 100);
    assert!(lab.cloud.dead_letters().is_empty());
}
