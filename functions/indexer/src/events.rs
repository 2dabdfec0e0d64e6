//! The events that name changed objects and products, whatever way they came.
//!
//! [`Event::parse`] reads an S3 notification, an EventBridge event of S3, either of them wrapped by SNS or
//! queued in SQS, records of the table's stream, or the tick of a schedule. An event is a hint: all that is
//! kept of a change is where it happened, and what is there now decides what is done.
//!
//! Shapes: the [S3 notification](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html),
//! the [EventBridge event](https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html) and the
//! [stream's records](https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html).

use lookalike_events::{changed_product, decode_key};
use serde::Deserialize;
use serde_json::Value;

/// What one invocation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Messages of a queue: each is acknowledged or tried again by itself.
    Queue(Vec<Message>),
    /// Changes handed over directly: they succeed or fail as one.
    Direct(Vec<Change>),
    /// Writes to the table, in the order of its stream: what fails comes back with all that is after it.
    Stream(Vec<TableWrite>),
    /// The schedule's tick: no change, look after the index.
    Maintenance,
}

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What the queue calls it; a failure is reported under this name.
    pub id: String,
    /// How often the queue handed it out, this time included.
    pub receives: u32,
    /// The changes it tells of, or why it cannot be read.
    pub changes: Result<Vec<Change>, EventError>,
}

/// An object that was written or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Name of its bucket.
    pub bucket: String,
    /// Its key, decoded.
    pub key: String,
}

/// An item of the table that was written or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableWrite {
    /// Its place in the stream; a failure is reported under this name.
    pub sequence_number: String,
    /// The product whose metadata it is about; none for other items.
    pub product_id: Option<String>,
}

/// Why an event cannot be read. No later attempt can succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The body of a queued message or SNS notification is not JSON.
    #[error("the message body is not JSON: {0}")]
    NotJson(String),
    /// JSON, but no event that the indexer takes.
    #[error(
        "unknown event ({found}): expected an S3 notification, an EventBridge event of S3, \
         either of them in SNS or SQS, records of a DynamoDB stream, or a scheduled event"
    )]
    Unknown {
        /// What tells the events apart, as found.
        found: String,
    },
    /// The right kind of event, but not of its documented shape.
    #[error("malformed {kind}: {reason}")]
    Malformed {
        /// Which kind.
        kind: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A key that is not UTF-8 once decoded.
    #[error("object key {0:?} is not UTF-8 once percent-decoded")]
    KeyNotUtf8(String),
}

impl Event {
    /// Reads an invocation's payload.
    ///
    /// A queued message that cannot be read does not fail the others: it becomes a [`Message`] with an
    /// error.
    ///
    /// # Errors
    /// The payload is none of the events above.
    pub fn parse(payload: Value) -> Result<Self, EventError> {
        if is_from(&payload, "aws:sqs") {
            let batch: Records<QueuedMessage> = read("SQS event", payload)?;
            return Ok(Self::Queue(
                batch.records.into_iter().map(Message::from).collect(),
            ));
        }
        if is_from(&payload, "aws:dynamodb") {
            let batch: Records<StreamRecord> = read("DynamoDB stream event", payload)?;
            return Ok(Self::Stream(
                batch.records.into_iter().map(TableWrite::from).collect(),
            ));
        }
        let is_tick = payload["detail-type"] == "Scheduled Event";
        if is_tick && (payload["source"] == "aws.events" || payload["source"] == "aws.scheduler") {
            return Ok(Self::Maintenance);
        }
        changes(payload).map(Self::Direct)
    }
}

impl From<QueuedMessage> for Message {
    fn from(message: QueuedMessage) -> Self {
        let changes = match message.body.as_str() {
            Some(text) => changes_in_text(text),
            None => Err(EventError::Malformed {
                kind: "SQS message",
                reason: "it has no body of text".to_owned(),
            }),
        };
        let count = message.attributes["ApproximateReceiveCount"].as_str();
        Self {
            id: message.message_id,
            // Without a count, it is the first time as far as can be told.
            receives: count.and_then(|count| count.parse().ok()).unwrap_or(1),
            changes,
        }
    }
}

impl From<StreamRecord> for TableWrite {
    fn from(record: StreamRecord) -> Self {
        let StreamedWrite {
            keys,
            sequence_number,
        } = record.dynamodb;
        Self {
            sequence_number,
            product_id: changed_product(&keys).map(str::to_owned),
        }
    }
}

fn changes_in_text(text: &str) -> Result<Vec<Change>, EventError> {
    let value = serde_json::from_str(text).map_err(|e| EventError::NotJson(e.to_string()))?;
    changes(value)
}

fn changes(value: Value) -> Result<Vec<Change>, EventError> {
    if is_from(&value, "aws:s3") {
        let event: Records<S3Record> = read("S3 notification", value)?;
        event.records.into_iter().map(Change::try_from).collect()
    } else if value["source"] == "aws.s3" {
        let event: BridgedEvent = read("EventBridge event of S3", value)?;
        Ok(vec![event.detail.into()])
    } else if is_from(&value, "aws:sns") {
        let event: Records<SnsRecord> = read("SNS event", value)?;
        let changes: Result<Vec<_>, _> = (event.records.iter())
            .map(|record| changes_in_text(&record.sns.message))
            .collect();
        Ok(changes?.into_iter().flatten().collect())
    } else if value["Type"] == "Notification" {
        let notification: SnsNotification = read("SNS notification", value)?;
        changes_in_text(&notification.message)
    } else if value["Event"] == "s3:TestEvent" {
        // S3 sends one when notifications are set up; it tells of no object.
        Ok(Vec::new())
    } else {
        Err(EventError::Unknown {
            found: what_is(&value),
        })
    }
}

/// Whether this is a list of records from the service `source`. All records of an event have one source.
/// SNS, unlike the others, writes the field's name with a capital.
fn is_from(value: &Value, source: &str) -> bool {
    let first = &value["Records"][0];
    first["eventSource"] == source || first["EventSource"] == source
}

/// What a person needs to recognise the event in a log: never its content.
fn what_is(value: &Value) -> String {
    let Some(fields) = value.as_object() else {
        return "not a JSON object".to_owned();
    };
    let told = [
        ("source", &value["source"]),
        ("detail-type", &value["detail-type"]),
        ("eventSource", &value["Records"][0]["eventSource"]),
    ];
    match told.iter().find(|(_, told)| told.is_string()) {
        Some((name, told)) => format!("{name} {told}"),
        None => format!("fields {:?}", fields.keys().take(8).collect::<Vec<_>>()),
    }
}

fn read<T: serde::de::DeserializeOwned>(kind: &'static str, value: Value) -> Result<T, EventError> {
    serde_json::from_value(value).map_err(|e| EventError::Malformed {
        kind,
        reason: e.to_string(),
    })
}

impl TryFrom<S3Record> for Change {
    type Error = EventError;

    fn try_from(record: S3Record) -> Result<Self, EventError> {
        let Bucket { name: bucket } = record.s3.bucket;
        let Object { key: encoded } = record.s3.object;
        match decode_key(&encoded) {
            Ok(key) => Ok(Self { bucket, key }),
            Err(_) => Err(EventError::KeyNotUtf8(encoded)),
        }
    }
}

impl From<Place> for Change {
    /// EventBridge gives keys as they are, where S3's own notifications encode them.
    fn from(place: Place) -> Self {
        Self {
            bucket: place.bucket.name,
            key: place.object.key,
        }
    }
}

#[derive(Deserialize)]
struct Records<T> {
    #[serde(rename = "Records")]
    records: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueuedMessage {
    message_id: String,
    #[serde(default)]
    body: Value,
    #[serde(default)]
    attributes: Value,
}

#[derive(Deserialize)]
struct StreamRecord {
    dynamodb: StreamedWrite,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamedWrite {
    keys: Value,
    sequence_number: String,
}

#[derive(Deserialize)]
struct S3Record {
    s3: Place,
}

#[derive(Deserialize)]
struct BridgedEvent {
    detail: Place,
}

#[derive(Deserialize)]
struct Place {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

#[derive(Deserialize)]
struct SnsRecord {
    #[serde(rename = "Sns")]
    sns: SnsNotification,
}

#[derive(Deserialize)]
struct SnsNotification {
    #[serde(rename = "Message")]
    message: String,
}
