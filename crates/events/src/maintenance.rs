//! The request for maintenance, which the indexer sends to itself by a queue.

use serde_json::{Value, json};

const SOURCE: &str = "lookalike";
const DETAIL_TYPE: &str = "Maintenance Request";

/// Returns the message that asks for maintenance of the index. [`Event::parse`](crate::Event::parse) reads it, alone or
/// in a queued message.
pub fn maintenance_request() -> Value {
    json!({ "source": SOURCE, "detail-type": DETAIL_TYPE, "detail": {} })
}

/// True if this is a request for maintenance, or the tick of a schedule, which asks for the same.
pub(crate) fn asks_for_maintenance(value: &Value) -> bool {
    match value["source"].as_str() {
        Some(SOURCE) => value["detail-type"] == DETAIL_TYPE,
        Some("aws.events" | "aws.scheduler") => value["detail-type"] == "Scheduled Event",
        _ => false,
    }
}
