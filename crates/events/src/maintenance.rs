//! The events that ask for work although nothing changed: the tick of a schedule, and the requests that the indexer and
//! the command line send by a queue.

use serde_json::{Value, json};

use crate::change::Change;
use crate::error::EventError;
use crate::payload::BackfillEvent;

const SOURCE: &str = "lookalike";
const MAINTENANCE: &str = "Maintenance Request";
const BACKFILL: &str = "Backfill Request";

/// Returns the message that asks for maintenance of the index. [`Event::parse`](crate::Event::parse) reads it, alone or
/// in a queued message.
pub fn maintenance_request() -> Value {
    json!({ "source": SOURCE, "detail-type": MAINTENANCE, "detail": {} })
}

/// Returns the message that asks for objects of a bucket to be indexed straight into the vector base.
pub fn backfill_request(bucket: &str, keys: &[String]) -> Value {
    json!({ "source": SOURCE, "detail-type": BACKFILL, "detail": { "bucket": bucket, "keys": keys } })
}

/// Returns the objects that a request for a backfill names; `None` if this is none.
pub(crate) fn backfilled(value: &Value) -> Option<Result<Vec<Change>, EventError>> {
    if value["source"] != SOURCE || value["detail-type"] != BACKFILL {
        return None;
    }
    let event = serde_json::from_value(value.clone());
    Some(
        event
            .map(|event: BackfillEvent| event.changes())
            .map_err(|error| EventError::Malformed {
                kind: "request for a backfill",
                reason: error.to_string(),
            }),
    )
}

/// True if this is a request for maintenance.
pub(crate) fn is_maintenance_request(value: &Value) -> bool {
    value["source"] == SOURCE && value["detail-type"] == MAINTENANCE
}

/// True if this is the tick of a schedule.
pub(crate) fn is_tick(value: &Value) -> bool {
    let is_scheduler = value["source"] == "aws.events" || value["source"] == "aws.scheduler";
    is_scheduler && value["detail-type"] == "Scheduled Event"
}
