//! Errors of events that cannot be read.

/// The reason why an event cannot be read. No later attempt can succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The body of a queued message or SNS notification is not JSON.
    #[error("the message body is not JSON: {0}")]
    NotJson(String),
    /// The payload is JSON, but not an event that the indexer accepts.
    #[error(
        "unknown event ({found}): expected an S3 notification, an EventBridge event of S3, \
         either of them in SNS or SQS, records of a DynamoDB stream, or a scheduled event"
    )]
    Unknown {
        /// The field that identifies events, as found.
        found: String,
    },
    /// An event of a known kind, but not of its documented shape.
    #[error("malformed {kind}: {reason}")]
    Malformed {
        /// The kind.
        kind: &'static str,
        /// The problem.
        reason: String,
    },
    /// A key that is not UTF-8 after decoding.
    #[error("object key {0:?} is not UTF-8 once percent-decoded")]
    KeyNotUtf8(String),
}
