//! The queues of changes and of what was given up, over SQS.

mod batches;
mod changes;
mod dead_letters;

pub(crate) use changes::QueueKind;
pub use changes::{BACKFILLED_KEYS, SqsChanges};
pub use dead_letters::{ReceivedLetter, SqsDeadLetters};
