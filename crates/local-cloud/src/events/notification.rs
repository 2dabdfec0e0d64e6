use serde_json::{Value, json};

use crate::clock;
use crate::cloud::REGION;

/// What an event says about the object; size and ETag only when there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectFacts<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    /// When, in nanoseconds since 1970; grows with every change of the object.
    pub(crate) at: i64,
    /// Bytes and unquoted ETag.
    pub(crate) version: Option<(u64, &'a str)>,
}

/// An S3 event that says that an object was created; `event` is like `ObjectCreated:Put`.
pub(crate) fn created(facts: &ObjectFacts<'_>, event: &str) -> Value {
    notification(facts, event)
}

/// An S3 event that says that an object was removed.
pub(crate) fn removed(facts: &ObjectFacts<'_>) -> Value {
    notification(facts, "ObjectRemoved:Delete")
}

/// Format: "Event message structure" in the S3 user guide, version 2.1.
fn notification(facts: &ObjectFacts<'_>, event: &str) -> Value {
    let request = format!("{:016X}", rand::random::<u64>());
    let mut object = json!({
        "key": form_encoded(facts.key),
        "sequencer": format!("{:016X}", facts.at),
    });
    if let Some((size, etag)) = facts.version {
        object["size"] = size.into();
        object["eTag"] = etag.into();
    }
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": clock::rfc3339(facts.at),
        "eventName": event,
        "userIdentity": {"principalId": "local"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": request, "x-amz-id-2": request},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "local",
            "bucket": {
                "name": facts.bucket,
                "ownerIdentity": {"principalId": "local"},
                "arn": format!("arn:aws:s3:::{}", facts.bucket),
            },
            "object": object,
        },
    }]})
}

/// As S3 writes keys in events: like a form field, but slashes stay.
fn form_encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                text.push(char::from(byte));
            }
            b' ' => text.push('+'),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_form_encoded() {
        assert_eq!(
            form_encoded("catalog/a b+c%/ü.jpg"),
            "catalog/a+b%2Bc%25/%C3%BC.jpg"
        );
    }

    #[test]
    fn removals_have_no_size() {
        let facts = ObjectFacts {
            bucket: "shop",
            key: "a",
            at: 1,
            version: None,
        };
        let event = removed(&facts);
        let object = &event["Records"][0]["s3"]["object"];
        assert_eq!(
            object,
            &json!({"key": "a", "sequencer": "0000000000000001"})
        );
        assert_eq!(event["Records"][0]["eventTime"], "1970-01-01T00:00:00.000Z");
    }
}
