//! The events of created and removed objects.

use lookalike_events::{ObjectChange, REMOVED, notification};
use serde_json::Value;

use crate::clock;
use crate::identity::REGION;

/// The principal in events, as the cause of every change.
const PRINCIPAL: &str = "local";

/// The facts about an object in an event; size and ETag only if the object exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectFacts<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    /// Time of the change in nanoseconds since 1970; grows with every change of the object.
    pub(crate) at: i64,
    /// Bytes and unquoted ETag.
    pub(crate) version: Option<(u64, &'a str)>,
}

/// Makes the S3 event of a created object; `event` is like `ObjectCreated:Put`.
pub(crate) fn created(facts: &ObjectFacts<'_>, event: &str) -> Value {
    event_of(facts, event)
}

/// Makes the S3 event of a removed object.
pub(crate) fn removed(facts: &ObjectFacts<'_>) -> Value {
    event_of(facts, REMOVED)
}

fn event_of(facts: &ObjectFacts<'_>, event: &str) -> Value {
    notification([ObjectChange {
        event,
        time: &clock::rfc3339(facts.at),
        region: REGION,
        principal: PRINCIPAL,
        request: &format!("{:016X}", rand::random::<u64>()),
        bucket: facts.bucket,
        key: facts.key,
        sequencer: Some(&format!("{:016X}", facts.at)),
        version: facts.version,
    }])
}
