//! The queue of changes over SQS.

mod batches;
mod changes;

pub use changes::SqsChanges;
