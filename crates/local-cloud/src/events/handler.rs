//! The receiver of events.

use async_trait::async_trait;

/// Receives the events: the same code that a Lambda function runs.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// Handles one event, `{"Records": [...]}`: of SQS, whose records' bodies are S3 events or
    /// texts that were sent to the queue, or of the stream of a watched table.
    ///
    /// The reply is a partial batch response: null or an object whose `batchItemFailures` lists the
    /// `itemIdentifier` (message id, sequence number) of each record to deliver again. An error or
    /// a panic delivers the whole batch again.
    async fn handle(&self, event: serde_json::Value) -> Result<serde_json::Value, String>;
}
