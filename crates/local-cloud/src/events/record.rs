use s3s::crypto::{Checksum as _, Md5};
use serde_json::{Value, json};

use super::queue::Message;
use crate::clock;
use crate::cloud::REGION;
use crate::store::hex;

/// The queue's name for policies and events: region, account and name as elsewhere.
pub(crate) const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:lookalike-changes";

/// The event that SQS hands to a Lambda function.
pub(crate) fn sqs_event(messages: &[Message]) -> Value {
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}

fn record(message: &Message) -> Value {
    let millis = |nanos: i64| (nanos / 1_000_000).to_string();
    json!({
        "messageId": message.id,
        "receiptHandle": format!("{}-{}", message.id, message.receives),
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": message.receives.to_string(),
            "SentTimestamp": millis(message.sent),
            "SenderId": "local",
            "ApproximateFirstReceiveTimestamp": millis(message.first_received),
        },
        "messageAttributes": {},
        "md5OfBody": md5(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
        "awsRegion": REGION,
    })
}

/// The MD5 of a text, in hexadecimal.
pub(crate) fn md5(text: &str) -> String {
    hex(&Md5::checksum(text.as_bytes()))
}

/// A message id: a random UUID (version 4).
pub(crate) fn message_id() -> String {
    let random: u128 = rand::random();
    let versioned = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{versioned:032x}");
    let (a, rest) = digits.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    [a, b, c, d, e].join("-")
}

pub(crate) fn now() -> i64 {
    clock::nanos(std::time::SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids() {
        let id = message_id();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!(["8", "9", "a", "b"].contains(&&id[19..20]), "{id}");
        assert_ne!(id, message_id());
    }

    #[test]
    fn the_queue_has_one_name() {
        use crate::sqs::{ACCOUNT, QUEUE};
        assert_eq!(QUEUE_ARN, format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"));
    }

    #[test]
    fn records_look_like_those_of_sqs() {
        let message = Message::new("hello".to_owned());
        let event = sqs_event(std::slice::from_ref(&message));
        let record = &event["Records"][0];
        assert_eq!(record["messageId"], message.id.as_str());
        assert_eq!(record["md5OfBody"], "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(record["eventSource"], "aws:sqs");
        assert_eq!(record["attributes"]["ApproximateReceiveCount"], "0");
    }
}
