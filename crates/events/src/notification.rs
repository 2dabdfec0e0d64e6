//! Writing S3 notifications.

use serde_json::{Value, json};

use crate::key::encode_key;

/// Event name of an object that one request wrote.
pub const CREATED: &str = "ObjectCreated:Put";
/// Event name of an object that was removed.
pub const REMOVED: &str = "ObjectRemoved:Delete";

/// The change of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectChange<'a> {
    /// The name of the event, e.g. [`CREATED`].
    pub event: &'a str,
    /// Time of the change: RFC 3339, in UTC with milliseconds.
    pub time: &'a str,
    /// The bucket's region.
    pub region: &'a str,
    /// The principal that caused it.
    pub principal: &'a str,
    /// Identifies the request that caused it.
    pub request: &'a str,
    /// The bucket's name.
    pub bucket: &'a str,
    /// The key, not encoded.
    pub key: &'a str,
    /// Sequencer: of two changes of a key, the later one has the larger text; `None` states no
    /// order.
    pub sequencer: Option<&'a str>,
    /// Bytes and unquoted ETag, if they are known and the object still exists.
    pub version: Option<(u64, &'a str)>,
}

/// Makes the notification of these changes, in their order.
pub fn notification<'a>(changes: impl IntoIterator<Item = ObjectChange<'a>>) -> Value {
    let records: Vec<Value> = changes.into_iter().map(|change| record(&change)).collect();
    json!({ "Records": records })
}

fn record(change: &ObjectChange<'_>) -> Value {
    let mut object = json!({"key": encode_key(change.key)});
    if let Some(sequencer) = change.sequencer {
        object["sequencer"] = sequencer.into();
    }
    if let Some((size, etag)) = change.version {
        object["size"] = size.into();
        object["eTag"] = etag.into();
    }
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": change.region,
        "eventTime": change.time,
        "eventName": change.event,
        "userIdentity": {"principalId": change.principal},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": change.request, "x-amz-id-2": change.request},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": change.principal,
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": {"principalId": change.principal},
                "arn": format!("arn:aws:s3:::{}", change.bucket),
            },
            "object": object,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGE: ObjectChange<'_> = ObjectChange {
        event: CREATED,
        time: "1970-01-01T00:00:00.000Z",
        region: "eu-central-1",
        principal: "local",
        request: "R",
        bucket: "shop",
        key: "catalog/a b.jpg",
        sequencer: Some("1"),
        version: Some((5, "e")),
    };

    #[test]
    fn a_record_says_what_changed() {
        let removal = ObjectChange {
            event: REMOVED,
            sequencer: None,
            version: None,
            ..CHANGE
        };
        let told = notification([CHANGE, removal]);
        let first = &told["Records"][0];
        assert_eq!(first["eventName"], "ObjectCreated:Put");
        assert_eq!(first["s3"]["bucket"]["name"], "shop");
        let object = json!({"key": "catalog/a+b.jpg", "sequencer": "1", "size": 5, "eTag": "e"});
        assert_eq!(first["s3"]["object"], object);
        let gone = json!({"key": "catalog/a+b.jpg"});
        assert_eq!(told["Records"][1]["s3"]["object"], gone);
    }
}
