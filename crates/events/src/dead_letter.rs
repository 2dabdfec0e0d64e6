//! Events that were given up, in the forms in which dead-letter queues keep them.
//!
//! Shapes: a queued message is kept as it was sent; Lambda wraps what it gave up in a
//! [record of the invocation](https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html), and
//! of a stream it only keeps [where the batch is](https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html).

use serde_json::Value;

use crate::change::{Change, Work};
use crate::error::EventError;
use crate::event::{Event, work_in_text};

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The work that was not done.
    pub work: LostWork,
    /// The error of the last attempt, if the letter has it.
    pub reason: Option<String>,
}

/// Work that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LostWork {
    /// Changes of objects.
    Changes(Vec<Change>),
    /// Writes to the table. The letter has their number, and not which products they changed.
    TableWrites(u64),
    /// A maintenance run.
    Maintenance,
}

impl DeadLetter {
    /// Reads the body of a message in a dead-letter queue.
    ///
    /// # Errors
    /// The text is none of the forms above, as that of a message that was given up because it cannot be read.
    pub fn parse(text: &str) -> Result<Self, EventError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| EventError::NotJson(error.to_string()))?;
        let reason = reason(&value);
        let work = if let Some(batch) = value["DDBStreamBatchInfo"].as_object() {
            let size = batch.get("batchSize").and_then(Value::as_u64);
            LostWork::TableWrites(size.unwrap_or_default())
        } else if let Some(payload) = value.get("requestPayload") {
            lost_work(payload.clone())?
        } else {
            work_in_text(text)?.into()
        };
        Ok(Self { work, reason })
    }
}

impl From<Work> for LostWork {
    fn from(work: Work) -> Self {
        match work {
            // A change of each has the same effect.
            Work::Changes(changes) | Work::Backfill(changes) => Self::Changes(changes),
            Work::Maintenance => Self::Maintenance,
        }
    }
}

/// Returns the work that a payload asked for.
fn lost_work(payload: Value) -> Result<LostWork, EventError> {
    Ok(match Event::parse(payload)? {
        Event::Direct(changes) => LostWork::Changes(changes),
        Event::Stream(writes) => LostWork::TableWrites(writes.len() as u64),
        // Replaying both is the same: `index verify --repair` finds differences at any time.
        Event::Scheduled | Event::Maintenance => LostWork::Maintenance,
        Event::Queue(messages) => {
            let changes = messages.iter().flat_map(|message| message.changes());
            LostWork::Changes(changes.cloned().collect())
        }
    })
}

/// Returns the error message of the function, or otherwise the condition that Lambda names.
fn reason(letter: &Value) -> Option<String> {
    let message = &letter["responsePayload"]["errorMessage"];
    let condition = &letter["requestContext"]["condition"];
    let reason = message.as_str().or_else(|| condition.as_str())?;
    Some(reason.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::{CREATED, ObjectChange, notification};

    fn notified() -> Value {
        notification([ObjectChange {
            event: CREATED,
            time: "2026-01-01T00:00:00Z",
            region: "us-east-1",
            principal: "test",
            request: "1",
            bucket: "catalog",
            key: "catalog/a b.jpg",
            sequencer: None,
            version: None,
        }])
    }

    fn change() -> LostWork {
        LostWork::Changes(vec![Change {
            bucket: "catalog".to_owned(),
            key: "catalog/a b.jpg".to_owned(),
        }])
    }

    #[test]
    fn a_queued_message_is_kept_as_it_was_sent() {
        let letter = DeadLetter::parse(&notified().to_string()).unwrap();
        assert_eq!(letter.work, change());
        assert_eq!(letter.reason, None);
        let request = crate::maintenance_request().to_string();
        assert_eq!(
            DeadLetter::parse(&request).unwrap().work,
            LostWork::Maintenance
        );
    }

    #[test]
    fn an_invocation_is_kept_with_its_payload_and_error() {
        let letter = json!({
            "version": "1.0",
            "requestContext": { "condition": "RetriesExhausted", "approximateInvokeCount": 3 },
            "requestPayload": notified(),
            "responsePayload": { "errorMessage": "no access", "errorType": "Denied" },
        });
        let letter = DeadLetter::parse(&letter.to_string()).unwrap();
        assert_eq!(letter.work, change());
        assert_eq!(letter.reason.as_deref(), Some("no access"));
    }

    #[test]
    fn a_schedule_that_failed_is_lost_maintenance() {
        let letter = json!({
            "requestContext": { "condition": "EventAgeExceeded" },
            "requestPayload": { "source": "aws.events", "detail-type": "Scheduled Event" },
        });
        let letter = DeadLetter::parse(&letter.to_string()).unwrap();
        assert_eq!(letter.work, LostWork::Maintenance);
        assert_eq!(letter.reason.as_deref(), Some("EventAgeExceeded"));
    }

    #[test]
    fn a_batch_of_a_stream_is_kept_without_its_records() {
        let letter = json!({
            "requestContext": { "condition": "RetryAttemptsExhausted" },
            "DDBStreamBatchInfo": { "shardId": "shardId-1", "batchSize": 7 },
        });
        let letter = DeadLetter::parse(&letter.to_string()).unwrap();
        assert_eq!(letter.work, LostWork::TableWrites(7));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "hello", "{}", "[]", "null", r#"{"requestPayload": 1}"#] {
            assert!(DeadLetter::parse(text).is_err(), "{text:?}");
        }
    }
}
