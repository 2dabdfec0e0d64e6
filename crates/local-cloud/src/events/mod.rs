//! From a change of an object or an item, or a message that was sent, to the handler: wrapped in SQS records or
//! as the stream has it, batched and retried as a Lambda event source mapping does.

mod deliver;
mod follow;
mod notification;
mod queue;
mod record;

pub(crate) use deliver::Deliverer;
pub(crate) use follow::Follower;
pub(crate) use notification::{ObjectFacts, created, removed};
pub use queue::DeadLetter;
pub(crate) use queue::Queue;
pub(crate) use record::{QUEUE_ARN, md5, message_id};

use async_trait::async_trait;

/// What receives the events: the same code that a Lambda function runs.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// Handles one event, `{"Records": [...]}`: of SQS, whose records' bodies are S3 events, or whatever
    /// text was sent to the queue; or of the stream of a watched table.
    ///
    /// The reply is a partial batch response: null or an object whose `batchItemFailures` lists
    /// the `itemIdentifier` (message id, sequence number) of each record that is to be delivered again. An
    /// error or a panic delivers the whole batch again.
    async fn handle(&self, event: serde_json::Value) -> Result<serde_json::Value, String>;
}
