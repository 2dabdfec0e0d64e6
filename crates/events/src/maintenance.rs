//! The events that ask for work without naming a change: the tick of a schedule, and the request for maintenance that
//! the indexer sends to itself by a queue.

use serde_json::{Value, json};

const SOURCE: &str = "lookalike";
const DETAIL_TYPE: &str = "Maintenance Request";

/// Returns the message that asks for maintenance of the index. [`Event::parse`](crate::Event::parse) reads it, alone or
/// in a queued message.
pub fn maintenance_request() -> Value {
    json!({ "source": SOURCE, "detail-type": DETAIL_TYPE, "detail": {} })
}

/// True if this is a request for maintenance.
pub(crate) fn is_maintenance_request(value: &Value) -> bool {
    value["source"] == SOURCE && value["detail-type"] == DETAIL_TYPE
}

/// True if this is the tick of a schedule.
pub(crate) fn is_tick(value: &Value) -> bool {
    let is_scheduler = value["source"] == "aws.events" || value["source"] == "aws.scheduler";
    is_scheduler && value["detail-type"] == "Scheduled Event"
}
