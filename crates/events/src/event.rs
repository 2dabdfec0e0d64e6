//! Events of changed objects and products, independent of how they arrived.
//!
//! [`Event::parse`] reads an S3 notification, an EventBridge event of S3, either of them wrapped by
//! SNS or queued in SQS, records of the table's stream, or the event of a schedule. An event is a
//! hint: it only names a place where something changed, and the state at that place decides what is
//! done.
//!
//! Shapes: the [S3
//! notification](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html),
//! the [EventBridge event](https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html)
//! and the [stream's records](https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html).

use serde_json::Value;

use crate::change::{Change, Message, TableWrite, Work};
use crate::error::EventError;
use crate::maintenance::{backfilled, is_maintenance_request, is_tick};
use crate::payload::{
    BridgedEvent, QueuedMessage, Records, S3Record, SnsNotification, SnsRecord, StreamRecord,
    StreamedWrite,
};
use crate::product::changed_product;

/// The work of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Messages of a queue: each is acknowledged or retried separately.
    Queue(Vec<Message>),
    /// Changes passed in directly: they succeed or fail together.
    Direct(Vec<Change>),
    /// Writes to the table, in the order of its stream: a failed one is delivered again with all
    /// later ones.
    Stream(Vec<TableWrite>),
    /// A tick of the schedule: find changes whose events were lost, and maintain the index.
    Scheduled,
    /// A request of the indexer itself: maintain the index.
    Maintenance,
}

impl Event {
    /// Reads an invocation's payload.
    ///
    /// A queued message that cannot be read does not fail the others: it becomes a [`Message`] with an
    /// error.
    ///
    /// # Errors
    /// If the payload is none of the events above.
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
        if is_tick(&payload) {
            return Ok(Self::Scheduled);
        }
        if is_maintenance_request(&payload) {
            return Ok(Self::Maintenance);
        }
        changes(payload).map(Self::Direct)
    }
}

fn changes_in_text(text: &str) -> Result<Vec<Change>, EventError> {
    let value = serde_json::from_str(text).map_err(|e| EventError::NotJson(e.to_string()))?;
    changes(value)
}

/// Returns the work that a queued message asks for.
pub(crate) fn work_in_text(text: &str) -> Result<Work, EventError> {
    let value: Value =
        serde_json::from_str(text).map_err(|e| EventError::NotJson(e.to_string()))?;
    if is_maintenance_request(&value) {
        return Ok(Work::Maintenance);
    }
    let backfill = backfilled(&value);
    match (changes(value), backfill) {
        (Err(EventError::Unknown { .. }), Some(backfill)) => backfill.map(Work::Backfill),
        (changes, _) => changes.map(Work::Changes),
    }
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
        // S3 sends this event when notifications are configured; it names no object.
        Ok(Vec::new())
    } else {
        Err(EventError::Unknown {
            found: describe(&value),
        })
    }
}

/// True if this is a list of records from the service `source`. All records of an event have one
/// source. SNS, unlike the others, capitalizes the field's name.
fn is_from(value: &Value, source: &str) -> bool {
    let first = &value["Records"][0];
    first["eventSource"] == source || first["EventSource"] == source
}

/// Describes the kind of an unknown event for the log, never its content.
fn describe(value: &Value) -> String {
    let Some(fields) = value.as_object() else {
        return "not a JSON object".to_owned();
    };
    let names = [
        ("source", &value["source"]),
        ("detail-type", &value["detail-type"]),
        ("eventSource", &value["Records"][0]["eventSource"]),
    ];
    match names.iter().find(|(_, value)| value.is_string()) {
        Some((name, value)) => format!("{name} {value}"),
        None => format!("fields {:?}", fields.keys().take(8).collect::<Vec<_>>()),
    }
}

fn read<T: serde::de::DeserializeOwned>(kind: &'static str, value: Value) -> Result<T, EventError> {
    serde_json::from_value(value).map_err(|e| EventError::Malformed {
        kind,
        reason: e.to_string(),
    })
}

impl From<QueuedMessage> for Message {
    fn from(message: QueuedMessage) -> Self {
        let work = match message.body.as_str() {
            Some(text) => work_in_text(text),
            None => Err(EventError::Malformed {
                kind: "SQS message",
                reason: "it has no body of text".to_owned(),
            }),
        };
        let count = message.attributes["ApproximateReceiveCount"].as_str();
        Self {
            id: message.message_id,
            // Without a count, assume the first delivery.
            receives: count.and_then(|count| count.parse().ok()).unwrap_or(1),
            work,
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
