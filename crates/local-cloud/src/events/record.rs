//! Messages as SQS passes them to a Lambda function.

use s3s::crypto::{Checksum as _, Md5};
use serde_json::{Value, json};

use super::message::Message;
use crate::identity::{QUEUE_ARN, REGION};

/// Makes the event that SQS passes to a Lambda function.
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

/// Returns the MD5 of a text, in hexadecimal.
pub(crate) fn md5(text: &str) -> String {
    hex::encode(Md5::checksum(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
