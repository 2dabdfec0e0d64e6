//! Every sample event of the indexer, and errors of hostile or broken ones.
#![allow(clippy::unwrap_used, missing_docs)]

use lookalike_events::{
    Change, DeadLetter, Event, EventError, LostWork, Message, TableWrite, Work, backfill_request,
    maintenance_request,
};
use serde_json::{Value, json};

const AWKWARD: &str = "catalog/summer sale/café + 100%.png";
const OLD: &str = "catalog/mugs/old mug.png";

fn sample(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/events");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn change(key: &str) -> Change {
    Change {
        bucket: "catalog".to_owned(),
        key: key.to_owned(),
    }
}

fn s3_event(key: &str) -> Value {
    json!({ "Records": [{
        "eventSource": "aws:s3",
        "s3": { "bucket": { "name": "catalog" }, "object": { "key": key } },
    }]})
}

fn queued(bodies: &[Value]) -> Vec<Message> {
    let records: Vec<Value> = (bodies.iter().enumerate())
        .map(|(n, body)| {
            json!({ "eventSource": "aws:sqs", "messageId": format!("m{n}"), "body": body })
        })
        .collect();
    match Event::parse(json!({ "Records": records })).unwrap() {
        Event::Queue(messages) => messages,
        other => panic!("expected a queue event, found {other:?}"),
    }
}

#[test]
fn s3_keys_are_form_decoded() {
    let put = Event::parse(sample("s3-put")).unwrap();
    assert_eq!(put, Event::Direct(vec![change(AWKWARD)]));
    let delete = Event::parse(sample("s3-delete")).unwrap();
    assert_eq!(delete, Event::Direct(vec![change(OLD)]));
}

#[test]
fn a_plus_is_a_space_before_percent_signs_are_resolved() {
    for (encoded, key) in [
        ("catalog/a+b.jpg", "catalog/a b.jpg"),
        ("catalog/a%2Bb.jpg", "catalog/a+b.jpg"),
        ("catalog/100%25.jpg", "catalog/100%.jpg"),
        ("catalog/100%2525.jpg", "catalog/100%25.jpg"),
        ("catalog/%F0%9F%91%A0.jpg", "catalog/👠.jpg"),
        ("catalog/%3Ca%26b%3E.jpg", "catalog/<a&b>.jpg"),
        ("catalog/lone%zz.jpg", "catalog/lone%zz.jpg"),
    ] {
        let event = Event::parse(s3_event(encoded)).unwrap();
        assert_eq!(event, Event::Direct(vec![change(key)]), "{encoded}");
    }
}

#[test]
fn a_key_that_is_not_utf8_is_refused() {
    let error = Event::parse(s3_event("catalog/%FF%FE.jpg")).unwrap_err();
    assert_eq!(
        error,
        EventError::KeyNotUtf8("catalog/%FF%FE.jpg".to_owned())
    );
}

#[test]
fn eventbridge_keys_are_taken_as_they_are() {
    let created = Event::parse(sample("eventbridge-created")).unwrap();
    assert_eq!(created, Event::Direct(vec![change(AWKWARD)]));
    let deleted = Event::parse(sample("eventbridge-deleted")).unwrap();
    assert_eq!(deleted, Event::Direct(vec![change(OLD)]));
}

#[test]
fn the_test_message_of_s3_names_nothing() {
    assert_eq!(
        Event::parse(sample("s3-test")).unwrap(),
        Event::Direct(Vec::new())
    );
}

#[test]
fn sns_is_unwrapped() {
    let event = Event::parse(sample("sns")).unwrap();
    assert_eq!(event, Event::Direct(vec![change(AWKWARD), change(OLD)]));
}

#[test]
fn a_tick_of_the_schedule_is_told_apart() {
    assert_eq!(Event::parse(sample("schedule")).unwrap(), Event::Scheduled);
    let scheduler = json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event" });
    assert_eq!(Event::parse(scheduler).unwrap(), Event::Scheduled);
}

#[test]
fn a_stream_names_the_products_that_were_written() {
    let Event::Stream(writes) = Event::parse(sample("dynamodb-stream")).unwrap() else {
        panic!("not a stream's event");
    };
    let write = |number: u64, product: Option<&str>| TableWrite {
        sequence_number: format!("442158450000000001745043909{number}"),
        product_id: product.map(str::to_owned),
    };
    let expected = [
        write(1, Some("café + 100%")),
        write(2, Some("mug-7")),
        write(3, None),
        write(4, Some("old mug")),
    ];
    assert_eq!(writes, expected);
    let broken =
        json!({ "Records": [{ "eventSource": "aws:dynamodb", "dynamodb": { "Keys": {} } }] });
    let error = Event::parse(broken).unwrap_err().to_string();
    assert_eq!(
        error,
        "malformed DynamoDB stream event: missing field `SequenceNumber`"
    );
}

#[test]
fn a_bad_queued_message_fails_alone() {
    let Event::Queue(messages) = Event::parse(sample("sqs-batch")).unwrap() else {
        panic!("not a queue event");
    };
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[0].changes(), [change(AWKWARD)]);
    assert!(matches!(messages[1].work, Err(EventError::NotJson(_))));
    assert_eq!(messages[1].id, "2e1424d4-f796-459a-8184-9c92662be6da");
    assert_eq!(messages[2].changes(), [change(OLD)]);
}

#[test]
fn queued_messages_may_wrap_any_other_event() {
    let Event::Queue(messages) = Event::parse(sample("sqs-wrapped")).unwrap() else {
        panic!("not a queue event");
    };
    let changes: Vec<_> = messages
        .into_iter()
        .map(|message| message.work.unwrap())
        .map(|work| match work {
            Work::Changes(changes) => changes,
            other => panic!("no message asks for {other:?}"),
        })
        .collect();
    assert_eq!(
        changes,
        [
            vec![change(AWKWARD)],
            vec![change(OLD)],
            vec![change(OLD)],
            vec![]
        ]
    );
}

#[test]
fn queued_messages_of_any_shape_are_recognized() {
    let messages = queued(&[
        Value::Null,
        json!({ "not": "text" }),
        json!("7"),
        json!("{\"Records\":[]}"),
        json!("{\"Records\":[{\"eventSource\":\"aws:s3\"}]}"),
        json!(s3_event("catalog/good.jpg").to_string()),
    ]);
    let readable: Vec<bool> = messages
        .iter()
        .map(|message| message.work.is_ok())
        .collect();
    assert_eq!(readable, [false, false, false, false, false, true]);
}

#[test]
fn maintenance_can_be_asked_for_by_a_message() {
    let request = maintenance_request();
    assert_eq!(Event::parse(request.clone()), Ok(Event::Maintenance));
    let messages = queued(&[json!(request.to_string())]);
    assert_eq!(messages[0].work, Ok(Work::Maintenance));
    assert_eq!(messages[0].changes(), []);
}

#[test]
fn a_backfill_can_be_asked_for_by_a_message() {
    let keys = ["catalog/a b.jpg", "catalog/\u{e9}+%20.png"].map(str::to_owned);
    let request = backfill_request("shop", &keys);
    let changes = keys.map(|key| Change {
        bucket: "shop".to_owned(),
        key,
    });
    let damaged = json!({ "source": "lookalike", "detail-type": "Backfill Request", "detail": {} });
    let messages = queued(&[json!(request.to_string()), json!(damaged.to_string())]);
    assert_eq!(messages[0].work, Ok(Work::Backfill(changes.to_vec())));
    assert_eq!(messages[0].changes(), []);
    assert!(matches!(
        messages[1].work,
        Err(EventError::Malformed { .. })
    ));
    // Given up, they are changes like others.
    let letter = DeadLetter::parse(&request.to_string()).unwrap();
    assert_eq!(letter.work, LostWork::Changes(changes.to_vec()));
}

#[test]
fn unknown_events_say_what_was_found() {
    for (event, found) in [
        (json!(null), "not a JSON object"),
        (json!("text"), "not a JSON object"),
        (json!({}), "fields []"),
        (json!({ "hello": "world" }), "fields [\"hello\"]"),
        (
            json!({ "source": "aws.ec2", "detail-type": "x" }),
            "source \"aws.ec2\"",
        ),
        (
            json!({ "Records": [{ "eventSource": "aws:kinesis" }] }),
            "eventSource \"aws:kinesis\"",
        ),
    ] {
        let error = Event::parse(event).unwrap_err();
        let found = found.to_owned();
        assert_eq!(error, EventError::Unknown { found });
    }
}

#[test]
fn malformed_events_say_which_kind_and_why() {
    let event = json!({ "Records": [{ "eventSource": "aws:s3", "s3": { "bucket": {} } }] });
    let error = Event::parse(event).unwrap_err().to_string();
    assert_eq!(error, "malformed S3 notification: missing field `name`");
}

#[test]
fn a_message_has_its_number_of_deliveries() {
    let received = |attributes: Value| {
        let record = json!({ "eventSource": "aws:sqs", "messageId": "m", "body": "{}", "attributes": attributes });
        match Event::parse(json!({ "Records": [record] })).unwrap() {
            Event::Queue(messages) => messages[0].receives,
            other => panic!("expected a queue event, found {other:?}"),
        }
    };
    assert_eq!(received(json!({ "ApproximateReceiveCount": "3" })), 3);
    for unknown in [
        json!({}),
        json!(null),
        json!({ "ApproximateReceiveCount": "often" }),
    ] {
        assert_eq!(received(unknown), 1);
    }
}
