//! What an invocation does and answers, with every port in memory.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::ports::Segments;
use lookalike_core::{Deadline, EncoderCell, StoreErrorKind};
use lookalike_events::EventError;
use lookalike_index::{Manifest, SegmentId};
use lookalike_indexing::{Handler, HandlerError, IndexSettings, Indexer};
use lookalike_test_support::encoders::TwoByteEncoder;
use lookalike_test_support::memory::MemoryCloud;
use serde_json::{Value, json};

const BUCKET: &str = "catalog";
const AWKWARD: &str = "catalog/summer sale/café + 100%.png";
const OLD: &str = "catalog/mugs/old mug.png";

fn indexer(cloud: &Arc<MemoryCloud>) -> Indexer {
    let ports = cloud.index_ports(EncoderCell::ready(Arc::new(TwoByteEncoder::default())).into());
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

    // Told again, and told of nothing but an image's record.
    let manifest = cloud.manifest();
    handle(&cloud, sample("dynamodb-stream")).await.unwrap();
    assert_eq!(cloud.manifest(), manifest);

    // The image has to be asked, and does not answer: its product comes back by its place in the stream.
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
async fn the_schedule_maintains_the_index() {
    let cloud = MemoryCloud::new();
    let answer = handle(&cloud, sample("schedule")).await.unwrap();
    assert_eq!(
        answer,
        json!({ "maintained": true, "queued": 0, "updated": 0 })
    );
}

/// Handles an event as the deployed function does, with both queues.
async fn handle_deployed(cloud: &Arc<MemoryCloud>, event: Value) -> Value {
    let handler = handler(cloud)
        .with_changes(Some(cloud.clone()))
        .with_retries(Some(cloud.clone()));
    let deadline = Deadline::after(Duration::from_secs(60));
    handler.handle(event, deadline).await.unwrap()
}

#[tokio::test]
async fn the_schedule_queues_changes_whose_events_were_lost() {
    let cloud = MemoryCloud::new();
    let (same, changed, gone) = (
        "catalog/same.jpg",
        "catalog/changed.jpg",
        "catalog/gone.jpg",
    );
    let (bad, mended, new) = ("catalog/bad.jpg", "catalog/mended.jpg", "catalog/new.jpg");
    for key in [same, changed, gone] {
        put(&cloud, key, &[1, 2]);
    }
    for key in [bad, mended] {
        put(&cloud, key, &[]);
    }
    let keys = [same, changed, gone, bad, mended];
    handle_deployed(&cloud, queued(&[s3_event(BUCKET, &keys)])).await;
    let answer = handle_deployed(&cloud, sample("schedule")).await;
    assert_eq!(
        (&answer["queued"], cloud.take_changes()),
        (&json!(0), vec![])
    );

    // No event tells of any of these.
    put(&cloud, changed, &[2, 1]);
    put(&cloud, mended, &[1, 1]);
    put(&cloud, new, &[1, 3]);
    cloud.remove_image(gone);
    let answer = handle_deployed(&cloud, sample("schedule")).await;
    assert_eq!(answer["queued"], 4);
    let lost = cloud.take_changes();
    assert_eq!(lost, [changed, gone, mended, new].map(str::to_owned));

    let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
    handle_deployed(&cloud, queued(&[s3_event(BUCKET, &lost)])).await;
    let answer = handle_deployed(&cloud, sample("schedule")).await;
    assert_eq!(
        (&answer["queued"], cloud.take_changes()),
        (&json!(0), vec![])
    );
}

#[tokio::test]
async fn the_schedule_updates_rows_within_the_shortest_timeout() {
    let cloud = MemoryCloud::new();
    put(&cloud, OLD, &[3, 4]);
    handle(&cloud, s3_event(BUCKET, &[OLD])).await.unwrap();
    // No event tells of the product.
    let metadata = BTreeMap::from([("category".to_owned(), json!("cups"))]);
    cloud.put_metadata("old mug", metadata);
    let handler = handler(&cloud).with_changes(Some(cloud.clone()));
    // The template allows a minute, of which a second is kept for the answer.
    let deadline = Deadline::after(Duration::from_secs(59));
    let answer = handler.handle(sample("schedule"), deadline).await.unwrap();
    assert_eq!(answer["updated"], 1);
}

/// Indexes image after image until maintenance is asked for, and returns the number of batches.
async fn until_maintenance_is_due(cloud: &Arc<MemoryCloud>) -> usize {
    let mut batches = 0;
    while cloud.take_maintenance_requests() == 0 {
        let key = format!("catalog/{batches}.jpg");
        put(cloud, &key, &[1, 2]);
        handle_deployed(cloud, queued(&[s3_event(BUCKET, &[key.as_str()])])).await;
        batches += 1;
        assert!(batches <= 100, "maintenance is never due");
    }
    batches
}

#[tokio::test]
async fn the_schedule_maintains_the_index_although_the_bucket_cannot_be_listed() {
    let cloud = MemoryCloud::new();
    until_maintenance_is_due(&cloud).await;
    cloud.set_fault(Some(Box::new(|call| {
        (call == "list images").then_some(StoreErrorKind::Unavailable)
    })));
    let handler = handler(&cloud).with_changes(Some(cloud.clone()));
    let deadline = Deadline::after(Duration::from_secs(60));
    let answer = handler.handle(sample("schedule"), deadline).await;
    // An error, so that the schedule tries again.
    assert!(
        matches!(answer, Err(HandlerError::Indexing(_))),
        "{answer:?}"
    );
    assert!(!indexer(&cloud).is_maintenance_due().await.unwrap());
}

#[tokio::test]
async fn no_batch_waits_for_maintenance() {
    let cloud = MemoryCloud::new();
    let batches = until_maintenance_is_due(&cloud).await;
    assert_eq!(
        cloud.segments().len(),
        batches,
        "a batch has merged segments"
    );

    cloud.set_fault(Some(unavailable_once("get segment")));
    let request = queued(&[lookalike_events::maintenance_request()]);
    let answer = handle_deployed(&cloud, request.clone()).await;
    let returned = json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] });
    assert_eq!(answer, returned);
    assert!(indexer(&cloud).is_maintenance_due().await.unwrap());

    let answer = handle_deployed(&cloud, request).await;
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert!(!indexer(&cloud).is_maintenance_due().await.unwrap());
    assert_eq!(
        cloud.take_maintenance_requests(),
        0,
        "maintenance asks for itself"
    );
}

#[tokio::test]
async fn the_schedule_removes_segments_that_nothing_names() {
    let cloud = MemoryCloud::new();
    put(&cloud, OLD, &[3, 4]);
    handle(&cloud, sample("s3-delete")).await.unwrap();
    let named = cloud.segments();
    let remains = b"remains of a merge".to_vec().into();
    Segments::put(&*cloud, SegmentId::new(1, 1), remains)
        .await
        .unwrap();
    cloud.age_segments(Duration::from_secs(9000));
    handle(&cloud, sample("schedule")).await.unwrap();
    assert_eq!(cloud.segments().len(), named.len() + 1, "doomed first");
    let mut manifest = Manifest::decode(&cloud.manifest().unwrap()).unwrap();
    manifest.doomed[0].at -= 9_000_000;
    cloud.set_manifest(manifest.encode());
    handle(&cloud, sample("schedule")).await.unwrap();
    assert_eq!(cloud.segments().len(), named.len());
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
