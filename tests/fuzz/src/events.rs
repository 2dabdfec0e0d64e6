//! Events of changed objects and products.

use lookalike_events::{
    CREATED, Change, DeadLetter, Event, LostWork, ObjectChange, Work, decode_key, encode_key,
    notification,
};
use serde_json::{Value, json};

use crate::bounds::within;

/// Reads the bytes as an event and as a dead letter. The same changes are read in every wrapping.
pub fn events(bytes: &[u8]) {
    let size = bytes.len() as u64;
    // A value of JSON takes 32 bytes for the two that it has at least, and is copied with each wrapping.
    within(1000 * size + (1 << 20), 10 * size, || {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        let _ = DeadLetter::parse(text);
        let _ = decode_key(text);
        let Ok(payload) = serde_json::from_str(text) else {
            return;
        };
        match Event::parse(payload) {
            Ok(Event::Direct(changes)) => wrapped(text, &changes),
            Ok(_) => {}
            Err(error) => assert!(error.to_string().len() <= 10 * bytes.len() + 1000),
        }
    });
}

/// Wraps an event in every way, and writes a notification of its changes.
fn wrapped(text: &str, changes: &[Change]) {
    let letter = DeadLetter::parse(text).map(|letter| letter.work);
    assert_eq!(letter, Ok(LostWork::Changes(changes.to_vec())));
    let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text}}]});
    assert_eq!(direct(sns), changes);
    let notified = json!({"Type": "Notification", "Message": text});
    assert_eq!(queued(&notified.to_string()), changes);
    assert_eq!(queued(text), changes);
    for Change { bucket, key } in changes {
        assert_eq!(decode_key(&encode_key(key)).as_ref(), Ok(key));
        let change = ObjectChange {
            event: CREATED,
            time: "",
            region: "",
            principal: "",
            request: "",
            bucket,
            key,
            sequencer: None,
            version: None,
        };
        let written = direct(notification([change]));
        let expected = Change {
            bucket: bucket.clone(),
            key: key.clone(),
        };
        assert_eq!(written, [expected]);
    }
}

fn direct(payload: Value) -> Vec<Change> {
    match Event::parse(payload) {
        Ok(Event::Direct(changes)) => changes,
        other => panic!("not the changes themselves: {other:?}"),
    }
}

fn queued(body: &str) -> Vec<Change> {
    let payload = json!({"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": body}]});
    match Event::parse(payload) {
        Ok(Event::Queue(messages)) => match messages.into_iter().next().map(|one| one.work) {
            Some(Ok(Work::Changes(changes))) => changes,
            other => panic!("not the changes themselves: {other:?}"),
        },
        other => panic!("not a queue's: {other:?}"),
    }
}
