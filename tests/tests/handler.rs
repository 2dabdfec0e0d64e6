//! What an invocation does and answers, with every port in memory.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::ports::ImageEncoder;
use lookalike_core::{
    Area, Deadline, EncoderCell, Fingerprint, ImageError, ImageFormat, ImageInfo, StoreErrorKind,
};
use lookalike_events::EventError;
use lookalike_indexing::{Handler, HandlerError, IndexSettings, Indexer};
use lookalike_test_support::memory::MemoryCloud;
use serde_json::{Value, json};

const BUCKET: &str = "catalog";
const AWKWARD: &str = "catalog/summer sale/café + 100%.png";
const OLD: &str = "catalog/mugs/old mug.png";

/// Takes the first two bytes of a picture for its embedding.
struct TwoBytes;

impl ImageEncoder for TwoBytes {
    fn name(&self) -> &str {
        "two-bytes"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([7; 32])
    }

    fn dimensions(&self) -> usize {
        2
    }

    fn inspect(&self, _: &[u8]) -> Result<ImageInfo, ImageError> {
        Ok(ImageInfo {
            format: ImageFormat::Png,
            width: 1,
            height: 1,
            memory: 1,
        })
    }

    fn embed(&self, picture: &[u8], _: &Area) -> Result<Vec<f32>, ImageError> {
        match picture {
            [x, y, ..] => {
                let (x, y) = (f32::from(*x), f32::from(*y));
                let length = x.hypot(y);
                Ok(vec![x / length, y / length])
            }
            _ => Err(ImageError::Empty),
        }
    }
}

fn indexer(cloud: &Arc<MemoryCloud>) -> Indexer {
    let ports = cloud.index_ports(EncoderCell::ready(Arc::new(TwoBytes)).into());
    Indexer::new(ports, IndexSettings::default())
}

fn handler(cloud: &Arc<MemoryCloud>) -> Handler {
    Handler::new(Arc::new(indexer(cloud)), BUCKET)
}

fn sample(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/events");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn s3_event(bucket: &str, keys: &[&str]) -> Value {
    let records: Vec<Value> = (keys.iter())
        .map(|key| {
            json!({ "eventSource": "aws:s3",
                    "s3": { "bucket": { "name": bucket }, "object": { "key": key } } })
        })
        .collect();
    json!({ "Records": records })
}

fn queued(events: &[Value]) -> Value {
    let records: Vec<Value> = (events.iter().enumerate())
        .map(|(n, event)| {
            json!({ "eventSource": "aws:sqs", "messageId": n.to_string(), "body": event.to_string() })
        })
        .collect();
    json!({ "Records": records })
}

async fn handle(cloud: &Arc<MemoryCloud>, event: Value) -> Result<Value, HandlerError> {
    let deadline = Deadline::after(Duration::from_secs(60));
    handler(cloud).handle(event, deadline).await
}

fn put(cloud: &MemoryCloud, key: &str, body: &'static [u8]) {
    cloud.put_image(key, body, BTreeMap::new());
}

#[tokio::test]
async fn a_put_indexes_and_a_delete_removes() {
    let cloud = MemoryCloud::new();
    put(&cloud, AWKWARD, &[3, 4]);
    let answer = handle(&cloud, sample("s3-put")).await.unwrap();
    assert_eq!(answer["indexed"], 1);
    assert_eq!(answer["generation"], 1);
    assert_eq!(cloud.image_records()[0].key, AWKWARD);

    let again = handle(&cloud, sample("eventbridge-created")).await.unwrap();
    assert_eq!(
        (&again["unchanged"], &again["generation"]),
        (&json!(1), &json!(1))
    );

    cloud.remove_image(AWKWARD);
    let answer = handle(&cloud, sample("s3-put")).await.unwrap();
    assert_eq!(
        (&answer["removed"], &answer["generation"]),
        (&json!(1), &json!(2))
    );
}

#[tokio::test]
async fn only_the_bad_message_of_a_batch_comes_back() {
    let cloud = MemoryCloud::new();
    put(&cloud, AWKWARD, &[3, 4]);
    put(&cloud, OLD, &[4, 3]);
    let answer = handle(&cloud, sample("sqs-batch")).await.unwrap();
    let bad = "2e1424d4-f796-459a-8184-9c92662be6da";
    assert_eq!(
        answer,
        json!({ "batchItemFailures": [{ "itemIdentifier": bad }] })
    );
    assert_eq!(cloud.image_records().len(), 2);

    let answer = handle(&cloud, sample("sqs-wrapped")).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn a_bad_picture_is_recorded_and_its_message_done() {
    let cloud = MemoryCloud::new();
    put(&cloud, "catalog/good.jpg", &[1, 2]);
    put(&cloud, "catalog/empty.jpg", &[]);
    let event = queued(&[
        s3_event(BUCKET, &["catalog/good.jpg"]),
        s3_event(BUCKET, &["catalog/empty.jpg"]),
    ]);
    let answer = handle(&cloud, event).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    let records = cloud.image_records();
    let failed: Vec<_> = (records.iter())
        .filter_map(|r| r.failure.as_ref())
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].code, "empty");
}

#[tokio::test]
async fn a_picture_that_cannot_be_read_now_comes_back_alone() {
    let cloud = MemoryCloud::new();
    put(&cloud, "catalog/a.jpg", &[1, 2]);
    put(&cloud, "catalog/b.jpg", &[2, 1]);
    let keys = ["catalog/a.jpg", "catalog/b.jpg"];
    let events = keys.map(|key| s3_event(BUCKET, &[key]));

    cloud.set_fault(Some(unavailable_once("get image")));
    let answer = handle(&cloud, queued(&events)).await.unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "{answer}");
    assert_eq!(cloud.image_records().len(), 1);

    cloud.set_fault(Some(unavailable_once("get image")));
    cloud.remove_image(keys[0]);
    put(&cloud, keys[1], &[9, 9]);
    let error = handle(&cloud, s3_event(BUCKET, &keys)).await.unwrap_err();
    let HandlerError::Unfinished {
        count, total, key, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((*count, *total, key.as_str()), (1, 2, keys[1]));
}

/// A fault that the first call whose name contains `call` meets.
fn unavailable_once(call: &'static str) -> lookalike_test_support::memory::Fault {
    let met = std::sync::atomic::AtomicBool::new(false);
    Box::new(move |name| {
        let first = name.contains(call) && !met.swap(true, std::sync::atomic::Ordering::SeqCst);
        first.then_some(StoreErrorKind::Unavailable)
    })
}

/// Messages of one key each, and how often each was received.
fn received(messages: &[(&str, u32)]) -> Value {
    let events: Vec<Value> = (messages.iter())
        .map(|(key, _)| s3_event(BUCKET, &[key]))
        .collect();
    let mut event = queued(&events);
    for (at, (_, receives)) in messages.iter().enumerate() {
        event["Records"][at]["attributes"] =
            json!({ "ApproximateReceiveCount": receives.to_string() });
    }
    event
}

#[tokio::test]
async fn only_what_came_before_is_put_aside() {
    let (a, b, c) = ("catalog/a.jpg", "catalog/b.jpg", "catalog/c.jpg");
    let deliver = async |cloud: &Arc<MemoryCloud>, messages: &[(&str, u32)]| {
        for key in [a, b, c] {
            put(cloud, key, &[1, 2]);
        }
        let handler = handler(cloud).with_retries(Some(cloud.clone()));
        let deadline = Deadline::after(Duration::from_secs(60));
        let answer = handler.handle(received(messages), deadline).await.unwrap();
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        let records = cloud.image_records().into_iter();
        (
            records.map(|record| record.key).collect::<Vec<_>>(),
            cloud.take_changes(),
        )
    };
    let done = deliver(&MemoryCloud::new(), &[(a, 1), (b, 2), (c, 1)]).await;
    assert_eq!(done, (vec![a.to_owned(), c.to_owned()], vec![b.to_owned()]));

    // A key is not decoded if any of its messages came before.
    let done = deliver(&MemoryCloud::new(), &[(a, 1), (b, 1), (a, 2)]).await;
    assert_eq!(done, (vec![b.to_owned()], vec![a.to_owned()]));

    // Alone there is nothing to be put aside from.
    let done = deliver(&MemoryCloud::new(), &[(a, 2)]).await;
    assert_eq!(done, (vec![a.to_owned()], vec![]));

    // What went on once and came back all the same must not come back again.
    let done = deliver(&MemoryCloud::new(), &[(a, 1), (b, 2), (c, 3)]).await;
    assert_eq!(done, (vec![], [a, b, c].map(str::to_owned).to_vec()));
}

#[tokio::test]
async fn nothing_is_decoded_before_what_came_before_is_put_aside() {
    let cloud = MemoryCloud::new();
    put(&cloud, "catalog/a.jpg", &[1, 2]);
    put(&cloud, "catalog/b.jpg", &[1, 2]);
    cloud.set_fault(Some(unavailable_once("push changes")));
    let handler = handler(&cloud).with_retries(Some(cloud.clone()));
    let event = received(&[("catalog/a.jpg", 1), ("catalog/b.jpg", 2)]);
    let deadline = Deadline::after(Duration::from_secs(60));
    assert!(handler.handle(event, deadline).await.is_err());
    assert!(cloud.image_records().is_empty());
}

#[tokio::test]
async fn the_whole_batch_comes_back_when_the_index_cannot_be_read() {
    let cloud = MemoryCloud::new();
    put(&cloud, AWKWARD, &[3, 4]);
    cloud.set_fault(Some(Box::new(|call| {
        call.contains("manifest")
            .then_some(StoreErrorKind::Unavailable)
    })));
    let error = handle(&cloud, sample("sqs-batch")).await.unwrap_err();
    assert!(matches!(error, HandlerError::Indexing(_)), "{error}");
}

#[tokio::test]
async fn what_is_outside_of_the_catalog_is_ignored() {
    let cloud = MemoryCloud::new();
    for key in [
        "uploads/shopper.jpg",
        "index/manifest.json",
        "catalog/",
        "catalog/shoes/",
    ] {
        put(&cloud, key, &[1, 2]);
    }
    let keys = [
        "uploads/shopper.jpg",
        "index/manifest.json",
        "catalog/",
        "catalog/shoes/",
    ];
    let answer = handle(&cloud, s3_event(BUCKET, &keys)).await.unwrap();
    assert_eq!(answer["indexed"], 0);
    put(&cloud, "catalog/a.jpg", &[1, 2]);
    let other = s3_event("another-bucket", &["catalog/a.jpg"]);
    let answer = handle(&cloud, queued(&[other])).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert!(cloud.image_records().is_empty());
}

#[tokio::test]
async fn keys_named_twice_are_done_once() {
    let cloud = MemoryCloud::new();
    put(&cloud, "catalog/a.jpg", &[1, 2]);
    let event = s3_event(BUCKET, &["catalog/a.jpg", "catalog/a.jpg"]);
    let answer = handle(&cloud, event).await.unwrap();
    assert_eq!(answer["indexed"], 1);
}

#[tokio::test]
async fn a_stream_updates_the_rows_of_changed_products() {
    let cloud = MemoryCloud::new();
    put(&cloud, OLD, &[3, 4]);
    handle(&cloud, sample("s3-delete")).await.unwrap();
    let category = |text: &str| BTreeMap::from([("category".to_owned(), json!(text))]);
    cloud.put_metadata("old mug", category("antiques"));
    let manifest = cloud.manifest();
    let answer = handle(&cloud, sample("dynamodb-stream")).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_ne!(cloud.manifest(), manifest);
    let pictures = indexer(&cloud).images_of(&["old mug".to_owned()]).await;
    assert_eq!(pictures.unwrap()[0].attributes["category"], "antiques");

    // Told again, and told of nothing but a picture's record.
    let manifest = cloud.manifest();
    handle(&cloud, sample("dynamodb-stream")).await.unwrap();
    assert_eq!(cloud.manifest(), manifest);

    // The picture has to be asked, and does not answer: its product comes back by its place in the stream.
    cloud.put_metadata("old mug", BTreeMap::new());
    cloud.set_fault(Some(unavailable_once("head image")));
    let answer = handle(&cloud, sample("dynamodb-stream")).await.unwrap();
    let failed = json!([{ "itemIdentifier": "4421584500000000017450439094" }]);
    assert_eq!(answer["batchItemFailures"], failed);

    cloud.set_fault(Some(unavailable_once("get latest products")));
    let error = handle(&cloud, sample("dynamodb-stream")).await.unwrap_err();
    assert!(matches!(error, HandlerError::Indexing(_)), "{error}");
}

#[tokio::test]
async fn the_schedule_looks_after_the_index() {
    let cloud = MemoryCloud::new();
    let answer = handle(&cloud, sample("schedule")).await.unwrap();
    assert_eq!(answer, json!({ "maintained": true }));
}

#[tokio::test]
async fn the_test_message_of_s3_does_nothing() {
    let cloud = MemoryCloud::new();
    let answer = handle(&cloud, sample("s3-test")).await.unwrap();
    assert_eq!(answer["indexed"], 0);
}

#[tokio::test]
async fn an_unknown_event_is_an_error() {
    let cloud = MemoryCloud::new();
    let error = handle(&cloud, json!({ "hello": "world" }))
        .await
        .unwrap_err();
    assert!(
        matches!(error, HandlerError::Event(EventError::Unknown { .. })),
        "{error}"
    );
}
